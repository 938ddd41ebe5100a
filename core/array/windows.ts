/**
 * Windows on arrays: views in which elements appear as often as windows share them, and what is joined from the windows or
 * added back into an array, one tap at a time.
 *
 * A tap, the same element of each window, is a view with strides. So a sum or a maximum over windows is a few maps over whole
 * arrays, of which each runs along the last axis, and no element is moved. Padding is never written: a tap leaves out the
 * windows that have it outside the array.
 */
import type { DType } from "../pure/dtype.ts";
import { sizeOf } from "../pure/shape.ts";
import { type Range, reachOf, tapsOf, type Windows } from "../pure/windows.ts";
import { copy, filled, map, mapInto, type NDArray } from "./ndarray.ts";
import { fold } from "./skeletons.ts";

/** A view of the places in these ranges, of the axes from `axis` on. */
export function placesAlong(array: NDArray, axis: number, ranges: readonly Range[]): NDArray {
  const shape = array.shape.slice(), strides = array.strides.slice();
  let offset = array.offset;
  ranges.forEach(({ start, step, length }, k) => {
    offset += start * strides[axis + k]!;
    shape[axis + k] = length;
    strides[axis + k]! *= step;
  });
  return array.view(shape, strides, sizeOf(shape) === 0 ? array.offset : offset);
}

/**
 * The windows over the axes from `axis` on: in the place of these axes the result has as many windows as there are along
 * each, and behind all others the elements of a window. It is a view; only where a window reaches beyond the array, it is one
 * of a copy, which has `padding` around it.
 */
export function windowsOf(array: NDArray, axis: number, windows: readonly Windows[], padding = 0): NDArray {
  const reaches = windows.map(reachOf), counts = windows.map(({ count }) => count);
  const sizes = windows.map(({ size }) => size), end = axis + windows.length;
  const shape = [...array.shape.slice(0, axis), ...counts, ...array.shape.slice(end), ...sizes];
  const isEmpty = sizeOf(shape) === 0;
  const low = reaches.map(([first]) => isEmpty ? 0 : Math.max(0, -first));
  const high = reaches.map(([, last], k) => isEmpty ? 0 : Math.max(0, last + 1 - array.shape[axis + k]!));
  const whole = low.some((each) => each > 0) || high.some((each) => each > 0)
    ? padded(array, axis, low, high, padding)
    : array;
  const steps = windows.map(({ step }, k) => step * whole.strides[axis + k]!);
  const inner = windows.map(({ dilation }, k) => dilation * whole.strides[axis + k]!);
  const strides = [...whole.strides.slice(0, axis), ...steps, ...whole.strides.slice(end), ...inner];
  const offset = windows.reduce(
    (at, { before }, k) => at + (low[k]! - before) * whole.strides[axis + k]!,
    whole.offset,
  );
  return whole.view(shape, strides, isEmpty ? whole.offset : offset);
}

/** A copy with so many places before and after those of the axes from `axis` on. */
function padded(
  array: NDArray,
  axis: number,
  low: readonly number[],
  high: readonly number[],
  padding: number,
): NDArray {
  const shape = array.shape.slice();
  low.forEach((places, k) => shape[axis + k]! += places + high[k]!);
  const whole = filled(array.storage.stream, shape, array.dtype, padding);
  const place = low.map((start, k) => ({ start, step: 1, length: array.shape[axis + k]! }));
  mapInto(placesAlong(whole, axis, place), "copy", [array]);
  return whole;
}

/**
 * The elements of each window along an axis joined by a row, in the type `dtype`. Windows of padding alone give `empty`, the
 * number that the row changes nothing with.
 */
export function joinWindows(
  row: "add" | "max",
  array: NDArray,
  axis: number,
  windows: Windows,
  empty: number,
  dtype: DType,
): NDArray {
  const taps = tapsOf([windows], [array.shape[axis]!]), shape = array.shape.with(axis, windows.count);
  if (windows.count === 1 && taps.length > 1) {
    const range = { start: taps[0]!.inside[0]!.start, step: windows.dilation, length: taps.length };
    return fold(row === "add" ? "sum" : "max", [placesAlong(array, axis, [range])], [axis], shape, dtype);
  }
  const parts = taps.map(({ inside, windows: [seen] }) => ({ seen: seen!, part: placesAlong(array, axis, inside) }));
  // The result begins with taps that all windows have, where there are some.
  const everywhere = parts.filter(({ seen }) => seen.length === windows.count), [first, second] = everywhere;
  const begun = first === undefined
    ? filled(array.storage.stream, shape, dtype, empty)
    : second === undefined
    ? copy(first.part, dtype)
    : map(row, [first.part, second.part], {}, dtype);
  for (const each of parts) {
    if (each === first || each === second) continue;
    const target = each.seen.length === windows.count ? begun : placesAlong(begun, axis, [each.seen]);
    mapInto(target, row, [target, each.part]);
  }
  return begun;
}

/**
 * Adds what each tap gives into `whole`, whose axes from `axis` on the windows look at. `given` is asked for the addend of a
 * tap, by its number and the windows that have it, and may leave it out.
 */
export function addTaps(
  whole: NDArray,
  axis: number,
  windows: readonly Windows[],
  given: (number: number, seen: readonly Range[]) => NDArray,
): void {
  for (const { number, inside, windows: seen } of tapsOf(windows, whole.shape.slice(axis, axis + windows.length))) {
    const target = placesAlong(whole, axis, inside);
    mapInto(target, "add", [target, given(number, seen)]);
  }
}
