/**
 * Elements gathered from places along one axis, and scattered to such places. Each becomes one index into all elements, so
 * that `Take` and `Untake` move them, and are one another's gradient.
 */
import { checkPlaces, placesAlong } from "../../array/indices.ts";
import { filled, fromTypedArray } from "../../array/ndarray.ts";
import { checkFlag, checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { broadcastShapes, normalizeAxis, sameShape, type Shape, showShape, stridesOf } from "../../pure/shape.ts";
import { isTensor, type Operand } from "../operands.ts";
import { add, BroadcastTo, Reshape, Slice, Take, Untake, where } from "../ops/mod.ts";
import { integersOf } from "../ops/integers.ts";
import type { Tensor } from "../tensor.ts";
import { asElements, indexBeside, type Indices, placesOfNonzero, putAt, withPlaces } from "./indexing.ts";

/** How `scatterReduce` joins the elements that meet in one place. */
export type ScatterReduction = "sum" | "mean";

/** The element of each index along an axis, beside which it stands. */
export function gather(x: Tensor, axis: number, given: Indices): Tensor {
  return withPlacesAlong("gather", x, axis, given, (places) => takeFlat(x, places));
}

/** As {@linkcode gather}, but the tensor and the index stretch to one shape, and negative indices count from the end. */
export function takeAlongAxis(x: Tensor, given: Indices, axis: number): Tensor {
  const index = indexBeside("takeAlongAxis", x, given), rank = x.shape.length;
  const along = normalizeAxis("takeAlongAxis", axis, rank);
  if (index.shape.length !== rank) refuseRank("takeAlongAxis", index.shape, x.shape);
  checkPlaces("takeAlongAxis", x.shape);
  const single = (shape: Shape) => shape.map((length, each) => each === along ? 1 : length);
  const shape = broadcastShapes("takeAlongAxis", single(x.shape), single(index.shape)).slice();
  shape[along] = index.shape[along]!;
  const own = stridesOf(x.shape).map((step, each) => each !== along && x.shape[each] === 1 ? 0 : step);
  return withPlaces("takeAlongAxis", index, x.shape[along]!, true, (places) => {
    const wide = new BroadcastTo(shape).call(places);
    return takeFlat(x, integersOf([wide], (array) => placesAlong(array, along, own)));
  });
}

/** The tensor with the source's elements added at the indices along an axis. */
export function scatterAdd(x: Tensor, axis: number, given: Indices, source: Tensor): Tensor {
  return withPlacesAlong("scatterAdd", x, axis, given, (places) => add.call(x, sumAt("scatterAdd", x, places, source)));
}

/** The tensor with elements replaced at the indices along an axis; the last stays where several meet. */
export function scatter(x: Tensor, axis: number, given: Indices, source: Operand): Tensor {
  return withPlacesAlong("scatter", x, axis, given, (places) => {
    const values = asElements("scatter", x, source);
    return putAt(
      x,
      places,
      isTensor(source) ? beside("scatter", values, places) : new BroadcastTo(places.shape).call(values),
    );
  });
}

/** The tensor's elements joined with the source's that meet them. */
export function scatterReduce(
  x: Tensor,
  axis: number,
  given: Indices,
  source: Tensor,
  reduce: ScatterReduction,
  options: { includeSelf?: boolean },
): Tensor {
  const action = "scatterReduce";
  const { includeSelf = true } = checkOptions(action, options, "{ includeSelf: false }", ["includeSelf"]);
  checkFlag(action, "includeSelf", includeSelf);
  if (reduce !== "sum" && reduce !== "mean") refuse(action, reduce, '"sum" or "mean"');
  return withPlacesAlong(action, x, axis, given, (places) => {
    const sum = sumAt(action, x, places, source), count = countAt(x, places);
    const whole = includeSelf ? add.call(x, sum) : where.call(count.greater(0), sum, x);
    if (reduce === "sum") return whole;
    const number = includeSelf ? count.add(1) : count.clip(1, null);
    return isFloat(whole.dtype) ? whole.div(number.cast(whole.dtype)) : whole.floorDiv(number);
  });
}

/** The slices at the indices along an axis. */
export function indexSelect(x: Tensor, axis: number, given: Indices): Tensor {
  return withLine("indexSelect", x, axis, given, (places, along) => new Take(along).call(x, places));
}

/** The tensor with the source's slices, times `alpha`, added at the indices along an axis. */
export function indexAdd(x: Tensor, axis: number, given: Indices, source: Tensor, options: { alpha?: number }): Tensor {
  const { alpha = 1 } = checkOptions("indexAdd", options, "{ alpha: 2 }", ["alpha"]);
  checkRange("indexAdd", "alpha", alpha, -Infinity);
  if (!isTensor(source)) refuse("indexAdd", source, "a tensor");
  return withLine("indexAdd", x, axis, given, (places, along) => {
    const shape = x.shape.map((length, each) => each === along ? places.size : length);
    const slices = new BroadcastTo(shape).call(alpha === 1 ? source : source.mul(alpha));
    return add.call(x, new Untake(along, x.shape).call(slices, places));
  });
}

/** The tensor with the slices at the indices along an axis filled with a number. */
export function indexFill(x: Tensor, axis: number, given: Indices, value: Operand): Tensor {
  const filling = asElements("indexFill", x, value);
  return withLine("indexFill", x, axis, given, (places, along) => {
    const line = x.shape.map((length, each) => each === along ? length : 1);
    const ones = x.wrap(filled(x.facts.storage.stream, places.shape, "int32", 1));
    const count = new Untake(0, [x.shape[along]!]).call(ones, places);
    return where.call(new Reshape(line).call(count.greater(0)), filling, x);
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

/** The sum of the source's elements at each place of a tensor. */
function sumAt(action: string, x: Tensor, places: Tensor, source: Tensor): Tensor {
  if (!isTensor(source)) refuse(action, source, "a tensor");
  const line = new Reshape([places.size]), values = line.call(beside(action, source, places));
  return new Reshape(x.shape).call(new Untake(0, [x.size]).call(values, line.call(places)));
}

/** How many places name each place of a tensor: int32. */
function countAt(x: Tensor, places: Tensor): Tensor {
  const ones = x.wrap(filled(x.facts.storage.stream, places.shape, "int32", 1));
  return sumAt("count", x, places, ones);
}

/** The source's elements beside the indices, which may be fewer along each axis. */
function beside(action: string, source: Tensor, places: Tensor): Tensor {
  const { shape } = places;
  if (sameShape(source.shape, shape)) return source;
  if (source.shape.length !== shape.length || source.shape.some((length, axis) => length < shape[axis]!)) {
    throw new TypeError(
      `Cannot ${action}: a source of shape ${showShape(source.shape)} for indices of shape ${showShape(shape)}`,
    );
  }
  return new Slice(shape.map((length) => ({ start: 0, step: 1, length, dropped: false }))).call(source);
}

/** What `use` makes of the places, among all elements of a tensor, of indices along an axis. */
function withPlacesAlong(
  action: string,
  x: Tensor,
  axis: number,
  given: Indices,
  use: (places: Tensor) => Tensor,
): Tensor {
  const index = indexBeside(action, x, given), along = normalizeAxis(action, axis, x.shape.length), { shape } = index;
  if (shape.length !== x.shape.length) refuseRank(action, shape, x.shape);
  if (shape.some((length, each) => each !== along && length > x.shape[each]!)) {
    throw new TypeError(
      `Cannot ${action}: indices of shape ${showShape(shape)} reach beyond ${showShape(x.shape)} beside axis ${along}`,
    );
  }
  checkPlaces(action, x.shape);
  const strides = stridesOf(x.shape);
  return withPlaces(action, index, x.shape[along]!, false, (places) => {
    return use(integersOf([places], (array) => placesAlong(array, along, strides)));
  });
}

function refuseRank(action: string, index: Shape, shape: Shape): never {
  throw new TypeError(
    `Cannot ${action}: indices of shape ${showShape(index)}, they must have as many axes as ${showShape(shape)}`,
  );
}

/** What `use` makes of indices along an axis that have one axis themselves; a single one counts as a list. */
function withLine(
  action: string,
  x: Tensor,
  axis: number,
  given: Indices,
  use: (places: Tensor, axis: number) => Tensor,
): Tensor {
  const index = indexBeside(action, x, given), along = normalizeAxis(action, axis, x.shape.length);
  if (index.shape.length > 1) {
    throw new TypeError(`Cannot ${action}: indices of shape ${showShape(index.shape)} must have one axis`);
  }
  const line = new Reshape([index.size]).call(index);
  return withPlaces(action, line, x.shape[along]!, false, (places) => use(places, along));
}

function checkMask(action: string, mask: Tensor): void {
  if (!isTensor(mask)) refuse(action, mask, "a tensor of bools");
  if (mask.dtype !== "bool") throw new TypeError(`Cannot ${action}: a mask of type ${mask.dtype} must be bool`);
}
