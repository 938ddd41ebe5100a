/** Images of another size, by sampling between the elements, one axis after the other. */
import { checkFlag, checkOptions, refuse, shown } from "../../pure/check.ts";
import { checkShape, showShape } from "../../pure/shape.ts";
import { perAxis } from "../../pure/windows.ts";
import { mul, mulAdd, Take } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { inSingle, numbersAlong } from "./numbers.ts";
import { adaptiveAvgPool } from "./pooling.ts";

/** How elements between those of the input are made. */
export type InterpolationMode =
  | "nearest"
  | "nearest-exact"
  | "linear"
  | "bilinear"
  | "trilinear"
  | "bicubic"
  | "area";

/** The options of an interpolation, one of `size` and `scale` among them. */
export interface InterpolationOptions {
  /** The lengths of the result, or one number for all axes. */
  size?: number | readonly number[];
  /** By how much each axis is to be longer; lengths are rounded down. */
  scale?: number | readonly number[];
  /**
   * `"nearest"` by default, which takes the element before; `"nearest-exact"` the one whose centre is nearest. `"linear"`,
   * `"bilinear"` and `"trilinear"` are for one, two and three axes, `"bicubic"` for two. `"area"` averages.
   */
  mode?: InterpolationMode;
  /** Whether the first and the last centres stay where they are, rather than the edges around them; false by default. */
  alignCorners?: boolean;
  /** Whether places are by the lengths of the result instead of by `scale`, which is rounded; false by default. */
  recomputeScale?: boolean;
  /** Whether a smaller image is averaged over wider windows, for `"bilinear"` and `"bicubic"`; false by default. */
  antialias?: boolean;
}

/** For how many axes a mode is; any of one to three if it is not named. */
const axesOf: Readonly<Record<string, number>> = { linear: 1, bilinear: 2, bicubic: 2, trilinear: 3 };
const modes = ["nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"];

/** A sum over taps: for each place along an axis of the result, which place of the input counts and how much. */
interface Tapped {
  readonly places: readonly number[];
  /** Absent where each is 1. */
  readonly weights?: readonly number[];
}

/** The tensor [n, c, ...] with its last axes in another size. */
export function interpolate(x: Tensor, options: InterpolationOptions): Tensor {
  const action = "interpolate", d = x.shape.length - 2;
  const names = ["size", "scale", "mode", "alignCorners", "recomputeScale", "antialias"] as const;
  const given = checkOptions(action, options, "{ scale: 2 }", names);
  const { size, scale, mode = "nearest", alignCorners = false, recomputeScale = false, antialias = false } = given;
  if (!modes.includes(mode)) {
    throw new RangeError(`Cannot ${action}: mode ${shown(mode)} must be one of ${modes.join(", ")}`);
  }
  for (const [name, flag] of Object.entries({ alignCorners, recomputeScale, antialias })) checkFlag(action, name, flag);
  if (antialias && mode !== "bilinear" && mode !== "bicubic") {
    throw new RangeError(`Cannot ${action}: antialias is for modes bilinear and bicubic, not for ${mode}`);
  }
  if (alignCorners && axesOf[mode] === undefined) {
    throw new RangeError(`Cannot ${action}: alignCorners is not for mode ${mode}`);
  }
  if (d < 1 || d > 3 || (axesOf[mode] ?? d) !== d) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(x.shape)} does not have the axes of mode ${mode}`);
  }
  if ((size === undefined) === (scale === undefined)) {
    throw new TypeError(`Cannot ${action}: one of size and scale must be given`);
  }
  if (recomputeScale && scale === undefined) throw new TypeError(`Cannot ${action}: recomputeScale is for a scale`);
  if (Array.isArray(size) && size.length !== d) refuse(action, size, `a size or ${d} of them`);
  const asked = scale === undefined ? null : scalesOf(action, scale, d), lengths = x.shape.slice(2);
  const counts = asked === null
    ? perAxis(action, "size", size!, d, 1)
    : lengths.map((length, k) => Math.floor(length * asked[k]!));
  const scales = recomputeScale ? null : asked;
  if (counts.some((count) => count < 1) || lengths.some((length) => length < 1)) {
    throw new RangeError(`Cannot ${action}: lengths ${showShape(lengths)} to ${showShape(counts)} must be 1 or more`);
  }
  checkShape(action, [...x.shape.slice(0, 2), ...counts]);
  if (mode === "area") return adaptiveAvgPool(x, counts, d, action);
  const tapped = antialias ? averagingTaps : tapsBetween;
  const along = (x: Tensor) =>
    counts.reduce((image, count, k) => {
      const length = lengths[k]!, ends = count > 1 ? (length - 1) / (count - 1) : 0;
      const step = alignCorners ? ends : scales === null ? length / count : 1 / scales[k]!;
      return sampled(image, k + 2, tapped(mode, length, count, step, alignCorners));
    }, x);
  return mode.startsWith("nearest") ? along(x) : inSingle(x, along);
}

/** The scales, a number for each axis. */
function scalesOf(action: string, scale: number | readonly number[], axes: number): readonly number[] {
  const list = Array.isArray(scale) ? scale as readonly number[] : new Array<number>(axes).fill(scale as number);
  if (list.length !== axes) refuse(action, scale, `a scale or ${axes} of them`);
  for (const each of list) {
    if (typeof each === "number" && each > 0 && each < Infinity) continue;
    throw new RangeError(`Cannot ${action}: scale ${shown(each)} must be a number above 0`);
  }
  return list;
}

/** What each place along an axis of the result is a sum of. `step` is how far apart they are in the input. */
function tapsBetween(mode: InterpolationMode, length: number, count: number, step: number, aligned: boolean): Tapped[] {
  const places = Array.from({ length: count }, (_, place) => place);
  const within = (place: number) => Math.min(Math.max(place, 0), length - 1);
  if (mode === "nearest" || mode === "nearest-exact") {
    // In float32, as PyTorch has it: another rounding would take another element.
    const half = mode === "nearest" ? 0 : 0.5, single = Math.fround(step);
    return [{ places: places.map((place) => within(Math.floor(Math.fround((place + half) * single)))) }];
  }
  const sources = places.map((place) => aligned ? place * step : (place + 0.5) * step - 0.5);
  if (mode === "bicubic") {
    return [-1, 0, 1, 2].map((tap) => ({
      places: sources.map((source) => within(Math.floor(source) + tap)),
      weights: sources.map((source) => cubic(Math.abs(source - Math.floor(source) - tap), -0.75)),
    }));
  }
  const inside = sources.map((source) => Math.max(source, 0)),
    lows = inside.map((source) => within(Math.floor(source)));
  const shares = inside.map((source, k) => Math.min(Math.max(source - lows[k]!, 0), 1));
  return [
    { places: lows, weights: shares.map((share) => 1 - share) },
    { places: lows.map((low) => within(low + 1)), weights: shares },
  ];
}

/** As {@linkcode tapsBetween}, over windows that are wider by as much as the result is smaller; the weights add up to 1. */
function averagingTaps(mode: InterpolationMode, length: number, count: number, step: number): Tapped[] {
  const spread = Math.max(step, 1), reach = (mode === "bilinear" ? 1 : 2) * spread;
  const windows = Array.from({ length: count }, (_, place) => {
    const middle = step * (place + 0.5), start = Math.max(Math.trunc(middle - reach + 0.5), 0);
    const end = Math.min(Math.trunc(middle + reach + 0.5), length);
    const weights = Array.from({ length: end - start }, (_, k) => {
      const distance = Math.abs(start + k + 0.5 - middle) / spread;
      // Pillow's filters, as PyTorch has them: the cubic one with a = -0.5.
      return mode === "bilinear" ? Math.max(1 - distance, 0) : distance < 2 ? cubic(distance, -0.5) : 0;
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    return { start, weights: weights.map((weight) => sum === 0 ? 0 : weight / sum) };
  });
  const widest = Math.max(...windows.map(({ weights }) => weights.length));
  return Array.from({ length: widest }, (_, tap) => ({
    places: windows.map(({ start }) => Math.min(start + tap, length - 1)),
    weights: windows.map(({ weights }) => weights[tap] ?? 0),
  }));
}

/** The weight of an element at a distance of at most 2: Keys' cubic convolution. */
function cubic(x: number, a: number): number {
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/** The sum over taps along an axis. */
function sampled(x: Tensor, axis: number, taps: readonly Tapped[]): Tensor {
  let sum: Tensor | null = null;
  for (const { places, weights } of taps) {
    const part = new Take(axis).call(x, places);
    if (weights === undefined) return part;
    const factor = numbersAlong(x, weights, x.dtype, x.shape.length - 1 - axis);
    sum = sum === null ? mul.call(part, factor) : mulAdd.call(part, factor, sum);
  }
  return sum!;
}
