/** The ratio of two lengths, by which optimizers for large batches scale the steps of each parameter. */
import { widened } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

/** The length of all elements as one vector, not of halves. */
export function lengthOf(x: Tensor): Tensor {
  return widened(x).square().sum().sqrt();
}

/** a / b, and 1 if one of the lengths is 0: those are a and b where no others are given. */
export function ratioOf(a: Tensor, b: Tensor, lengths: readonly [Tensor, Tensor] = [a, b]): Tensor {
  return lengths[0].greater(0).and(lengths[1].greater(0)).where(a.div(b), 1);
}
