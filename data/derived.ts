/**
 * Datasets and sources that are made of others: joined, zipped, cut short, shared out, and changed sample by sample. Nothing is
 * read before a loader asks for it.
 */
import { checkCount, checkFunction, checkOptions } from "../core/internal.ts";
import { Concatenated } from "./concatenated.ts";
import type { Dataset, Seekable, Source } from "./contract.ts";
import { subset } from "./dataset.ts";
import { checkDataset, isDataset } from "./samples.ts";
import { checkSource, openSource } from "./sources.ts";

/** A source that was made of others: something to iterate over that can be begun anywhere. */
export interface DerivedSource<S> extends Seekable<S>, AsyncIterable<S> {}

/** The samples of a source from `start` on. The source is ended when they are left early. */
async function* samplesOf(source: Source<unknown>, start: number, epoch: number): AsyncGenerator<unknown> {
  const iterator = await openSource(source, epoch, start);
  let isOver = false;
  try {
    for (;;) {
      isOver = true; // A source that throws needs no end.
      const { done, value } = await iterator.next();
      isOver = done ?? false;
      if (isOver) return;
      yield await value;
    }
  } finally {
    if (!isOver) await iterator.return?.();
  }
}

function derive<S>(from: (start: number, epoch: number) => AsyncGenerator<unknown>): DerivedSource<S> {
  return { from, [Symbol.asyncIterator]: () => from(0, 0) } as DerivedSource<S>;
}

/**
 * The samples changed by a function, one by one and when they are asked for. The function gets a sample and its number.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const squares = data.map([1, 2, 3], (k) => [tensor(k), tensor(k * k)]);
 * for await (const [x, y] of new data.DataLoader(squares, { batchSize: 3 })) {
 *   if (x!.toArray().join() !== "1,2,3" || y!.toArray().join() !== "1,4,9") throw new Error("another batch");
 * }
 * ```
 */
export function map<S, T>(
  samples: Dataset<S> | readonly S[],
  change: (sample: S, index: number) => T | Promise<T>,
): Dataset<T>;
/** The samples of a source, changed one by one. */
export function map<S, T>(
  samples: Source<S>,
  change: (sample: S, index: number) => T | Promise<T>,
): DerivedSource<T>;
export function map<S, T>(
  samples: Dataset<S> | Source<S>,
  change: (sample: S, index: number) => T | Promise<T>,
): Dataset<T> | DerivedSource<T> {
  const given = checkSource("map samples", samples);
  checkFunction("map samples", change);
  if (isDataset(given)) {
    return {
      get length() {
        return given.length;
      },
      get: async (index) => change(await given.get(index) as S, index),
    };
  }
  return derive(async function* (start, epoch) {
    let index = start;
    for await (const sample of samplesOf(given, start, epoch)) yield await change(sample as S, index++);
  });
}

/**
 * The first `count` samples, or all if there are fewer. RangeError for what is no count.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * function* naturals() {
 *   for (let k = 0;; k++) yield k;
 * }
 * for await (const x of new data.DataLoader(data.take(data.skip(naturals, 5), 3), { batchSize: 8 })) {
 *   if (x.toArray().join() !== "5,6,7") throw new Error("other samples");
 * }
 * ```
 */
export function take<S>(samples: Dataset<S> | readonly S[], count: number): Dataset<S>;
/** The first `count` samples of a source. */
export function take<S>(samples: Source<S>, count: number): DerivedSource<S>;
export function take<S>(samples: Dataset<S> | Source<S>, count: number): Dataset<S> | DerivedSource<S> {
  const action = "take samples", given = checkSource(action, samples);
  checkCount(action, "count", count, 0);
  if (isDataset(given)) return subset(given as Dataset<S>, Math.min(count, checkDataset(action, given)));
  return derive(async function* (start, epoch) {
    let left = count - start;
    // The sample behind the last one is not asked for.
    if (left <= 0) return;
    for await (const sample of samplesOf(given, start, epoch)) {
      yield sample;
      if (--left === 0) return;
    }
  });
}

/** The samples behind the first `count`; none if there are no more. RangeError for what is no count. */
export function skip<S>(samples: Dataset<S> | readonly S[], count: number): Dataset<S>;
/** The samples of a source behind the first `count`. */
export function skip<S>(samples: Source<S>, count: number): DerivedSource<S>;
export function skip<S>(samples: Dataset<S> | Source<S>, count: number): Dataset<S> | DerivedSource<S> {
  const action = "skip samples", given = checkSource(action, samples);
  checkCount(action, "count", count, 0);
  if (isDataset(given)) return stretch(given as Dataset<S>, count, 1);
  return derive((start, epoch) => samplesOf(given, start + count, epoch));
}

/** Every `step`-th sample of a dataset from `start` on. */
function stretch<S>(dataset: Dataset<S>, start: number, step: number): Dataset<S> {
  const length = Math.max(0, Math.ceil((checkDataset("choose samples", dataset) - start) / step));
  return subset(dataset, Uint32Array.from({ length }, (_, k) => start + k * step));
}

/** Which part of the samples {@linkcode shard} takes. */
export interface ShardOptions {
  /** The number of parts. */
  shards: number;
  /** The number of the part, from 0. */
  shard: number;
}

/**
 * One of several equal parts of the samples, for processes that share them: every `shards`-th, from that numbered `shard` on.
 *
 * The first parts may have a sample more than the last; {@linkcode DistributedSampler} evens that out. RangeError for a part
 * that there is not.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const odd = data.shard([10, 11, 12, 13, 14], { shards: 2, shard: 1 });
 * if (odd.length !== 2 || odd.get(1) !== 13) throw new Error("other samples");
 * ```
 */
export function shard<S>(samples: Dataset<S> | readonly S[], options: ShardOptions): Dataset<S>;
/** One of several parts of the samples of a source. */
export function shard<S>(samples: Source<S>, options: ShardOptions): DerivedSource<S>;
export function shard<S>(samples: Dataset<S> | Source<S>, options: ShardOptions): Dataset<S> | DerivedSource<S> {
  const action = "shard samples", given = checkSource(action, samples);
  const { shards, shard } = checkOptions(action, options, "{ shards: 2, shard: 0 }", ["shards", "shard"]);
  checkCount(action, "shards", shards, 1);
  checkCount(action, "shard", shard, 0, shards - 1);
  if (isDataset(given)) return stretch(given as Dataset<S>, shard, shards);
  return derive(async function* (start, epoch) {
    let turn = 0;
    for await (const sample of samplesOf(given, shard + start * shards, epoch)) if (turn++ % shards === 0) yield sample;
  });
}

/** The samples in the same place of each: of datasets and sources of S and T, lists [S, T]. */
export type Zipped<P extends readonly unknown[]> = {
  -readonly [K in keyof P]: P[K] extends Dataset<infer S> | Source<infer S> ? S : never;
};

/**
 * Samples whose parts come from several datasets, or several sources: the k-th of each. Sources end with the shortest.
 *
 * TypeError for datasets of different lengths, and for a dataset beside a source.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const set = data.zip([1, 2, 3], ["a", "b", "c"]);
 * if (String(await set.get(1)) !== "2,b") throw new Error("another sample");
 * ```
 */
export function zip<P extends readonly (Dataset<unknown> | readonly unknown[])[]>(...parts: P): Dataset<Zipped<P>>;
/** Samples of several sources, side by side. */
export function zip<P extends readonly Source<unknown>[]>(...parts: P): DerivedSource<Zipped<P>>;
export function zip(
  ...parts: readonly (Dataset<unknown> | Source<unknown>)[]
): Dataset<unknown> | DerivedSource<unknown> {
  const action = "zip samples", { datasets, sources } = apart(action, parts);
  if (datasets.length === 0) {
    return derive(async function* (start, epoch) {
      const open = sources.map((source) => samplesOf(source, start, epoch));
      try {
        for (;;) {
          const sample: unknown[] = [];
          for (const each of open) {
            const { done, value } = await each.next();
            if (done) return;
            sample.push(value);
          }
          yield sample;
        }
      } finally {
        for (const each of open) await each.return(undefined);
      }
    });
  }
  const lengths = datasets.map((dataset) => checkDataset(action, dataset)), [length] = lengths;
  if (lengths.some((other) => other !== length)) {
    throw new TypeError(`Cannot ${action}: datasets of ${lengths.join(", ")} samples must have equally many`);
  }
  return {
    length: length!,
    get: async (index) => {
      const sample: unknown[] = [];
      for (const dataset of datasets) sample.push(await dataset.get(index));
      return sample;
    },
  };
}

/** The samples of several datasets, or several sources, one after the other. TypeError for a dataset beside a source. */
export function concat<S>(...parts: readonly (Dataset<S> | readonly S[])[]): Dataset<S>;
/** The samples of several sources, one after the other. */
export function concat<S>(...parts: readonly Source<S>[]): DerivedSource<S>;
export function concat(
  ...parts: readonly (Dataset<unknown> | Source<unknown>)[]
): Dataset<unknown> | DerivedSource<unknown> {
  const action = "concatenate samples", { datasets, sources } = apart(action, parts);
  if (datasets.length > 0) return new Concatenated(action, datasets);
  return derive(async function* (start, epoch) {
    // How many samples a source has is known only when it was read.
    let left = start;
    for (const source of sources) for await (const sample of samplesOf(source, 0, epoch)) if (left-- <= 0) yield sample;
  });
}

/** Datasets and sources, of which there are only either. */
function apart(action: string, parts: readonly (Dataset<unknown> | Source<unknown>)[]) {
  if (parts.length === 0) {
    throw new RangeError(`Cannot ${action}: there is nothing, there must be a dataset or a source`);
  }
  const datasets: Dataset<unknown>[] = [], sources: Source<unknown>[] = [];
  for (const part of parts) {
    const given = checkSource(action, part);
    if (isDataset(given)) datasets.push(given);
    else sources.push(given);
  }
  if (datasets.length > 0 && sources.length > 0) {
    throw new TypeError(
      `Cannot ${action}: ${datasets.length} datasets and ${sources.length} sources do not go together`,
    );
  }
  return { datasets, sources };
}
