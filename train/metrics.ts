/** Metrics: numbers that tell how well a model does. They have no gradients. */
import { checkTensor, sameShape, showShape } from "../core/internal.ts";
import { noGrad, scope, type Tensor } from "../core/mod.ts";

/** A metric: it takes in batch after batch, and has a value for all of them. */
export interface Metric {
  /** The name of its value. */
  readonly name: string;
  /** Takes in the model's output for a batch, and what it should be. */
  update(output: Tensor, target: Tensor): void;
  /** The value for all batches since the start or `reset()`: something that JSON can hold. */
  value(): unknown;
  /** Forgets all batches. */
  reset(): void;
}

/** The names of metrics; `"top5"` may be any `"top" + k`. */
export type MetricName = "accuracy" | "loss" | "confusion" | "perClass" | `top${number}`;

/** A function of the model's output and the target of a batch: its values are averaged over the samples, under its name. */
export type MetricFunction = (output: Tensor, target: Tensor) => number | Tensor;

/** A metric by name, by itself or by a function. */
export type MetricChoice = MetricName | Metric | MetricFunction;

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
  checkTensor(action, logits);
  checkTensor(action, labels);
  const rows = logits.shape.slice(0, -1), classes = logits.shape.at(-1) ?? 0;
  if (classes < 2) {
    throw new TypeError(
      `Cannot ${action}: logits ${showShape(logits.shape)}, they must be [..., classes] with two classes at least`,
    );
  }
  if (!sameShape(rows, labels.shape)) {
    throw new TypeError(
      `Cannot ${action}: labels ${showShape(labels.shape)} for logits ${showShape(logits.shape)}, they must be ${
        showShape(rows)
      }`,
    );
  }
  using _ = scope();
  return noGrad(() => logits.argmax({ axis: -1 }).equal(labels).cast("int32").sum().item() as number);
}
