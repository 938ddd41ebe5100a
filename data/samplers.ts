/**
 * Samplers: the order in which a loader asks for samples, epoch by epoch. An order follows from the loader's seed and the
 * epoch's number alone, so that a loader can return to any place in it.
 */
import { checkCount, checkFlag, checkOptions, shown } from "../core/internal.ts";
import type { Dataset, Sampler } from "./contract.ts";
import { RandomStream } from "./random.ts";
import { checkDataset, checkIndices } from "./samples.ts";
import { classesOf, numbers, uniform } from "./orders.ts";
import { orderStream } from "./streams.ts";

/** The dataset whose samples are numbered, or their number. */
export type Countable = Dataset<unknown> | number;

/** The number of samples: what is given, or the dataset's length at present. */
function countOf(action: string, samples: Countable): number {
  return typeof samples === "number"
    ? checkCount(action, "samples", samples, 0, 2 ** 31 - 1)
    : checkDataset(action, samples);
}

/** The samples in their own order. RangeError for what is no count, TypeError for what is no dataset. */
export class SequentialSampler implements Sampler {
  readonly #samples: Countable;

  /** `samples` is a dataset, or the number of its samples. */
  constructor(samples: Countable) {
    countOf("make SequentialSampler", samples);
    this.#samples = samples;
  }

  /** The number of samples in an epoch. */
  get length(): number {
    return countOf("count samples", this.#samples);
  }

  /** 0, 1, 2 and so on. */
  order(): Uint32Array {
    return numbers(0, this.length);
  }
}

/** Options of {@linkcode RandomSampler}. */
export interface RandomSamplerOptions {
  /** Draws each sample among all, so that one may come twice and another never; false by default. */
  replacement?: boolean;
  /** The number of samples in an epoch; by default as many as there are. More are several random orders in turn. */
  numSamples?: number;
}

/**
 * The samples in a random order, another in each epoch; what a loader's `shuffle` does. RangeError for other counts than
 * integers, and where samples are to be drawn of none.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const sampler = new data.RandomSampler(10, { replacement: true, numSamples: 100 });
 * const order = Array.from(sampler.order(0, 0));
 * if (order.length !== 100 || order.some((index) => index > 9)) throw new Error("another order");
 * ```
 */
export class RandomSampler implements Sampler {
  readonly #samples: Countable;
  readonly #replacement: boolean;
  readonly #wanted: number | undefined;

  /** `samples` is a dataset, or the number of its samples. */
  constructor(samples: Countable, options: RandomSamplerOptions = {}) {
    const action = "make RandomSampler", names = ["replacement", "numSamples"] as const;
    const { replacement = false, numSamples } = checkOptions(action, options, "{ replacement: true }", names);
    countOf(action, samples);
    this.#samples = samples;
    this.#replacement = checkFlag(action, "replacement", replacement);
    this.#wanted = numSamples === undefined ? undefined : checkCount(action, "numSamples", numSamples, 0, 2 ** 31 - 1);
  }

  /** The number of samples in an epoch. */
  get length(): number {
    return this.#wanted ?? countOf("count samples", this.#samples);
  }

  /** The numbers of an epoch's samples. */
  order(seed: number, epoch: number): Uint32Array {
    const count = countOf("draw samples", this.#samples), wanted = this.#wanted ?? count;
    if (count === 0 && wanted > 0) throw new RangeError(`Cannot draw samples: ${wanted} of a dataset without any`);
    const random = new RandomStream(seed, orderStream, epoch), order = new Uint32Array(wanted);
    if (this.#replacement) return order.map(() => random.below(count));
    for (let start = 0; start < wanted; start += count) {
      const round = numbers(0, count);
      random.shuffle(round);
      order.set(round.subarray(0, wanted - start), start);
    }
    return order;
  }
}

/** The samples at `indices` in a random order, another in each epoch. RangeError for an index that is none. */
export class SubsetRandomSampler implements Sampler {
  readonly #indices: Uint32Array;

  /** `indices` are numbers of samples. */
  constructor(indices: ArrayLike<number>) {
    const action = "make SubsetRandomSampler";
    checkIndices(action, indices);
    this.#indices = Uint32Array.from(indices, (index) => checkCount(action, "index", index, 0, 2 ** 31 - 1));
  }

  /** The number of samples in an epoch. */
  get length(): number {
    return this.#indices.length;
  }

  /** The numbers of an epoch's samples. */
  order(seed: number, epoch: number): Uint32Array {
    const order = this.#indices.slice();
    new RandomStream(seed, orderStream, epoch).shuffle(order);
    return order;
  }
}

/** Options of {@linkcode WeightedRandomSampler}. */
export interface WeightedSamplerOptions {
  /** The number of samples in an epoch; by default as many as there are weights. */
  numSamples?: number;
  /** Lets a sample come several times, which is the default. */
  replacement?: boolean;
}

/**
 * Samples drawn by weights, which need not add up to 1: those of rare classes more often, say.
 *
 * Without replacement each further sample is drawn by the weights of those that are left, as PyTorch does it: by the smallest
 * E / weight, with E from the exponential distribution (Efraimidis and Spirakis 2006). RangeError for weights that are
 * negative, not finite or all zero, and for more samples without replacement than weights above zero.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const sampler = new data.WeightedRandomSampler([0, 3, 1], { numSamples: 4000 });
 * const ones = Array.from(sampler.order(0, 0)).filter((index) => index === 1).length;
 * if (Math.abs(ones - 3000) > 150) throw new Error(`${ones} of 4000 draws`);
 * ```
 */
export class WeightedRandomSampler implements Sampler {
  /** The number of samples in an epoch. */
  readonly length: number;
  readonly #weights: Float64Array;
  readonly #replacement: boolean;

  /** `weights` has a number for each sample of the dataset. */
  constructor(weights: ArrayLike<number>, options: WeightedSamplerOptions = {}) {
    const action = "make WeightedRandomSampler", names = ["numSamples", "replacement"] as const;
    checkIndices(action, weights);
    const { numSamples = weights.length, replacement = true } = checkOptions(
      action,
      options,
      "{ numSamples: 100 }",
      names,
    );
    this.length = checkCount(action, "numSamples", numSamples, 0, 2 ** 31 - 1);
    this.#replacement = checkFlag(action, "replacement", replacement);
    this.#weights = Float64Array.from(weights);
    let positive = 0, total = 0;
    for (const [index, weight] of this.#weights.entries()) {
      if (typeof weights[index] !== "number" || !(weight >= 0 && weight < Infinity)) {
        throw new RangeError(
          `Cannot ${action}: weight ${shown(weights[index])} of sample ${index} must lie in [0, Infinity)`,
        );
      }
      if (weight > 0) positive++;
      total += weight;
    }
    if (numSamples > 0 && (positive === 0 || total === Infinity)) {
      throw new RangeError(
        `Cannot ${action}: ${weights.length} weights add up to ${total}, it must be above 0 and finite`,
      );
    }
    if (!replacement && numSamples > positive) {
      throw new RangeError(
        `Cannot ${action}: ${numSamples} samples without replacement of ${positive} with a weight above 0`,
      );
    }
  }

  /** The numbers of an epoch's samples. */
  order(seed: number, epoch: number): Uint32Array {
    const random = new RandomStream(seed, orderStream, epoch);
    return this.#replacement ? this.#drawAgain(random) : this.#drawApart(random);
  }

  /** With replacement: the sample in whose share of the sum a uniform number falls. */
  #drawAgain(random: RandomStream): Uint32Array {
    const sums = new Float64Array(this.#weights.length);
    let total = 0;
    for (const [index, weight] of this.#weights.entries()) sums[index] = total += weight;
    return new Uint32Array(this.length).map(() => {
      const wanted = uniform(random) * total;
      // The first sum above the number. Rounding may bring the product to the total: then the last weight above 0 counts.
      let low = 0, high = sums.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (sums[middle]! > wanted) high = middle;
        else low = middle + 1;
      }
      while (this.#weights[low] === 0) low--;
      return low;
    });
  }

  /** Without replacement. */
  #drawApart(random: RandomStream): Uint32Array {
    const keys = this.#weights.map((weight) => -Math.log1p(-uniform(random)) / weight);
    // A weight of 0 must not win by a key 0 / 0.
    const candidates = numbers(0, keys.length).filter((index) => this.#weights[index]! > 0);
    return candidates.sort((a, b) => keys[a]! - keys[b]! || a - b).slice(0, this.length);
  }
}

/**
 * The samples in a random order in which each class is spread evenly, so that every batch has about the shares of classes
 * that the whole has: those of a class are shuffled, and stand at random in as many equal parts of the order as they are.
 *
 * TypeError for labels that are no list.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const labels = Array.from({ length: 100 }, (_, k) => k < 80 ? "cat" : "dog");
 * const first = new data.StratifiedSampler(labels).order(0, 0).slice(0, 20);
 * const dogs = Array.from(first).filter((index) => labels[index] === "dog").length;
 * if (dogs < 3 || dogs > 5) throw new Error(`${dogs} of 20`);
 * ```
 */
export class StratifiedSampler implements Sampler {
  /** The number of samples in an epoch. */
  readonly length: number;
  readonly #classes: readonly Uint32Array[];

  /** `labels` has the class of each sample of the dataset, a number or a name. */
  constructor(labels: ArrayLike<number | string>) {
    this.#classes = classesOf("make StratifiedSampler", labels);
    this.length = labels.length;
  }

  /** The numbers of an epoch's samples. */
  order(seed: number, epoch: number): Uint32Array {
    const random = new RandomStream(seed, orderStream, epoch), places = new Float64Array(this.length);
    for (const members of this.#classes) {
      const order = members.slice();
      random.shuffle(order);
      for (const [k, index] of order.entries()) places[index] = (k + uniform(random)) / order.length;
    }
    return numbers(0, this.length).sort((a, b) => places[a]! - places[b]! || a - b);
  }
}

/** Options of {@linkcode DistributedSampler}. */
export interface DistributedSamplerOptions {
  /** The number of processes that share the samples. */
  numReplicas: number;
  /** The number of this process, from 0. */
  rank: number;
  /** Orders all samples anew in each epoch, which is the default. */
  shuffle?: boolean;
  /** Leaves out the last samples that do not go round; by default the first ones are given again. */
  dropLast?: boolean;
}

/**
 * The share of one process among several: of the order of all samples, every `numReplicas`-th from the `rank`-th on. All
 * processes get equally many, none the same but for those that fill up. They must have one seed.
 *
 * `samples` may be another sampler, whose order is shared out. RangeError for a rank that is none; TypeError for `shuffle`
 * with a sampler, which has an order of its own.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const shares = [0, 1].map((rank) => new data.DistributedSampler(5, { numReplicas: 2, rank, shuffle: false }));
 * const [even, odd] = shares.map((share) => Array.from(share.order(0, 0)).join());
 * if (even !== "0,2,4" || odd !== "1,3,0") throw new Error("another share");
 * ```
 */
export class DistributedSampler implements Sampler {
  readonly #whole: Sampler;
  readonly #replicas: number;
  readonly #rank: number;
  readonly #dropLast: boolean;

  /** `samples` is a dataset, the number of its samples, or a sampler of them. */
  constructor(samples: Countable | Sampler, options: DistributedSamplerOptions) {
    const action = "make DistributedSampler", names = ["numReplicas", "rank", "shuffle", "dropLast"] as const;
    const { numReplicas, rank, shuffle, dropLast = false } = checkOptions(
      action,
      options,
      "{ numReplicas: 2, rank: 0 }",
      names,
    );
    this.#replicas = checkCount(action, "numReplicas", numReplicas, 1);
    this.#rank = checkCount(action, "rank", rank, 0, numReplicas - 1);
    this.#dropLast = checkFlag(action, "dropLast", dropLast);
    if (shuffle !== undefined) checkFlag(action, "shuffle", shuffle);
    if (isSampler(samples)) {
      if (shuffle !== undefined) {
        throw new TypeError(`Cannot ${action}: shuffle is for datasets, a sampler has its order`);
      }
      this.#whole = samples;
    } else {
      this.#whole = shuffle ?? true ? new RandomSampler(samples) : new SequentialSampler(samples);
    }
  }

  /** The number of samples in an epoch. */
  get length(): number {
    const share = this.#whole.length / this.#replicas;
    return this.#dropLast ? Math.floor(share) : Math.ceil(share);
  }

  /** The numbers of this process's samples. */
  order(seed: number, epoch: number): Uint32Array {
    const whole = this.#whole.order(seed, epoch), share = new Uint32Array(this.length);
    return share.map((_, k) => whole[(k * this.#replicas + this.#rank) % whole.length]!);
  }
}

function isSampler(given: Countable | Sampler): given is Sampler {
  return typeof given === "object" && given !== null && typeof (given as Partial<Sampler>).order === "function";
}
