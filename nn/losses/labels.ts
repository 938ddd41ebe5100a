/** What labels choose of logits or other tensors that have an axis of classes. */
import { checkClasses } from "../../core/internal.ts";
import { CrossEntropy, type Tensor } from "../../core/mod.ts";

/** The element of each label along the axis of the classes. */
export function atLabels(x: Tensor, labels: Tensor, axis: number): Tensor {
  checkClasses(labels, x.shape[axis]!);
  return x.gather(axis, labels.unsqueeze(axis)).squeeze(axis);
}

/** The cross entropy of logits along an axis and each label. */
export function crossEntropies(logits: Tensor, labels: Tensor, axis: number): Tensor {
  const op = new CrossEntropy();
  if (logits.shape.length === 2) return op.call(logits, labels);
  const rows = logits.movedim(axis, -1).reshape([labels.size, logits.shape[axis]!]);
  return op.call(rows, labels.flatten()).reshape(labels.shape);
}
