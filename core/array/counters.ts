/**
 * Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).
 *
 * A draw takes a range of counters that only its element count fixes, so the same seed gives the same numbers on every
 * device, and a generator's whole state is a key and a counter.
 */
import { checkCount, checkState, shown } from "../pure/check.ts";
import type { DType } from "../pure/dtype.ts";
import { eachTime, refuseRecording } from "./recorder.ts";
import { settleTurns } from "./turns.ts";

/** A seed's two key words. */
export function keyOf(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot seed: ${shown(seed)} must be an integer in [0, 2^53)`);
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}

/** The generator that tensors draw from. */
const state: { key: [number, number]; counter: number } = { key: keyOf(entropy()), counter: 0 };

function entropy(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/**
 * Fixes the random numbers that follow: factories, initialisation, dropout.
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "deneb";
 *
 * manualSeed(7);
 * const a = rand([2]).toArray().join();
 * manualSeed(7);
 * if (rand([2]).toArray().join() !== a) throw new Error("not repeated");
 * ```
 */
export function manualSeed(seed: number): void {
  refuseRecording("manualSeed() is called");
  settleTurns();
  state.key = keyOf(seed);
  state.counter = 0;
}

/** The generator's state, for checkpoints. */
export function randomState(): { key: [number, number]; counter: number } {
  settleTurns();
  return { key: [...state.key], counter: state.counter };
}

/**
 * Continues from a state that {@linkcode randomState} gave. RangeError, before anything is changed, for numbers that are none
 * of a generator's.
 */
export function setRandomState(given: { key: [number, number]; counter: number }): void {
  refuseRecording("the generator's state is set");
  settleTurns();
  const { key, counter } = checkState("set random state", given);
  if (!Array.isArray(key) || key.length !== 2 || key.some((word) => !Number.isInteger(word) || word >>> 0 !== word)) {
    throw new RangeError(`Cannot set random state: key ${shown(key)} must be two integers in [0, 2^32)`);
  }
  checkCount("set random state", "counter", counter, 0);
  state.key = [...key];
  state.counter = counter;
}

/** A place in the sequence of random numbers, from which they can be drawn again. Replays find a place of their own. */
export class RandomPlace {
  #state = state;

  /** The place at which the generator is. */
  constructor() {
    eachTime(() => {
      settleTurns();
      this.#state = { ...state };
    });
  }

  /** Runs `body` with the numbers that followed the place. Afterwards the generator goes on where it was. */
  again<T>(body: () => T): T {
    let before = state;
    eachTime(() => {
      settleTurns();
      before = { ...state };
      Object.assign(state, this.#state);
    });
    try {
      return body();
    } finally {
      eachTime(() => {
        settleTurns();
        Object.assign(state, before);
      });
    }
  }
}

/**
 * Key and counter for `count` random elements of `dtype`, as functions to be called in this order: calling the last one
 * moves the generator past these elements.
 */
export function nextCounters(
  count: number,
  dtype: DType,
): { key: [() => number, () => number]; counter: () => number } {
  const take = () => {
    settleTurns();
    const taken = state.counter;
    state.counter += Math.ceil(count / (dtype === "float64" ? 2 : 4));
    return taken;
  };
  return { key: [() => state.key[0], () => state.key[1]], counter: take };
}
