/** What a loader asks of a dataset. */
import type { DType, TypedArray } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

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
