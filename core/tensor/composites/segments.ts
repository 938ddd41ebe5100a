/** Elements that lie side by side, joined: a tensor divided along an axis, and rows of a table divided into bags. */
import { groupResult } from "../../array/group.ts";
import { counting } from "../../array/indices.ts";
import { filled } from "../../array/ndarray.ts";
import { checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, showShape } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { BroadcastTo, Reshape, Scatter, Slice, where } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { neutral, rowOf } from "./scatter.ts";
import { searchSorted } from "./search.ts";

/** How the elements of a segment are joined. */
export type SegmentReduction = "sum" | "prod" | "mean" | "max" | "min";

/** The options of a reduction of segments: either their lengths or their borders. */
export interface SegmentReduceOptions {
  /** How many elements each segment has: integers, together as many as the axis has. */
  lengths?: Tensor;
  /** Where each segment begins, and at last where the last one ends: integers, the first of which is 0. */
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
  const along = normalizeAxis(action, axis, x.shape.length);
  checkList(action, lengths === undefined ? "offsets" : "lengths", lengths ?? offsets);
  if (offsets?.size === 0) {
    throw new TypeError(`Cannot ${action}: offsets ${showShape(offsets.shape)} must have one number`);
  }
  const ends = lengths === undefined ? without(offsets!, "first") : lengths.cumsum(0);
  const segment = segmentsOf(action, ends, x.shape[along]!), shape = x.shape.with(along, ends.size);
  const full = (value: number) => {
    return new BroadcastTo(shape).call(x.wrap(filled(x.facts.storage.stream, [], x.dtype, value)));
  };
  const join = reduce === "max" ? "amax" : reduce === "min" ? "amin" : reduce;
  const joined = new Scatter(along, rowOf[join]).call(full(initial ?? neutral(join, x.dtype)), x, segment);
  if (reduce !== "mean") return joined;
  const ones = new BroadcastTo([segment.size]).call(x.wrap(filled(x.facts.storage.stream, [], "int32", 1)));
  const counts = new Scatter(0, "sum").call(ends.zerosLike().cast("int32"), ones, segment);
  const count = new Reshape(shape.map((length, each) => each === along ? length : 1)).call(counts);
  return where.call(count.greater(0), joined.div(count.maximum(1).cast(x.dtype)), initial ?? NaN);
}
