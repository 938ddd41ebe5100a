/** Elements that lie side by side, joined: a tensor divided along an axis, and rows of a table divided into bags. */
import { groupResult } from "../../array/group.ts";
import { counting } from "../../array/indices.ts";
import { filled } from "../../array/ndarray.ts";
import { asking, checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, showShape, sizeOf } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { BroadcastTo, Reshape, Scatter, Slice, where } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";
import { neutral, rowOf } from "./scatter.ts";
import { searchSorted } from "./search.ts";

/** How the elements of a segment are joined. */
export type SegmentReduction = "sum" | "prod" | "mean" | "max" | "min";

/** The options of a reduction of segments: either their lengths or their borders. */
export interface SegmentReduceOptions {
  /**
   * How many elements each segment has: integers, together as many as the axis has. The axis may be a later one: then the
   * lengths have the axes before it, too, and divide each slice in its own way.
   */
  lengths?: Tensor;
  /** Where each segment begins, and at last where the last one ends: integers, the first of which is 0. Axes as of `lengths`. */
  offsets?: Tensor;
  /** The axis that is divided: 0 by default. */
  axis?: number;
  /** What joins each segment's elements besides, and stands for a segment without any. */
  initial?: number;
}

/** For each of `count` places in line the segment in which it lies (int32): how many segments end there or before. */
export function segmentsOf(action: string, ends: Tensor, count: number): Tensor {
  const places = ends.wrap(groupResult(() => counting(ends.facts.storage.stream, count)));
  return searchSorted(action, ends, places, { right: true });
}

/** TypeError unless a list of integers. */
export function checkList(action: string, name: string, list: unknown): asserts list is Tensor {
  if (!isTensor(list) || list.shape.length !== 1 || isFloat(list.dtype) || list.dtype === "bool") {
    throw new TypeError(`Cannot ${action}: ${name} must be a tensor of integers with one axis`);
  }
}

/** All integers of a list but the first or the last. */
export function without(list: Tensor, which: "first" | "last"): Tensor {
  const length = list.size - 1, start = which === "first" ? 1 : 0;
  return new Slice([{ start, step: 1, length, dropped: false }]).call(list);
}

/** The elements of each segment along an axis, joined. */
export function segmentReduce(x: Tensor, reduce: SegmentReduction, options: SegmentReduceOptions): Tensor {
  const action = "segmentReduce", names = ["lengths", "offsets", "axis", "initial"] as const;
  const { lengths, offsets, axis = 0, initial } = checkOptions(action, options, "{ lengths }", names);
  if (!["sum", "prod", "mean", "max", "min"].includes(reduce)) {
    refuse(action, reduce, '"sum", "prod", "mean", "max" or "min"');
  }
  if ((lengths === undefined) === (offsets === undefined)) {
    throw new TypeError(`Cannot ${action}: either lengths or offsets must be given`);
  }
  if (initial !== undefined && !Number.isNaN(initial)) checkRange(action, "initial", initial, -Infinity);
  if (!isFloat(x.dtype)) throw new TypeError(`Cannot ${action}: elements of type ${x.dtype} must be floats`);
  const along = normalizeAxis(action, axis, x.shape.length), name = lengths === undefined ? "offsets" : "lengths";
  const given = lengths ?? offsets!;
  if (isTensor(given) && given.shape.length > 1) return eachDivided(action, x, name, given, along, reduce, initial);
  checkList(action, name, given);
  if (offsets?.size === 0) {
    throw new TypeError(`Cannot ${action}: offsets ${showShape(offsets.shape)} must have one number`);
  }
  const ends = lengths === undefined ? without(offsets!, "first") : lengths.cumsum(0);
  return joinedSegments(action, x, along, ends.size, segmentsOf(action, ends, x.shape[along]!), reduce, initial);
}

/** As {@linkcode segmentReduce}, of slices that are divided each in its own way: by lengths [...before, segments]. */
function eachDivided(
  action: string,
  x: Tensor,
  name: string,
  given: Tensor,
  along: number,
  reduce: SegmentReduction,
  initial: number | undefined,
): Tensor {
  const before = x.shape.slice(0, along), last = given.shape.at(-1)!, count = name === "offsets" ? last - 1 : last;
  if (isFloat(given.dtype) || given.dtype === "bool" || !sameShape(given.shape.slice(0, -1), before) || count < 0) {
    throw new TypeError(
      `Cannot ${action}: ${name} ${showShape(given.shape)} must be integers [${[...before, "segments"].join(", ")}]`,
    );
  }
  const rows = sizeOf(before), length = x.shape[along]!, list = new Reshape([rows, last]).call(given);
  const ends = name === "offsets" ? list.narrow(1, 1, count) : list.cumsum(1);
  const places = given.wrap(groupResult(() => counting(given.facts.storage.stream, length)));
  const own = searchSorted(action, ends, new BroadcastTo([rows, length]).call(places), { right: true });
  // What lies behind the last segment of its row lies in none, rather than in the first one of the next row.
  const first = numbersAlong(given, Array.from({ length: rows }, (_, row) => row * count), "int32", 1);
  const segment = new Reshape([rows * length]).call(where.call(own.less(count), own.add(first), rows * count));
  const behind = x.shape.slice(along + 1), line = new Reshape([rows * length, ...behind]).call(x);
  const joined = joinedSegments(action, line, 0, rows * count, segment, reduce, initial);
  return new Reshape([...before, count, ...behind]).call(joined);
}

/** The elements along an axis joined into the segments in which they lie. */
function joinedSegments(
  action: string,
  x: Tensor,
  along: number,
  segments: number,
  segment: Tensor,
  reduce: SegmentReduction,
  initial: number | undefined,
): Tensor {
  const shape = x.shape.with(along, segments), { stream } = x.facts.storage;
  const full = (value: number) => new BroadcastTo(shape).call(x.wrap(filled(stream, [], x.dtype, value)));
  const join = reduce === "max" ? "amax" : reduce === "min" ? "amin" : reduce;
  const joined = asking(action, () => {
    return new Scatter(along, rowOf[join]).call(full(initial ?? neutral(join, x.dtype)), x, segment);
  });
  if (reduce !== "mean") return joined;
  const ones = new BroadcastTo([segment.size]).call(x.wrap(filled(stream, [], "int32", 1)));
  const counts = new Scatter(0, "sum").call(x.wrap(filled(stream, [segments], "int32", 0)), ones, segment);
  const count = new Reshape(shape.map((length, each) => each === along ? length : 1)).call(counts);
  return where.call(count.greater(0), joined.div(count.maximum(1).cast(x.dtype)), initial ?? NaN);
}
