/** A dataset of any number of tensors in memory, each of which gives a part of a sample. */
import { showShape, summary } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { Batched, Dataset, Samples } from "./contract.ts";
import { checkIndex, checkIndices, checkSamples } from "./samples.ts";
import { toTensor } from "./stacked.ts";
import { pick } from "./workers/arrays.ts";

/**
 * A dataset whose samples are the rows of tensors: one row of each. Their elements are read once.
 *
 * For pairs, {@linkcode ArrayDataset} is the same, and workers can read it by themselves. TypeError for what is no tensor, for
 * scalars, and unless all have equally many rows; RangeError for no tensor.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const set = new data.TensorDataset(tensor([[1, 2], [3, 4]]), tensor([5, 6]), tensor([true, false]));
 * const [x, y, mask] = set.get(1);
 * if (x.toArray().join() !== "3,4" || y.item() !== 6 || mask.item() !== false) throw new Error("another sample");
 * ```
 */
export class TensorDataset<T extends readonly Tensor[]> implements Dataset<{ -readonly [K in keyof T]: Tensor }> {
  /** The number of samples. */
  readonly length: number;
  readonly #parts: readonly Samples[];

  /** Each tensor is [samples, ...]. */
  constructor(...tensors: T) {
    const action = "make TensorDataset";
    if (tensors.length === 0) throw new RangeError(`Cannot ${action}: there is no tensor, there must be one`);
    this.#parts = tensors.map((tensor) => checkSamples(action, tensor));
    const counts = this.#parts.map(({ shape }) => shape[0]!), [length] = counts;
    if (counts.some((count) => count !== length)) {
      throw new TypeError(`Cannot ${action}: tensors of ${counts.join(", ")} samples must have equally many`);
    }
    this.length = length!;
  }

  /** The sample as new tensors on the default device. RangeError unless `index` lies in [0, length). */
  get(index: number): { -readonly [K in keyof T]: Tensor } {
    const parts = this.batch([index]) as readonly Samples[];
    return parts.map((part) => toTensor(part, 1)) as { -readonly [K in keyof T]: Tensor };
  }

  /** Copies of the samples in the order of `indices`, which may name a sample twice. */
  batch(indices: ArrayLike<number>): Batched<{ -readonly [K in keyof T]: Tensor }> {
    checkIndices("get batch", indices);
    for (let k = 0; k < indices.length; k++) checkIndex(indices[k]!, this.length);
    return this.#parts.map((part) => pick(part, indices)) as readonly Samples[] as Batched<
      { -readonly [K in keyof T]: Tensor }
    >;
  }

  /** The number of samples, and what each consists of. */
  toString(): string {
    const parts = this.#parts.map(({ dtype, shape }) => `${dtype} ${showShape(shape.slice(1))}`);
    return summary("TensorDataset", [`${this.length} samples`, ...parts]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
