/** What loaders and datasets do with samples: asking for them, checking the answers, and making tensors of them. */
import { checkCount, checkDType, dtypeOfArray, refuse, shown, showShape, sizeOf } from "../core/internal.ts";
import { scope, Tensor } from "../core/mod.ts";
import type { Collate } from "./collate.ts";
import { stackAll } from "./joining.ts";
import type { Dataset, Samples } from "./contract.ts";
import { pairOf, Stacked, toTensor, withoutTensors } from "./stacked.ts";

/** The most samples that are numbered: the order of a shuffled epoch is a list in memory. */
const samplesMost = 2 ** 31 - 1;

/** The length of a dataset. TypeError for what is none, RangeError for a length that is no count. */
export function checkDataset(action: string, dataset: Dataset<unknown>): number {
  if (!isDataset(dataset)) refuse(action, dataset, "a dataset with length and get()");
  return checkCount(action, "the dataset's length", dataset.length, 0, samplesMost);
}

/** Whether samples can be asked for by their numbers. */
export function isDataset(given: unknown): given is Dataset<unknown> {
  return given !== null && (typeof given === "object" || typeof given === "function") &&
    typeof (given as Partial<Dataset<unknown>>).get === "function";
}

/** RangeError unless `index` numbers one of `length` samples. */
export function checkIndex(index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`Cannot get sample: ${shown(index)} must be an integer in [0, ${length})`);
  }
}

/** TypeError unless `indices` is an array or a typed array: another object may name a length that it does not have. */
export function checkIndices(action: string, indices: ArrayLike<number>): void {
  if (!Array.isArray(indices) && !ArrayBuffer.isView(indices)) refuse(action, indices, "a list of indices");
}

/** A batch of one sample as tensors without the batch axis. */
export function firstOf([x, y]: [x: Samples, y: Samples]): [x: Tensor, y: Tensor] {
  return [toTensor(x, 1), toTensor(y, 1)];
}

/** What a loader's option `collate` is to the library, which knows nothing of its samples. */
export type AnyCollate = Collate<unknown, unknown>;

/**
 * The batch at `indices`, with {@linkcode Stacked} in the place of tensors: by the dataset's `batch`, else by its `get`, whose
 * samples are collated. TypeError for other answers.
 */
export async function fetchBatch(
  dataset: Dataset<unknown>,
  indices: ArrayLike<number>,
  collate?: AnyCollate,
): Promise<unknown> {
  if (dataset.batch && collate === undefined) {
    const answer: unknown = await dataset.batch(indices);
    if (!Array.isArray(answer) || answer.length === 0) {
      return refuse("get batch", answer, "a list of { data, shape }, such as [x, y]");
    }
    return answer.map((part) => {
      const samples = checkSamples("get batch", part);
      if (samples.shape[0] === indices.length) return new Stacked(samples);
      const shape = showShape(samples.shape);
      throw new TypeError(`Cannot get batch: shape ${shape} for ${indices.length} samples, they must be as many`);
    });
  }
  // The scope stays open while `get` is awaited, and frees the samples once they are stacked.
  return await scope(async () => {
    const items: unknown[] = [];
    for (const index of Array.from(indices)) items.push(checkSample(await dataset.get(index), index));
    return await collated(items, collate);
  });
}

/** The sample itself. TypeError for none, as from a function that forgets to return it. */
export function checkSample(sample: unknown, index: number): unknown {
  return sample === undefined
    ? refuse(`get sample ${index}`, sample, "a sample, such as a pair [x, y] of tensors")
    : sample;
}

/** A batch of samples, with {@linkcode Stacked} in the place of tensors. */
export async function collated(samples: unknown[], collate: AnyCollate | undefined): Promise<unknown> {
  return collate === undefined ? stackAll(samples) : withoutTensors(await collate(samples));
}

/** The batch with its pair [x, y] changed. TypeError for a batch that is no pair of tensors. */
export function augmented(
  batch: unknown,
  change: (pair: [x: Samples, y: Samples]) => [x: Samples, y: Samples],
): unknown {
  return change(checkPair(batch)).map((part) => new Stacked(part));
}

/** The pair of a batch [x, y], for augmentations. TypeError for another batch. */
export function checkPair(batch: unknown): [x: Samples, y: Samples] {
  const pair = pairOf(batch);
  if (pair === null) throw new TypeError("Cannot augment: the batch must be a pair [x, y] of tensors");
  return pair;
}

/** The inputs of the samples at `indices`. TypeError unless samples are lists that begin with a tensor, such as pairs. */
export async function fetchInputs(action: string, dataset: Dataset<unknown>, indices: ArrayLike<number>) {
  const batch = await fetchBatch(dataset, indices), [x]: unknown[] = Array.isArray(batch) ? batch : [];
  return x instanceof Stacked ? x.samples : refuse(action, batch, "samples that begin with a tensor, such as [x, y]");
}

/** Samples as plain arrays. TypeError for what is none, and unless there are as many elements as the shape says. */
export function checkSamples(action: string, source: Samples | Tensor): Samples {
  const samples = source instanceof Tensor
    ? { data: source.toTypedArray(), shape: source.shape, dtype: source.dtype }
    : source;
  const { data, shape, dtype } = samples ?? {};
  if (!ArrayBuffer.isView(data) || dtypeOfArray(data) === null || !Array.isArray(shape)) {
    return refuse(action, source, "a tensor or { data, shape } with a typed array");
  }
  if (dtype !== undefined) checkDType(action, dtype);
  const counts = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (shape.length === 0 || !counts || sizeOf(shape) !== data.length) {
    throw new TypeError(
      `Cannot ${action}: ${data.length} elements do not fill [samples, ...] = ${showShape(shape)}`,
    );
  }
  return { ...samples, shape: shape.slice() };
}
