/**
 * bfloat16 in JavaScript, which has no typed array for it: the upper half of a float32's bits, rounded to nearest and
 * halves to even.
 */
const float = new Float32Array(1), bits = new Uint32Array(float.buffer);

/** Rounds away the lower half of float32 bits. NaN stays NaN. */
function rounded(word: number): number {
  const isNan = (word & 0x7fffffff) > 0x7f800000;
  return isNan ? word >>> 16 | 0x40 : (word + 0x7fff + (word >>> 16 & 1)) >>> 16;
}

/**
 * The word of the nearest bfloat16. Rounds to the float32 neighbour with an odd significand first, so that only the
 * last rounding counts.
 */
export function bfloat16Word(value: number): number {
  float[0] = value;
  const near = float[0];
  if (near !== value && near === near) {
    // Rounds toward zero, then sets the last bit.
    if (Math.abs(near) > Math.abs(value)) bits[0]!--;
    bits[0]! |= 1;
  }
  return rounded(bits[0]!);
}

/** The nearest bfloat16. */
export function nearestBfloat16(value: number): number {
  return valueOfWord(bfloat16Word(value));
}

/** The value of a word. */
export function valueOfWord(word: number): number {
  bits[0] = word << 16;
  return float[0]!;
}

/** The words of float32 numbers, each rounded. */
export function bfloat16Words(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint16Array(values.length), source = new Uint32Array(values.length);
  new Float32Array(source.buffer).set(values);
  for (let k = 0; k < words.length; k++) words[k] = rounded(source[k]!);
  return words;
}

/** The values of such words. */
export function widenBfloat16(words: Uint16Array): Float32Array<ArrayBuffer> {
  const wide = new Uint32Array(words.length);
  for (let k = 0; k < words.length; k++) wide[k] = words[k]! << 16;
  return new Float32Array(wide.buffer);
}
