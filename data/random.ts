/**
 * Random numbers for shuffles, augmentation and drawn digits, by Philox4x32-10: a stream is named by a seed and up to three
 * indices, such as epoch and batch, and does not depend on numbers that were drawn from other streams.
 */
import { checkCount, refuse } from "../core/pure/check.ts";
import { philox } from "../kernels/reference/philox.ts";

/**
 * A stream of random numbers, named by a seed and up to three indices, each an integer in [0, 2^32). A loader gives one to
 * its transform for each batch.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const jitter: data.Transform = (x, random) => x.add(random.normal() / 100);
 * const loader = new data.DataLoader(data.digits({ train: 4 }), { batchSize: 4, transform: jitter });
 * for await (const [x] of loader) if (x.shape[0] !== 4) throw new Error("another shape");
 * ```
 */
export class RandomStream {
  readonly #block = new Uint32Array(4);
  readonly #counter: [number, number, number, number];
  readonly #key: [number, number];
  #used = 4;

  /** The same four numbers make the same stream. RangeError for a seed that is no count, and for an index beyond 32 bits. */
  constructor(seed: number, first = 0, second = 0, third = 0) {
    const action = "make RandomStream";
    checkCount(action, "seed", seed, 0);
    for (const index of [first, second, third]) checkCount(action, "index", index, 0, 2 ** 32 - 1);
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#counter = [0, first, second, third];
  }

  /** An integer in [0, 2^32). */
  word(): number {
    if (this.#used === 4) {
      philox(this.#block, this.#counter, this.#key);
      this.#counter[0]++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * (this.word() / 2 ** 32);
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count);
  }

  /** A normally distributed number with mean 0 and deviation 1. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.word() + 1) / 2 ** 32));
    return radius * Math.cos(2 * Math.PI * (this.word() / 2 ** 32));
  }

  /** Puts the elements of `list` into a random order, each as likely as any other (Fisher and Yates). */
  shuffle(list: Uint32Array): void {
    if (!(list instanceof Uint32Array)) refuse("shuffle", list, "a Uint32Array");
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.below(last + 1), element = list[last]!;
      list[last] = list[other]!;
      list[other] = element;
    }
  }
}
