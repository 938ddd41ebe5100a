/**
 * Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).
 *
 * A draw takes a range of counters that only its element count fixes, so the same seed gives the same numbers on every
 * device, and a generator's whole state is a key and a counter.
 */
import { philox } from "../kernels/philox.ts";
import type { DType } from "./dtype.ts";
import { refuseRecording } from "./recording.ts";

/** A seed's two key words. */
export function keyOf(seed: number): [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot seed: ${seed} must be an integer in [0, 2^53)`);
  }
  return [seed >>> 0, Math.floor(seed / 2 ** 32)];
}

/** A stream of random numbers on the host, for shuffles and drawn data. */
export class Philox {
  readonly key: readonly [number, number];
  counter: number;
  #words: readonly number[] = [];
  #used = 4;

  constructor(seed: number, counter = 0) {
    this.key = keyOf(seed);
    this.counter = counter;
  }

  /** The next 32 bits. */
  nextWord(): number {
    if (this.#used === 4) {
      this.#words = philox([this.counter >>> 0, Math.floor(this.counter / 2 ** 32), 0, 0], this.key);
      this.counter++;
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.nextWord() >>> 5, low = this.nextWord() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** A uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Standard normal, by Box and Muller 1958. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A random order of 0 ... count - 1, by Fisher and Yates. */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, k) => k);
    for (let k = count - 1; k > 0; k--) {
      const other = this.below(k + 1);
      [order[k], order[other]] = [order[other]!, order[k]!];
    }
    return order;
  }
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
  state.key = keyOf(seed);
  state.counter = 0;
}

/** The generator's state, for checkpoints. */
export function randomState(): { key: [number, number]; counter: number } {
  return { key: [...state.key], counter: state.counter };
}

/** Continues from a state that {@linkcode randomState} gave. */
export function setRandomState({ key, counter }: { key: [number, number]; counter: number }): void {
  state.key = [...key];
  state.counter = counter;
}

/** Key and counter for `count` elements of `dtype`, as numbers to be asked for in this order: asking moves past them. */
export function nextCounters(
  count: number,
  dtype: DType,
): { key: [() => number, () => number]; counter: () => number } {
  const take = () => {
    const taken = state.counter;
    state.counter += Math.ceil(count / (dtype === "float64" ? 2 : 4));
    return taken;
  };
  return { key: [() => state.key[0], () => state.key[1]], counter: take };
}
