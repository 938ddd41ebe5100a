/** What a loader asks of a dataset, of a source whose samples come one after the other, and of samplers. */
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

/**
 * The order of an epoch. A sampler of one's own gives the same numbers for the same seed and epoch.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const backwards: data.Sampler = { length: 5, order: () => [4, 3, 2, 1, 0] };
 * const loader = new data.DataLoader([0, 1, 2, 3, 4], { batchSize: 5, sampler: backwards });
 * for await (const x of loader) if (x.toArray().join() !== "4,3,2,1,0") throw new Error("another order");
 * ```
 */
export interface Sampler {
  /** The number of samples in an epoch. */
  readonly length: number;
  /** The numbers of the samples of an epoch, each in [0, length of the dataset). */
  order(seed: number, epoch: number): ArrayLike<number>;
}

/**
 * The batches of an epoch. One of one's own gives the same for the same seed and epoch.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const batchSampler: data.BatchSource = { length: 2, batches: () => [[4, 0], [3, 1, 2]] };
 * const sizes = [];
 * for await (const x of new data.DataLoader([0, 1, 2, 3, 4], { batchSampler })) sizes.push(x.shape[0]);
 * if (sizes.join() !== "2,3") throw new Error("other batches");
 * ```
 */
export interface BatchSource {
  /** The number of batches in an epoch. */
  readonly length: number;
  /** The numbers of the samples of each batch. */
  batches(seed: number, epoch: number): readonly ArrayLike<number>[];
}
