/** Statistics of a dataset, to normalise its inputs by. */
import { showShape, sizeOf, type TypedArray } from "../core/internal.ts";
import type { Dataset } from "./contract.ts";
import { checkDataset, fetchInputs } from "./samples.ts";

/** The mean and the deviation of each channel of a dataset's inputs. */
export interface Statistics {
  /** The mean of each channel. */
  mean: number[];
  /** The standard deviation of each channel, of all elements (divided by their number). */
  deviation: number[];
}

/** Samples that are asked for at a time. */
const batchSize = 1024;

/**
 * The mean and the deviation of the inputs of a dataset, for each channel of its samples [channels, ...]: of an image's
 * colour, or of a column of features. For {@linkcode normalize}.
 *
 * Computed in float64 over all samples, once each. RangeError for a dataset without samples, TypeError for inputs without
 * axes, and for samples of other shapes than the first.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const set = new data.ArrayDataset(tensor([[1, 10], [3, 30]]), tensor([0, 1]));
 * const { mean, deviation } = await data.statistics(set);
 * if (mean.join() !== "2,20" || deviation.join() !== "1,10") throw new Error("another mean or deviation");
 * ```
 */
export async function statistics(dataset: Dataset<unknown>): Promise<Statistics> {
  const action = "compute statistics", length = checkDataset(action, dataset);
  if (length === 0) throw new RangeError(`Cannot ${action}: the dataset has no samples, it must have one`);
  let first: readonly number[] | null = null, count = 0;
  const mean: number[] = [], squares: number[] = [];
  for (let start = 0; start < length; start += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, length - start) }, (_, k) => start + k);
    const { data, shape: [samples, ...shape] } = await fetchInputs(action, dataset, indices);
    first ??= shape;
    if (shape.length === 0 || showShape(shape) !== showShape(first)) {
      const wanted = shape.length === 0 ? "[channels, ...]" : showShape(first);
      throw new TypeError(`Cannot ${action}: samples of shape ${showShape(shape)} must be ${wanted}`);
    }
    const size = sizeOf(shape.slice(1)), added = samples! * size, channels = shape[0]!;
    for (let channel = 0; channel < channels; channel++) {
      const middle = sumOver(data, channel, channels, size) / added;
      const scatter = scatterOver(data, channel, channels, size, middle);
      // The mean and the sum of squares about it, of both parts together (Chan, Golub and LeVeque 1983).
      const before = mean[channel] ?? 0, apart = middle - before;
      mean[channel] = before + apart * added / (count + added);
      squares[channel] = (squares[channel] ?? 0) + scatter + apart * apart * count * added / (count + added);
    }
    count += added;
  }
  return { mean, deviation: squares.map((sum) => Math.sqrt(sum / count)) };
}

/** The sum of the elements of a channel of [samples, channels, size]. */
function sumOver(data: TypedArray, channel: number, channels: number, size: number): number {
  let sum = 0;
  for (let from = channel * size; from < data.length; from += channels * size) {
    for (let k = from; k < from + size; k++) sum += data[k]!;
  }
  return sum;
}

/** The sum of squares about `middle`. */
function scatterOver(data: TypedArray, channel: number, channels: number, size: number, middle: number): number {
  let sum = 0;
  for (let from = channel * size; from < data.length; from += channels * size) {
    for (let k = from; k < from + size; k++) sum += (data[k]! - middle) ** 2;
  }
  return sum;
}
