/** Rates and momenta of an optimizer's groups, as schedules read and set them. */
import type { Group } from "../groups.ts";
import type { Optimizer } from "../optimizer.ts";

/** Runs `body`, which changes rates and momenta. If it throws, the optimizer has those that it had. */
export function wholly<T>({ groups }: Optimizer, body: () => T): T {
  const before = groups.map((group) => [group.lr, group.initialLr, momentumOf(group)] as const);
  try {
    return body();
  } catch (error) {
    for (const [place, [lr, initialLr, momentum]] of before.entries()) {
      Object.assign(groups[place]!, { lr, initialLr });
      if (momentum !== momentumOf(groups[place]!)) setMomentum(groups[place]!, momentum!);
    }
    throw error;
  }
}

/** The rate of a group that schedules change. */
export function baseOf({ lr, initialLr }: Group): number {
  return initialLr ?? lr;
}

/** A group of an optimizer that has a momentum, or β₁ in its place. */
type Moving = Group & { momentum?: number; betas?: readonly number[] };

/** The momentum of a group, or β₁; null if it has neither. */
export function momentumOf(group: Group): number | null {
  const { momentum, betas } = group as Moving;
  return momentum ?? betas?.[0] ?? null;
}

/** Sets the momentum of a group, or β₁. */
export function setMomentum(group: Group, momentum: number): void {
  const moving: Moving = group;
  if (moving.betas === undefined) moving.momentum = momentum;
  else moving.betas = [momentum, ...moving.betas.slice(1)];
}
