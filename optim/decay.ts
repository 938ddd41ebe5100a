/** Weight decay, in both of its forms. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

/** The settings of a group that decide about its weight decay. */
interface Decaying {
  readonly lr: number;
  readonly weightDecay: number;
  readonly decoupledWeightDecay?: boolean;
}

/**
 * Applies the weight decay of a group, and returns the gradient to use: g + weightDecay p, the gradient of the loss plus
 * `weightDecay / 2` times the squared parameter. Decoupled, it makes p (1 - lr weightDecay) of the parameter instead.
 */
export function decayed(gradient: Tensor, p: Tensor, group: Decaying): Tensor {
  if (decided(() => group.weightDecay === 0)) return gradient;
  if (!group.decoupledWeightDecay) return apply("addScaled", [gradient, p], { s: () => group.weightDecay });
  update(p, "mulScalar", [p], { s: () => 1 - group.lr * group.weightDecay });
  return gradient;
}
