/**
 * Elastic distortion (Simard, Steinkraus and Platt 2003): each pixel is read at a place that is moved by a random field, which
 * is uniform noise in [-1, 1], smoothed by a Gaussian and scaled.
 */
import type { ElasticDistortion } from "./kinds.ts";
import { imageShape } from "./step.ts";
import type { Warp } from "./warp.ts";

export function elasticWarp({ alpha, sigma }: ElasticDistortion, shape: readonly number[]): Warp {
  const [, height, width] = imageShape("distort", shape), smooth = makeSmoother(height, width, sigma);
  const field = new Float64Array(2 * height * width);
  return (x, y, random) => {
    for (let k = 0; k < field.length; k += 2) {
      // A word has the bits of both displacements.
      const word = random.word();
      field[k] = alpha * (((word & 0xffff) + 0.5) / 0x8000 - 1);
      field[k + 1] = alpha * (((word >>> 16) + 0.5) / 0x8000 - 1);
    }
    smooth(field);
    for (let pixel = 0; pixel < x.length; pixel++) {
      x[pixel]! += field[2 * pixel]!;
      y[pixel]! += field[2 * pixel + 1]!;
    }
  };
}

/**
 * A function that smooths a field of pairs [height, width, 2] in place, by a Gaussian over four deviations each way, as if
 * zeros stood around the field.
 */
export function makeSmoother(height: number, width: number, sigma: number): (field: Float64Array) => void {
  const kernel = gaussian(sigma), turned = new Float64Array(2 * height * width);
  return (field) => {
    smoothLines(field, turned, height, width, kernel);
    smoothLines(turned, field, width, height, kernel);
  };
}

/** The weights at 0, 1, 2, ...; those of both sides sum to 1. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.floor(4 * sigma + 0.5);
  const weights = Float64Array.from(
    { length: radius + 1 },
    (_, k) => sigma === 0 ? 1 : Math.exp(-0.5 * (k / sigma) ** 2),
  );
  const total = 2 * weights.reduce((sum, weight) => sum + weight, 0) - weights[0]!;
  return weights.map((weight) => weight / total);
}

/** Smooths along the first axis of [length, lines, 2], and writes the result as [lines, length, 2]. */
function smoothLines(
  source: Float64Array,
  target: Float64Array,
  length: number,
  lines: number,
  kernel: Float64Array,
): void {
  const radius = kernel.length - 1, stride = 2 * lines;
  for (let at = 0; at < length; at++) {
    const first = Math.max(0, at - radius), last = Math.min(length - 1, at + radius);
    // Two lines at a time: their four sums do not wait for one another. An odd last line is computed twice.
    for (let pair = 0; pair < lines; pair += 2) {
      const line = Math.max(0, Math.min(pair, lines - 2)), second = lines === 1 ? 0 : 2;
      let a = 0, b = 0, c = 0, d = 0;
      for (let k = first, from = first * stride + 2 * line; k <= last; k++, from += stride) {
        const weight = kernel[k < at ? at - k : k - at]!;
        a += weight * source[from]!;
        b += weight * source[from + 1]!;
        c += weight * source[from + second]!;
        d += weight * source[from + second + 1]!;
      }
      const to = 2 * (line * length + at), next = to + second * length;
      target[to] = a;
      target[to + 1] = b;
      target[next] = c;
      target[next + 1] = d;
    }
  }
}
