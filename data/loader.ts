/**
 * Batches of a dataset, epoch by epoch. The order of an epoch follows from the seed and the epoch's number alone, so a
 * loader can be put back to any position.
 */
import { checkCount, checkOptions, detachedScope, moveTo, outsideScopes } from "../core/internal.ts";
import { noGrad, type Scope, scope, type Tensor } from "../core/mod.ts";
import { type Dataset, fetchBatch, type Samples, toTensor } from "./dataset.ts";
import { RandomStream } from "./random.ts";
import type { Transform } from "./transforms.ts";

/** Options of {@linkcode DataLoader}. */
export interface DataLoaderOptions {
  /** Samples in a batch; 1 by default. */
  batchSize?: number;
  /** A new order in each epoch; false by default. */
  shuffle?: boolean;
  /** Of the order and of random transforms; 0 by default, and apart from `manualSeed`. */
  seed?: number;
  /** Leaves out a last batch that is smaller than the others. */
  dropLast?: boolean;
  /** Batches asked of the dataset ahead of time, for those that answer with promises. */
  prefetch?: number;
  /** Applied to the inputs of each batch. */
  transform?: Transform;
}

/** Where a loader stands: how many batches of which epoch it has handed out. */
export interface LoaderState {
  /** The epoch under way, from 0. */
  epoch: number;
  /** How many of its batches were handed out. */
  batch: number;
  /** Of the order and of random transforms. */
  seed: number;
  /** Without which `batch` would be another position. */
  batchSize: number;
}

/** Marks the streams that order samples; the others are for transforms. */
const orderStream = 0, transformStream = 1;

/**
 * Gives `[x, y]`, each [batch, ...], once through the dataset for each loop.
 *
 * The loader owns its batches: they belong to no scope, and each is freed when the next is asked for or the loop ends;
 * `x.keep()` saves one. A loop that is left early leaves the position where it is, and the next loop begins the next
 * epoch; only after `loadStateDict` does a loop begin in the middle.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 * import { deepEqual } from "node:assert/strict";
 *
 * const loader = new data.DataLoader(data.digits({ train: 100 }), { batchSize: 32, shuffle: true });
 * const sizes = [];
 * for await (const [x] of loader) sizes.push(x.shape[0]);
 * deepEqual(sizes, [32, 32, 32, 4]);
 * ```
 */
export class DataLoader implements AsyncIterable<[x: Tensor, y: Tensor]> {
  /** Where the samples come from. */
  readonly dataset: Dataset;
  /** Samples in each batch but perhaps the last. */
  readonly batchSize: number;
  readonly #options: Required<Omit<DataLoaderOptions, "batchSize" | "seed" | "transform">>;
  readonly #transform: Transform | undefined;
  #seed: number;
  #epoch = 0;
  #batch = 0;
  #resumes = false;

  /** RangeError for counts that are no integers in their range. */
  constructor(dataset: Dataset, options: DataLoaderOptions = {}) {
    const action = "make DataLoader";
    const { batchSize = 1, shuffle = false, seed = 0, dropLast = false, prefetch = 0, transform } = checkOptions(
      action,
      options,
      "{ batchSize: 32 }",
    );
    this.dataset = dataset;
    this.batchSize = checkCount(action, "batchSize", batchSize, 1);
    this.#seed = checkCount(action, "seed", seed, 0);
    this.#options = { shuffle, dropLast, prefetch: checkCount(action, "prefetch", prefetch, 0) };
    this.#transform = transform;
  }

  /** Batches in an epoch. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.#options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The epoch that is under way or comes next, from 0. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The position, for a checkpoint. */
  stateDict(): LoaderState {
    return { epoch: this.#epoch, batch: this.#batch, seed: this.#seed, batchSize: this.batchSize };
  }

  /** Goes to a saved position: the next loop gives what is left of its epoch, in the same order. */
  loadStateDict(state: LoaderState): void {
    const action = "load loader state";
    if (state.batchSize !== this.batchSize) {
      throw new RangeError(`Cannot ${action}: it was saved at batchSize ${state.batchSize}, not ${this.batchSize}`);
    }
    const batch = checkCount(action, "batch", state.batch, 0);
    if (batch > this.length) throw new RangeError(`Cannot ${action}: batch ${batch} must be at most ${this.length}`);
    this.#epoch = checkCount(action, "epoch", state.epoch, 0);
    this.#seed = checkCount(action, "seed", state.seed, 0);
    this.#batch = batch;
    this.#resumes = true;
  }

  /** One epoch, or what is left of it after {@linkcode DataLoader.loadStateDict}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<[x: Tensor, y: Tensor], void, undefined> {
    if (this.#batch > 0 && !this.#resumes) this.#beginEpoch(this.#epoch + 1);
    this.#resumes = false;
    const epoch = this.#epoch, order = this.#orderOf(epoch);
    const ahead: Promise<[x: Samples, y: Samples]>[] = [];
    let asked = this.#batch, owner: Scope | null = null;
    try {
      for (let batch = this.#batch; batch < this.length; batch++) {
        for (; asked < this.length && asked <= batch + this.#options.prefetch; asked++) {
          const start = asked * this.batchSize;
          const answer = fetchBatch(this.dataset, order.subarray(start, start + this.batchSize));
          // A failure is thrown when its turn comes; until then it must not count as unhandled.
          answer.catch(() => {});
          ahead.push(answer);
        }
        owner?.[Symbol.dispose]();
        owner = detachedScope("DataLoader");
        const made = this.#toTensors(await ahead.shift()!, epoch, batch);
        for (const tensor of made) moveTo(tensor, owner);
        this.#batch = batch + 1;
        yield made;
      }
      this.#beginEpoch(epoch + 1);
    } finally {
      owner?.[Symbol.dispose]();
    }
  }

  #beginEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#batch = 0;
  }

  #orderOf(epoch: number): Uint32Array {
    const order = Uint32Array.from({ length: this.dataset.length }, (_, k) => k);
    if (!this.#options.shuffle) return order;
    const random = new RandomStream(this.#seed, orderStream, epoch);
    for (let last = order.length - 1; last > 0; last--) {
      const other = random.below(last + 1), index = order[last]!;
      order[last] = order[other]!;
      order[other] = index;
    }
    return order;
  }

  #toTensors([x, y]: [x: Samples, y: Samples], epoch: number, batch: number): [x: Tensor, y: Tensor] {
    const random = new RandomStream(this.#seed, transformStream, epoch, batch);
    return outsideScopes(() => {
      // Frees what the transform makes on its way.
      using _ = scope();
      const input = toTensor(x);
      return [noGrad(() => this.#transform?.(input, random) ?? input).keep(), toTensor(y).keep()];
    });
  }
}
