/**
 * Mixtures of two samples and of their targets: mixup (Zhang et al. 2018, arXiv 1710.09412) and cutmix (Yun et al. 2019,
 * arXiv 1905.04899). Each sample of a batch meets another of the batch, by a random permutation; all share one weight.
 */
import { dtypeOfArray } from "../../core/pure/dtype.ts";
import { showShape } from "../../core/pure/shape.ts";
import type { Samples } from "../contract.ts";
import type { RandomStream } from "../random.ts";
import type { Mixture } from "./kinds.ts";
import { imageShape } from "./step.ts";

/** Mixes float32 inputs in place. Returns the mixed targets. */
export function mix({ kind, alpha, classes }: Mixture, x: Samples, y: Samples, random: RandomStream): Samples {
  const data = x.data as Float32Array, [count, ...shape] = x.shape, targets = asProbabilities(y, classes);
  const share = beta(alpha, random), others = permutation(count!, random);
  const own = kind === "mixup" ? blend(data, others, share) : paste(data, others, share, shape, random);
  blend(targets.data as Float32Array, others, own);
  return targets;
}

/** Makes each row of [others.length, ...] its own part and the rest of another row. Returns the own part's share. */
function blend(rows: Float32Array, others: Uint32Array, own: number): number {
  const before = rows.slice(), size = rows.length / others.length;
  for (let row = 0, k = 0; row < others.length; row++) {
    for (let from = others[row]! * size, end = k + size; k < end; k++, from++) {
      rows[k] = own * before[k]! + (1 - own) * before[from]!;
    }
  }
  return own;
}

/** Puts a part of another image in the same place of each: 1 - share of its area, less what lies outside. Returns what is left. */
function paste(
  images: Float32Array,
  others: Uint32Array,
  share: number,
  shape: readonly number[],
  random: RandomStream,
): number {
  const [channels, height, width] = imageShape("mix", shape), side = Math.sqrt(1 - share);
  const [top, bottom] = span(height), [left, right] = span(width);
  const before = images.slice(), size = channels * height * width;
  for (let image = 0; image < others.length; image++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let row = top; row < bottom; row++) {
        const line = (channel * height + row) * width, from = others[image]! * size + line;
        images.set(before.subarray(from + left, from + right), image * size + line + left);
      }
    }
  }
  return 1 - (bottom - top) * (right - left) / (height * width);

  /** A part of an axis with any pixel as its middle, cut off at the ends. */
  function span(length: number): [start: number, end: number] {
    const part = Math.floor(length * side), start = random.below(length) - (part >> 1);
    return [Math.max(0, start), Math.min(length, start + part)];
  }
}

/** Targets as a new float32 array: integer labels [samples] become one-hot rows of `classes`. */
function asProbabilities({ data, shape, dtype = dtypeOfArray(data)! }: Samples, classes: number | null): Samples {
  const isLabel = shape.length === 1 && classes !== null;
  if (!isLabel && dtype === "float32") return { data: data.slice(), shape };
  if (!isLabel) {
    const wanted = shape.length === 1 ? "come with { classes: n }, as labels, or be float32" : "be float32";
    throw new TypeError(`Cannot mix: targets ${dtype} ${showShape(shape)} must ${wanted}`);
  }
  const rows = new Float32Array(shape[0]! * classes);
  for (let k = 0; k < data.length; k++) {
    const label = data[k]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`Cannot mix: label ${label} must be an integer in [0, ${classes})`);
    }
    rows[k * classes + label] = 1;
  }
  return { data: rows, shape: [shape[0]!, classes] };
}

function permutation(count: number, random: RandomStream): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, k) => k);
  random.shuffle(order);
  return order;
}

/** A number that is distributed as Beta(alpha, alpha), by two gamma variables, whose logarithms do not become zero. */
function beta(alpha: number, random: RandomStream): number {
  return 1 / (1 + Math.exp(logGamma(alpha, random) - logGamma(alpha, random)));
}

/** The logarithm of a number that is distributed as Gamma(alpha), by Marsaglia and Tsang (2000). */
function logGamma(alpha: number, random: RandomStream): number {
  const d = alpha + 1 - 1 / 3, c = 1 / Math.sqrt(9 * d);
  while (true) {
    const normal = random.normal(), cube = (1 + c * normal) ** 3;
    if (cube <= 0) continue;
    const uniform = Math.log((random.word() + 1) / 2 ** 32);
    if (uniform < 0.5 * normal * normal + d * (1 - cube + Math.log(cube))) {
      // Gamma(alpha) = Gamma(alpha + 1) U^(1 / alpha).
      return Math.log(d * cube) + Math.log((random.word() + 1) / 2 ** 32) / alpha;
    }
  }
}
