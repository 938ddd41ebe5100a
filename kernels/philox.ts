/**
 * Philox4x32-10, a random number generator that is a function of a counter and a key
 * (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
 */

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;

/** The high and low 32 bits of a product of two unsigned 32-bit integers. */
function wideMultiply(a: number, b: number): [number, number] {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const low = aLow * bLow, middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle % 0x10000);
  const high = aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000);
  return [high >>> 0, (((cross & 0xffff) << 16) | (low & 0xffff)) >>> 0];
}

/** Four random words for one counter and key: ten rounds. */
export function philox(counter: readonly number[], key: readonly [number, number]): [number, number, number, number] {
  let [a, b, c, d] = counter as [number, number, number, number], [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = wideMultiply(multipliers[0], a), [high1, low1] = wideMultiply(multipliers[1], c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + weyl[0]) >>> 0;
    k1 = (k1 + weyl[1]) >>> 0;
  }
  return [a, b, c, d];
}
