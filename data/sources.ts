/**
 * Sources, whose samples come one after the other, beside datasets, whose samples are numbered: which is which, and how a
 * source is opened at a place.
 */
import { outsideScopes, refuse } from "../core/internal.ts";
import { scope } from "../core/mod.ts";
import type { Dataset, Seekable, Source } from "./contract.ts";
import { checkDataset, checkIndex, isDataset } from "./samples.ts";

/** Something that gives samples in turn. */
export type Samplewise = AsyncIterator<unknown> | Iterator<unknown>;

/** What can be iterated over only once, and has been. */
const spent = new WeakSet<object>();

/** The dataset or the source; a list as a dataset. TypeError for what is none of these. */
export function checkSource<S>(action: string, given: Dataset<S> | Source<S>): Dataset<S> | Source<S> {
  if (Array.isArray(given)) return new ListDataset<S>(given);
  if (isDataset(given) || isSeekable(given) || isIterable(given)) return given;
  // A function that takes more than an epoch is not meant to open a source.
  if (typeof given === "function" && given.length <= 1) return given;
  return refuse(action, given, "a dataset with length and get(), a list, or samples to iterate over");
}

/** The dataset, which a list is too. TypeError for what is none. */
export function asDataset<S>(action: string, given: Dataset<S> | readonly S[]): Dataset<S> {
  if (Array.isArray(given)) return new ListDataset<S>(given);
  checkDataset(action, given as Dataset<S>);
  return given as Dataset<S>;
}

function isSeekable(given: unknown): given is Seekable<unknown> {
  return typeof given === "object" && given !== null &&
    typeof (given as Partial<Seekable<unknown>>).from === "function";
}

function isIterable(given: unknown): given is Iterable<unknown> | AsyncIterable<unknown> {
  return typeof given === "object" && given !== null && (Symbol.asyncIterator in given || Symbol.iterator in given);
}

/** A list of samples as a dataset. */
class ListDataset<S> implements Dataset<S> {
  readonly #samples: readonly S[];

  constructor(samples: readonly S[]) {
    this.#samples = samples;
  }

  get length(): number {
    return this.#samples.length;
  }

  get(index: number): S {
    checkIndex(index, this.length);
    return this.#samples[index]!;
  }
}

/**
 * Opens a source at its sample `start`. What cannot be begun there is read up to it. TypeError for what gives no samples, Error
 * for what can be read only once and has been.
 */
export async function openSource(source: Source<unknown>, epoch: number, start: number): Promise<Samplewise> {
  const action = "load batches";
  // What a source makes when it is opened outlives the batch that is being read.
  if (isSeekable(source)) return iteratorOf(action, outsideScopes(() => source.from(start, epoch)));
  const iterator = iteratorOf(action, typeof source === "function" ? outsideScopes(() => source(epoch)) : source);
  for (let k = 0; k < start; k++) {
    // Each sample is freed before the next is read.
    if ((await scope(async () => await iterator.next())).done) break;
  }
  return iterator;
}

function iteratorOf(action: string, iterable: Iterable<unknown> | AsyncIterable<unknown>): Samplewise {
  if (!isIterable(iterable)) return refuse(action, iterable, "samples to iterate over");
  if (spent.has(iterable)) {
    const name = iterable.constructor?.name || "object";
    throw new Error(
      `Cannot ${action}: the ${name} was read already; give a function that opens one for each epoch`,
    );
  }
  const iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  if (iterable instanceof ReadableStream || iterator === iterable as unknown) spent.add(iterable);
  return iterator;
}
