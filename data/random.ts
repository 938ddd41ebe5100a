/**
 * Random numbers for shuffles, augmentation and drawn digits: Philox4x32-10, so that a stream is named by what it is
 * for (a seed and up to three indices) and never depends on what was drawn before it.
 */

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const keySteps = [0x9e3779b9, 0xbb67ae85] as const;

/** The upper 32 bits of a 32 x 32 bit product, by halves, since doubles hold 53 bits. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const lower = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + (lower >>> 16)) >>> 0;
}

/** A stream of random numbers under a seed and up to three indices, each an integer in [0, 2^32). */
export class RandomStream {
  readonly #block = new Uint32Array(4);
  readonly #counter: [number, number, number, number];
  readonly #key: [number, number];
  #used = 4;

  constructor(seed: number, first = 0, second = 0, third = 0) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#counter = [0, first, second, third];
  }

  /** An integer in [0, 2^32). */
  word(): number {
    if (this.#used === 4) {
      this.#fill();
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

  /** Normally distributed with mean 0 and deviation 1. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.word() + 1) / 2 ** 32));
    return radius * Math.cos(2 * Math.PI * (this.word() / 2 ** 32));
  }

  #fill(): void {
    let [a, b, c, d] = this.#counter;
    let [key0, key1] = this.#key;
    for (let round = 0; round < 10; round++) {
      const high0 = multiplyHigh(multipliers[0], a), low0 = Math.imul(multipliers[0], a);
      const high1 = multiplyHigh(multipliers[1], c), low1 = Math.imul(multipliers[1], c);
      a = (high1 ^ b ^ key0) >>> 0;
      b = low1 >>> 0;
      c = (high0 ^ d ^ key1) >>> 0;
      d = low0 >>> 0;
      key0 = (key0 + keySteps[0]) >>> 0;
      key1 = (key1 + keySteps[1]) >>> 0;
    }
    this.#block[0] = a;
    this.#block[1] = b;
    this.#block[2] = c;
    this.#block[3] = d;
    this.#counter[0]++;
  }
}
