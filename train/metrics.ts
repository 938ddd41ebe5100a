/** Metrics: numbers that tell how well a model does. They have no gradients. */
import { noGrad, scope, type Tensor } from "../core/mod.ts";

/**
 * The number of rows of `logits` [batch, classes] that are largest at the row's label in `labels` [batch].
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const logits = tensor([[0, 1], [2, 0], [0, 3]]), labels = tensor(Int32Array.of(1, 0, 0));
 * if (train.countCorrect(logits, labels) !== 2) throw new Error("miscounted");
 * ```
 */
export function countCorrect(logits: Tensor, labels: Tensor): number {
  using _ = scope();
  return noGrad(() => logits.argmax({ axis: -1 }).equal(labels).cast("int32").sum().item() as number);
}

/**
 * The share of rows of `logits` [batch, classes] that are largest at the row's label in `labels` [batch]; NaN without rows.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const logits = tensor([[0, 1], [2, 0]]), labels = tensor(Int32Array.of(1, 1));
 * if (train.accuracy(logits, labels) !== 0.5) throw new Error("miscounted");
 * ```
 */
export function accuracy(logits: Tensor, labels: Tensor): number {
  return countCorrect(logits, labels) / labels.shape[0]!;
}
