/**
 * Pure functions on shapes, strides and axes. Nothing here touches a device.
 *
 * Shapes are `readonly number[]` and are never changed after they are made, so they may be shared and compared by
 * identity first.
 */

import { refuse, shown, shownList } from "./check.ts";

/** The length of each axis, the outermost first: [] for a scalar, [rows, columns] for a matrix. */
export type Shape = readonly number[];

/** `[2, 3]`, as error messages write it. */
export function showShape(shape: Shape): string {
  return shownList(shape);
}

/** The number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** True if the elements lie in row-major order without gaps; axes of length one do not count. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    if (length === 0) return true;
    if (length !== 1 && strides[axis] !== step) return false;
    step *= length;
  }
  return true;
}

function checkList(action: string, shape: Shape): void {
  if (Array.isArray(shape)) return;
  throw new TypeError(`Cannot ${action}: shape ${shown(shape)} must be a list, such as [2, 3]`);
}

/** Throws unless `shape` is a list of non-negative integers, and the number of elements an exact one. */
export function checkShape(action: string, shape: Shape): void {
  checkList(action, shape);
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`Cannot ${action}: shape ${showShape(shape)} must hold non-negative integers`);
    }
  }
  if (!Number.isSafeInteger(sizeOf(shape))) {
    throw new RangeError(`Cannot ${action}: shape ${showShape(shape)} has more than 2^53 elements`);
  }
}

/** The shape in which two meet, by NumPy's rule: shapes align at the right, and an axis of length one stretches. */
export function broadcastShapes(action: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let k = 1; k <= rank; k++) {
    const x = k <= a.length ? a[a.length - k]! : 1, y = k <= b.length ? b[b.length - k]! : 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new TypeError(`Cannot ${action}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast`);
    }
    shape[rank - k] = x === 1 ? y : x;
  }
  return shape;
}

/** Whether NumPy's rule stretches `source` to `target`, and leaves that as it is. */
export function stretches(source: Shape, target: Shape): boolean {
  const shift = target.length - source.length;
  if (shift < 0) return false;
  for (let axis = 0; axis < source.length; axis++) {
    if (source[axis] !== 1 && source[axis] !== target[axis + shift]) return false;
  }
  return true;
}

/** The axes of `target` that broadcasting `source` to it repeated: those that its gradient sums over. */
export function broadcastAxes(source: Shape, target: Shape): number[] {
  const shift = target.length - source.length;
  const axes: number[] = [];
  for (let axis = 0; axis < target.length; axis++) {
    if (axis < shift || (source[axis - shift] === 1 && target[axis] !== 1)) axes.push(axis);
  }
  return axes;
}

/** The axis as a number in `[0, rank)`; a negative one counts from the end. */
export function normalizeAxis(action: string, axis: number, rank: number): number {
  const found = Number.isInteger(axis) && axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && found >= 0 && found < rank) return found;
  throw new RangeError(`Cannot ${action}: axis ${shown(axis)} must lie in [${-rank}, ${rank})`);
}

/** The number of elements that joining these axes joins into one. */
export function countAlong(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * shape[axis]!, 1);
}

/** The axes that a reduction joins: one number, a list, or all axes when absent. */
export type Axes = number | readonly number[];

/** The axes sorted, checked and each once. A shape without axes has one called 0 or -1, which joins its only element. */
export function normalizeAxes(action: string, axes: Axes | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  if (typeof axes === "number") {
    const axis = normalizeAxis(action, axes, Math.max(rank, 1));
    return rank === 0 ? [] : [axis];
  }
  if (!Array.isArray(axes)) refuse(action, axes, "an axis or a list of axes");
  const list = distinctAxes(action, axes, Math.max(rank, 1)).sort((a, b) => a - b);
  return rank === 0 ? [] : list;
}

/** The axes in the order given, counted from 0. RangeError for one that is named twice. */
export function distinctAxes(action: string, axes: readonly number[], rank: number): number[] {
  const list: number[] = [];
  for (const given of axes) {
    const axis = normalizeAxis(action, given, rank);
    if (list.includes(axis)) throw new RangeError(`Cannot ${action}: axis ${axis} is named twice`);
    list.push(axis);
  }
  return list;
}

/** The shape after a reduction. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  const out: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    if (!axes.includes(axis)) out.push(shape[axis]!);
    else if (keepDims) out.push(1);
  }
  return out;
}

/** The new shape with its `-1` filled in. Throws unless both shapes have as many elements. */
export function resolveReshape(from: Shape, to: Shape, action = "reshape"): number[] {
  checkList(action, to);
  const size = sizeOf(from);
  const refuse = () =>
    new TypeError(`Cannot ${action}: ${showShape(from)} to ${showShape(to)}, the element counts must agree`);
  let known = 1, unknown = -1;
  for (let axis = 0; axis < to.length; axis++) {
    const length = to[axis]!;
    if (length === -1) {
      if (unknown >= 0) throw new TypeError(`Cannot ${action}: ${showShape(to)} may hold only one -1`);
      unknown = axis;
    } else if (!Number.isSafeInteger(length) || length < 0) throw refuse();
    else known *= length;
  }
  const shape = to.slice();
  if (unknown >= 0) {
    if (known === 0 || size % known !== 0) throw refuse();
    shape[unknown] = size / known;
  } else if (known !== size) throw refuse();
  return shape;
}

/**
 * Strides that show the same elements under another shape, or null where a copy is needed.
 *
 * Old and new axes are matched in groups of equal product; within a group the old axes must lie without gaps.
 */
export function reshapeStrides(shape: Shape, strides: readonly number[], target: Shape): number[] | null {
  if (sizeOf(shape) === 0) return stridesOf(target);
  const result = new Array<number>(target.length).fill(0);
  let from = 0, to = 0;
  while (from < shape.length && to < target.length) {
    let fromEnd = from + 1, toEnd = to + 1;
    let fromProduct = shape[from]!, toProduct = target[to]!;
    while (fromProduct !== toProduct) {
      if (fromProduct < toProduct) fromProduct *= shape[fromEnd++]!;
      else toProduct *= target[toEnd++]!;
    }
    let last = -1;
    for (let axis = fromEnd - 1; axis >= from; axis--) {
      if (shape[axis] === 1) continue;
      if (last >= 0 && strides[axis] !== strides[last]! * shape[last]!) return null;
      last = axis;
    }
    let innermost = fromEnd - 1;
    while (innermost > from && shape[innermost] === 1) innermost--;
    let step = strides[innermost]!;
    for (let axis = toEnd - 1; axis >= to; axis--) {
      result[axis] = step;
      step *= target[axis]!;
    }
    from = fromEnd;
    to = toEnd;
  }
  return result;
}

/** One axis of an index: a range with a step, or a single place that drops the axis. */
export interface AxisSlice {
  /** The place of the first element, in [0, length of the axis). */
  start: number;
  /** The step from one place to the next; a negative one goes backwards. */
  step: number;
  /** How many places are taken. */
  length: number;
  /** True for a single place, whose axis the result does not have. */
  dropped: boolean;
}

/** The slice of `length` places that begins at `start`. */
export function span(start: number, length: number, step = 1): AxisSlice {
  return { start, step, length, dropped: false };
}

/** The slices of a tensor of that shape that take all of it but along one axis. */
export function slicesAlong(shape: Shape, axis: number, slice: AxisSlice): AxisSlice[] {
  return shape.map((length, k) => k === axis ? slice : span(0, length));
}

/** Throws RangeError unless there is one slice for each axis, and the axis has all of its places. */
export function checkSlices(action: string, slices: readonly AxisSlice[], shape: Shape): void {
  if (!Array.isArray(slices)) refuse(action, slices, "a list of slices");
  if (slices.length !== shape.length) {
    throw new RangeError(`Cannot ${action}: ${slices.length} slices for the axes of shape ${showShape(shape)}`);
  }
  slices.forEach((slice: AxisSlice | null | undefined, axis) => {
    if (typeof slice !== "object" || slice === null) refuse(action, slice, "a slice of an axis");
    const { start, step, length, dropped } = slice;
    for (const number of [start, step, length]) if (typeof number !== "number") refuse(action, number, "a number");
    const end = shape[axis]!, last = start + (length - 1) * step;
    const whole = [start, step, length].every(Number.isSafeInteger) && length >= (dropped ? 1 : 0);
    if (whole && (length === 0 || (start >= 0 && start < end && last >= 0 && last < end))) return;
    throw new RangeError(
      `Cannot ${action}: ${length} places of axis ${axis} from ${start} by ${step} must lie in [0, ${end})`,
    );
  });
}
