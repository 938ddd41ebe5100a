/**
 * Ops whose result is written in parts, and their adjoints: joined tensors, borders, elements that go round; and the parts
 * of a tensor.
 */
import { empty, filled, mapInto, type NDArray } from "../../array/ndarray.ts";
import * as views from "../../array/views.ts";
import { asItIs, checkCount, integerList, refuse, shownList } from "../../pure/check.ts";
import { elementOf, promote } from "../../pure/dtype.ts";
import {
  type AxisSlice,
  checkShape,
  normalizeAxis,
  sameShape,
  type Shape,
  showShape,
  slicesAlong,
  span,
} from "../../pure/shape.ts";
import { bordersOf } from "../../pure/borders.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp, TensorTupleOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { Slice } from "./views.ts";

/** Copies a part, in another type if need be, to a place of an array that nobody has seen yet. */
function putInto(whole: NDArray, slices: readonly AxisSlice[], part: NDArray): void {
  const place = views.slice(whole, slices);
  try {
    mapInto(place, "copy", [part]);
  } finally {
    place.dispose();
  }
}

/** Whether a tensor counts as nothing in a list of tensors of any number of axes, as in PyTorch. */
function isNothing(shape: Shape): boolean {
  return shape.length === 1 && shape[0] === 0;
}

/**
 * Tensors one after the other along an axis. Their other axes must agree. A tensor [0] counts as nothing beside tensors of
 * several axes. The result has the type to which all are promoted.
 */
export class Concat extends TensorOp {
  /** Axis 0 by default; a negative one counts from the end. */
  constructor(/** The axis along which the tensors are joined. */ readonly axis: number = 0) {
    super();
  }
  /** @ignore Any number. */
  override get arity(): number {
    return 0;
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs);
    const first = inputs.find(({ shape }) => !isNothing(shape)) ?? inputs[0]!, rank = first.shape.length;
    const axis = rank === 0 ? 0 : normalizeAxis(this.action, this.axis, rank);
    inputs.forEach(({ shape }, k) => {
      if (shape.length === 0) throw new TypeError(`Cannot concat: tensor ${k} has no axes; stack joins such tensors`);
      if (isNothing(shape) || sameShape(shape, first.shape)) return;
      if (shape.length !== rank || shape.some((length, k) => k !== axis && length !== first.shape[k])) {
        throw new TypeError(
          `Cannot concat: shapes ${showShape(first.shape)} and ${showShape(shape)} must agree but for axis ${axis}`,
        );
      }
    });
    return inputs;
  }
  /** Copies each tensor to its place, in the common type. */
  compute(...parts: NDArray[]): NDArray {
    const first = parts.find(({ shape }) => !isNothing(shape)) ?? parts[0]!;
    const { axis, starts, length } = placesAlong(this.axis, parts, first.shape);
    const shape = first.shape.with(axis, length), dtype = parts.map((part) => part.dtype).reduce(promote);
    checkShape(this.action, shape);
    const out = empty(first.storage.stream, shape, dtype);
    parts.forEach((part, k) => {
      if (isNothing(part.shape)) return;
      putInto(out, slicesAlong(shape, axis, span(starts[k]!, part.shape[axis]!)), part);
    });
    return out;
  }
  /** The part of g for each tensor; nothing for one that counts as nothing. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const inputs = y.inputs, { axis, starts } = placesAlong(this.axis, inputs, g.shape);
    return inputs.map(({ requiresGrad, shape }, k) => {
      if (!requiresGrad || isNothing(shape)) return null;
      return new Slice(slicesAlong(g.shape, axis, span(starts[k]!, shape[axis]!))).call(g);
    });
  }
}

/** Where each part begins along the axis of tensors that are joined to one of the rank of `shape`, and where all end. */
function placesAlong(given: number, parts: readonly { readonly shape: Shape }[], { length: rank }: Shape) {
  const axis = normalizeAxis("concat", given, rank), starts: number[] = [];
  let length = 0;
  for (const { shape } of parts) {
    starts.push(length);
    length += isNothing(shape) ? 0 : shape[axis]!;
  }
  return { axis, starts, length };
}

/** The parts of a tensor one after the other along an axis: the inverse of {@linkcode Concat}. */
export class Split extends TensorTupleOp {
  /** The length of each part. */
  readonly sizes: readonly number[];
  /** Axis 0 by default. RangeError unless all sizes are at least 0. */
  constructor(sizes: readonly number[], /** The axis that is divided. */ readonly axis: number = 0) {
    super();
    if (!Array.isArray(sizes)) refuse("split", sizes, "a list of lengths");
    for (const size of sizes) checkCount("split", "size", size, 0);
    this.sizes = asItIs(sizes);
  }
  /** Views: no element is copied. RangeError unless the sizes are together the length of the axis. */
  compute(a: NDArray): readonly NDArray[] {
    const { shape } = a, axis = normalizeAxis(this.action, this.axis, shape.length);
    if (this.sizes.reduce((sum, size) => sum + size, 0) !== shape[axis]) {
      throw new RangeError(
        `Cannot split: sizes ${shownList(this.sizes)} must add up to ${shape[axis]}, the length of axis ${axis}`,
      );
    }
    let start = 0;
    return this.sizes.map((size) => {
      const part = views.slice(a, slicesAlong(shape, axis, span(start, size)));
      start += size;
      return part;
    });
  }
  /** All g one after the other, with zeros for the parts to which nothing flows. */
  gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints {
    const some = outGrads.find((g) => g !== null)!, zero = filled(some.facts.storage.stream, [], some.dtype, 0);
    const nothing = some.wrap(zero);
    return new Concat(this.axis).call(...outGrads.map((g, k) => g ?? nothing.broadcastTo(results[k]!.shape)));
  }
}

/** A tensor within a border of one number. Negative widths crop. */
export class Pad extends TensorOp {
  /** The widths before and after an axis in pairs, the last axis first: [1, 2] is for the last axis alone. */
  readonly widths: readonly number[];
  /** The widths are checked against the shape when the op is called. RangeError for widths that are no integers. */
  constructor(widths: readonly number[], /** The number of the border. */ readonly value: number = 0) {
    super();
    if (!Array.isArray(widths)) refuse("pad", widths, "a list of widths in pairs, such as [1, 1]");
    this.widths = integerList("pad", "width", widths);
    if (typeof value !== "number") refuse("pad", value, "a number");
  }
  /** The number everywhere with the tensor put in; a view if nothing is added. */
  compute(a: NDArray): NDArray {
    const { shape, dtype } = a, borders = bordersOf(this.action, this.widths, shape);
    const from: AxisSlice[] = [], to: AxisSlice[] = [];
    borders.forEach(([before, after], axis) => {
      const length = shape[axis]! + Math.min(before, 0) + Math.min(after, 0);
      from.push(span(Math.max(-before, 0), length));
      to.push(span(Math.max(before, 0), length));
    });
    const inner = views.slice(a, from);
    if (borders.every(([before, after]) => before <= 0 && after <= 0)) return inner;
    const size = shape.map((length, axis) => length + borders[axis]![0] + borders[axis]![1]);
    try {
      const whole = filled(a.storage.stream, size, dtype, elementOf(this.action, dtype, this.value));
      putInto(whole, to, inner);
      return whole;
    } finally {
      inner.dispose();
    }
  }
  /** g without the border, and with zeros where the tensor was cropped. */
  gradient(g: Tensor): Adjoints {
    return new Pad(this.widths.map((width) => 0 - width)).call(g);
  }
}

/** Elements moved along axes; those that leave at one end enter at the other. */
export class Roll extends TensorOp {
  /** How far the elements move along each of the axes. */
  readonly shifts: readonly number[];
  /** The axes, of which one may stand several times. */
  readonly axes: readonly number[];
  /** RangeError for shifts that are no integers, TypeError unless there are as many axes. */
  constructor(shifts: readonly number[], axes: readonly number[]) {
    super();
    this.shifts = integerList("roll", "shift", shifts);
    this.axes = integerList("roll", "axis", axes);
    if (this.shifts.length !== this.axes.length) {
      throw new TypeError(
        `Cannot roll: ${this.shifts.length} shifts for ${this.axes.length} axes, as many must be given`,
      );
    }
  }
  /** Copies the elements in as many parts as they are divided into: two for each axis. */
  compute(a: NDArray): NDArray {
    const { shape } = a, shifts = new Array<number>(shape.length).fill(0);
    this.axes.forEach((given, k) => {
      const axis = normalizeAxis(this.action, given, shape.length), length = Math.max(1, shape[axis]!);
      shifts[axis] = ((shifts[axis]! + this.shifts[k]!) % length + length) % length;
    });
    if (shifts.every((shift) => shift === 0)) return a.share();
    const out = empty(a.storage.stream, shape, a.dtype);
    const move = (from: readonly AxisSlice[], to: readonly AxisSlice[]): void => {
      const axis = from.length;
      if (axis === shape.length) {
        const part = views.slice(a, from);
        putInto(out, to, part);
        return part.dispose();
      }
      const length = shape[axis]!, shift = shifts[axis]!;
      move([...from, span(0, length - shift)], [...to, span(shift, length - shift)]);
      if (shift > 0) move([...from, span(length - shift, shift)], [...to, span(0, shift)]);
    };
    move([], []);
    return out;
  }
  /** g, moved back. */
  gradient(g: Tensor): Adjoints {
    return new Roll(this.shifts.map((shift) => 0 - shift), this.axes).call(g);
  }
}
