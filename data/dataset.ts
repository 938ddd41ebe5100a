/**
 * Datasets: numbered pairs of an input and a target. A dataset that can give many pairs at once as plain arrays has the
 * method
 * `batch`, so that a loader makes one tensor per batch rather than one per sample.
 */
import { checkCount, checkOptions, checkRange, dtypeOfArray, showShape, summary } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { Dataset, Samples } from "./contract.ts";
import { checkDataset, checkIndex, checkIndices, checkSamples, firstOf } from "./samples.ts";
import { asDataset } from "./sources.ts";
import { type Arrays, inSharedMemory, pickBatch } from "./workers/arrays.ts";
import { offerSource, sourceOf } from "./workers/source.ts";

/** Options of {@linkcode ArrayDataset}. */
export interface ArrayDatasetOptions {
  /** For inputs of uint8: each byte divided by this number becomes a float32; 255 turns pixels into 0..1. */
  divisor?: number;
}

/**
 * A dataset of arrays in memory, or of tensors, whose elements are read once.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const points = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]), sums = tensor([[0], [1], [1], [2]]);
 * const [x, y] = new data.ArrayDataset(points, sums).get(3);
 * if (x.toArray().join() !== "1,1" || y.item() !== 2) throw new Error("another sample");
 * ```
 */
export class ArrayDataset implements Dataset {
  /** The number of samples: the length of the first axis of x and of y. */
  readonly length: number;
  #arrays: Arrays;
  #isShared = false;

  /**
   * TypeError unless x and y hold equally many samples, and as many elements as their shapes say; RangeError for a divisor of
   * 0 or none.
   */
  constructor(inputs: Samples | Tensor, targets: Samples | Tensor, options: ArrayDatasetOptions = {}) {
    const { divisor } = checkOptions("make dataset", options, "{ divisor: 255 }", ["divisor"]);
    if (divisor !== undefined && checkRange("make dataset", "divisor", divisor, -Infinity) === 0) {
      throw new RangeError("Cannot make dataset: divisor 0 must be another number");
    }
    const x = checkSamples("make dataset", inputs), y = checkSamples("make dataset", targets);
    this.length = x.shape[0]!;
    if (y.shape[0] !== this.length) {
      throw new TypeError(`Cannot make dataset: ${this.length} inputs and ${y.shape[0]} targets must be as many`);
    }
    if (divisor !== undefined && !(x.data instanceof Uint8Array)) {
      throw new TypeError(`Cannot make dataset: a divisor is for uint8 inputs, not ${dtypeOfArray(x.data)}`);
    }
    const quotients = divisor === undefined ? null : Float32Array.from({ length: 256 }, (_, byte) => byte / divisor);
    this.#arrays = { x, y, quotients };
    // A class of the user's own may give other samples than the arrays.
    if (new.target === ArrayDataset) {
      offerSource(this, () => ({
        arrays: this.#share(),
        module: null,
        placeOf: (index) => index,
      }));
    }
  }

  /** The arrays, moved into shared memory when a worker needs them for the first time. */
  #share(): Arrays {
    const { x, y, quotients } = this.#arrays;
    if (!this.#isShared) this.#arrays = { x: inSharedMemory(x), y: inSharedMemory(y), quotients };
    this.#isShared = true;
    return this.#arrays;
  }

  /** The sample as two new tensors on the default device. RangeError unless `index` lies in [0, length). */
  get(index: number): [x: Tensor, y: Tensor] {
    checkIndex(index, this.length);
    return firstOf(this.batch([index]));
  }

  /** The number of samples, and what each consists of. */
  toString(): string {
    const shapeOf = ({ data, shape, dtype }: Samples, own = dtype ?? dtypeOfArray(data)) =>
      `${own} ${showShape(shape.slice(1))}`;
    const { x, y, quotients } = this.#arrays, inputs = shapeOf(x, quotients === null ? undefined : "float32");
    return summary(this.constructor.name, [`${this.length} samples`, `x: ${inputs}`, `y: ${shapeOf(y)}`]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Copies of the samples in the order of `indices`, which may name a sample twice. */
  batch(indices: ArrayLike<number>): [x: Samples, y: Samples] {
    checkIndices("get batch", indices);
    for (let k = 0; k < indices.length; k++) checkIndex(indices[k]!, this.length);
    return pickBatch(this.#arrays, indices);
  }
}

/**
 * Part of a dataset or a list: the samples at `indices`, in that order, or for a number n the first n samples. RangeError for an index
 * outside the dataset, TypeError for what is no dataset.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 * import { equal } from "node:assert/strict";
 *
 * const all = data.digits({ train: 100 });
 * equal(data.subset(all, 20).length, 20);
 * equal(data.subset(all, [5, 3]).length, 2);
 * ```
 */
export function subset<S>(dataset: Dataset<S> | readonly S[], indices: number | ArrayLike<number>): Dataset<S> {
  const action = "make subset", whole = asDataset(action, dataset), length = checkDataset(action, whole);
  if (typeof indices === "number") {
    return new Subset(whole, checkCount(action, "count", indices, 0, length), (index) => index);
  }
  checkIndices(action, indices);
  const chosen = Array.from(indices, (index) => {
    checkIndex(index, length);
    return index;
  });
  return new Subset(whole, chosen.length, (index) => chosen[index]!);
}

class Subset<S> implements Dataset<S> {
  readonly length: number;
  readonly #whole: Dataset<S>;
  readonly #placeOf: (index: number) => number;
  /** As `get`, for many samples; absent where the whole has none, since a loader then asks one by one. */
  declare batch?: NonNullable<Dataset<S>["batch"]>;

  constructor(whole: Dataset<S>, length: number, placeOf: (index: number) => number) {
    this.length = length;
    this.#whole = whole;
    this.#placeOf = (index) => {
      checkIndex(index, length);
      return placeOf(index);
    };
    offerSource(this, () => {
      const source = sourceOf(whole);
      return source && { ...source, placeOf: (index) => source.placeOf(placeOf(index)) };
    });
    if (whole.batch) {
      this.batch = (wanted) => {
        checkIndices("get batch", wanted);
        return whole.batch!(Array.from(wanted, this.#placeOf));
      };
    }
  }

  get(index: number): S | Promise<S> {
    return this.#whole.get(this.#placeOf(index));
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summary("Subset", [`${this.length} of ${this.#whole.length} samples`]);
  }
}
