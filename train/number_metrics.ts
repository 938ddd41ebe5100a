/** Metrics of predicted numbers: how far they are from their targets, in their own unit or beside what varies anyway. */
import { checkFlag, checkOptions, checkTensor, sameShape, showShape } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { numbersOf } from "./logits.ts";
import type { Metric } from "./metrics.ts";

/** The elements of predictions and targets, which have one shape. */
function readPairs(action: string, predictions: Tensor, targets: Tensor): [ArrayLike<number>, ArrayLike<number>] {
  checkTensor(action, predictions);
  checkTensor(action, targets);
  if (sameShape(predictions.shape, targets.shape)) return [numbersOf(predictions), numbersOf(targets)];
  throw new TypeError(
    `Cannot ${action}: targets ${showShape(targets.shape)} for predictions ${
      showShape(predictions.shape)
    }, the shapes ` +
      "must be the same",
  );
}

/**
 * The mean magnitude of the differences of predictions from targets of the same shape. NaN without elements; TypeError for
 * other shapes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.MeanAbsoluteError();
 * metric.update(tensor([1, 2]), tensor([2, 2]));
 * metric.update(tensor([5]), tensor([0]));
 * if (metric.value() !== 2) throw new Error(`${metric.value()}`);
 * ```
 */
export class MeanAbsoluteError implements Metric {
  /** `"mae"` */
  readonly name: string = "mae";
  #total = 0;
  #count = 0;

  /** Adds the differences of a batch. */
  update(predictions: Tensor, targets: Tensor): void {
    const [p, y] = readPairs(`compute ${this.name}`, predictions, targets);
    for (let k = 0; k < p.length; k++) this.#total += Math.abs(p[k]! - y[k]!);
    this.#count += p.length;
  }

  /** The mean of all elements. */
  value(): number {
    return this.#total / this.#count;
  }

  /** Forgets all elements. */
  reset(): void {
    this.#total = this.#count = 0;
  }
}

/** Options of {@linkcode MeanSquaredError}. */
export interface MeanSquaredErrorOptions {
  /** True for the square root of the mean, in the unit of the targets; false by default. */
  root?: boolean;
}

/**
 * The mean of the squared differences of predictions from targets of the same shape. NaN without elements; TypeError for other
 * shapes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.MeanSquaredError({ root: true });
 * metric.update(tensor([1, 2]), tensor([4, 5]));
 * if (metric.value() !== 3) throw new Error(`${metric.value()}`);
 * ```
 */
export class MeanSquaredError implements Metric {
  /** `"mse"`, or `"rmse"` of the root */
  readonly name: string;
  /** Whether the value is the square root. */
  readonly root: boolean;
  #total = 0;
  #count = 0;

  /** TypeError for a `root` that is no boolean. */
  constructor(options: MeanSquaredErrorOptions = {}) {
    const action = "make MeanSquaredError",
      { root = false } = checkOptions(action, options, "{ root: true }", ["root"]);
    this.root = checkFlag(action, "root", root);
    this.name = root ? "rmse" : "mse";
  }

  /** Adds the squared differences of a batch. */
  update(predictions: Tensor, targets: Tensor): void {
    const [p, y] = readPairs(`compute ${this.name}`, predictions, targets);
    for (let k = 0; k < p.length; k++) this.#total += (p[k]! - y[k]!) ** 2;
    this.#count += p.length;
  }

  /** The mean of all elements, or its root. */
  value(): number {
    const mean = this.#total / this.#count;
    return this.root ? Math.sqrt(mean) : mean;
  }

  /** Forgets all elements. */
  reset(): void {
    this.#total = this.#count = 0;
  }
}

/** What is known of the targets at one place of a sample, and of the errors there. */
interface Spread {
  mean: number;
  /** The sum of squared deviations from the mean. */
  deviation: number;
  /** The sum of squared errors. */
  error: number;
}

/**
 * The coefficient of determination: 1 - Σ (p - y)² / Σ (y - mean)², which is 1 for perfect predictions and 0 for the mean as
 * the prediction, as scikit-learn's `r2_score`. Predictions and targets have one shape [samples, ...]; of several numbers for
 * each sample it is the mean of their coefficients. Where targets do not vary, it is 1 without an error, else 0.
 *
 * NaN below two samples. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.R2();
 * metric.update(tensor([1, 2, 4]), tensor([1, 2, 3]));
 * if (metric.value() !== 0.5) throw new Error("not 1 - 1 / 2");
 * ```
 */
export class R2 implements Metric {
  /** `"r2"` */
  readonly name: string = "r2";
  #samples = 0;
  #places: Spread[] = [];

  /** Takes in a batch. TypeError if there were another number of numbers in a sample before. */
  update(predictions: Tensor, targets: Tensor): void {
    const action = `compute ${this.name}`, [p, y] = readPairs(action, predictions, targets), { shape } = targets;
    const width = shape.slice(1).reduce((product, length) => product * length, 1);
    if (this.#places.length === 0) {
      this.#places = Array.from({ length: width }, () => ({ mean: 0, deviation: 0, error: 0 }));
    }
    if (this.#places.length !== width) {
      throw new TypeError(
        `Cannot ${action}: ${width} numbers in a sample, they must be ${this.#places.length} as before`,
      );
    }
    for (let k = 0; k < y.length; k++) {
      const place = this.#places[k % width]!;
      if (k % width === 0) this.#samples++;
      // Welford's recurrence keeps the digits of targets that are far from 0.
      const before = y[k]! - place.mean;
      place.mean += before / this.#samples;
      place.deviation += before * (y[k]! - place.mean);
      place.error += (p[k]! - y[k]!) ** 2;
    }
  }

  /** The coefficient of all samples. */
  value(): number {
    if (this.#samples < 2) return NaN;
    const each = this.#places.map(({ deviation, error }) => {
      return deviation === 0 ? Number(error === 0) : 1 - error / deviation;
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#samples = 0;
    this.#places = [];
  }
}
