/** What loaders and datasets do with samples: asking for them, checking the answers, and making tensors of them. */
import {
  checkCount,
  checkDType,
  dtypeOfArray,
  makeTypedArray,
  refuse,
  shown,
  showShape,
  sizeOf,
} from "../core/internal.ts";
import { scope, Tensor, tensor } from "../core/mod.ts";
import type { Dataset, Samples } from "./contract.ts";

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

/** TypeError unless `indices` is an array or a typed array: another object may name a length that it does not have. */
export function checkIndices(action: string, indices: ArrayLike<number>): void {
  if (!Array.isArray(indices) && !ArrayBuffer.isView(indices)) refuse(action, indices, "a list of indices");
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
