/** Rows of a table by their numbers, as they are and joined. */
import { filled } from "../../array/ndarray.ts";
import { checkFlag, checkOptions, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, showShape } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { BroadcastTo, comparisons, Gather, Reshape, Scatter, Take, Ungather, where } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";
import { checkList, segmentsOf, without } from "./segments.ts";

/** The options of an embedding. */
export interface EmbeddingOptions {
  /** The row that stands for padding, which no gradient changes; none by default. A negative one counts from the end. */
  paddingIndex?: number | null;
}

/** The options of an embedding of bags. */
export interface EmbeddingBagOptions {
  /** Where each bag begins in a single list of indices, in ascending order and the first at 0. */
  offsets?: Tensor;
  /** What the rows of a bag are joined to: their mean by default. */
  mode?: "sum" | "mean" | "max";
  /** A factor for each index, for sums only. */
  perSampleWeights?: Tensor;
  /** Whether the offsets have one more number, which is where the last bag ends; false by default. */
  includeLastOffset?: boolean;
  /** The row that counts as none in its bag, and that no gradient changes; none by default. */
  paddingIndex?: number | null;
}

/** TypeError unless the indices are integers and the weight is [rows, width]. */
function checkTable(action: string, indices: Tensor, weight: Tensor): void {
  if (isFloat(indices.dtype) || indices.dtype === "bool") {
    throw new TypeError(`Cannot ${action}: indices of type ${indices.dtype} must be integers`);
  }
  if (!isTensor(weight)) refuse(action, weight, "a tensor of weights");
  if (weight.shape.length !== 2) {
    throw new TypeError(`Cannot ${action}: weight ${showShape(weight.shape)} must be [rows, width]`);
  }
}

/** The rows of `weight` that the indices name. */
export function embedding(indices: Tensor, weight: Tensor, options: EmbeddingOptions): Tensor {
  const action = "embedding",
    { paddingIndex = null } = checkOptions(action, options, "{ paddingIndex: 0 }", [
      "paddingIndex",
    ]);
  checkTable(action, indices, weight);
  const rows = new Take(0).call(weight, indices);
  if (paddingIndex === null) return rows;
  const row = normalizeAxis(action, paddingIndex, weight.shape[0]!);
  const isPadding = new Reshape([...indices.shape, 1]).call(comparisons.equal.call(indices, row));
  return where.call(isPadding, rows.detach(), rows);
}

/** The rows of `weight` that the indices of each bag name, joined. */
export function embeddingBag(indices: Tensor, weight: Tensor, options: EmbeddingBagOptions): Tensor {
  const action = "embeddingBag",
    names = [
      ...["offsets", "mode", "perSampleWeights", "includeLastOffset", "paddingIndex"] as const,
    ];
  const { offsets, mode = "mean", perSampleWeights, includeLastOffset = false, paddingIndex = null } = checkOptions(
    action,
    options,
    '{ mode: "sum" }',
    names,
  );
  checkTable(action, indices, weight);
  checkFlag(action, "includeLastOffset", includeLastOffset);
  if (!["sum", "mean", "max"].includes(mode)) throw new RangeError(`Cannot ${action}: mode must be sum, mean or max`);
  const { shape } = indices, isList = shape.length === 1;
  if (!isList && shape.length !== 2) {
    throw new TypeError(`Cannot ${action}: indices ${showShape(shape)} must be [bags, count], or a list with offsets`);
  }
  if (isList !== (offsets !== undefined)) {
    throw new TypeError(`Cannot ${action}: offsets must be given for a list of indices, and only for one`);
  }
  if (offsets !== undefined) checkList(action, "offsets", offsets);
  if (includeLastOffset && !(offsets !== undefined && offsets.size > 0)) {
    throw new TypeError(`Cannot ${action}: includeLastOffset is for offsets with one number or more`);
  }
  const list = new Reshape([indices.size]).call(indices), rows = new Take(0).call(weight, list);
  const starts = offsets === undefined ? null : includeLastOffset ? without(offsets, "last") : offsets;
  const bags = starts === null ? shape[0]! : starts.size, width = weight.shape[1]!;
  if (paddingIndex === null && starts === null && shape[1]! > 0 && mode !== "max") {
    const each = weighted(action, rows, perSampleWeights, indices, mode);
    const all = new Reshape([bags, shape[1]!, width]).call(each);
    return mode === "sum" ? all.sum(1) : all.mean(1);
  }
  const bag = starts === null
    ? numbersAlong(list, Array.from({ length: list.size }, (_, k) => Math.floor(k / shape[1]!)), "int32", 0)
    : segmentsOf(action, starts, list.size).sub(1);
  const row = paddingIndex === null ? null : normalizeAxis(action, paddingIndex, weight.shape[0]!);
  const counts = row === null ? null : list.notEqual(row), column = (each: Tensor) => new Reshape([-1, 1]).call(each);
  if (mode === "max") return largestOf(rows, bag, bags, counts);
  const factors = weighted(action, rows, perSampleWeights, indices, mode);
  const sums = new Ungather(0, [bags, width]).call(
    counts === null ? factors : where.call(column(counts), factors, 0),
    bag,
  );
  if (mode === "sum") return sums;
  const ones = counts === null ? bag.onesLike() : counts.cast("int32");
  return sums.div(column(new Ungather(0, [bags]).call(ones, bag).maximum(1)).cast(rows.dtype));
}

/** The rows times their factors. */
function weighted(action: string, rows: Tensor, factors: Tensor | undefined, { shape }: Tensor, mode: string): Tensor {
  if (factors === undefined) return rows;
  if (mode !== "sum") throw new RangeError(`Cannot ${action}: perSampleWeights are for sums`);
  if (!isTensor(factors) || !sameShape(factors.shape, shape)) {
    throw new TypeError(`Cannot ${action}: perSampleWeights must be a tensor of shape ${showShape(shape)}`);
  }
  return rows.mul(new Reshape([rows.shape[0]!, 1]).call(factors));
}

/**
 * The largest of each column of rows [n, width] in each bag, of those that count; the gradient goes to the first of them. A
 * bag without rows is zeros.
 */
function largestOf(rows: Tensor, bag: Tensor, bags: number, counts: Tensor | null): Tensor {
  const [n, width] = rows.shape as [number, number], { stream } = rows.facts.storage, shape = [bags, width];
  const constant = (value: number, dtype: Tensor["dtype"], shape: readonly number[]) => {
    return new BroadcastTo(shape).call(rows.wrap(filled(stream, [], dtype, value)));
  };
  const elements = rows.detach(), column = (each: Tensor) => new Reshape([-1, 1]).call(each);
  const seen = counts === null ? elements : where.call(column(counts), elements, -Infinity);
  const top = new Scatter(0, "max").call(constant(-Infinity, rows.dtype, shape), seen, bag);
  const isTop = seen.equal(new Gather(0).call(top, bag)), isFirst = counts === null ? isTop : isTop.and(column(counts));
  const numbers = column(numbersAlong(rows, Array.from({ length: n }, (_, k) => k), "int32", 0));
  const first = new Scatter(0, "min").call(constant(n, "int32", shape), where.call(isFirst, numbers, n), bag);
  const isEmpty = first.equal(n);
  if (n === 0) return constant(0, rows.dtype, shape);
  return where.call(isEmpty, 0, new Gather(0).call(rows, where.call(isEmpty, 0, first)));
}
