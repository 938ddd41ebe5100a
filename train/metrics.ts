/**
 * Metrics: what tells how well a model does on many batches. Each takes in one batch after another, and has a value for all
 * of them.
 */
import { checkCount, checkTensor, refuse } from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";
import type { Loss } from "../nn/mod.ts";
import { countCorrect } from "./accuracy.ts";
import { checkClassOptions, isClass, labelsOf, largestOf, rankOf, readRows } from "./logits.ts";

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

/**
 * The share of samples whose logits [..., classes] are largest at the label, from 0 to 1. Labels are [...], or rows of shares
 * [..., classes], of which the largest is the label. NaN without samples; TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.Accuracy();
 * metric.update(tensor([[0, 1], [2, 0]]), tensor(Int32Array.of(1, 1)));
 * metric.update(tensor([[0, 1]]), tensor([[0.2, 0.8]]));
 * if (metric.value() !== 2 / 3) throw new Error(`${metric.value()}`);
 * ```
 */
export class Accuracy implements Metric {
  /** `"accuracy"` */
  readonly name: string = "accuracy";
  #correct = 0;
  #samples = 0;

  /** Counts the samples of a batch. */
  update(logits: Tensor, labels: Tensor): void {
    using _ = scope();
    const found = labelsOf(logits, labels);
    this.#correct += countCorrect(logits, found);
    this.#samples += found.size;
  }

  /** The share of all samples. */
  value(): number {
    return this.#correct / this.#samples;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#correct = this.#samples = 0;
  }
}

/**
 * The share of samples whose label is among the k largest logits [..., classes], from 0 to 1. Labels as for
 * {@linkcode Accuracy}. As in PyTorch's `topk` exactly k classes count, and NaN is larger than all else; of equal logits
 * those of the first classes do, so that k = 1 gives the accuracy.
 *
 * RangeError for a k that is no integer of at least 1, and for more than there are classes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.TopK(2);
 * metric.update(tensor([[3, 2, 1], [1, 2, 3]]), tensor(Int32Array.of(1, 0)));
 * if (metric.value() !== 0.5) throw new Error(`${metric.value()}`);
 * ```
 */
export class TopK implements Metric {
  /** `"top5"` for k = 5 */
  readonly name: string;
  /** The number of classes that count as guesses. */
  readonly k: number;
  #correct = 0;
  #samples = 0;

  /** RangeError unless `k` is an integer of at least 1. */
  constructor(k: number) {
    this.k = checkCount("make TopK", "k", k, 1);
    this.name = `top${k}`;
  }

  /** Counts the samples of a batch. */
  update(logits: Tensor, labels: Tensor): void {
    const { rows, classes, labels: wanted } = readRows(`compute ${this.name}`, logits, labels);
    checkCount(`compute ${this.name}`, "k", this.k, 1, classes);
    wanted.forEach((label, row) => {
      if (isClass(label, classes) && rankOf(rows.subarray(row * classes, (row + 1) * classes), label) < this.k) {
        this.#correct++;
      }
    });
    this.#samples += wanted.length;
  }

  /** The share of all samples. */
  value(): number {
    return this.#correct / this.#samples;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#correct = this.#samples = 0;
  }
}

/** Options of metrics that count classes. */
export interface ConfusionOptions {
  /** The axis of the logits along which the classes lie; the last one by default. */
  axis?: number;
  /** The label of samples that do not count; none by default. */
  ignoreIndex?: number | null;
}

/**
 * How often samples of each class, a row, were taken for each class, a column: [classes, classes], as scikit-learn's
 * `confusion_matrix`. Logits and labels as for {@linkcode Accuracy}. RangeError for a label that is no class.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.ConfusionMatrix();
 * metric.update(tensor([[0, 1], [2, 0], [0, 3]]), tensor(Int32Array.of(1, 0, 0)));
 * if (JSON.stringify(metric.value()) !== "[[1,1],[0,1]]") throw new Error("miscounted");
 * ```
 */
export class ConfusionMatrix implements Metric {
  /** `"confusion"` */
  readonly name: string = "confusion";
  readonly #axis: number;
  readonly #ignoreIndex: number | null;
  #counts: number[][] = [];

  /** RangeError for options that are no integers. */
  constructor(options: ConfusionOptions = {}) {
    const { axis, ignoreIndex } = checkClassOptions(`make ${new.target.name}`, options);
    this.#axis = axis;
    this.#ignoreIndex = ignoreIndex;
  }

  /** Counts the samples of a batch. TypeError if there were another number of classes before. */
  update(logits: Tensor, labels: Tensor): void {
    const action = `compute ${this.name}`;
    checkTensor(action, logits);
    using _ = scope();
    const { rows, classes, labels: wanted } = readRows(
      action,
      this.#axis === -1 ? logits : logits.movedim(this.#axis, -1),
      labels,
    );
    if (this.#counts.length === 0) this.#counts = Array.from({ length: classes }, () => new Array(classes).fill(0));
    if (this.#counts.length !== classes) {
      throw new TypeError(`Cannot ${action}: ${classes} classes, they must be ${this.#counts.length} as before`);
    }
    const wrong = wanted.find((label) => label !== this.#ignoreIndex && !isClass(label, classes));
    if (wrong !== undefined) {
      throw new RangeError(`Cannot ${action}: label ${wrong} must be one of the ${classes} classes`);
    }
    wanted.forEach((label, row) => {
      if (label === this.#ignoreIndex) return;
      this.#counts[label]![largestOf(rows.subarray(row * classes, (row + 1) * classes))]!++;
    });
  }

  /** The counts so far; an empty list before the first batch. */
  value(): number[][] {
    return this.#counts.map((row) => [...row]);
  }

  /** Forgets all samples. */
  reset(): void {
    this.#counts = [];
  }
}

/**
 * The share of each class's samples that are classified correctly, its recall: a list of numbers from 0 to 1, and null for a
 * class without samples. Logits and labels as for {@linkcode ConfusionMatrix}.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.PerClass();
 * metric.update(tensor([[0, 1], [2, 0], [0, 3]]), tensor(Int32Array.of(1, 0, 0)));
 * if (metric.value().join() !== "0.5,1") throw new Error("miscounted");
 * ```
 */
export class PerClass implements Metric {
  /** `"perClass"` */
  readonly name: string = "perClass";
  readonly #confusion: ConfusionMatrix;

  /** RangeError for options that are no integers. */
  constructor(options: ConfusionOptions = {}) {
    this.#confusion = new ConfusionMatrix(checkClassOptions(`make ${new.target.name}`, options));
  }

  /** Counts the samples of a batch. */
  update(logits: Tensor, labels: Tensor): void {
    this.#confusion.update(logits, labels);
  }

  /** The recall of each class so far. */
  value(): (number | null)[] {
    return this.#confusion.value().map((row, label) => {
      const samples = row.reduce((sum, count) => sum + count, 0);
      return samples === 0 ? null : row[label]! / samples;
    });
  }

  /** Forgets all samples. */
  reset(): void {
    this.#confusion.reset();
  }
}

/**
 * The mean of a loss over samples: that of a batch counts by its number of samples, so the loss should be a mean itself.
 *
 * @example
 * ```ts
 * import { nn, tensor, train } from "deneb";
 *
 * const metric = new train.MeanLoss(new nn.MSELoss());
 * metric.update(tensor([[1], [1]]), tensor([[0], [0]]));
 * metric.update(tensor([[2]]), tensor([[0]]));
 * if (metric.value() !== 2) throw new Error(`${metric.value()}`);
 * ```
 */
export class MeanLoss implements Metric {
  /** `"loss"` */
  readonly name: string = "loss";
  readonly #loss: Pick<Loss, "call">;
  #total = 0;
  #samples = 0;

  /** TypeError for what is no loss. */
  constructor(loss: Pick<Loss, "call">) {
    if (typeof loss !== "object" || typeof loss?.call !== "function") refuse("make MeanLoss", loss, "a loss");
    this.#loss = loss;
  }

  /** Adds the loss of a batch. TypeError if it is no number. */
  update(output: Tensor, target: Tensor): void {
    checkTensor(`compute ${this.name}`, output);
    using _ = scope();
    const found: unknown = noGrad(() => this.#loss.call(output, target));
    const mean = found instanceof Tensor ? found.item() : found, samples = output.shape[0] ?? 1;
    if (typeof mean !== "number") refuse(`compute ${this.name}`, mean, "a number or a tensor with one element");
    this.#total += mean * samples;
    this.#samples += samples;
  }

  /** The mean of all samples; NaN without any. */
  value(): number {
    return this.#total / this.#samples;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#total = this.#samples = 0;
  }
}
