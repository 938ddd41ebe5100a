/** Batch samplers, which say of each batch of an epoch what samples it consists of. */
import { checkCount, checkFlag, checkFunction, checkOptions } from "../core/internal.ts";
import type { BatchSource, Sampler } from "./contract.ts";
import { RandomStream } from "./random.ts";
import { batchesOf, numbers } from "./orders.ts";
import { checkIndices } from "./samples.ts";
import { orderStream } from "./streams.ts";

/** Options of {@linkcode BatchSampler}. */
export interface BatchSamplerOptions {
  /** Samples in a batch. */
  batchSize: number;
  /** Leaves out a last batch that is smaller than the others; false by default. */
  dropLast?: boolean;
}

/**
 * The order of a sampler, cut into batches; what a loader does with its option `sampler`. RangeError for a batch size that is
 * no positive integer.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const sampler = new data.BatchSampler(new data.SequentialSampler(5), { batchSize: 2 });
 * if (sampler.length !== 3 || sampler.batches(0, 0)[2]!.length !== 1) throw new Error("other batches");
 * ```
 */
export class BatchSampler implements BatchSource {
  readonly #sampler: Sampler;
  readonly #size: number;
  readonly #dropLast: boolean;

  /** `sampler` gives the order of the samples. */
  constructor(sampler: Sampler, options: BatchSamplerOptions) {
    const action = "make BatchSampler", names = ["batchSize", "dropLast"] as const;
    const { batchSize, dropLast = false } = checkOptions(action, options, "{ batchSize: 32 }", names);
    checkFunction(action, sampler?.order);
    this.#sampler = sampler;
    this.#size = checkCount(action, "batchSize", batchSize, 1);
    this.#dropLast = checkFlag(action, "dropLast", dropLast);
  }

  /** The number of batches in an epoch. */
  get length(): number {
    return batchesOf(this.#sampler.length, this.#size, this.#dropLast);
  }

  /** The numbers of the samples of each batch. */
  batches(seed: number, epoch: number): ArrayLike<number>[] {
    const order = Uint32Array.from(this.#sampler.order(seed, epoch));
    return Array.from({ length: batchesOf(order.length, this.#size, this.#dropLast) }, (_, batch) => {
      return order.subarray(batch * this.#size, (batch + 1) * this.#size);
    });
  }
}

/** Options of {@linkcode LengthBucketSampler}. Without `batchSize`, `elementsMax` must say when a batch is full. */
export interface LengthBucketOptions {
  /** The most samples in a batch. */
  batchSize?: number;
  /** The most elements in a batch after padding: its number of samples times the end of its longest one's bucket. */
  elementsMax?: number;
  /** Lengths in a bucket, within which samples are mixed; 8 by default: 1 to 8, 9 to 16 and so on. */
  width?: number;
  /** Mixes the samples of a bucket, and the batches, anew in each epoch; true by default. */
  shuffle?: boolean;
  /** Leaves out the batch of the longest samples if it is not full; false by default. */
  dropLast?: boolean;
}

/**
 * Batches of samples of about the same length, so that little is padded: samples are sorted by bucket, cut into batches, and
 * the batches put into a random order. The number of batches is the same in each epoch.
 *
 * RangeError for lengths that are no counts, for a sample longer than `elementsMax`, and without a limit.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const lengths = [3, 30, 2, 31, 1, 29];
 * const sampler = new data.LengthBucketSampler(lengths, { batchSize: 3 });
 * const batches = sampler.batches(0, 0).map((batch) => Array.from(batch).sort().join());
 * if (batches.sort().join(" ") !== "0,2,4 1,3,5") throw new Error("other batches");
 * ```
 */
export class LengthBucketSampler implements BatchSource {
  /** The number of batches in an epoch. */
  readonly length: number;
  /** For each sample, the largest length of its bucket. */
  readonly #ends: Float64Array;
  readonly #options: Required<LengthBucketOptions>;

  /** `lengths` has a number for each sample of the dataset. */
  constructor(lengths: ArrayLike<number>, options: LengthBucketOptions) {
    const action = "make LengthBucketSampler";
    const { batchSize, elementsMax, width = 8, shuffle = true, dropLast = false } = checkOptions(
      action,
      options,
      "{ batchSize: 32 }",
      ["batchSize", "elementsMax", "width", "shuffle", "dropLast"],
    );
    checkIndices(action, lengths);
    if (batchSize === undefined && elementsMax === undefined) {
      throw new RangeError(`Cannot ${action}: without batchSize and elementsMax a batch has no end, give one`);
    }
    this.#options = {
      batchSize: batchSize === undefined ? Infinity : checkCount(action, "batchSize", batchSize, 1),
      elementsMax: elementsMax === undefined ? Infinity : checkCount(action, "elementsMax", elementsMax, 1),
      width: checkCount(action, "width", width, 1),
      shuffle: checkFlag(action, "shuffle", shuffle),
      dropLast: checkFlag(action, "dropLast", dropLast),
    };
    this.#ends = Float64Array.from(
      lengths,
      (length) => Math.ceil(checkCount(action, "length", length, 0) / width) * width,
    );
    const tooLong = this.#ends.findIndex((end) => end > this.#options.elementsMax);
    if (tooLong >= 0) {
      throw new RangeError(
        `Cannot ${action}: sample ${tooLong} of length ${lengths[tooLong]}, up to ${
          this.#ends[tooLong]
        } in its bucket, must be at most elementsMax ${elementsMax}`,
      );
    }
    this.length = this.#cut(this.#sorted(numbers(0, lengths.length))).length;
  }

  /** The numbers of the samples of each batch. */
  batches(seed: number, epoch: number): ArrayLike<number>[] {
    const order = numbers(0, this.#ends.length), random = new RandomStream(seed, orderStream, epoch);
    if (!this.#options.shuffle) return this.#cut(this.#sorted(order));
    random.shuffle(order);
    const batches = this.#cut(this.#sorted(order)), turns = numbers(0, batches.length);
    random.shuffle(turns);
    return Array.from(turns, (turn) => batches[turn]!);
  }

  /** Samples by bucket; in a bucket they keep their order. */
  #sorted(order: Uint32Array): Uint32Array {
    return order.sort((a, b) => this.#ends[a]! - this.#ends[b]!);
  }

  /** Batches of samples that are sorted. Where they end follows from the buckets, not from the order in one. */
  #cut(order: Uint32Array): Uint32Array[] {
    const { batchSize, elementsMax, dropLast } = this.#options, batches: Uint32Array[] = [];
    let start = 0;
    for (let end = 1; end <= order.length; end++) {
      // Whether a sample like the next fits in; behind the last one, a sample like it.
      const next = this.#ends[order[end] ?? order[end - 1]!]!, count = end - start;
      const isFull = count === batchSize || (count + 1) * next > elementsMax;
      if (!isFull && (end < order.length || dropLast)) continue;
      batches.push(order.subarray(start, end));
      start = end;
    }
    return batches;
  }
}
