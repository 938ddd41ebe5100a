/**
 * Batches of a dataset, epoch by epoch. The order of an epoch follows from the seed and the epoch's number alone, so that a
 * loader can return to any position.
 */
import {
  checkCount,
  checkFlag,
  checkFunction,
  checkOptions,
  checkState,
  checkTensor,
  detachedScope,
  moveTo,
  outsideScopes,
  summary,
} from "../core/internal.ts";
import { noGrad, type Scope, scope, type Tensor } from "../core/mod.ts";
import { Augmenter } from "./augment/augmenter.ts";
import type { Augmentation } from "./augment/kinds.ts";
import { checkAugmentations } from "./augment/made.ts";
import type { Dataset, Samples } from "./contract.ts";
import { RandomStream } from "./random.ts";
import { checkDataset, fetchBatch, toTensor } from "./samples.ts";
import { orderStream, transformStream } from "./streams.ts";
import { WorkerPool } from "./workers/pool.ts";
import type { Transform } from "./transforms.ts";

/** Options of {@linkcode DataLoader}. */
export interface DataLoaderOptions {
  /** Samples in a batch; 1 by default. */
  batchSize?: number;
  /** Orders the samples anew in each epoch; false by default. */
  shuffle?: boolean;
  /** The seed of the order, of augmentations and of transforms; 0 by default. `manualSeed` does not change it. */
  seed?: number;
  /** Leaves out a last batch that is smaller than the others; false by default. */
  dropLast?: boolean;
  /**
   * The number of batches that are asked of the dataset ahead of time, for datasets that answer with promises; 0 by
   * default.
   */
  prefetch?: number;
  /** Augmentations of each batch, the first one first, such as `[data.randomCrop(4), data.randomFlip()]`; none by default. */
  augment?: readonly Augmentation[];
  /**
   * The number of Web Workers that make batches ahead of time, two at most each; 0, the default, makes them when they are
   * asked for. Batches are the same for any number. Workers start when a loop begins and end with it. They need
   * `--allow-read` of the library's folders `core`, `data` and `kernels`; an error says so.
   *
   * Workers read an {@linkcode ArrayDataset}, or a subset of one, in shared memory, into which it moves then. Other datasets
   * are asked where the loop runs, and workers do the rest.
   */
  workers?: number;
  /** A function that is applied to the inputs of each batch, where the loop runs, after all augmentations. */
  transform?: Transform;
}

const optionNames = [
  "batchSize",
  "shuffle",
  "seed",
  "dropLast",
  "prefetch",
  "augment",
  "workers",
  "transform",
] as const;

const workersMost = 64;

/** The position of a loader: an epoch, and the number of batches that were handed out of it. */
export interface LoaderState {
  /** The epoch under way, from 0. */
  epoch: number;
  /** The number of batches of the epoch that were handed out. */
  batch: number;
  /** The seed of the order, of augmentations and of transforms. */
  seed: number;
  /** The batch size, since `batch` means another position for another size. */
  batchSize: number;
}

/**
 * Gives batches `[x, y]`, each tensor [batch, ...]. A loop over the loader goes through the dataset once.
 *
 * The loader owns its batches: no scope frees them, and each is freed when the next is asked for or the loop ends; `x.keep()`
 * keeps a tensor. After a loop that was left early, the next loop begins the next epoch. Only after `loadStateDict` does a
 * loop begin in the middle of an epoch.
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
  /** The dataset whose samples are batched. */
  readonly dataset: Dataset;
  /** The number of samples in each batch; the last one may have fewer. */
  readonly batchSize: number;
  readonly #options: Required<Omit<DataLoaderOptions, "batchSize" | "seed" | "augment" | "transform">>;
  readonly #augmentations: readonly Augmentation[];
  readonly #transform: Transform | undefined;
  #seed: number;
  #epoch = 0;
  #batch = 0;
  #resumes = false;

  /** RangeError for a count that is no integer or is too small; TypeError for what is no dataset, and for other options. */
  constructor(dataset: Dataset, options: DataLoaderOptions = {}) {
    const action = "make DataLoader";
    const {
      batchSize = 1,
      shuffle = false,
      seed = 0,
      dropLast = false,
      prefetch = 0,
      augment = [],
      workers = 0,
      transform,
    } = checkOptions(action, options, "{ batchSize: 32 }", optionNames);
    checkDataset(action, dataset);
    checkFlag(action, "shuffle", shuffle);
    checkFlag(action, "dropLast", dropLast);
    if (transform !== undefined) checkFunction(action, transform);
    this.#augmentations = checkAugmentations(action, augment);
    this.dataset = dataset;
    this.batchSize = checkCount(action, "batchSize", batchSize, 1);
    this.#seed = checkCount(action, "seed", seed, 0);
    this.#options = {
      shuffle,
      dropLast,
      prefetch: checkCount(action, "prefetch", prefetch, 0),
      workers: checkCount(action, "workers", workers, 0, workersMost),
    };
    this.#transform = transform;
  }

  /** The number of batches in an epoch. */
  get length(): number {
    return this.#batchesOf(checkDataset("load batches", this.dataset));
  }

  /** The number of batches of so many samples. */
  #batchesOf(samples: number): number {
    const batches = samples / this.batchSize;
    return this.#options.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The number of samples and batches, and the options. */
  toString(): string {
    const { shuffle, dropLast, prefetch, workers } = this.#options;
    return summary("DataLoader", [
      `${this.dataset.length} samples`,
      `${this.length} batches of ${this.batchSize}`,
      ["shuffle", shuffle],
      ["seed", this.#seed],
      ["dropLast", dropLast],
      ["prefetch", prefetch],
      ["workers", workers],
    ]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The epoch that is under way or comes next, from 0. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The position, for a checkpoint. */
  stateDict(): LoaderState {
    return { epoch: this.#epoch, batch: this.#batch, seed: this.#seed, batchSize: this.batchSize };
  }

  /**
   * Goes to a saved position: the next loop gives the batches that are left of its epoch, in the same order. RangeError
   * for a state of another batch size.
   */
  loadStateDict(state: LoaderState): void {
    const action = "load loader state";
    checkState(action, state);
    if (state.batchSize !== this.batchSize) {
      throw new RangeError(`Cannot ${action}: it was saved at batchSize ${state.batchSize}, not ${this.batchSize}`);
    }
    const batch = checkCount(action, "batch", state.batch, 0);
    if (batch > this.length) throw new RangeError(`Cannot ${action}: batch ${batch} must be at most ${this.length}`);
    const epoch = checkCount(action, "epoch", state.epoch, 0), seed = checkCount(action, "seed", state.seed, 0);
    this.#epoch = epoch;
    this.#seed = seed;
    this.#batch = batch;
    this.#resumes = true;
  }

  /**
   * The batches of one epoch, or those that are left of it after {@linkcode DataLoader.loadStateDict}.
   *
   * The dataset's length counts as it is when the epoch begins. Whatever the dataset or the transform throws is thrown in the
   * batch's turn, and so is TypeError for an answer of another kind.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<[x: Tensor, y: Tensor], void, undefined> {
    if (this.#batch > 0 && !this.#resumes) this.#beginEpoch(this.#epoch + 1);
    this.#resumes = false;
    const epoch = this.#epoch, samples = checkDataset("load batches", this.dataset);
    const length = this.#batchesOf(samples), indicesOf = this.#orderOf(epoch, samples);
    const ahead: Promise<[x: Samples, y: Samples]>[] = [], { prefetch, workers } = this.#options;
    const depth = Math.max(prefetch, 2 * workers), augmenter = new Augmenter(this.#augmentations);
    using pool = workers > 0 ? new WorkerPool(workers, this.dataset, this.#augmentations) : null;
    let asked = this.#batch, owner: Scope | null = null;
    try {
      for (let batch = this.#batch; batch < length; batch++) {
        for (; asked < length && asked <= batch + depth; asked++) {
          const start = asked * this.batchSize, indices = indicesOf(start, Math.min(start + this.batchSize, samples));
          const place = { seed: this.#seed, epoch, batch: asked, indices };
          const answer = pool?.make(place) ??
            fetchBatch(this.dataset, indices).then((got) => augmenter.apply(got, place));
          // A failure is thrown when the batch is awaited. Until then it must not count as unhandled.
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

  /** The indices of the samples from one place of an epoch's order to another. */
  #orderOf(epoch: number, samples: number): (start: number, end: number) => Uint32Array {
    if (!this.#options.shuffle) return numbers;
    const order = numbers(0, samples);
    new RandomStream(this.#seed, orderStream, epoch).shuffle(order);
    return (start, end) => order.subarray(start, end);
  }

  #toTensors([x, y]: [x: Samples, y: Samples], epoch: number, batch: number): [x: Tensor, y: Tensor] {
    const random = new RandomStream(this.#seed, transformStream, epoch, batch);
    return outsideScopes(() => {
      // The scope frees intermediate tensors of the transform.
      using _ = scope();
      const input = toTensor(x);
      if (this.#transform === undefined) return [input.keep(), toTensor(y).keep()];
      const transformed = noGrad(() => this.#transform!(input, random));
      checkTensor("transform batch", transformed);
      return [transformed.keep(), toTensor(y).keep()];
    });
  }
}

/** The numbers in [start, end). */
function numbers(start: number, end: number): Uint32Array {
  const all = new Uint32Array(end - start);
  for (let k = 0; k < all.length; k++) all[k] = start + k;
  return all;
}
