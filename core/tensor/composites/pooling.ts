/** Pools as PyTorch has them: options, a batch or a single input, and averages over parts of windows. */
import { checkFlag, checkOptions, refuse, shown } from "../../pure/check.ts";
import { checkShape, type Shape, showShape } from "../../pure/shape.ts";
import { perAxis, poolWindows, type Windows } from "../../pure/windows.ts";
import { ArgMaxPool, div, MaxPool, mul, Take, where, WindowChoice, WindowSum } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { inSingle, numbersAlong } from "./numbers.ts";

/** How a pool places its windows. A number stands for all axes, a list has one for each. */
export interface PoolWindowsOptions {
  /** From one window to the next: the windows' lengths by default, so that they touch. */
  stride?: number | readonly number[];
  /** How many places stand before and behind each axis: 0 by default, and at most half of a window. */
  padding?: number | readonly number[];
  /** Whether a last window counts that reaches beyond the axis; false by default. */
  ceilMode?: boolean;
}

/** The options of a maximum over windows. The padding is lower than all elements. */
export interface MaxPoolOptions extends PoolWindowsOptions {
  /** From one element of a window to the next: 1 by default. */
  dilation?: number | readonly number[];
}

/** The options of an average over windows. The padding is zeros. */
export interface AvgPoolOptions extends PoolWindowsOptions {
  /** Whether padding counts as elements of a window; true by default. */
  countIncludePad?: boolean;
  /** By what the sum of each window is divided instead of the number of its elements. */
  divisorOverride?: number;
}

/** The options of a power average. */
export interface LpPoolOptions {
  /** From one window to the next: the windows' lengths by default. */
  stride?: number | readonly number[];
  /** Whether a last window counts that reaches beyond the axis; false by default. */
  ceilMode?: boolean;
}

const windowNames = ["stride", "padding", "ceilMode"] as const;

/** TypeError unless a tensor has the `d` axes of the windows, and one or two before them. */
function checkRank(action: string, { shape }: Tensor, d: number): void {
  if (shape.length === d + 1 || shape.length === d + 2) return;
  throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} must have ${d + 1} or ${d + 2} axes`);
}

function windowsFor(
  action: string,
  x: Tensor,
  d: number,
  size: number | readonly number[],
  { stride, padding = 0, ceilMode = false, dilation = 1 }: MaxPoolOptions,
): Windows[] {
  checkRank(action, x, d);
  checkFlag(action, "ceilMode", ceilMode);
  const sizes = perAxis(action, "size", size, d, 1), steps = perAxis(action, "stride", stride ?? size, d, 1);
  const paddings = perAxis(action, "padding", padding, d, 0), dilations = perAxis(action, "dilation", dilation, d, 1);
  return x.shape.slice(-d).map((length, k) =>
    poolWindows(action, length, {
      size: sizes[k]!,
      step: steps[k]!,
      padding: paddings[k]!,
      dilation: dilations[k]!,
      ceilMode,
    })
  );
}

/** The largest element of each window over the last `d` axes. */
export function maxPool(x: Tensor, size: number | readonly number[], d: number, options: MaxPoolOptions): Tensor {
  const action = `maxPool${d}d`;
  checkOptions(action, options, "{ stride: 2 }", [...windowNames, "dilation"]);
  return new MaxPool(windowsFor(action, x, d, size, options)).call(x);
}

/** The largest elements, and their places in row-major order of the last `d` axes. */
export function maxPoolWithIndices(
  x: Tensor,
  size: number | readonly number[],
  d: number,
  options: MaxPoolOptions,
): [values: Tensor, indices: Tensor] {
  const action = `maxPool${d}dWithIndices`;
  checkOptions(action, options, "{ stride: 2 }", [...windowNames, "dilation"]);
  const windows = windowsFor(action, x, d, size, options);
  const starts = windows.map(({ step, before, count }) => Array.from({ length: count }, (_, q) => q * step - before));
  return withPlaces(x, windows, starts, x.shape.slice(-d));
}

/** The largest elements of windows, and their places where the windows start at these of axes of these lengths. */
function withPlaces(
  x: Tensor,
  windows: readonly Windows[],
  starts: readonly (readonly number[])[],
  lengths: Shape,
): [values: Tensor, indices: Tensor] {
  const places = new ArgMaxPool(windows).call(x.detach());
  return [
    new WindowChoice(windows, x.shape.slice(-windows.length)).call(x, places),
    planePlaces(places, windows, starts, lengths),
  ];
}

/** Places in windows, which start at these, as places in row-major order of axes of these lengths. */
function planePlaces(
  places: Tensor,
  windows: readonly Windows[],
  starts: readonly (readonly number[])[],
  lengths: Shape,
): Tensor {
  let rest = places, sum: Tensor | null = null, weight = 1;
  for (let k = windows.length - 1; k >= 0; k--) {
    const { size, dilation } = windows[k]!, isOuter = k === 0, within = isOuter ? rest : rest.mod(size);
    const start = numbersAlong(places, starts[k]!, "int32", windows.length - 1 - k);
    const place = within.mul(dilation).add(start).mul(weight);
    sum = sum === null ? place : sum.add(place);
    if (!isOuter) rest = rest.floorDiv(size);
    weight *= lengths[k]!;
  }
  return sum!;
}

/** The average of each window over the last `d` axes. */
export function avgPool(x: Tensor, size: number | readonly number[], d: number, options: AvgPoolOptions): Tensor {
  const action = `avgPool${d}d`, names = [...windowNames, "countIncludePad", "divisorOverride"] as const;
  const { countIncludePad = true, divisorOverride } = checkOptions(action, options, "{ stride: 2 }", names);
  checkFlag(action, "countIncludePad", countIncludePad);
  if (divisorOverride !== undefined && typeof divisorOverride !== "number") refuse(action, divisorOverride, "a number");
  if (divisorOverride === 0) throw new RangeError(`Cannot ${action}: divisorOverride must not be 0`);
  const windows = windowsFor(action, x, d, size, options), { shape } = x, first = shape.length - d;
  return inSingle(x, (x) => {
    const sums = windows.reduce((sum, each, k) => new WindowSum(first + k, each).call(sum), x);
    if (divisorOverride !== undefined) return sums.div(divisorOverride);
    const counts = windows.map((each, k) => countsOf(each, shape[first + k]!, countIncludePad));
    if (counts.every((each) => each.every((count) => count === each[0]))) {
      return sums.div(counts.reduce((product, each) => product * each[0]!, 1));
    }
    const divisors = counts.map((each, k) => numbersAlong(x, each, x.dtype, d - 1 - k));
    return div.call(sums, divisors.reduce((a, b) => mul.call(a, b)));
  });
}

/** Of how many elements each window along an axis is the average: those that lie in the axis, or in it and its padding. */
function countsOf({ size, step, before, count }: Windows, length: number, includesPadding: boolean): number[] {
  return Array.from({ length: count }, (_, q) => {
    const start = q * step - before, end = Math.min(start + size, length + before);
    return includesPadding ? end - start : Math.min(end, length) - Math.max(start, 0);
  });
}

/** The p-norm of each window over the last `d` axes. */
export function lpPool(
  x: Tensor,
  p: number,
  size: number | readonly number[],
  d: number,
  options: LpPoolOptions,
): Tensor {
  const action = `lpPool${d}d`;
  checkOptions(action, options, "{ stride: 2 }", ["stride", "ceilMode"]);
  if (typeof p !== "number" || !(p > 0)) {
    throw new RangeError(`Cannot ${action}: p ${shown(p)} must be a number above 0`);
  }
  const elements = perAxis(action, "size", size, d, 1).reduce((a, b) => a * b);
  return inSingle(x, (x) => {
    const mean = avgPool(x.pow(p), size, d, options);
    // The sign of an odd power is left out where it is negative, as PyTorch does.
    return mean.sign().mul(mean.abs().relu()).mul(elements).pow(1 / p);
  });
}

/** The windows of an adaptive pool along an axis: window i reaches from floor(i n / count) to ceil((i + 1) n / count). */
function adaptiveStarts(length: number, count: number): { starts: number[]; ends: number[]; longest: number } {
  const starts = Array.from({ length: count }, (_, i) => Math.floor(i * length / count));
  const ends = starts.map((_, i) => Math.ceil((i + 1) * length / count));
  return { starts, ends, longest: Math.max(...ends.map((end, i) => end - starts[i]!)) };
}

/** The lengths of the result of an adaptive pool: a number for all axes, or a list, in which null keeps an axis as it is. */
function adaptiveCounts(action: string, x: Tensor, d: number, size: AdaptiveSize): readonly number[] {
  checkRank(action, x, d);
  const lengths = x.shape.slice(-d);
  if (lengths.includes(0)) throw new RangeError(`Cannot ${action}: tensor ${showShape(x.shape)} has an empty axis`);
  const isList = Array.isArray(size) && size.length === d;
  const given = isList ? size.map((each: number | null, k) => each ?? lengths[k]!) : size;
  const counts = perAxis(action, "size", given as number | readonly number[], d, 1);
  checkShape(action, [...x.shape.slice(0, -d), ...counts]);
  return counts;
}

/** The lengths of the result of an adaptive pool. */
export type AdaptiveSize = number | readonly (number | null)[];

/** The elements of each window along an axis one after another, all windows made as long as the longest by their last. */
function spread(x: Tensor, axis: number, { starts, ends, longest }: ReturnType<typeof adaptiveStarts>): Tensor {
  const places = starts.flatMap((start, i) =>
    Array.from({ length: longest }, (_, k) => Math.min(start + k, ends[i]! - 1))
  );
  return new Take(axis).call(x, places);
}

/** Windows of so many elements that touch, along an axis of that length. */
function touching(length: number, size: number): Windows {
  return { size, step: size, dilation: 1, before: 0, count: length / size };
}

/** The average of as many windows as asked for along each of the last `d` axes. */
export function adaptiveAvgPool(x: Tensor, size: AdaptiveSize, d: number, action = `adaptiveAvgPool${d}d`): Tensor {
  const counts = adaptiveCounts(action, x, d, size), first = x.shape.length - d;
  return inSingle(x, (x) =>
    counts.reduce((pooled, count, k) => {
      const axis = first + k, length = pooled.shape[axis]!;
      if (count === length) return pooled;
      if (length % count === 0) {
        return new WindowSum(axis, touching(length, length / count)).call(pooled).div(length / count);
      }
      const windows = adaptiveStarts(length, count), { starts, ends, longest } = windows;
      const behind = x.shape.length - 1 - axis, lengths = starts.map((start, i) => ends[i]! - start);
      const isReal = lengths.flatMap((each) => Array.from({ length: longest }, (_, k) => k < each ? 1 : 0));
      const elements = where.call(numbersAlong(x, isReal, "bool", behind), spread(pooled, axis, windows), 0);
      const sums = new WindowSum(axis, touching(isReal.length, longest)).call(elements);
      return div.call(sums, numbersAlong(x, lengths, x.dtype, behind));
    }, x));
}

/** The windows of an adaptive pool of largest elements, over elements that are spread so that the windows touch. */
interface AdaptiveWindows {
  readonly elements: Tensor;
  readonly windows: readonly Windows[];
  /** Where each window starts on its axis before the elements were spread. */
  readonly starts: readonly (readonly number[])[];
}

function adaptiveWindows(action: string, x: Tensor, size: AdaptiveSize, d: number): AdaptiveWindows {
  const counts = adaptiveCounts(action, x, d, size), lengths = x.shape.slice(-d);
  const parts = counts.map((count, k) => adaptiveStarts(lengths[k]!, count));
  const isEven = counts.map((count, k) => lengths[k]! % count === 0);
  return {
    // A window's last element comes again behind it, where it is neither larger nor the first of its size.
    elements: parts.reduce((x, part, k) => isEven[k] ? x : spread(x, x.shape.length - d + k, part), x),
    windows: parts.map(({ longest }, k) => touching(counts[k]! * longest, longest)),
    starts: parts.map(({ starts }) => starts),
  };
}

/** The largest element of as many windows as asked for along each of the last `d` axes. */
export function adaptiveMaxPool(x: Tensor, size: AdaptiveSize, d: number): Tensor {
  const { elements, windows } = adaptiveWindows(`adaptiveMaxPool${d}d`, x, size, d);
  return new MaxPool(windows).call(elements);
}

/** The largest elements, and their places in row-major order of the last `d` axes. */
export function adaptiveMaxPoolWithIndices(
  x: Tensor,
  size: AdaptiveSize,
  d: number,
): [values: Tensor, indices: Tensor] {
  const { elements, windows, starts } = adaptiveWindows(`adaptiveMaxPool${d}dWithIndices`, x, size, d);
  return withPlaces(elements, windows, starts, x.shape.slice(-d));
}
