/** How many samples a model classifies correctly. */
import { noGrad, scope, type Tensor } from "../core/mod.ts";
import { checkLogits } from "./logits.ts";

/**
 * The number of rows of `logits` [..., classes] that are largest at the row's label in `labels` [...].
 *
 * A label that is no class counts as wrong. TypeError unless there is one label for each row and two classes at least: a
 * single logit or probability has no largest place, and only its model knows from which value on it means yes.
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
  return counted("count correct", logits, labels);
}

/**
 * The share of rows of `logits` [..., classes] that are largest at the row's label in `labels` [...], from 0 to 1; NaN
 * without rows. TypeError as for {@linkcode countCorrect}.
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
  return counted("compute accuracy", logits, labels) / labels.size;
}

function counted(action: string, logits: Tensor, labels: Tensor): number {
  checkLogits(action, logits, labels);
  using _ = scope();
  return noGrad(() => logits.argmax({ axis: -1 }).equal(labels).cast("int32").sum().item() as number);
}
