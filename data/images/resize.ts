/**
 * Resizing of planes of bytes by a triangle filter that grows with the scale, so that what is made smaller is averaged:
 * Pillow's `BILINEAR` and torchvision's `antialias=True`, in the same fixed-point numbers (Pillow's `Resample.c`).
 */

/** The bits behind the point of a weight. */
const fractionBits = 22;

/** For each new position, the first old one that it draws from, and the weights of that and the following ones. */
interface Weights {
  readonly firsts: Int32Array;
  readonly counts: Int32Array;
  /** `most` weights for each position, of which the first `counts` are used. */
  readonly weights: Int32Array;
  readonly most: number;
}

/** Planes [channels, height, width] as [channels, size[0], size[1]]: first each row, then each column. */
export function resize(
  planes: Uint8Array<ArrayBuffer>,
  [channels, height, width]: readonly [number, number, number],
  [newHeight, newWidth]: readonly [number, number],
): Uint8Array<ArrayBuffer> {
  const wide = width === newWidth ? planes : new Uint8Array(channels * height * newWidth);
  if (wide !== planes) {
    const weights = weightsOf(width, newWidth);
    for (let row = 0; row < channels * height; row++) combine(planes, row * width, 1, wide, row * newWidth, weights);
  }
  if (height === newHeight) return wide;
  const resized = new Uint8Array(channels * newHeight * newWidth), weights = weightsOf(height, newHeight);
  for (let channel = 0; channel < channels; channel++) {
    const source = channel * height * newWidth, target = channel * newHeight * newWidth;
    for (let column = 0; column < newWidth; column++) {
      combine(wide, source + column, newWidth, resized, target + column, weights);
    }
  }
  return resized;
}

/** One row or column: elements `step` apart, from `source` to `target`. */
function combine(
  from: Uint8Array,
  source: number,
  step: number,
  to: Uint8Array,
  target: number,
  { firsts, counts, weights, most }: Weights,
): void {
  for (let position = 0; position < firsts.length; position++) {
    let sum = 1 << (fractionBits - 1);
    const start = source + firsts[position]! * step, count = counts[position]!;
    for (let k = 0; k < count; k++) sum += from[start + k * step]! * weights[position * most + k]!;
    to[target + position * step] = sum >> fractionBits; // In 0..255, since no weight is negative and their sum is one.
  }
}

function weightsOf(length: number, newLength: number): Weights {
  const scale = length / newLength, support = Math.max(1, scale);
  const most = 2 * Math.ceil(support) + 1;
  const firsts = new Int32Array(newLength), counts = new Int32Array(newLength);
  const weights = new Int32Array(newLength * most);
  for (let position = 0; position < newLength; position++) {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(length, Math.trunc(centre + support + 0.5)) - first;
    const shares = Array.from({ length: count }, (_, k) => {
      const distance = Math.abs((k + first - centre + 0.5) / support);
      return distance < 1 ? 1 - distance : 0;
    });
    const sum = shares.reduce((all, share) => all + share, 0);
    firsts[position] = first;
    counts[position] = count;
    for (const [k, share] of shares.entries()) {
      weights[position * most + k] = Math.trunc(0.5 + share / sum * (1 << fractionBits));
    }
  }
  return { firsts, counts, weights, most };
}
