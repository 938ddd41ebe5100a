/**
 * Datasets: numbered pairs of an input and a target. A dataset that can give many pairs at once as plain arrays has the
 * method
 * `batch`, so that a loader makes one tensor per batch rather than one per sample.
 */
import {
  checkCount,
  checkOptions,
  checkRange,
  type DType,
  dtypeOfArray,
  makeTypedArray,
  refuse,
  shown,
  showShape,
  sizeOf,
  summary,
  type TypedArray,
} from "../core/internal.ts";
import { scope, Tensor, tensor } from "../core/mod.ts";

/** The inputs or the targets of several samples as a plain array; the first axis numbers the samples. */
export interface Samples {
  /** The elements of all samples, in row-major order. */
  readonly data: TypedArray;
  /** [samples, ...]. */
  readonly shape: readonly number[];
  /** The element type; by default that of the array. Elements of "bool" are bytes. */
  readonly dtype?: DType;
}

/** Numbered samples. A dataset of one's own needs `length` and `get`; `batch` makes it faster. */
export interface Dataset {
  /** The number of samples. */
  readonly length: number;
  /**
   * The input and the target at `index`, without a batch axis. A loader frees tensors that were made in this call once they
   * are stacked; a dataset that returns them again must `keep()` them.
   */
  get(index: number): [x: Tensor, y: Tensor] | Promise<[x: Tensor, y: Tensor]>;
  /** The samples at `indices`, stacked. The caller may change the arrays. */
  batch?(indices: ArrayLike<number>): [x: Samples, y: Samples] | Promise<[x: Samples, y: Samples]>;
}

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
  readonly #x: Samples;
  readonly #y: Samples;
  readonly #quotients: Float32Array<ArrayBuffer> | null;

  /**
   * TypeError unless x and y hold equally many samples, and as many elements as their shapes say; RangeError for a divisor of
   * 0 or none.
   */
  constructor(x: Samples | Tensor, y: Samples | Tensor, options: ArrayDatasetOptions = {}) {
    const { divisor } = checkOptions("make dataset", options, "{ divisor: 255 }", ["divisor"]);
    if (divisor !== undefined && checkRange("make dataset", "divisor", divisor, -Infinity) === 0) {
      throw new RangeError("Cannot make dataset: divisor 0 must be another number");
    }
    this.#x = checkSamples("make dataset", x);
    this.#y = checkSamples("make dataset", y);
    this.length = this.#x.shape[0]!;
    if (this.#y.shape[0] !== this.length) {
      throw new TypeError(`Cannot make dataset: ${this.length} inputs and ${this.#y.shape[0]} targets must be as many`);
    }
    if (divisor !== undefined && !(this.#x.data instanceof Uint8Array)) {
      throw new TypeError(`Cannot make dataset: a divisor is for uint8 inputs, not ${dtypeOfArray(this.#x.data)}`);
    }
    this.#quotients = divisor === undefined ? null : Float32Array.from({ length: 256 }, (_, byte) => byte / divisor);
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
    const x = shapeOf(this.#x, this.#quotients === null ? undefined : "float32");
    return summary(this.constructor.name, [`${this.length} samples`, `x: ${x}`, `y: ${shapeOf(this.#y)}`]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Copies of the samples in the order of `indices`, which may name a sample twice. */
  batch(indices: ArrayLike<number>): [x: Samples, y: Samples] {
    for (let k = 0; k < indices.length; k++) checkIndex(indices[k]!, this.length);
    const x = pick(this.#x, indices);
    if (this.#quotients === null) return [x, pick(this.#y, indices)];
    const data = new Float32Array(x.data.length);
    for (let k = 0; k < data.length; k++) data[k] = this.#quotients[x.data[k]!]!;
    return [{ data, shape: x.shape }, pick(this.#y, indices)];
  }
}

/**
 * Part of a dataset: the samples at `indices`, in that order, or for a number n the first n samples. RangeError for an index
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
export function subset(dataset: Dataset, indices: number | ArrayLike<number>): Dataset {
  const action = "make subset", whole = checkDataset(action, dataset);
  if (typeof indices === "number") {
    return new Subset(dataset, checkCount(action, "count", indices, 0, whole), (index) => index);
  }
  if (typeof indices !== "object" || typeof indices?.length !== "number") refuse(action, indices, "a list of indices");
  const chosen = Array.from(indices);
  for (const index of chosen) checkIndex(index, whole);
  return new Subset(dataset, chosen.length, (index) => chosen[index]!);
}

class Subset implements Dataset {
  readonly length: number;
  readonly #whole: Dataset;
  readonly #placeOf: (index: number) => number;
  /** As `get`, for many samples; absent where the whole has none, since a loader then asks one by one. */
  declare batch?: NonNullable<Dataset["batch"]>;

  constructor(whole: Dataset, length: number, placeOf: (index: number) => number) {
    this.length = length;
    this.#whole = whole;
    this.#placeOf = (index) => {
      checkIndex(index, length);
      return placeOf(index);
    };
    if (whole.batch) this.batch = (wanted) => whole.batch!(Array.from(wanted, this.#placeOf));
  }

  get(index: number): ReturnType<Dataset["get"]> {
    return this.#whole.get(this.#placeOf(index));
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summary("Subset", [`${this.length} of ${this.#whole.length} samples`]);
  }
}

/** The most samples that are numbered: the order of a shuffled epoch is a list in memory. */
const samplesMost = 2 ** 31 - 1;

/** The length of a dataset. TypeError for what is none, RangeError for a length that is no count. */
export function checkDataset(action: string, dataset: Dataset): number {
  const kind = typeof dataset;
  if (dataset === null || kind !== "object" && kind !== "function" || typeof dataset.get !== "function") {
    refuse(action, dataset, "a dataset with length and get()");
  }
  return checkCount(action, "the dataset's length", dataset.length, 0, samplesMost);
}

/** RangeError unless `index` numbers one of `length` samples. */
export function checkIndex(index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`Cannot get sample: ${shown(index)} must be an integer in [0, ${length})`);
  }
}

/** A batch of one sample as tensors without the batch axis. */
export function firstOf([x, y]: [x: Samples, y: Samples]): [x: Tensor, y: Tensor] {
  return [toTensor(x, 1), toTensor(y, 1)];
}

/** Samples as a tensor, without the first `dropped` axes (of length one). */
export function toTensor({ data, shape, dtype }: Samples, dropped = 0): Tensor {
  return tensor(data, { shape: shape.slice(dropped), dtype: dtype ?? dtypeOfArray(data)! });
}

/** Stacks single samples along a new first axis; `what` names them in errors. */
export function stack(items: readonly Tensor[], what: string): Samples {
  const { shape, dtype, size } = items[0]!;
  const data = makeTypedArray(dtype, items.length * size);
  for (const [k, item] of items.entries()) {
    if (item.dtype !== dtype || item.shape.length !== shape.length || item.shape.some((n, axis) => n !== shape[axis])) {
      throw new TypeError(
        `Cannot stack ${what}: ${item.dtype} ${showShape(item.shape)} and ${dtype} ${
          showShape(shape)
        } must be the same`,
      );
    }
    data.set(item.toTypedArray(), k * size);
  }
  return { data, shape: [items.length, ...shape], dtype };
}

/** The batch at `indices` as plain arrays: by the dataset's `batch`, else by its `get`. TypeError for other answers. */
export async function fetchBatch(dataset: Dataset, indices: ArrayLike<number>): Promise<[x: Samples, y: Samples]> {
  if (dataset.batch) {
    const answer: unknown = await dataset.batch(indices);
    if (!Array.isArray(answer) || answer.length !== 2) {
      return refuse("get batch", answer, "a pair [x, y] of { data, shape }");
    }
    for (const part of answer) {
      if (checkSamples("get batch", part).shape[0] !== indices.length) {
        const shape = showShape(part.shape);
        throw new TypeError(`Cannot get batch: shape ${shape} for ${indices.length} samples, they must be as many`);
      }
    }
    return answer as [x: Samples, y: Samples];
  }
  // The scope stays open while `get` is awaited, and frees the items once they are stacked.
  return await scope(async () => {
    const items: [x: Tensor, y: Tensor][] = [];
    for (const index of Array.from(indices)) {
      const item: unknown = await dataset.get(index);
      if (!Array.isArray(item) || item.length !== 2 || !item.every((part) => part instanceof Tensor)) {
        return refuse(`get sample ${index}`, item, "a pair [x, y] of tensors");
      }
      items.push(item as [x: Tensor, y: Tensor]);
    }
    return [stack(items.map(([x]) => x), "inputs"), stack(items.map(([, y]) => y), "targets")];
  });
}

function checkSamples(action: string, source: Samples | Tensor): Samples {
  const samples = source instanceof Tensor
    ? { data: source.toTypedArray(), shape: source.shape, dtype: source.dtype }
    : source;
  const { data, shape } = samples ?? {};
  if (!ArrayBuffer.isView(data) || dtypeOfArray(data) === null || !Array.isArray(shape)) {
    return refuse(action, source, "a tensor or { data, shape } with a typed array");
  }
  if (shape.length === 0 || sizeOf(shape) !== data.length) {
    throw new TypeError(
      `Cannot ${action}: ${data.length} elements do not fill [samples, ...] = ${showShape(shape)}`,
    );
  }
  return samples;
}

function pick({ data, shape, dtype }: Samples, indices: ArrayLike<number>): Samples {
  const size = sizeOf(shape.slice(1));
  const own = dtype ?? dtypeOfArray(data)!;
  const picked = makeTypedArray(own, indices.length * size);
  for (let k = 0; k < indices.length; k++) {
    const from = indices[k]! * size;
    if (size === 1) picked[k] = data[from]!;
    else picked.set(data.subarray(from, from + size), k * size);
  }
  return { data: picked, shape: [indices.length, ...shape.slice(1)], dtype: own };
}
