/** Indices of elements with some property, and of values among others. Results are integers or bools, and have no gradient. */
import { arrayFrom, type NestedArray } from "../../array/elements.ts";
import { groupResult } from "../../array/group.ts";
import { checkPlaces, countBefore, counting } from "../../array/indices.ts";
import { contiguous, copy, filled, fromTypedArray, map, type NDArray } from "../../array/ndarray.ts";
import { fold } from "../../array/skeletons.ts";
import { broadcastTo, reshape } from "../../array/views.ts";
import { checkCount, checkFlag, checkOptions, refuse } from "../../pure/check.ts";
import { type DType, isFloat, makeTypedArray, promote, type TypedArray } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, showShape, sizeOf, span } from "../../pure/shape.ts";
import { checkOperands, isTensor, type Operand } from "../operands.ts";
import { Gather, Reshape, Slice, SortedPlaces, Take, Untake, where } from "../ops/mod.ts";
import { integersOf } from "../ops/integers.ts";
import type { Tensor } from "../tensor.ts";
import { placesOfNonzero, withPlaces } from "./indexing.ts";
import { gather } from "./scatter.ts";

/** The options of a search in sorted numbers. */
export interface SearchOptions {
  /** Whether a number that equals the value comes before it; false by default. */
  right?: boolean;
}

/** The options of a search in numbers that may be in another order. */
export interface SortedSearchOptions extends SearchOptions {
  /** The places of the numbers in ascending order, in their shape, as `argsort` gives them; they are sorted by default. */
  sorter?: Tensor;
}

/** The options of `unique`. */
export interface UniqueOptions {
  /** The axis along which slices are compared; by default elements are. */
  axis?: number;
}

/** The options of `bincount`. */
export interface BincountOptions {
  /** What each element counts; 1 by default. */
  weights?: Tensor;
  /** The least length of the result; 0 by default. */
  minLength?: number;
}

/** The distinct elements of a tensor in ascending order, or its slices along an axis, in the order of their elements. */
export interface UniqueResult {
  /** Each element once, along one axis; or each slice, along the axis. */
  values: Tensor;
  /** For each element its place in `values`: int32, in the tensor's shape; or a list for the slices. */
  inverse: Tensor;
  /** How often each stands in the tensor: int32. */
  counts: Tensor;
}

/** The places of the elements that differ from 0, a row for each. */
export function nonzero(x: Tensor): Tensor {
  const lists = placesOfNonzero(x), rank = lists.length;
  const count = rank > 0 ? lists[0]!.length : Number(x.toTypedArray()[0] !== 0), flat = new Int32Array(count * rank);
  lists.forEach((list, axis) => list.forEach((place, row) => flat[row * rank + axis] = place));
  return x.wrap(fromTypedArray(x.facts.storage.stream, flat, [count, rank], "int32"));
}

/** The distinct elements, where each stands, and how often. */
export function unique(x: Tensor, options: UniqueOptions): UniqueResult {
  const axis = axisOf("unique", x, options);
  if (axis !== undefined) {
    const rows = rowsAlong(x, axis), width = rows.shape[1]!, flat = rows.toTypedArray();
    const order = Int32Array.from({ length: rows.shape[0]! }, (_, k) => k);
    return slicesOf(x, axis, order.sort((a, b) => compareRows(flat, a, b, width) || a - b), flat, width);
  }
  const line = new Reshape([x.size]).call(x.detach()), order = new SortedPlaces().call(line);
  return runsOf(x, order.toTypedArray());
}

/** The axis of the options, if there is one. */
function axisOf(action: string, x: Tensor, options: UniqueOptions): number | undefined {
  const { axis } = checkOptions(action, options, "{ axis: 0 }", ["axis"]);
  checkPlaces(action, x.shape);
  return axis === undefined ? undefined : normalizeAxis(action, axis, x.shape.length);
}

/** The slices along an axis as rows [count, elements of each]. */
function rowsAlong(x: Tensor, axis: number): Tensor {
  return new Reshape([x.shape[axis]!, sizeOf(x.shape.filter((_, each) => each !== axis))]).call(
    x.detach().movedim(axis, 0),
  );
}

/** Below 0 where row a comes before row b in the order of their elements, 0 where none of these differs. */
function compareRows(flat: TypedArray, a: number, b: number, width: number): number {
  for (let k = 0; k < width; k++) {
    const p = flat[a * width + k]!, q = flat[b * width + k]!;
    if (p !== q) return p < q ? -1 : 1;
  }
  return 0;
}

/** The runs of equal slices along an axis, which are taken in an order. NaN equals no other NaN. */
function slicesOf(x: Tensor, axis: number, order: Int32Array, flat: TypedArray, width: number): UniqueResult {
  const { stream } = x.facts.storage,
    inverse = new Int32Array(order.length),
    firsts: number[] = [],
    counts: number[] = [];
  order.forEach((at, k) => {
    if (k === 0 || compareRows(flat, order[k - 1]!, at, width) !== 0) counts[firsts.push(at) - 1] = 0;
    inverse[at] = firsts.length - 1;
    counts[firsts.length - 1]!++;
  });
  const list = (numbers: Int32Array<ArrayBuffer>) => x.wrap(fromTypedArray(stream, numbers, [numbers.length], "int32"));
  return {
    values: new Take(axis).call(x.detach(), list(Int32Array.from(firsts))),
    inverse: list(inverse),
    counts: list(Int32Array.from(counts)),
  };
}

/** The elements that differ from the one before them, in row-major order, which run each element is part of, and its length. */
export function uniqueConsecutive(x: Tensor, options: UniqueOptions): UniqueResult {
  const axis = axisOf("uniqueConsecutive", x, options);
  if (axis === undefined) return runsOf(x, null);
  const rows = rowsAlong(x, axis), order = Int32Array.from({ length: rows.shape[0]! }, (_, k) => k);
  return slicesOf(x, axis, order, rows.toTypedArray(), rows.shape[1]!);
}

/** The runs of equal elements, which are taken in an order: NaN equals no other NaN. */
function runsOf(x: Tensor, order: TypedArray | null): UniqueResult {
  const flat = x.toTypedArray(), { stream } = x.facts.storage, size = flat.length;
  const inverse = new Int32Array(size), firsts = new Int32Array(size), counts = new Int32Array(size);
  let runs = 0, last = NaN;
  for (let k = 0; k < size; k++) {
    const at = order === null ? k : order[k]!, value = flat[at]!;
    if (value !== last) {
      firsts[runs++] = at;
      last = value;
    }
    counts[runs - 1]!++;
    inverse[at] = runs - 1;
  }
  const values = makeTypedArray(x.dtype, runs);
  for (let k = 0; k < runs; k++) values[k] = flat[firsts[k]!]!;
  const list = (flat: TypedArray, dtype: DType, shape: readonly number[] = [flat.length]) =>
    x.wrap(fromTypedArray(stream, flat, shape, dtype));
  return {
    values: list(values, x.dtype),
    inverse: list(inverse, "int32", x.shape),
    counts: list(counts.slice(0, runs), "int32"),
  };
}

/** How often each number from 0 on stands among integers, or the sums of their weights. */
export function bincount(x: Tensor, options: BincountOptions): Tensor {
  const names = ["weights", "minLength"] as const;
  const { weights, minLength = 0 } = checkOptions("bincount", options, "{ minLength: 3 }", names);
  checkCount("bincount", "minLength", minLength, 0);
  if (weights !== undefined) {
    checkOperands({ action: "bincount", arity: 2, precision: "given" }, [x, weights], 2);
    if (!sameShape(weights.shape, x.shape)) {
      throw new TypeError(`Cannot bincount: weights ${showShape(weights.shape)} for ${showShape(x.shape)} elements`);
    }
  }
  const largest = x.size === 0 ? -1 : Math.trunc(Number(x.cast("float64").max().item()));
  const length = Math.max(minLength, Number.isFinite(largest) ? largest + 1 : 0);
  checkPlaces("bincount", [length]);
  const each = weights === undefined
    ? x.wrap(filled(x.facts.storage.stream, x.shape, "int32", 1))
    : isFloat(weights.dtype)
    ? weights
    : weights.cast("float32");
  const line = new Reshape([x.size]);
  return withPlaces("bincount", line.call(x), length, false, (places) => {
    return new Untake(0, [length]).call(line.call(each), places);
  });
}

/** How many numbers of sorted rows [..., n] come before each of the values [..., m]; a single row serves all values. */
export function searchSorted(
  action: string,
  sorted: Tensor | readonly NestedArray[],
  given: Operand | readonly NestedArray[],
  options: SortedSearchOptions,
): Tensor {
  const { right = false, sorter } = checkOptions(action, options, "{ right: true }", ["right", "sorter"]);
  checkFlag(action, "right", right);
  const beside = isTensor(sorted) ? sorted : given;
  if (!isTensor(beside)) refuse(action, beside, "a tensor, or be beside one");
  const [rows, values] = [sorted, given].map((each) => isTensor(each) ? each : numbersBeside(action, beside, each));
  checkOperands({ action, arity: 2, precision: "given" }, [rows, values], 2);
  if (sorter !== undefined) {
    if (!isTensor(sorter) || !sameShape(sorter.shape, rows!.shape) || isFloat(sorter.dtype)) {
      throw new TypeError(`Cannot ${action}: sorter must be a tensor of integers ${showShape(rows!.shape)}`);
    }
    return searchSorted(action, gather(rows!.detach(), -1, sorter), values!, { right });
  }
  const { shape } = rows!, n = shape.at(-1), before = shape.slice(0, -1), isSingle = shape.length === 1;
  if (n === undefined || (!isSingle && !sameShape(before, values!.shape.slice(0, -1)))) {
    throw new TypeError(
      `Cannot ${action}: values of shape ${showShape(values!.shape)} in rows of shape ${showShape(shape)}`,
    );
  }
  checkPlaces(action, shape);
  // A single value counts with its type, too: rounded, it might come before others than it does.
  const dtype = promote(rows!.dtype, values!.dtype);
  const outer = sizeOf(before), inner = isSingle ? values!.size : values!.shape.at(-1)!;
  return integersOf([rows!, values!], (rows, values) => {
    const line = (array: NDArray, each: number) =>
      contiguous(reshape(array.dtype === dtype ? array : copy(array, dtype), [outer, each]));
    return reshape(countBefore(line(rows, n), line(values, inner), right), values.shape);
  });
}

/** How many sorted boundaries come before each element. */
export function bucketize(x: Tensor, given: Tensor | readonly NestedArray[], options: SearchOptions): Tensor {
  const boundaries = isTensor(given) ? given : numbersBeside("bucketize", x, given);
  if (boundaries.shape.length !== 1) {
    throw new TypeError(`Cannot bucketize: boundaries of shape ${showShape(boundaries.shape)} must have one axis`);
  }
  const { right = false } = checkOptions("bucketize", options, "{ right: true }", ["right"]);
  return searchSorted("bucketize", boundaries, x, { right });
}

/** Numbers that are no tensor, on the device of one: in its type if that is a float type, else as integers if they are. */
function numbersBeside(action: string, beside: Tensor, numbers: unknown): Tensor {
  if (typeof numbers !== "number" && !Array.isArray(numbers)) refuse(action, numbers, "a tensor or a list of numbers");
  const { device } = beside, float = isFloat(beside.dtype) ? beside.dtype : "float32";
  const array = arrayFrom(numbers, { device, dtype: float });
  if (isFloat(beside.dtype) || ![numbers].flat(64).every((number) => (number | 0) === number)) {
    return beside.wrap(array);
  }
  array.dispose();
  return beside.wrap(arrayFrom(numbers, { device, dtype: "int32" }));
}

/** Beside more values than these, elements are looked for among the sorted ones, not compared with each. */
const comparedMost = 64;

/** Whether each element stands among the values. */
export function isin(x: Tensor, given: Tensor | readonly NestedArray[]): Tensor {
  const values = isTensor(given) ? given : numbersBeside("isin", x, given);
  checkOperands({ action: "isin", arity: 2, precision: "given" }, [x, values], 2);
  if (values.size > comparedMost) return isAmong(x.detach(), new Reshape([values.size]).call(values.detach()));
  const { shape } = x, all = [...shape, values.size];
  return integersOf([x, values], (x, values) => {
    const own = broadcastTo(reshape(x, [...shape, 1]), all);
    const others = broadcastTo(reshape(values, [values.size]), all);
    const counts = fold("countEqual", [own, others], [shape.length], shape, "int32");
    return map("notEqual", [counts, broadcastTo(filled(x.storage.stream, [], "int32", 0), shape)]);
  });
}

/** Whether each element stands in a line of values. NaN stands nowhere. */
function isAmong(x: Tensor, line: Tensor): Tensor {
  const sorted = (values: Tensor) => new Gather(-1).call(values, new SortedPlaces().call(values));
  let values = sorted(line);
  // The least value takes the places of NaN.
  if (isFloat(line.dtype)) values = sorted(where.call(line.equal(line), line, new Slice([span(0, 1)]).call(values)));
  return searchSorted("isin", values, x, { right: true }).greater(searchSorted("isin", values, x, {}));
}

/** Labels as rows of zeros with a one: float32. */
export function oneHot(x: Tensor, classes: number): Tensor {
  checkCount("oneHot", "classes", classes, 1);
  const rows = x.wrap(groupResult(() => {
    const line = counting(x.facts.storage.stream, classes), square = [classes, classes];
    const lying = broadcastTo(line, square), standing = broadcastTo(reshape(line, [classes, 1]), square);
    return copy(map("equal", [lying, standing]), "float32");
  }));
  return withPlaces("oneHot", x, classes, false, (places) => new Take().call(rows, places));
}
