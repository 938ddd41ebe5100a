/** Rows of a table by their numbers, as they are and joined. */
import { checkOptions, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, showShape } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { comparisons, Reshape, Take, Untake, where } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";

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
    { offsets, mode = "mean", perSampleWeights } = checkOptions(
      action,
      options,
      '{ mode: "sum" }',
      ["offsets", "mode", "perSampleWeights"],
    );
  checkTable(action, indices, weight);
  if (!["sum", "mean", "max"].includes(mode)) throw new RangeError(`Cannot ${action}: mode must be sum, mean or max`);
  const { shape } = indices, isList = shape.length === 1;
  if (!isList && shape.length !== 2) {
    throw new TypeError(`Cannot ${action}: indices ${showShape(shape)} must be [bags, count], or a list with offsets`);
  }
  if (isList !== (offsets !== undefined)) {
    throw new TypeError(`Cannot ${action}: offsets must be given for a list of indices, and only for one`);
  }
  if (isList && (!isTensor(offsets) || offsets.shape.length !== 1 || isFloat(offsets.dtype))) {
    throw new TypeError(`Cannot ${action}: offsets must be a list of integers`);
  }
  const rows = weighted(action, new Take(0).call(weight, indices), perSampleWeights, indices, mode);
  if (isList) return bagsOfList(action, rows, offsets!, mode);
  if (shape[1] === 0) return rows.sum(1);
  return mode === "sum" ? rows.sum(1) : mode === "mean" ? rows.mean(1) : firstOfMax(rows);
}

/** The rows times their factors. */
function weighted(action: string, rows: Tensor, factors: Tensor | undefined, { shape }: Tensor, mode: string): Tensor {
  if (factors === undefined) return rows;
  if (mode !== "sum") throw new RangeError(`Cannot ${action}: perSampleWeights are for sums`);
  if (!isTensor(factors) || !sameShape(factors.shape, shape)) {
    throw new TypeError(`Cannot ${action}: perSampleWeights must be a tensor of shape ${showShape(shape)}`);
  }
  return rows.mul(new Reshape([...shape, 1]).call(factors));
}

/** The largest of each column of rows [bags, count, width]; the gradient goes to the first of the largest. */
function firstOfMax(rows: Tensor): Tensor {
  const [bags, count, width] = rows.shape as [number, number, number];
  return new Reshape([bags, width]).call(rows.transpose([0, 2, 1]).maxPool1d(count));
}

/** Rows [n, width] joined into bags, of which each begins at its offset. A bag without rows is zeros. */
function bagsOfList(action: string, rows: Tensor, offsets: Tensor, mode: string): Tensor {
  if (mode === "max") throw new RangeError(`Cannot ${action}: mode max is for indices [bags, count]`);
  const [n, width] = rows.shape as [number, number], bags = offsets.shape[0]!;
  const places = numbersAlong(rows, Array.from({ length: n }, (_, k) => k), "int32", 1);
  // A row is in the last bag that begins at its place or before.
  const bag = comparisons.lessEqual.call(offsets, places).sum(1).sub(1);
  const sums = new Untake(0, [bags, width]).call(rows, bag);
  if (mode === "sum") return sums;
  const numbers = numbersAlong(rows, Array.from({ length: bags }, (_, k) => k), "int32", 1);
  return sums.div(comparisons.equal.call(numbers, bag).sum({ axes: 1, keepDims: true }).maximum(1).cast(rows.dtype));
}
