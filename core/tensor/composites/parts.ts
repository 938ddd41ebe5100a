/** Tensors divided into parts, repeated, and within borders, by several ops, whose gradient is that of their parts. */
import { fromTypedArray } from "../../array/ndarray.ts";
import { checkCount, checkOptions, integerList, refuse, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { type Axes, checkShape, normalizeAxis, showShape, sizeOf } from "../../pure/shape.ts";
import { bordersOf } from "../../pure/borders.ts";
import { BroadcastTo, Pad, Reshape, Roll, Split, Take } from "../ops/mod.ts";
import { isTensor } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { narrow, squeeze } from "./shapes.ts";

/** Parts of one length but for the last, which may be shorter, or parts of the given lengths. */
export function split(x: Tensor, sizes: number | readonly number[], axis: number): readonly Tensor[] {
  if (typeof sizes !== "number") return new Split(sizes, axis).call(x);
  const length = x.shape[normalizeAxis("split", axis, x.shape.length)]!;
  return new Split(evenly(length, checkCount("split", "size", sizes, length === 0 ? 0 : 1)), axis).call(x);
}

/** As many parts of one length as there are in a longer one, and what is left. Nothing is one part. */
function evenly(length: number, size: number): number[] {
  const sizes: number[] = [];
  for (let left = length; left > 0; left -= size) sizes.push(Math.min(size, left));
  return length === 0 ? [0] : sizes;
}

/** At most `count` parts of one length but for the last. */
export function chunk(x: Tensor, count: number, axis: number): readonly Tensor[] {
  checkCount("chunk", "count", count, 1);
  const length = x.shape[normalizeAxis("chunk", axis, x.shape.length)]!;
  const sizes = length === 0 ? new Array<number>(count).fill(0) : evenly(length, Math.ceil(length / count));
  return new Split(sizes, axis).call(x);
}

/** The parts of length one along an axis, without it. */
export function unbind(x: Tensor, given: number): readonly Tensor[] {
  const axis = normalizeAxis("unbind", given, x.shape.length), sizes = new Array<number>(x.shape[axis]!).fill(1);
  return new Split(sizes, axis).call(x).map((part) => squeeze(part, axis));
}

/** The whole several times along each axis, and along new ones before the first. */
export function repeat(x: Tensor, given: number | readonly number[], action = "repeat"): Tensor {
  const list = integerList(action, "count", given), added = list.length - x.shape.length;
  for (const count of list) checkCount(action, "count", count, 0);
  if (added < 0) {
    throw new TypeError(`Cannot ${action}: ${list.length} counts, tensor ${showShape(x.shape)} has more axes`);
  }
  const shape = [...new Array<number>(added).fill(1), ...x.shape];
  checkShape(action, shape.map((length, axis) => length * list[axis]!));
  return repeatAxes(new Reshape(shape).call(x), list);
}

/** How many axes are repeated at once: each makes two of a view, and devices take no more than eight. */
const repeatedMost = 3;

function repeatAxes(x: Tensor, counts: readonly number[]): Tensor {
  const { shape } = x, repeated = [...shape.keys()].filter((axis) => counts[axis] !== 1).slice(-repeatedMost);
  if (repeated.length === 0) return x;
  // [a, b, c] becomes [a, 1, bc] where b is repeated, and this [a, count, bc].
  const apart: number[] = [sizeOf(shape.slice(0, repeated[0]))], stretched = apart.slice();
  repeated.forEach((axis, k) => {
    const length = sizeOf(shape.slice(axis, repeated[k + 1]));
    apart.push(1, length);
    stretched.push(counts[axis]!, length);
  });
  const target = shape.map((length, axis) => repeated.includes(axis) ? length * counts[axis]! : length);
  const result = new Reshape(target).call(new BroadcastTo(stretched).call(new Reshape(apart).call(x)));
  return repeatAxes(result, counts.map((count, axis) => repeated.includes(axis) ? 1 : count));
}

/** As {@linkcode repeat}, with a count of one for each of the first axes that have none. */
export function tile(x: Tensor, given: number | readonly number[]): Tensor {
  const list = integerList("tile", "count", given), missing = Math.max(0, x.shape.length - list.length);
  return repeat(x, [...new Array<number>(missing).fill(1), ...list], "tile");
}

/** Each element several times, one after the other; without an axis, of all elements in one. */
export function repeatInterleave(
  x: Tensor,
  counts: Tensor | number | readonly number[],
  given: number | undefined,
): Tensor {
  if (given === undefined || x.shape.length === 0) {
    normalizeAxis("repeatInterleave", given ?? 0, 1);
    return repeatAlong(new Reshape([sizeOf(x.shape)]).call(x), countsOf(counts), 0);
  }
  return repeatAlong(x, countsOf(counts), normalizeAxis("repeatInterleave", given, x.shape.length));
}

/** The counts as a list. Reading those of a tensor fails inside a recording. */
function countsOf(given: Tensor | number | readonly number[]): readonly number[] {
  const action = "repeatInterleave";
  if (!isTensor(given)) return integerList(action, "count", given);
  if (isFloat(given.dtype) || given.shape.length > 1) {
    throw new TypeError(
      `Cannot ${action}: counts ${showShape(given.shape)} of type ${given.dtype}, they must be a list of integers`,
    );
  }
  return Array.from(given.toTypedArray());
}

function repeatAlong(x: Tensor, counts: readonly number[], axis: number): Tensor {
  const action = "repeatInterleave", { shape } = x, length = shape[axis]!;
  for (const count of counts) checkCount(action, "count", count, 0);
  if (counts.length === 1) {
    const count = counts[0]!, target = shape.with(axis, length * count);
    checkShape(action, target);
    const before = sizeOf(shape.slice(0, axis)), after = sizeOf(shape.slice(axis + 1));
    const apart = new Reshape([before * length, 1, after]).call(x);
    return new Reshape(target).call(new BroadcastTo([before * length, count, after]).call(apart));
  }
  if (counts.length !== length) {
    throw new TypeError(`Cannot ${action}: ${counts.length} counts for axis ${axis} of length ${length}`);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  checkCount(action, "sum of counts", total, 0, placesMost);
  const places = new Int32Array(total);
  let at = 0;
  counts.forEach((count, place) => places.fill(place, at, at += count));
  return takeAlong(x, places, axis);
}

/** As many places as an index of int32 counts. */
const placesMost = 2 ** 31 - 1;

/** The elements at places of an axis. */
function takeAlong(x: Tensor, places: Int32Array<ArrayBuffer>, axis: number): Tensor {
  const index = fromTypedArray(x.facts.storage.stream, places, [places.length], "int32");
  return new Take(axis).call(x, x.wrap(index));
}

/** How a border is filled. */
export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** The options of a border. */
export interface PadOptions {
  /**
   * What the border shows: one number (`constant`, the default), the elements behind the edge backwards (`reflect`), the edge
   * (`replicate`), or the other end (`circular`).
   */
  mode?: PadMode;
  /** The number of a constant border, 0 by default. */
  value?: number;
}

/** How a border of elements is filled: the widest for an axis, and the place of which a place outside is a copy. */
const fillings: Readonly<
  Record<string, { most: (length: number) => number; of: (place: number, length: number) => number }>
> = {
  reflect: {
    most: (length) => length - 1,
    of: (place, length) => place < 0 ? -place : place < length ? place : 2 * (length - 1) - place,
  },
  replicate: {
    most: (length) => length === 0 ? 0 : placesMost,
    of: (place, length) => Math.min(Math.max(place, 0), length - 1),
  },
  circular: { most: (length) => length, of: (place, length) => ((place % length) + length) % length },
};

/** The tensor within a border. */
export function pad(x: Tensor, widths: readonly number[], options: PadOptions): Tensor {
  const { mode = "constant", value } = checkOptions("pad", options, '{ mode: "reflect" }', ["mode", "value"]);
  if (mode === "constant") return new Pad(widths, value).call(x);
  const filling = typeof mode === "string" && Object.hasOwn(fillings, mode) ? fillings[mode]! : null;
  if (filling === null) refuse("pad", mode, `a mode: constant, ${Object.keys(fillings).join(", ")}`);
  if (value !== undefined) throw new TypeError(`Cannot pad: value ${shown(value)}, mode ${mode} takes none`);
  const borders = bordersOf("pad", integerList("pad", "width", widths), x.shape);
  let result = x;
  borders.forEach(([before, after], axis) => {
    const isCropped = before <= 0 && after <= 0;
    if (isCropped || mode === "circular") {
      // The other end is that of the elements that are left; a reflection may show elements that are not.
      const start = Math.max(-before, 0), length = result.shape[axis]! - start - Math.max(-after, 0);
      if (length < result.shape[axis]!) result = narrow(result, axis, start, length);
    }
    if (isCropped) return;
    const left = mode === "circular" ? Math.max(before, 0) : before,
      right = mode === "circular" ? Math.max(after, 0) : after;
    const length = result.shape[axis]!, most = filling.most(length);
    if (Math.max(left, right) > most) {
      throw new RangeError(
        `Cannot pad: widths ${before} and ${after} of axis ${axis} must be at most ${most} in mode ${mode}`,
      );
    }
    const total = checkCount("pad", `length of axis ${axis}`, left + length + right, 0, placesMost);
    result = takeAlong(result, Int32Array.from({ length: total }, (_, k) => filling.of(k - left, length)), axis);
  });
  return result;
}

/** The elements moved along axes, or along all of them in row-major order. */
export function roll(x: Tensor, shifts: number | readonly number[], axes: Axes | undefined): Tensor {
  const list = integerList("roll", "shift", shifts);
  if (axes !== undefined) return new Roll(list, integerList("roll", "axis", axes)).call(x);
  if (list.length !== 1) throw new TypeError(`Cannot roll: ${list.length} shifts without axes, there must be one`);
  return new Reshape(x.shape).call(new Roll(list, [0]).call(new Reshape([sizeOf(x.shape)]).call(x)));
}
