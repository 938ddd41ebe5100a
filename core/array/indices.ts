/**
 * Places that a device computes: of indices along axes among all elements in row-major order, and of numbers in sorted
 * rows. Indices are int32.
 */
import { type Shape, showShape, sizeOf } from "../pure/shape.ts";
import { copy, empty, filled, map, mapInto, type NDArray } from "./ndarray.ts";
import { checkLabels, gather } from "./places.ts";
import type { Stream } from "./stream.ts";
import { broadcastTo, reshape } from "./views.ts";

/** The most places that an index, which is an int32, tells apart. */
export const placesMost = 2 ** 31;

/** RangeError for a shape with more elements than an index tells apart. */
export function checkPlaces(action: string, shape: Shape): void {
  if (sizeOf(shape) <= placesMost) return;
  throw new RangeError(
    `Cannot ${action}: shape ${showShape(shape)} has more than 2^31 places, which int32 does not count`,
  );
}

/** Indices of any type along an axis, as int32 in `[0, length)`. RangeError outside; negative ones may count from the end. */
export function inAxis(index: NDArray, length: number, fromEnd: boolean): NDArray {
  const whole = index.dtype === "int32" ? index : copy(index, "int32");
  const placed = fromEnd ? countedFromStart(whole, length) : whole;
  checkLabels(reshape(placed, [placed.size]), length);
  return placed;
}

/** The indices, with the length added to those that are negative. */
function countedFromStart(index: NDArray, length: number): NDArray {
  const isNegative = map("clip", [index], { s: -1, t: 0 });
  return map("add", [index, map("mulScalar", [isNegative], { s: -length })]);
}

/** The places in row-major order of axes with these lengths, of one index into each, which stretch to `shape`. */
export function placesOfAll(indices: readonly NDArray[], lengths: readonly number[], shape: Shape): NDArray {
  let step = 1, places: NDArray | null = null;
  for (let axis = indices.length - 1; axis >= 0; axis--) {
    const steps = broadcastTo(step === 1 ? indices[axis]! : map("mulScalar", [indices[axis]!], { s: step }), shape);
    places = places === null ? steps : map("add", [steps, places]);
    step *= lengths[axis]!;
  }
  return places!;
}

/** 0, `step`, two steps and so on, along one axis. */
export function counting(stream: Stream, count: number, step = 1): NDArray {
  const line = empty(stream, [count], "int32");
  mapInto(line, "arange", [], 0, step);
  return line;
}

/**
 * How many numbers of a sorted row come before each value: those that are less, or with `right` those that are no greater.
 * Rows [rows, n] and values [rows, m] have one type, and the rows' elements lie side by side. NaN comes after all numbers.
 */
export function countBefore(sorted: NDArray, values: NDArray, right: boolean): NDArray {
  const { stream } = sorted.storage, { shape } = values, [rows, n] = sorted.shape as [number, number];
  const constant = (value: number) => broadcastTo(filled(stream, [], "int32", value), shape);
  let count = filled(stream, shape, "int32", 0);
  if (n === 0 || values.size === 0) return count;
  const all = constant(n), flat = reshape(sorted, [rows * n]);
  const starts = broadcastTo(reshape(counting(stream, rows, n), [rows, 1]), shape);
  // Longer steps first; each is taken if the number at its end still comes before the value.
  for (let step = 2 ** Math.floor(Math.log2(n)); step >= 1; step /= 2) {
    const next = map("addScalar", [count], { s: step }), fits = map("lessEqual", [next, all]);
    const last = map("clip", [map("addScalar", [next], { s: -1 })], { s: 0, t: n - 1 });
    const places = reshape(map("add", [last, starts]), [values.size]);
    const isAfter = map(right ? "greater" : "greaterEqual", [gather(flat, places, 0, shape), values]);
    count = map("where", [map("and", [fits, map("not", [isAfter])]), next, count], undefined, "int32");
  }
  return count;
}
