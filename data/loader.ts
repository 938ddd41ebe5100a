/**
 * Batches of a dataset or of a source, epoch by epoch. The order of an epoch follows from the seed and the epoch's number
 * alone, so that a loader can return to any position.
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
  refuse,
  summary,
} from "../core/internal.ts";
import { noGrad, type Scope, scope, Tensor } from "../core/mod.ts";
import type { Augmentation } from "./augment/kinds.ts";
import { checkAugmentations } from "./augment/made.ts";
import type { Collated } from "./collate.ts";
import type { BatchSource, Dataset, Sampler, Source } from "./contract.ts";
import { type Batches, DatasetBatches, SourceBatches } from "./epoch.ts";
import { batchesOf, checkBatches, numbers, orderOf } from "./orders.ts";
import { RandomStream } from "./random.ts";
import { SourceReader } from "./reader.ts";
import { type AnyCollate, checkDataset, isDataset } from "./samples.ts";
import { RandomSampler } from "./samplers.ts";
import { checkSource } from "./sources.ts";
import { eachTensor, withTensors } from "./stacked.ts";
import { orderStream, transformStream } from "./streams.ts";
import type { Transform } from "./transforms.ts";

/** Options of {@linkcode DataLoader}. */
export interface DataLoaderOptions<S = unknown, B = unknown> {
  /** Samples in a batch; 1 by default. */
  batchSize?: number;
  /**
   * Orders the samples anew in each epoch; false by default. Those of a source are drawn out of a buffer: see
   * `shuffleBuffer`.
   */
  shuffle?: boolean;
  /** How many samples of a source are read ahead to draw each next one among them, if `shuffle` is true; 1024 by default. */
  shuffleBuffer?: number;
  /** The order of a dataset's samples, instead of `shuffle`. */
  sampler?: Sampler;
  /** The batches of a dataset's samples, instead of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: BatchSource;
  /** The seed of the order, of augmentations and of transforms; 0 by default. `manualSeed` does not change it. */
  seed?: number;
  /** Leaves out a last batch that is smaller than the others; false by default. */
  dropLast?: boolean;
  /**
   * Makes a batch of samples; by default as {@linkcode defaultCollate} does. It is called for each batch ahead of time. Its
   * tensors, in lists and plain objects to any depth, are made anew on the default device when the loop asks for the batch.
   */
  collate?(samples: S[]): B | Promise<B>;
  /**
   * The number of batches that are asked of the dataset ahead of time, for datasets that answer with promises; 0 by
   * default.
   */
  prefetch?: number;
  /**
   * Augmentations of each batch, the first one first, such as `[data.randomCrop(4), data.randomFlip()]`; none by default.
   * Batches must be pairs [x, y].
   */
  augment?: readonly Augmentation[];
  /**
   * The number of Web Workers that make batches ahead of time, two at most each; 0, the default, makes them when they are
   * asked for. Batches are the same for any number. Workers start when a loop begins and end with it. They need
   * `--allow-read` of the library's folders `core`, `data` and `kernels`; an error says so.
   *
   * Workers read an {@linkcode ArrayDataset}, or a subset of one, in shared memory, into which it moves then, and open a
   * {@linkcode moduleDataset} by themselves. Other datasets and sources are asked where the loop runs, and workers augment
   * what they give.
   */
  workers?: number;
  /**
   * A function that is applied to the inputs of each batch, where the loop runs, after all augmentations: to the first part of
   * a batch that is a list, else to the batch.
   */
  transform?: Transform;
}

const optionNames = [
  "batchSize",
  "shuffle",
  "shuffleBuffer",
  "sampler",
  "batchSampler",
  "seed",
  "dropLast",
  "collate",
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
  /** The batch size, since `batch` means another position for another size; null if a batch sampler makes batches. */
  batchSize: number | null;
}

/** A loader of pairs, whatever its samples are: what training takes. */
export type PairLoader = DataLoader<unknown, [x: Tensor, y: Tensor]>;

/**
 * Gives batches of samples: of pairs `[x, y]`, say, `[x, y]` with each tensor [batch, ...]. A loop over the loader goes through
 * the dataset or the source once.
 *
 * The loader owns its batches: no scope frees them, and each is freed when the next is asked for or the loop ends; `x.keep()`
 * keeps a tensor. After a loop that was left early, the next loop begins the next epoch. Only after `loadStateDict` does a
 * loop begin in the middle of an epoch. A source is ended when a loop is left early.
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
 *
 * @example Samples of a generator, with texts in them
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * function* lines() {
 *   for (const text of ["a", "bc", "def"]) yield { text, length: tensor(text.length) };
 * }
 * for await (const { text, length } of new data.DataLoader(lines, { batchSize: 3, shuffle: true })) {
 *   if (text.length !== 3 || length.sum().item() !== 6) throw new Error("another batch");
 * }
 * ```
 */
export class DataLoader<S = [x: Tensor, y: Tensor], B = Collated<S>> implements AsyncIterable<B> {
  /** The dataset or the source whose samples are batched. */
  readonly dataset: Dataset<S> | Source<S>;
  /** The number of samples in each batch, of which the last one may have fewer; null if a batch sampler decides. */
  readonly batchSize: number | null;
  readonly #options: { shuffle: boolean; dropLast: boolean; prefetch: number; workers: number };
  readonly #augmentations: readonly Augmentation[];
  readonly #transform: Transform | undefined;
  readonly #collate: AnyCollate | undefined;
  /** Who orders a dataset's samples; null for their own order, and for a source. */
  readonly #sampler: Sampler | null;
  readonly #batchSampler: BatchSource | null;
  /** The number of samples in the buffer of a source that is shuffled; 0 for none. */
  readonly #buffer: number;
  #seed: number;
  #epoch = 0;
  #batch = 0;
  #resumes = false;

  /**
   * RangeError for a count that is no integer or is too small; TypeError for what is neither dataset nor source, for other
   * options, and for options that exclude one another.
   */
  constructor(dataset: Dataset<S> | Source<S>, options: DataLoaderOptions<S, B> = {}) {
    const action = "make DataLoader";
    const given = checkOptions(action, options, "{ batchSize: 32 }", optionNames);
    const { batchSize = 1, shuffle = false, seed = 0, dropLast = false, prefetch = 0, augment = [], workers = 0 } =
      given;
    const { transform, collate, sampler, batchSampler, shuffleBuffer = 1024 } = given;
    this.dataset = checkSource(action, dataset);
    const isNumbered = isDataset(this.dataset);
    if (isNumbered) checkDataset(action, this.dataset as Dataset<S>);
    checkFlag(action, "shuffle", shuffle);
    checkFlag(action, "dropLast", dropLast);
    for (const one of [transform, collate]) if (one !== undefined) checkFunction(action, one);
    if (sampler !== undefined) checkFunction(action, sampler?.order);
    if (batchSampler !== undefined) checkFunction(action, batchSampler?.batches);
    checkExclusions(action, given, isNumbered);
    this.batchSize = batchSampler === undefined ? checkCount(action, "batchSize", batchSize, 1) : null;
    this.#seed = checkCount(action, "seed", seed, 0);
    const buffer = checkCount(action, "shuffleBuffer", shuffleBuffer, 1, 2 ** 31 - 1);
    this.#buffer = !isNumbered && shuffle ? buffer : 0;
    this.#augmentations = checkAugmentations(action, augment);
    this.#options = {
      shuffle,
      dropLast,
      prefetch: checkCount(action, "prefetch", prefetch, 0),
      workers: checkCount(action, "workers", workers, 0, workersMost),
    };
    this.#transform = transform;
    this.#collate = collate as AnyCollate | undefined;
    this.#sampler = sampler ?? (isNumbered && shuffle ? new RandomSampler(this.dataset as Dataset<S>) : null);
    this.#batchSampler = batchSampler ?? null;
  }

  /** The number of batches in an epoch; Infinity for a source, whose end only tells. */
  get length(): number {
    if (!isDataset(this.dataset)) return Infinity;
    const samples = checkDataset("load batches", this.dataset);
    if (this.batchSize === null) return this.#batchSampler!.length;
    return batchesOf(this.#sampler?.length ?? samples, this.batchSize, this.#options.dropLast);
  }

  /** The number of samples and batches, and the options. */
  toString(): string {
    const { shuffle, dropLast, prefetch, workers } = this.#options;
    const counts = isDataset(this.dataset)
      ? [
        `${this.dataset.length} samples`,
        `${this.length} batches${this.batchSize === null ? "" : ` of ${this.batchSize}`}`,
      ]
      : ["samples of a source", `batches of ${this.batchSize}`];
    return summary("DataLoader", [
      ...counts,
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
   * The dataset's length counts as it is when the epoch begins. Whatever the dataset, the source, `collate` or the transform
   * throws is thrown in the batch's turn, and so is TypeError for an answer of another kind.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    if (this.#batch > 0 && !this.#resumes) this.#beginEpoch(this.#epoch + 1);
    this.#resumes = false;
    const epoch = this.#epoch, batches = this.#batchesOf(epoch), ahead: Promise<unknown>[] = [];
    const { prefetch, workers } = this.#options, depth = Math.max(prefetch, 2 * workers);
    let asked = this.#batch, owner: Scope | null = null;
    try {
      for (let batch = this.#batch; batch < batches.length; batch++) {
        for (; asked < batches.length && asked <= batch + depth; asked++) {
          const answer = batches.request(asked);
          // A failure is thrown when the batch is awaited. Until then it must not count as unhandled.
          answer.catch(() => {});
          ahead.push(answer);
        }
        owner?.[Symbol.dispose]();
        owner = detachedScope("DataLoader");
        const fetched = await ahead.shift()!;
        if (fetched === null) break;
        const made = this.#toTensors(fetched, epoch, batch);
        eachTensor(made, (tensor) => moveTo(tensor, owner));
        this.#batch = batch + 1;
        yield made as B;
      }
      this.#beginEpoch(epoch + 1);
    } finally {
      owner?.[Symbol.dispose]();
      await batches.close();
    }
  }

  #beginEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.#batch = 0;
  }

  #batchesOf(epoch: number): Batches {
    const { dataset, batchSize } = this, seed = this.#seed, { workers, dropLast } = this.#options;
    const making = { seed, epoch, workers, augmentations: this.#augmentations, collate: this.#collate };
    if (isDataset(dataset)) return new DatasetBatches(dataset, this.#orderOf(dataset, epoch), making);
    const place = { epoch, start: this.#batch * batchSize! };
    const reader = new SourceReader(dataset, place, this.#buffer, new RandomStream(seed, orderStream, epoch));
    return new SourceBatches(reader, { batchSize: batchSize!, dropLast }, making);
  }

  /** The numbers of the samples in each batch of an epoch, and how many batches there are. */
  #orderOf(dataset: Dataset<unknown>, epoch: number) {
    const samples = checkDataset("load batches", dataset), { batchSize } = this;
    if (batchSize === null) {
      const batches = checkBatches(this.#batchSampler!, this.#seed, epoch, samples);
      return { length: batches.length, indicesOf: (batch: number) => batches[batch]! };
    }
    const order = this.#sampler === null ? null : orderOf(this.#sampler, this.#seed, epoch, samples);
    const count = order?.length ?? samples;
    return {
      length: batchesOf(count, batchSize, this.#options.dropLast),
      indicesOf: (batch: number) => {
        const start = batch * batchSize, end = Math.min(start + batchSize, count);
        return order?.subarray(start, end) ?? numbers(start, end);
      },
    };
  }

  #toTensors(fetched: unknown, epoch: number, batch: number): unknown {
    const random = new RandomStream(this.#seed, transformStream, epoch, batch);
    return outsideScopes(() => {
      // The scope frees intermediate tensors of the transform.
      using _ = scope();
      const made = this.#transform === undefined ? withTensors(fetched) : transformed(withTensors(fetched), (x) => {
        const result = noGrad(() => this.#transform!(x, random));
        checkTensor("transform batch", result);
        return result;
      });
      eachTensor(made, (tensor) => tensor.keep());
      return made;
    });
  }
}

/** The batch with its inputs transformed. TypeError for one that neither is nor begins with a tensor. */
function transformed(batch: unknown, change: (x: Tensor) => Tensor): unknown {
  if (batch instanceof Tensor) return change(batch);
  const [x, ...others]: unknown[] = Array.isArray(batch) ? batch : [];
  return x instanceof Tensor ? [change(x), ...others] : refuse("transform batch", batch, "a tensor, or begin with one");
}

/** TypeError for options that exclude one another or the kind of samples. */
function checkExclusions(action: string, options: DataLoaderOptions<never>, isNumbered: boolean): void {
  const given = optionNames.filter((name) => options[name] !== undefined && options[name] !== false);
  const exclusions = [
    ["batchSampler", ["batchSize", "shuffle", "sampler", "dropLast"]],
    ["sampler", ["shuffle"]],
  ] as const;
  for (const [name, others] of exclusions) {
    const other = given.includes(name) ? others.find((other) => given.includes(other)) : undefined;
    if (other !== undefined) throw new TypeError(`Cannot ${action}: ${name} and ${other} must not both be given`);
  }
  const wrong = given.find((name) =>
    isNumbered ? name === "shuffleBuffer" : name === "sampler" || name === "batchSampler"
  );
  if (wrong === undefined) return;
  const kind = isNumbered ? "sources, and this is a dataset" : "datasets, whose samples have numbers";
  throw new TypeError(`Cannot ${action}: ${wrong} is for ${kind}`);
}
