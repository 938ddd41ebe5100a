/** Splits of a dataset into parts that have no sample in common: at random, and into folds for cross-validation. */
import { checkCount, checkFlag, checkOptions, refuse, shown, shownList } from "../core/internal.ts";
import type { Dataset } from "./contract.ts";
import { subset } from "./dataset.ts";
import { classesOf, numbers } from "./orders.ts";
import { RandomStream } from "./random.ts";
import { asDataset } from "./sources.ts";
import { splitStream } from "./streams.ts";

/** Options of {@linkcode randomSplit}. */
export interface SplitOptions {
  /** The seed of the order in which samples are dealt out; 0 by default. `manualSeed` does not change it. */
  seed?: number;
}

/**
 * Splits a dataset at random into parts of the given lengths, or of the given shares, which add up to 1.
 *
 * Of shares each part has the whole samples of its share; those that are left over go to the parts in turn, as in PyTorch.
 * RangeError for lengths that do not add up to the dataset's, or shares to 1, and for negative ones.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const [train, test] = data.randomSplit(data.digits({ train: 100 }), [0.8, 0.2], { seed: 1 });
 * if (train!.length !== 80 || test!.length !== 20) throw new Error("other parts");
 * ```
 */
export function randomSplit<S>(
  dataset: Dataset<S> | readonly S[],
  parts: readonly number[],
  options: SplitOptions = {},
): Dataset<S>[] {
  const action = "split dataset", { length } = asDataset(action, dataset);
  const { seed = 0 } = checkOptions(action, options, "{ seed: 1 }", ["seed"]);
  checkCount(action, "seed", seed, 0);
  const lengths = lengthsOf(action, parts, length), order = numbers(0, length);
  new RandomStream(seed, splitStream).shuffle(order);
  let start = 0;
  return lengths.map((count) => subset(dataset, order.subarray(start, start += count)));
}

/** How far the sum of shares may be from 1, for what rounding leaves. */
const sumError = 1e-9;

/** The lengths of parts, given by lengths or shares. */
function lengthsOf(action: string, parts: readonly number[], length: number): number[] {
  if (!Array.isArray(parts)) refuse(action, parts, "a list of lengths or shares");
  for (const part of parts) {
    if (typeof part !== "number" || !(part >= 0)) {
      throw new RangeError(`Cannot ${action}: part ${shown(part)} must be a length or a share of at least 0`);
    }
  }
  const sum = parts.reduce((sum, part) => sum + part, 0);
  if (Math.abs(sum - 1) > sumError) {
    if (sum === length && parts.every(Number.isInteger)) return [...parts];
    throw new RangeError(
      `Cannot ${action}: parts ${
        shownList(parts)
      } must be lengths that add up to ${length}, or shares that add up to 1`,
    );
  }
  const lengths = parts.map((share) => Math.floor(share * length));
  const left = length - lengths.reduce((sum, count) => sum + count, 0);
  for (let k = 0; k < left; k++) lengths[k % lengths.length]!++;
  return lengths;
}

/** Options of {@linkcode kFold}. */
export interface FoldOptions {
  /** Deals the samples out in a random order; by default a fold is a stretch of the dataset. */
  shuffle?: boolean;
  /** The seed of that order; 0 by default. */
  seed?: number;
  /** The class of each sample, a number or a name: each fold gets its share of every class. */
  stratify?: ArrayLike<number | string>;
}

/** One way to train on most of a dataset and to test on the rest. */
export interface Fold<S = unknown> {
  /** All samples but those of the fold, in the dataset's order. */
  train: Dataset<S>;
  /** The samples of the fold, in the dataset's order. */
  test: Dataset<S>;
}

/**
 * The `k` folds of a dataset for cross-validation: each sample is in the test part of one of them. Their sizes differ by at most
 * one sample, and with `stratify` the numbers of each class too.
 *
 * RangeError unless `k` is an integer from 2 to the number of samples, and for another number of classes than of samples.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const sizes = data.kFold(data.digits({ train: 10 }), 3, { shuffle: true }).map(({ train, test }) =>
 *   `${train.length} + ${test.length}`
 * );
 * if (sizes.join() !== "6 + 4,7 + 3,7 + 3") throw new Error("other folds");
 * ```
 */
export function kFold<S>(dataset: Dataset<S> | readonly S[], k = 5, options: FoldOptions = {}): Fold<S>[] {
  const action = "make folds", { length } = asDataset(action, dataset);
  const names = ["shuffle", "seed", "stratify"] as const;
  const { shuffle = false, seed = 0, stratify } = checkOptions(action, options, "{ shuffle: true }", names);
  checkFlag(action, "shuffle", shuffle);
  checkCount(action, "seed", seed, 0);
  checkCount(action, "k", k, 2, length);
  const groups = stratify === undefined ? null : classesOf(action, stratify);
  if (stratify !== undefined && stratify.length !== length) {
    throw new RangeError(`Cannot ${action}: ${stratify.length} classes for ${length} samples, they must be as many`);
  }
  const random = new RandomStream(seed, splitStream), foldOf = new Uint32Array(length);
  let dealt = 0;
  for (const members of groups ?? [numbers(0, length)]) {
    if (shuffle) random.shuffle(members);
    for (const [place, index] of members.entries()) {
      // Classes are dealt out one after the other, as cards are; without them, each fold is a stretch of the order.
      foldOf[index] = groups === null ? foldAt(place, length, k) : dealt % k;
      dealt++;
    }
  }
  return Array.from({ length: k }, (_, fold) => ({
    train: subset(dataset, numbers(0, length).filter((index) => foldOf[index] !== fold)),
    test: subset(dataset, numbers(0, length).filter((index) => foldOf[index] === fold)),
  }));
}

/** The fold in which a place of the order lies: the first `length % k` folds have a sample more than the others. */
function foldAt(place: number, length: number, k: number): number {
  const size = Math.floor(length / k), larger = length % k, inLarger = larger * (size + 1);
  return place < inLarger ? Math.floor(place / (size + 1)) : larger + Math.floor((place - inLarger) / size);
}
