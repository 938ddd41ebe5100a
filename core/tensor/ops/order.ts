/** Ops that put elements in order: the places of sorted elements and of the middle one, and the middle of all. */
import { groupResult } from "../../array/group.ts";
import { copy, filled, map, type NDArray } from "../../array/ndarray.ts";
import { gather } from "../../array/places.ts";
import { fold, sortedPlaces } from "../../array/skeletons.ts";
import { broadcastTo, permute, reshape } from "../../array/views.ts";
import { checkCount, checkFlag } from "../../pure/check.ts";
import { isFloat, isHalf } from "../../pure/dtype.ts";
import { normalizeAxis, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";
import { checkOperands } from "../operands.ts";

/**
 * The places (int32) along an axis of its elements in order, or of the first `count` of them: equal elements by place. -0
 * equals 0, and NaN is greater than all numbers.
 */
export class SortedPlaces extends TensorOp {
  /** All elements in ascending order along the last axis by default. */
  constructor(
    /** The axis along which elements are sorted. */ readonly axis: number = -1,
    /** Whether the greatest come first. */ readonly descending: boolean = false,
    /** How many places the result has; as many as the axis if null. */ readonly count: number | null = null,
  ) {
    super();
    checkFlag("sort", "descending", descending);
    if (count !== null) checkCount("sort", "count", count, 0);
  }
  /** @ignore */
  override get action(): string {
    return "sort";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 1);
    const { shape } = inputs[0]!, length = shape[normalizeAxis(this.action, this.axis, shape.length)]!;
    if (this.count !== null) checkCount(this.action, "count", this.count, 0, length);
    return inputs;
  }
  /** Sorts rows that lie along the axis; elements that do not lie side by side are copied first. */
  compute(a: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, a.shape.length);
    return groupResult(() => sortedAlong(a, axis, this.descending, this.count ?? a.shape[axis]!));
  }
  /** Throws an Error: a place, being an integer, has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

function sortedAlong(a: NDArray, axis: number, descending: boolean, count: number): NDArray {
  const last = a.shape.length - 1;
  if (axis === last) return sortedPlaces(a, descending, count);
  const order = a.shape.map((_, k) => k).filter((k) => k !== axis);
  const places = sortedPlaces(copy(permute(a, [...order, axis])), descending, count);
  return permute(places, a.shape.map((_, k) => k === axis ? last : k < axis ? k : k - 1));
}

/**
 * The place (int32) along an axis of its middle element, the lower one of two: the axis has length one. Of rows with NaN it is
 * the first NaN, or the middle of the other elements.
 */
export class MiddlePlace extends TensorOp {
  /** Whether NaN does not count is the second setting. */
  constructor(
    /** The axis whose middle is looked for. */ readonly axis: number = -1,
    /** Whether elements that are NaN do not count. */ readonly skipsNaN: boolean = false,
  ) {
    super();
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 1);
    const { shape } = inputs[0]!, length = shape[normalizeAxis(this.action, this.axis, shape.length)]!;
    if (length === 0) throw new RangeError(`Cannot find the middle: tensor ${showShape(shape)} has no elements`);
    return inputs;
  }
  /** Sorts the rows, and counts NaN. */
  compute(a: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, a.shape.length);
    return groupResult(() => middleAlong(a, axis, this.skipsNaN));
  }
  /** Throws an Error: a place, being an integer, has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

function middleAlong(a: NDArray, axis: number, skipsNaN: boolean): NDArray {
  const length = a.shape[axis]!, middle = (length - 1) >> 1;
  const shape = a.shape.map((each, k) => k === axis ? 1 : each);
  const constant = (value: number) => broadcastTo(filled(a.storage.stream, [], "int32", value), shape);
  const taken = (places: NDArray, index: NDArray) => gather(places, index, axis, shape);
  if (!isFloat(a.dtype)) return taken(sortedAlong(a, axis, false, middle + 1), constant(middle));
  const places = sortedAlong(a, axis, false, length);
  // Only NaN differs from itself. Once sorted, it comes last.
  const count = fold("sum", [map("notEqual", [a, a])], [axis], shape, "int32");
  const numbers = map("addScalar", [map("mulScalar", [count], { s: -1 })], { s: length });
  if (!skipsNaN) return taken(places, map("where", [count, numbers, constant(middle)]));
  const before = map("floorDiv", [map("addScalar", [numbers], { s: -1 }), constant(2)]);
  return taken(places, map("clip", [before], { s: 0, t: length - 1 }));
}

/** The middle of all elements, the lower one of two: NaN if one is NaN, or the middle of the others. */
export class Median extends TensorOp {
  /** NaN counts by default. */
  constructor(/** Whether elements that are NaN do not count. */ readonly skipsNaN: boolean = false) {
    super();
  }
  /** @ignore */
  override get action(): string {
    return this.skipsNaN ? "nanmedian" : "median";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 1);
    const { shape, size } = inputs[0]!;
    if (size === 0) throw new RangeError(`Cannot ${this.action}: tensor ${showShape(shape)} has no elements`);
    return inputs;
  }
  /** Sorts all elements. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const line = reshape(a, [a.size]);
      return reshape(gather(line, middleAlong(line, 0, this.skipsNaN), 0, [1]), []);
    });
  }
  /** g for the element that was chosen; ties share it, and so do elements that are NaN if the result is. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, value = y.detach(), type = isHalf(a.dtype) ? "float32" : a.dtype;
    const chosen = value.equal(value).where(a.equal(value), a.notEqual(a)).cast(type);
    return chosen.where(g.div(chosen.sum()), 0);
  }
}
