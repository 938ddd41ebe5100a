/** What a loader asks of a dataset, and of a source whose samples come one after the other. */
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

/** The parts of samples, each stacked: of pairs [x, y] a pair. */
export type Batched<S> = S extends readonly unknown[] ? { -readonly [K in keyof S]: Samples } : readonly Samples[];

/**
 * Numbered samples: pairs [x, y] of tensors, or whatever else a loader can collate. A dataset of one's own needs `length`
 * and `get`; `batch` makes it faster.
 */
export interface Dataset<S = [x: Tensor, y: Tensor]> {
  /** The number of samples. */
  readonly length: number;
  /**
   * The sample at `index`, such as an input and a target, without a batch axis. A loader frees tensors that were made in this
   * call once they are stacked; a dataset that returns them again must `keep()` them.
   */
  get(index: number): S | Promise<S>;
  /** The samples at `indices`, each of their parts stacked. The caller may change the arrays. */
  batch?(indices: ArrayLike<number>): Batched<S> | Promise<Batched<S>>;
}

/** Samples that come one after the other and can be begun anywhere, so that a loader need not read those before. */
export interface Seekable<S> {
  /** The samples of an epoch from that numbered `start` on. */
  from(start: number, epoch: number): Iterable<S> | AsyncIterable<S>;
}

/**
 * Samples that come one after the other, as many as there are: something to iterate over, such as a generator or a
 * `ReadableStream`, a function that opens it for an epoch, or what can be begun anywhere. What can be iterated over only once
 * serves one epoch.
 */
export type Source<S = [x: Tensor, y: Tensor]> =
  | Iterable<S>
  | AsyncIterable<S>
  | ((epoch: number) => Iterable<S> | AsyncIterable<S>)
  | Seekable<S>;
