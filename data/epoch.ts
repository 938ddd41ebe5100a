/**
 * The batches of one epoch, fetched and augmented ahead of time: those of a dataset, whose samples are asked for by their
 * numbers, and those of a source, which are as many as it gives.
 */
import { scope } from "../core/mod.ts";
import { Augmenter } from "./augment/augmenter.ts";
import type { Augmentation } from "./augment/kinds.ts";
import type { Dataset } from "./contract.ts";
import type { Numbered, SourceReader } from "./reader.ts";
import { type AnyCollate, augmented, checkPair, collated, fetchBatch } from "./samples.ts";
import { WorkerPool } from "./workers/pool.ts";
import { sourceOf } from "./workers/source.ts";

/** How the batches of an epoch are made. */
export interface Making {
  readonly seed: number;
  readonly epoch: number;
  readonly workers: number;
  readonly augmentations: readonly Augmentation[];
  readonly collate: AnyCollate | undefined;
}

/** Batches that are asked for one after the other, and may be asked for before the last one came. */
export interface Batches {
  /** The number of batches; Infinity where only the end of the source tells. */
  readonly length: number;
  /** A batch with `Stacked` in the place of tensors; null behind the last one. */
  request(batch: number): Promise<unknown>;
  /** Ends what works for the epoch. */
  close(): Promise<void>;
}

/** Augments batches, here or in workers. */
class Augmenting implements Disposable {
  readonly pool: WorkerPool | null;
  readonly #making: Making;
  readonly #augmenter: Augmenter;

  constructor(making: Making, pool: WorkerPool | null) {
    this.#making = making;
    this.pool = pool;
    this.#augmenter = new Augmenter(making.augmentations);
  }

  placeOf(batch: number, indices: ArrayLike<number>) {
    return { seed: this.#making.seed, epoch: this.#making.epoch, batch, indices };
  }

  /** The batch augmented. TypeError for one that is no pair of tensors, if there are augmentations. */
  async apply(fetched: unknown, batch: number, indices: ArrayLike<number>): Promise<unknown> {
    if (this.#making.augmentations.length === 0) return fetched;
    const place = this.placeOf(batch, indices);
    if (this.pool !== null) return await this.pool.make(place, checkPair(fetched));
    return augmented(fetched, (pair) => this.#augmenter.apply(pair, place));
  }

  [Symbol.dispose](): void {
    this.pool?.[Symbol.dispose]();
  }
}

/** Batches of a dataset. */
export class DatasetBatches implements Batches {
  readonly length: number;
  readonly #dataset: Dataset<unknown>;
  readonly #indicesOf: (batch: number) => ArrayLike<number>;
  readonly #collate: AnyCollate | undefined;
  readonly #augmenting: Augmenting;
  readonly #isPicked: boolean;

  constructor(
    dataset: Dataset<unknown>,
    { length, indicesOf }: { length: number; indicesOf: (batch: number) => ArrayLike<number> },
    making: Making,
  ) {
    this.length = length;
    this.#dataset = dataset;
    this.#indicesOf = indicesOf;
    this.#collate = making.collate;
    const source = making.workers > 0 && making.collate === undefined ? sourceOf(dataset) : null;
    this.#isPicked = source !== null;
    const isUseful = making.workers > 0 && (this.#isPicked || making.augmentations.length > 0);
    this.#augmenting = new Augmenting(
      making,
      isUseful ? new WorkerPool(making.workers, source, making.augmentations) : null,
    );
  }

  async request(batch: number): Promise<unknown> {
    const indices = this.#indicesOf(batch), augmenting = this.#augmenting;
    if (this.#isPicked) return await augmenting.pool!.make(augmenting.placeOf(batch, indices));
    return await augmenting.apply(await fetchBatch(this.#dataset, indices, this.#collate), batch, indices);
  }

  close(): Promise<void> {
    this.#augmenting[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** Batches of what a source gives. Samples are read one after the other, however many batches are asked for. */
export class SourceBatches implements Batches {
  readonly length = Infinity;
  readonly #reader: SourceReader;
  readonly #size: { readonly batchSize: number; readonly dropLast: boolean };
  readonly #collate: AnyCollate | undefined;
  readonly #augmenting: Augmenting;
  #last: Promise<unknown> = Promise.resolve();

  constructor(reader: SourceReader, size: { batchSize: number; dropLast: boolean }, making: Making) {
    this.#reader = reader;
    this.#size = size;
    this.#collate = making.collate;
    const isUseful = making.workers > 0 && making.augmentations.length > 0;
    this.#augmenting = new Augmenting(
      making,
      isUseful ? new WorkerPool(making.workers, null, making.augmentations) : null,
    );
  }

  async request(batch: number): Promise<unknown> {
    const before = this.#last, read = before.then(() => this.#read());
    this.#last = read;
    const got = await read;
    return got === null ? null : await this.#augmenting.apply(got.fetched, batch, got.indices);
  }

  /** The next batch, and the numbers of its samples; null at the end of the source. */
  #read(): Promise<{ fetched: unknown; indices: number[] } | null> {
    // The scope frees the samples once they are stacked.
    return scope(async () => {
      const samples: unknown[] = [], indices: number[] = [], { batchSize, dropLast } = this.#size;
      let next: Numbered | null;
      while (samples.length < batchSize && (next = await this.#reader.next()) !== null) {
        samples.push(next.sample);
        indices.push(next.index);
      }
      if (samples.length === 0 || dropLast && samples.length < batchSize) return null;
      return { fetched: await collated(samples, this.#collate), indices };
    });
  }

  async close(): Promise<void> {
    this.#augmenting[Symbol.dispose]();
    // What is being read is waited for: a source that is asked for its next sample cannot be ended.
    await this.#last.catch(() => {});
    await this.#reader.close();
  }
}
