/**
 * Philox4x32-10, a random number generator that is a function of a counter and a key
 * (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
 */

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;

/** The upper 32 bits of a 32 x 32 bit product, computed by 16-bit halves, since doubles hold 53 bits. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const lower = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + (lower >>> 16)) >>> 0;
}

/** Fills `words` with the four random words for one counter and key: ten rounds. */
export function philox(
  words: Uint32Array,
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): void {
  // Read one by one: taken apart as lists, they would take as long as all ten rounds.
  let a = counter[0], b = counter[1], c = counter[2], d = counter[3], key0 = key[0], key1 = key[1];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multipliers[0], a), low0 = Math.imul(multipliers[0], a);
    const high1 = multiplyHigh(multipliers[1], c), low1 = Math.imul(multipliers[1], c);
    a = (high1 ^ b ^ key0) >>> 0;
    b = low1 >>> 0;
    c = (high0 ^ d ^ key1) >>> 0;
    d = low0 >>> 0;
    key0 = (key0 + weyl[0]) >>> 0;
    key1 = (key1 + weyl[1]) >>> 0;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}
