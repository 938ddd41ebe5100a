/** Numbers that tell how well a model does. They are for reading, not for training: none has a gradient. */
import { noGrad, scope, type Tensor } from "../core/mod.ts";

/** How many rows of `logits` [batch, classes] are largest at their row's label in `labels` [batch]. */
export function countCorrect(logits: Tensor, labels: Tensor): number {
  using _ = scope();
  return noGrad(() => logits.argmax({ axis: -1 }).equal(labels).cast("int32").sum().item() as number);
}

/** The share of rows of `logits` [batch, classes] that are largest at their label. */
export function accuracy(logits: Tensor, labels: Tensor): number {
  return countCorrect(logits, labels) / labels.shape[0]!;
}
