/** Elements gathered from places along one axis, and joined into such places. */
import { filled, fromTypedArray } from "../../array/ndarray.ts";
import { asking, checkFlag, checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { type DType, isFloat, rangeOf } from "../../pure/dtype.ts";
import {
  type AxisSlice,
  broadcastShapes,
  normalizeAxis,
  sameShape,
  type Shape,
  showShape,
  span,
} from "../../pure/shape.ts";
import { isTensor, type Operand } from "../operands.ts";
import { BroadcastTo, Gather, ReplaceSlice, Reshape, Scatter, Slice, Take, Untake, where } from "../ops/mod.ts";
import { withIntegers } from "../ops/integers.ts";
import type { Tensor } from "../tensor.ts";
import { asElements, indexBeside, type Indices, placesOfNonzero, withPlaces } from "./indexing.ts";

/** How elements that meet in one place are joined. */
export type ScatterReduction = "sum" | "prod" | "mean" | "amax" | "amin";

/** The options of what joins elements that meet. */
export interface ScatterReduceOptions {
  /** Whether the tensor's own elements are among those that are joined; true by default. */
  includeSelf?: boolean;
}

/** The options of {@linkcode put}. */
export interface PutOptions {
  /** Whether elements are added to those that stand in their places, instead of replacing them; false by default. */
  accumulate?: boolean;
}

/** The row of each reduction. A mean is a sum, divided. */
export const rowOf = { sum: "sum", mean: "sum", prod: "prod", amax: "max", amin: "min" } as const;

/** The element of each index along an axis, beside which it stands. */
export function gather(x: Tensor, axis: number, given: Indices): Tensor {
  const index = indexBeside("gather", x, given), { line, places, along } = placed("gather", x, axis, index);
  const part = partBeside(line, places.shape, along);
  return inShape(index.shape, indexed("gather", places, (places) => new Gather(along).call(part, places)));
}

/** As {@linkcode gather}, but the tensor and the index stretch to one shape, and negative indices count from the end. */
export function takeAlongAxis(x: Tensor, given: Indices, axis: number): Tensor {
  const action = "takeAlongAxis", index = indexBeside(action, x, given), rank = x.shape.length;
  const along = normalizeAxis(action, axis, rank);
  if (index.shape.length !== rank) refuseRank(action, index.shape, x.shape);
  const single = (shape: Shape) => shape.map((length, each) => each === along ? 1 : length);
  const shape = broadcastShapes(action, single(x.shape), single(index.shape));
  const stretched = (tensor: Tensor) => new BroadcastTo(shape.with(along, tensor.shape[along]!)).call(tensor);
  return withPlaces(action, index, x.shape[along]!, true, (places) => {
    return new Gather(along).call(stretched(x), stretched(places));
  });
}

/** The tensor with the source's elements added at the indices along an axis. */
export function scatterAdd(x: Tensor, axis: number, given: Indices, source: Tensor): Tensor {
  if (!isTensor(source)) refuse("scatterAdd", source, "a tensor");
  return joinAt("scatterAdd", x, axis, given, source, (x, along, places, values) => {
    return new Scatter(along, "sum").call(x, values, places);
  });
}

/** The tensor with elements replaced at the indices along an axis; the last stays where several meet. */
export function scatter(x: Tensor, axis: number, given: Indices, source: Operand): Tensor {
  const values = isTensor(source) ? source.cast(x.dtype) : source;
  return joinAt("scatter", x, axis, given, values, (x, along, places, values) => {
    return new Scatter(along, "set").call(x, values, places);
  });
}

/** The tensor's elements joined with the source's that meet them. */
export function scatterReduce(
  x: Tensor,
  axis: number,
  given: Indices,
  source: Tensor,
  reduce: ScatterReduction,
  options: ScatterReduceOptions,
): Tensor {
  const action = "scatterReduce", includeSelf = checkReduction(action, reduce, options);
  if (!isTensor(source)) refuse(action, source, "a tensor");
  return joinAt(action, x, axis, given, source, (x, along, places, values) => {
    return reduced(x, along, places, values, reduce, includeSelf);
  });
}

/** The tensor's slices joined with the source's that meet them. */
export function indexReduce(
  x: Tensor,
  axis: number,
  given: Indices,
  source: Tensor,
  reduce: ScatterReduction,
  options: ScatterReduceOptions,
): Tensor {
  const action = "indexReduce", includeSelf = checkReduction(action, reduce, options);
  if (!isTensor(source)) refuse(action, source, "a tensor");
  return alongLine(action, x, axis, given, (x, along, places) => {
    return reduced(x, along, places, slicesBeside(x, along, source, places), reduce, includeSelf);
  });
}

/** Whether the tensor's own elements take part. */
function checkReduction(action: string, reduce: ScatterReduction, options: ScatterReduceOptions): boolean {
  const { includeSelf = true } = checkOptions(action, options, "{ includeSelf: false }", ["includeSelf"]);
  checkFlag(action, "includeSelf", includeSelf);
  if (!["sum", "prod", "mean", "amax", "amin"].includes(reduce)) {
    refuse(action, reduce, '"sum", "prod", "mean", "amax" or "amin"');
  }
  return includeSelf;
}

/** Elements joined into places that the index names; the others stay as they are. */
function reduced(
  x: Tensor,
  axis: number,
  places: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  includeSelf: boolean,
): Tensor {
  const constant = (value: number, dtype: DType, shape: Shape) => {
    return new BroadcastTo(shape).call(x.wrap(filled(x.facts.storage.stream, [], dtype, value)));
  };
  const none = () => constant(neutral(reduce, x.dtype), x.dtype, source.shape);
  const base = includeSelf ? x : new Scatter(axis, "set").call(x, none(), places);
  const joined = new Scatter(axis, rowOf[reduce]).call(base, source, places);
  if (reduce !== "mean") return joined;
  const ones = constant(1, "int32", source.shape), before = constant(includeSelf ? 1 : 0, "int32", x.shape);
  const count = new Scatter(axis, "sum").call(before, ones, places).clip(1, null);
  return isFloat(joined.dtype) ? joined.div(count.cast(joined.dtype)) : joined.floorDiv(count);
}

/** What changes nothing that it is joined with. */
export function neutral(reduce: ScatterReduction, dtype: DType): number {
  if (reduce === "sum" || reduce === "mean") return 0;
  if (reduce === "prod") return 1;
  const [least, largest] = rangeOf(dtype);
  return reduce === "amax" ? least : largest;
}

/** The elements at indices into all elements. */
export function takeOfAll(x: Tensor, given: Indices): Tensor {
  const index = indexBeside("take", x, given);
  return withPlaces("take", index, x.size, true, (places) => takeFlat(x, places));
}

/** The tensor with the source's elements, in order, put or added at indices into all elements. */
export function put(x: Tensor, given: Indices, source: Tensor, options: PutOptions): Tensor {
  const { accumulate = false } = checkOptions("put", options, "{ accumulate: true }", ["accumulate"]);
  checkFlag("put", "accumulate", accumulate);
  if (!isTensor(source)) refuse("put", source, "a tensor");
  const index = indexBeside("put", x, given);
  if (index.size !== source.size) {
    throw new TypeError(`Cannot put: ${source.size} elements at ${index.size} indices, they must be as many`);
  }
  return withPlaces("put", index, x.size, true, (places) => {
    const [whole, line, values] = [x, places, source.cast(x.dtype)].map((each) => new Reshape([each.size]).call(each));
    const result = new Scatter(0, accumulate ? "sum" : "set").call(whole!, values!, line!);
    return new Reshape(x.shape).call(result);
  });
}

/** The slices at the indices along an axis. */
export function indexSelect(x: Tensor, axis: number, given: Indices): Tensor {
  return alongLine("indexSelect", x, axis, given, (x, along, places) => new Take(along).call(x, places));
}

/** The tensor with the source's slices, times `alpha`, added at the indices along an axis. */
export function indexAdd(x: Tensor, axis: number, given: Indices, source: Tensor, options: { alpha?: number }): Tensor {
  const { alpha = 1 } = checkOptions("indexAdd", options, "{ alpha: 2 }", ["alpha"]);
  checkRange("indexAdd", "alpha", alpha, -Infinity);
  if (!isTensor(source)) refuse("indexAdd", source, "a tensor");
  return alongLine("indexAdd", x, axis, given, (x, along, places) => {
    const values = slicesBeside(x, along, alpha === 1 ? source : source.mul(alpha), places);
    return new Scatter(along, "sum").call(x, values, places);
  });
}

/** Slices for the indices along an axis, which stretch beside it. */
function slicesBeside(x: Tensor, along: number, source: Tensor, places: Tensor): Tensor {
  return new BroadcastTo(x.shape.with(along, places.size)).call(source);
}

/** The tensor with the slices at the indices along an axis filled with a number. */
export function indexFill(x: Tensor, axis: number, given: Indices, value: Operand): Tensor {
  const filling = asElements("indexFill", x, value);
  return alongLine("indexFill", x, axis, given, (x, along, places) => {
    const shape = x.shape.map((length, each) => each === along ? length : 1), counts = [x.shape[along]!];
    const ones = x.wrap(filled(x.facts.storage.stream, places.shape, "int32", 1));
    return where.call(new Reshape(shape).call(new Untake(0, counts).call(ones, places).greater(0)), filling, x);
  });
}

/** The tensor with the elements where the mask holds replaced. */
export function maskedFill(x: Tensor, mask: Tensor, value: Operand): Tensor {
  checkMask("maskedFill", mask);
  return where.call(mask, asElements("maskedFill", x, value), x);
}

/** The elements where the mask holds, along one axis. */
export function maskedSelect(x: Tensor, mask: Tensor): Tensor {
  checkMask("maskedSelect", mask);
  const stretch = new BroadcastTo(broadcastShapes("maskedSelect", x.shape, mask.shape));
  const holds = stretch.call(mask), places = placesOfNonzero(new Reshape([holds.size]).call(holds))[0]!;
  const index = x.wrap(fromTypedArray(x.facts.storage.stream, places, [places.length], "int32"));
  return takeFlat(stretch.call(x), index);
}

/** The tensor with the elements where the mask holds replaced by those of the source, in order. */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  checkMask("maskedScatter", mask);
  if (!isTensor(source)) refuse("maskedScatter", source, "a tensor");
  const whole = new BroadcastTo(broadcastShapes("maskedScatter", x.shape, mask.shape)).call(x);
  const holds = new BroadcastTo(whole.shape).call(mask),
    flags = holds.toTypedArray(),
    order = new Int32Array(flags.length);
  let count = 0;
  for (let k = 0; k < flags.length; k++) if (flags[k] !== 0) order[k] = count++;
  if (count > source.size) {
    throw new RangeError(
      `Cannot maskedScatter: the mask holds in ${count} places, the source has ${source.size} elements`,
    );
  }
  if (count === 0) return whole;
  const index = x.wrap(fromTypedArray(x.facts.storage.stream, order, whole.shape, "int32"));
  return where.call(holds, takeFlat(asElements("maskedScatter", x, source), index), whole);
}

/** The elements at places among all in row-major order. */
function takeFlat(x: Tensor, places: Tensor): Tensor {
  return new Take().call(new Reshape([x.size]).call(x), places);
}

/** The source's elements beside the indices, which may be fewer along each axis. */
function beside(action: string, source: Tensor, { shape }: Tensor): Tensor {
  if (sameShape(source.shape, shape)) return source;
  if (source.shape.length !== shape.length || source.shape.some((length, axis) => length < shape[axis]!)) {
    throw new TypeError(
      `Cannot ${action}: a source of shape ${showShape(source.shape)} for indices of shape ${showShape(shape)}`,
    );
  }
  return new Slice(shape.map((length) => span(0, length))).call(source);
}

/** What indices of a shape reach of a tensor, as slices: they may be fewer than its elements beside the axis. */
function reachOf(x: Tensor, shape: Shape, along: number): AxisSlice[] {
  return x.shape.map((length, axis) => span(0, axis === along ? length : shape[axis]!));
}

/** The part of a tensor that indices of a shape reach. */
function partBeside(x: Tensor, shape: Shape, along: number): Tensor {
  return x.shape.every((length, axis) => axis === along || length === shape[axis])
    ? x
    : new Slice(reachOf(x, shape, along)).call(x);
}

/** What `join` makes of the elements beside which indices stand; the others stay as they are. */
function joinAt(
  action: string,
  x: Tensor,
  axis: number,
  given: Indices,
  source: Operand,
  join: (x: Tensor, along: number, places: Tensor, values: Tensor) => Tensor,
): Tensor {
  const { line, places: index, along } = placed(action, x, axis, indexBeside(action, x, given));
  const part = partBeside(line, index.shape, along);
  const values = isTensor(source)
    ? beside(action, asLine(source), index)
    : new BroadcastTo(index.shape).call(asElements(action, x, source));
  return inShape(
    x.shape,
    indexed(action, index, (places) => {
      const joined = join(part, along, places, values);
      return part === line ? joined : new ReplaceSlice(reachOf(line, index.shape, along)).call(line, joined);
    }),
  );
}

/** A tensor without axes as a list of its one element: as in PyTorch, it has an axis 0 along which indices may count. */
function asLine(x: Tensor): Tensor {
  return x.shape.length > 0 ? x : new Reshape([1]).call(x);
}

/** The one element of a list as a tensor without axes, where `shape` has none. */
function inShape(shape: Shape, x: Tensor): Tensor {
  return shape.length > 0 ? x : new Reshape([]).call(x);
}

/** What `use` makes of an index whose entries the device checks, once they are integers. */
function indexed(action: string, index: Tensor, use: (places: Tensor) => Tensor): Tensor {
  return asking(
    action,
    () => isFloat(index.dtype) ? withIntegers(index, `${action}: index`, use, -(2 ** 31)) : use(index),
  );
}

/** A tensor and indices with as many axes, at least one, that reach no further beside the axis along which they count. */
function placed(
  action: string,
  given: Tensor,
  axis: number,
  index: Tensor,
): { line: Tensor; places: Tensor; along: number } {
  const x = asLine(given),
    places = asLine(index),
    along = normalizeAxis(action, axis, x.shape.length),
    { shape } = places;
  if (shape.length !== x.shape.length) refuseRank(action, index.shape, given.shape);
  if (shape.some((length, each) => each !== along && length > x.shape[each]!)) {
    throw new TypeError(
      `Cannot ${action}: indices of shape ${showShape(shape)} reach beyond ${showShape(x.shape)} beside axis ${along}`,
    );
  }
  return { line: x, places, along };
}

function refuseRank(action: string, index: Shape, shape: Shape): never {
  throw new TypeError(
    `Cannot ${action}: indices of shape ${showShape(index)}, they must have as many axes as ${showShape(shape)}`,
  );
}

/** What `use` makes of indices along an axis that have one axis themselves; a single one counts as a list. */
function alongLine(
  action: string,
  given: Tensor,
  axis: number,
  indices: Indices,
  use: (x: Tensor, along: number, places: Tensor) => Tensor,
): Tensor {
  const x = asLine(given), index = indexBeside(action, x, indices), along = normalizeAxis(action, axis, x.shape.length);
  if (index.shape.length > 1) {
    throw new TypeError(`Cannot ${action}: indices of shape ${showShape(index.shape)} must have one axis`);
  }
  if (given !== x && index.size !== 1 && action === "indexSelect") {
    throw new TypeError(`Cannot ${action}: ${index.size} indices into a tensor without axes, there must be one`);
  }
  return inShape(
    given.shape,
    indexed(action, new Reshape([index.size]).call(index), (places) => use(x, along, places)),
  );
}

function checkMask(action: string, mask: Tensor): void {
  if (!isTensor(mask)) refuse(action, mask, "a tensor of bools");
  if (mask.dtype !== "bool") throw new TypeError(`Cannot ${action}: a mask of type ${mask.dtype} must be bool`);
}
