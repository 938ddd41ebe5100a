/** Elements in order, and what their order tells. Indices are int32; gradients flow to the elements that were chosen. */
import { arrayFrom } from "../../array/elements.ts";
import { checkCount, checkFlag, checkOptions, checkShare, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, slicesAlong, span } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { inFloat32 } from "../precision.ts";
import { Gather, Median, MiddlePlace, Reshape, Slice, SortedPlaces, Transpose } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { searchSorted } from "./search.ts";

/** Elements, and where they stood. */
export interface Ordered {
  /** The elements. */
  values: Tensor;
  /** The place of each along the axis: int32. */
  indices: Tensor;
}

/** The options of a sort. */
export interface SortOptions {
  /** Whether the greatest elements come first; false by default. */
  descending?: boolean;
}

/** The options of `topk`. */
export interface TopKOptions {
  /** Whether the greatest elements are wanted; true by default. */
  largest?: boolean;
  /** Whether they may not come in any order; true by default. They are sorted either way. */
  sorted?: boolean;
}

/** Whether the axis that is joined stays with length one. */
export interface KeepOptions {
  /** False by default. */
  keepDims?: boolean;
}

/** How a quantile between two elements is found. */
export type Interpolation = "linear" | "lower" | "higher" | "midpoint" | "nearest";

/** The options of a quantile. */
export interface QuantileOptions extends KeepOptions {
  /** The axis of the elements; all of them by default. */
  axis?: number;
  /** What stands for a place between two elements; the number between them by default. */
  interpolation?: Interpolation;
}

/** The elements along an axis in order. */
export function sort(x: Tensor, axis: number, options: SortOptions): Ordered {
  return ordered(x, axis, (line, along) => new SortedPlaces(along, isDescending("sort", options)).call(line), "sort");
}

/** The places of the elements along an axis in order. */
export function argsort(x: Tensor, axis: number, options: SortOptions): Tensor {
  const [line, along] = lineOf("argsort", x, axis);
  const places = new SortedPlaces(along, isDescending("argsort", options)).call(line);
  return line === x ? places : new Reshape([]).call(places);
}

function isDescending(action: string, options: SortOptions): boolean {
  const { descending = false } = checkOptions(action, options, "{ descending: true }", ["descending"]);
  return checkFlag(action, "descending", descending);
}

/** The first `k` elements in order along an axis. */
export function topk(x: Tensor, k: number, axis: number, options: TopKOptions): Ordered {
  const names = ["largest", "sorted"] as const;
  const { largest = true, sorted = true } = checkOptions("topk", options, "{ largest: false }", names);
  checkFlag("topk", "largest", largest);
  checkFlag("topk", "sorted", sorted);
  const [line, along] = lineOf("topk", x, axis);
  checkCount("topk", "k", k, 0, line.shape[along]!);
  // A single element stays without axes; none of it has no shape.
  if (line !== x) checkCount("topk", "k", k, 1, 1);
  return ordered(x, axis, (line, along) => new SortedPlaces(along, largest, k).call(line), "topk");
}

/** The k-th smallest element along an axis. */
export function kthvalue(x: Tensor, k: number, axis: number, options: KeepOptions): Ordered {
  const [line, along] = lineOf("kthvalue", x, axis);
  checkCount("kthvalue", "k", k, 1, line.shape[along]!);
  return chosen("kthvalue", x, axis, options, (line, along) => {
    const places = new SortedPlaces(along, false, k).call(line);
    return new Slice(slicesAlong(places.shape, along, span(k - 1, 1))).call(places);
  });
}

/** The middle of all elements. */
export function median(x: Tensor, skipsNaN: boolean): Tensor {
  return new Median(skipsNaN).call(x);
}

/** The middle element along an axis. */
export function medianAlong(x: Tensor, axis: number, options: KeepOptions, skipsNaN: boolean): Ordered {
  const action = skipsNaN ? "nanmedian" : "median";
  return chosen(action, x, axis, options, (line, along) => new MiddlePlace(along, skipsNaN).call(line));
}

/** The most frequent element along an axis: the least of several, and the last of equal ones. NaN counts as Infinity. */
export function mode(x: Tensor, axis: number, options: KeepOptions): Ordered {
  return chosen("mode", x, axis, options, (line, along) => {
    const rank = line.shape.length, toLast = axesWith(rank, along);
    if (line.shape[along] === 0) throw new RangeError(`Cannot mode: axis ${axis} has no elements`);
    const rows = new Transpose(toLast).call(line.detach()), places = new SortedPlaces().call(rows);
    const sorted = new Gather(-1).call(isFloat(rows.dtype) ? rows.equal(rows).where(rows, Infinity) : rows, places);
    const end = searchSorted("mode", sorted, sorted, { right: true });
    const counts = end.sub(searchSorted("mode", sorted, sorted, {}));
    const best = counts.argmax({ axes: -1, keepDims: true });
    const place = new Gather(-1).call(places, new Gather(-1).call(end, best).sub(1));
    return new Transpose(axesFrom(rank, along)).call(place);
  });
}

/** The elements below which a share of the others lies. */
export function quantile(
  action: "quantile" | "nanquantile",
  x: Tensor,
  q: number | readonly number[] | Tensor,
  options: QuantileOptions,
): Tensor {
  const names = ["axis", "keepDims", "interpolation"] as const;
  const { axis, keepDims = false, interpolation = "linear" } = checkOptions(action, options, "{ axis: 0 }", names);
  checkFlag(action, "keepDims", keepDims);
  if (!["linear", "lower", "higher", "midpoint", "nearest"].includes(interpolation)) {
    refuse(action, interpolation, '"linear", "lower", "higher", "midpoint" or "nearest"');
  }
  const shares = sharesOf(action, x, q), isSingle = shares.shape.length === 0;
  const whole = x.shape.map(() => 1);
  const [line, along] = axis === undefined ? [new Reshape([x.size]).call(x), 0] as const : lineOf(action, x, axis);
  if (line.shape[along] === 0) throw new RangeError(`Cannot ${action}: there are no elements along axis ${along}`);
  return inFloat32([isFloat(line.dtype) ? line : line.cast("float32")], (wide) => {
    const rows = new Transpose(axesWith(line.shape.length, along)).call(wide!), list = new Reshape([-1]).call(shares);
    const found = between(rows, list.cast(rows.dtype), action === "nanquantile", interpolation);
    // The shares lie along the last axis: they become the first, or none.
    const rank = found.shape.length, first = new Transpose([rank - 1, ...Array(rank - 1).keys()]).call(found);
    const kept = axis === undefined || line !== x ? whole : x.shape.map((each, k) => k === along ? 1 : each);
    const shape = keepDims ? kept : first.shape.slice(1);
    return new Reshape(isSingle ? shape : [list.size, ...shape]).call(first);
  });
}

/** Quantiles [..., shares] of rows [..., n]. */
function between(rows: Tensor, shares: Tensor, skipsNaN: boolean, interpolation: Interpolation): Tensor {
  const n = rows.shape.at(-1)!, { dtype } = rows;
  const sorted = new Gather(-1).call(rows, new SortedPlaces().call(rows.detach()));
  // Once sorted, NaN comes last.
  const none = rows.detach().notEqual(rows.detach()).sum({ axes: -1, keepDims: true });
  const exact = skipsNaN
    ? shares.mul(none.neg().add(n - 1).clip(0, null).cast(dtype))
    : none.greater(0).where(n - 1, shares.mul(n - 1));
  const ranks = interpolation === "lower"
    ? exact.floor()
    : interpolation === "higher"
    ? exact.ceil()
    : interpolation === "nearest"
    ? exact.round()
    : exact;
  const below = ranks.detach().floor(), taken = (places: Tensor) => new Gather(-1).call(sorted, places.cast("int32"));
  if (interpolation !== "linear" && interpolation !== "midpoint") return taken(below);
  const weights = interpolation === "midpoint" ? 0.5 : ranks.sub(below);
  return taken(below).lerp(taken(ranks.detach().ceil()), weights);
}

/** Shares as a float tensor, on the device of `x`. */
function sharesOf(action: string, x: Tensor, q: number | readonly number[] | Tensor): Tensor {
  if (isTensor(q)) {
    if (q.shape.length > 1) throw new TypeError(`Cannot ${action}: q has ${q.shape.length} axes, it may have one`);
    return isFloat(q.dtype) ? q : q.cast("float32");
  }
  const list = typeof q === "number" ? [q] : q;
  if (!Array.isArray(list)) refuse(action, q, "a number, a list of numbers or a tensor");
  for (const each of list) checkShare(action, "q", each);
  return x.wrap(arrayFrom(q as number, { device: x.device, dtype: "float64" }));
}

/** The tensor with an axis, and the axis counted from 0: a single element counts as a line of one. */
function lineOf(action: string, x: Tensor, axis: number): readonly [line: Tensor, axis: number] {
  const along = normalizeAxis(action, axis, Math.max(1, x.shape.length));
  return [x.shape.length === 0 ? new Reshape([1]).call(x) : x, along];
}

/** The elements at the places that `find` gives, in the shape of the places. */
function ordered(
  x: Tensor,
  axis: number,
  find: (line: Tensor, axis: number) => Tensor,
  action: string,
): Ordered {
  const [line, along] = lineOf(action, x, axis), indices = find(line, along);
  const values = new Gather(along).call(line, indices);
  if (line === x) return { values, indices };
  return { values: new Reshape([]).call(values), indices: new Reshape([]).call(indices) };
}

/** As {@linkcode ordered}, of one place for each row, without the axis unless it is to be kept. */
function chosen(
  action: string,
  x: Tensor,
  axis: number,
  options: KeepOptions,
  find: (line: Tensor, axis: number) => Tensor,
): Ordered {
  const { keepDims = false } = checkOptions(action, options, "{ keepDims: true }", ["keepDims"]);
  checkFlag(action, "keepDims", keepDims);
  const { values, indices } = ordered(x, axis, find, action);
  if (keepDims || x.shape.length === 0) return { values, indices };
  const along = normalizeAxis(action, axis, x.shape.length);
  const shape = new Reshape(x.shape.filter((_, k) => k !== along));
  return { values: shape.call(values), indices: shape.call(indices) };
}

/** The order of axes that brings one to the end, and the order that brings it back. */
function axesWith(rank: number, last: number): number[] {
  return [...Array.from({ length: rank }, (_, k) => k).filter((k) => k !== last), last];
}
function axesFrom(rank: number, last: number): number[] {
  return Array.from({ length: rank }, (_, k) => k === last ? rank - 1 : k < last ? k : k - 1);
}
