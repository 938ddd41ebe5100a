/**
 * Reads the samples of a source for an epoch, in the source's order or shuffled in a buffer. What it reads follows from the
 * source, the seed and the epoch alone, so that it can go to any place again.
 */
import { currentScope, detachedScope, moveTo } from "../core/internal.ts";
import { type Scope, scope } from "../core/mod.ts";
import type { Source } from "./contract.ts";
import type { RandomStream } from "./random.ts";
import { checkSample } from "./samples.ts";
import { openSource, type Samplewise } from "./sources.ts";
import { eachTensor } from "./stacked.ts";

/** A sample and its number in the source. */
export interface Numbered {
  readonly sample: unknown;
  readonly index: number;
}

/** A sample that waits in the buffer, and the owner of the tensors that were made with it. */
interface Waiting extends Numbered {
  readonly owner: Scope;
}

/** What names a place: an epoch, and the number of samples that were given of it. */
export interface Place {
  readonly epoch: number;
  readonly start: number;
}

/** Samples of a source, one after the other. */
export class SourceReader {
  readonly #source: Source<unknown>;
  readonly #place: Place;
  readonly #buffer: Waiting[] = [];
  /** The number of samples among which the next is drawn; 0 keeps the source's order. */
  readonly #size: number;
  readonly #random: RandomStream;
  #iterator: Samplewise | null = null;
  #isAtEnd = false;
  #index = 0;

  /** `random` chooses among the `size` samples of the buffer. */
  constructor(source: Source<unknown>, place: Place, size: number, random: RandomStream) {
    this.#source = source;
    this.#place = place;
    this.#size = size;
    this.#random = random;
  }

  /** The next sample; null at the end. Its tensors belong to the scope of the task that asks. */
  async next(): Promise<Numbered | null> {
    if (this.#iterator === null) await this.#open();
    return await this.#draw();
  }

  async #open(): Promise<void> {
    const { epoch, start } = this.#place;
    // What a buffer holds at a place follows from all that went through it.
    const begin = this.#size === 0 ? start : 0;
    this.#iterator = await openSource(this.#source, epoch, begin);
    this.#index = begin;
    for (let given = begin; given < start; given++) {
      if (await scope(async () => await this.#draw()) === null) break;
    }
  }

  /** The next sample in the order of the epoch: the source's, or drawn from the buffer, which is kept full. */
  async #draw(): Promise<Numbered | null> {
    if (this.#size === 0) return await this.#pull();
    const buffer = this.#buffer;
    while (buffer.length < this.#size && !this.#isAtEnd) {
      const read = await this.#pull();
      if (read !== null) buffer.push(setAside(read));
    }
    if (buffer.length === 0) return null;
    const place = this.#random.below(buffer.length), drawn = buffer[place]!, last = buffer.pop()!;
    if (place < buffer.length) buffer[place] = last;
    drawn.owner.handOver(currentScope());
    return drawn;
  }

  /** The source's next sample; null at its end. */
  async #pull(): Promise<Numbered | null> {
    if (this.#isAtEnd) return null;
    const { done = false, value } = await this.#step();
    this.#isAtEnd = done;
    if (done) return null;
    const sample: unknown = await value;
    return { sample: checkSample(sample, this.#index), index: this.#index++ };
  }

  async #step(): Promise<IteratorResult<unknown>> {
    try {
      return await this.#iterator!.next();
    } catch (error) {
      // An iterator that has thrown is over, and wants no end.
      this.#isAtEnd = true;
      throw error;
    }
  }

  /** Ends the source, so that it closes what it has opened, and frees what waits in the buffer. */
  async close(): Promise<void> {
    for (const { owner } of this.#buffer.splice(0)) owner[Symbol.dispose]();
    if (this.#isAtEnd) return;
    this.#isAtEnd = true;
    await this.#iterator?.return?.();
  }
}

/** Moves the tensors that were made with a sample out of the scope of the task, which will end before they are wanted. */
function setAside({ sample, index }: Numbered): Waiting {
  const owner = detachedScope("DataLoader"), here = currentScope();
  eachTensor(sample, (tensor) => {
    if (tensor.owner !== null && tensor.owner === here) moveTo(tensor, owner);
  });
  return { sample, index, owner };
}
