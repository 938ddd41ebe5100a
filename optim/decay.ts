/** Weight decay, in both of its forms. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

/** The settings of a group that decide about its weight decay. */
interface Decaying {
  readonly lr: number;
  readonly weightDecay: number;
}

/**
 * Applies the weight decay of a group, and returns the gradient to use: g + weightDecay p, the gradient of the loss plus
 * `weightDecay / 2` times the squared parameter. Decoupled, the parameter shrinks instead.
 */
export function decayed(
  gradient: Tensor,
  p: Tensor,
  group: Decaying & { readonly decoupledWeightDecay?: boolean },
): Tensor {
  if (group.decoupledWeightDecay) {
    shrink(p, group);
    return gradient;
  }
  if (decided(() => group.weightDecay === 0)) return gradient;
  return apply("addScaled", [gradient, p], { s: () => group.weightDecay });
}

/** Decoupled weight decay: makes p (1 - lr weightDecay) of a parameter. */
export function shrink(p: Tensor, group: Decaying): void {
  if (decided(() => group.weightDecay === 0)) return;
  update(p, "mulScalar", [p], { s: () => 1 - group.lr * group.weightDecay });
}
