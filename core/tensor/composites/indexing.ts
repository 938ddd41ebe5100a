/**
 * Parts of tensors by NumPy's rules: read, replaced, and overwritten.
 *
 * Basic indices make a view. What chooses places one by one, tensors and lists, then becomes one index into the axes that it
 * stands for, joined into one, so that a single `Take` reads all elements and its gradient is that of the whole.
 */
import { gradientsEnabled, noGrad } from "../../ambient/modes.ts";
import { indicesFrom, type NestedArray } from "../../array/elements.ts";
import { groupResult } from "../../array/group.ts";
import { checkPlaces, counting, inAxis, placesOfAll } from "../../array/indices.ts";
import { filled, fromTypedArray, overwrite } from "../../array/ndarray.ts";
import * as views from "../../array/views.ts";
import { asItIs, refuse } from "../../pure/check.ts";
import { elementOf, isFloat } from "../../pure/dtype.ts";
import { type BasicIndex, Chooser, type IndexRange, type Selection, selectionOf } from "../../pure/index.ts";
import { type AxisSlice, broadcastShapes, sameShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import { isTensor, type Operand } from "../operands.ts";
import { BroadcastTo, ReplaceSlice, Reshape, Scatter, Slice, Take, Transpose, where } from "../ops/mod.ts";
import { integersOf, withIntegers } from "../ops/integers.ts";
import type { Tensor } from "../tensor.ts";

/**
 * One index: a place, which drops its axis; a range; null for a new axis of length one; a text in NumPy's notation, which may
 * hold several: `"1:, ::-1"`, `"..."`; or a tensor or a list of places, or of bools.
 */
export type Index = number | IndexRange | string | null | Tensor | readonly NestedArray[];

/** Integers as a tensor of any type, or as lists. */
export type Indices = Tensor | readonly NestedArray[];

/** The elements that the indices select. */
export function at(x: Tensor, indices: readonly Index[]): Tensor {
  return elementsAt(x, selected(x, indices));
}

/** The tensor with the elements that the indices select replaced. */
export function setAt(x: Tensor, indices: Index | readonly Index[], value: Operand): Tensor {
  const selection = selected(x, indexList(indices)), given = asElements("setAt", x, value), [first] = selection.chosen;
  if (first === undefined) return new ReplaceSlice(selection.slices).call(x, asPart(given, selection));
  const isMask = selection.chosen.length === 1 && first.by.dtype === "bool";
  if (isMask && given.shape.length === 0 && selection.added.length === 0 && selection.slices.every(isWhole(x.shape))) {
    const after = x.shape.slice(first.axis + first.by.shape.length).map(() => 1);
    checkMask(first.by, x.shape, first.axis);
    return where.call(new Reshape([...first.by.shape, ...after]).call(first.by), given, x);
  }
  checkPlaces("setAt", x.shape);
  const all = x.wrap(groupResult(() => views.reshape(counting(x.facts.storage.stream, x.size), x.shape)));
  const places = elementsAt(all, selection);
  return putAt(x, places, new BroadcastTo(places.shape).call(given));
}

/** Writes to the elements that the indices select. */
export function assignAt(x: Tensor, indices: Index | readonly Index[], value: Operand): void {
  if (gradientsEnabled() && (x.requiresGrad || (isTensor(value) && value.requiresGrad))) {
    throw new Error("Cannot assignAt: a gradient is required, and a write in place has none; use setAt or noGrad");
  }
  const list = indexList(indices), selection = selected(x, list);
  if (selection.chosen.length > 0) {
    return overwrite(x.writable, "copy", [noGrad(() => setAt(x, list, value)).array]);
  }
  const place = views.slice(x.writable, selection.slices);
  try {
    const part = noGrad(() => asPart(asElements("assignAt", x, value), selection));
    overwrite(place, "copy", [new BroadcastTo(place.shape).call(part).array]);
  } finally {
    place.dispose();
  }
}

/** The tensor with values [...] in the places [...] among all elements; where a place is named twice, the last value stays. */
export function putAt(x: Tensor, places: Tensor, values: Tensor): Tensor {
  const [whole, index, put] = [x, places, values].map((each) => new Reshape([each.size]).call(each));
  return new Reshape(x.shape).call(new Scatter(0, "set").call(whole!, put!, index!));
}

/** A number or a tensor as elements of a tensor: of its type and on its device. */
export function asElements(action: string, x: Tensor, value: Operand): Tensor {
  if (isTensor(value)) return value.cast(x.dtype);
  if (typeof value !== "number") refuse(action, value, "a tensor or a number");
  return x.wrap(filled(x.facts.storage.stream, [], x.dtype, elementOf(action, x.dtype, value)));
}

/** Indices or bools beside a tensor, as a tensor on its device. */
export function indexBeside(action: string, x: Tensor, index: Indices): Tensor {
  if (isTensor(index)) return index;
  if (!Array.isArray(index)) refuse(action, index, "a tensor or a list of integers");
  return x.wrap(indicesFrom(action, index, x.facts.storage.stream));
}

/**
 * What `use` makes of indices of any type along an axis, once they are int32 in [0, length). RangeError for a fraction and
 * outside the axis; `fromEnd` says whether negative indices count from its end.
 */
export function withPlaces(
  action: string,
  index: Tensor,
  length: number,
  fromEnd: boolean,
  use: (places: Tensor) => Tensor,
): Tensor {
  if (isFloat(index.dtype)) {
    const again = (integers: Tensor) => withPlaces(action, integers, length, fromEnd, use);
    return withIntegers(index, `${action}: index`, again, nowhere);
  }
  return use(inItsWords(action, length, fromEnd, () => {
    return integersOf([index], (array) => inAxis(array, length, fromEnd));
  }));
}

/** What stands for a fraction: an integer that is outside every axis, counted from either end. */
const nowhere = -(2 ** 31);

/** Runs `body`. Where the device refuses an index in it at once, the error names what was asked of the library. */
function inItsWords<T>(action: string, length: number, fromEnd: boolean, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const [, label] = cause instanceof RangeError ? /^Cannot use label (-?\d+):/.exec(cause.message) ?? [] : [];
    if (label === undefined) throw cause;
    const index = fromEnd && Number(label) < 0 ? Number(label) - length : Number(label);
    throw new RangeError(
      `Cannot ${action}: index ${index} must lie in [${fromEnd ? -length : 0}, ${length})`,
      { cause },
    );
  }
}

/** The places where a tensor differs from 0: one list for each of its axes. Throws inside a captured function. */
export function placesOfNonzero(x: Tensor): Int32Array<ArrayBuffer>[] {
  checkPlaces("nonzero", x.shape);
  const flat = x.toTypedArray(), { shape } = x;
  let count = 0;
  for (let k = 0; k < flat.length; k++) if (flat[k] !== 0) count++;
  const lists = shape.map(() => new Int32Array(count));
  for (let k = 0, row = 0; row < count; k++) {
    if (flat[k] === 0) continue;
    for (let axis = shape.length - 1, rest = k; axis >= 0; axis--) {
      lists[axis]![row] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    row++;
  }
  return lists;
}

/** The indices of `setAt`: a list, in which a list of places stands in another list; or a single one that is no list. */
function indexList(indices: Index | readonly Index[]): readonly Index[] {
  if (!Array.isArray(indices)) return [indices as Index];
  const list = asItIs(indices);
  return list === indices ? refuse("index", indices, "an index, or a list of all of them") : list;
}

/** What the indices select, with tensors for what chooses places one by one. */
function selected(x: Tensor, indices: readonly Index[]): Selection<Tensor> {
  const parts = indices.map((index) => {
    if (!isTensor(index) && !Array.isArray(index)) return index as BasicIndex;
    const by = indexBeside("index", x, index);
    return new Chooser(by, by.dtype === "bool" ? by.shape.length : 1);
  });
  return selectionOf(parts, x.shape);
}

/** Whether a slice takes all of its axis as it is. */
function isWhole(shape: Shape): (slice: AxisSlice, axis: number) => boolean {
  return ({ start, step, length, dropped }, axis) => start === 0 && step === 1 && length === shape[axis] && !dropped;
}

/** The shape of what the slices select, with the new axes. */
function partShape({ slices, added }: Selection<Tensor>): number[] {
  const shape = slices.filter(({ dropped }) => !dropped).map(({ length }) => length);
  for (const axis of added) shape.splice(axis, 0, 1);
  return shape;
}

/** What replaces a part, in the shape that the part has without its new axes. */
function asPart(given: Tensor, selection: Selection<Tensor>): Tensor {
  if (selection.added.length === 0) return given;
  const stretched = new BroadcastTo(partShape(selection)).call(given);
  return new Reshape(partShape({ ...selection, added: [] })).call(stretched);
}

/** The elements of a selection: a view, unless places are chosen one by one. */
function elementsAt(x: Tensor, selection: Selection<Tensor>): Tensor {
  const { slices, added, chosen } = selection;
  const isAll = chosen.length > 0 && slices.every(isWhole(x.shape)), part = isAll ? x : new Slice(slices).call(x);
  const shown = added.length === 0 ? part : new Reshape(partShape(selection)).call(part);
  return chosen.length === 0 ? shown : taken(shown, chosen.flatMap(({ by, axis }) => indicesOf(by, shown, axis)), []);
}

/** Indices of integers, with the axis along which each counts. */
interface AlongAxis {
  readonly axis: number;
  readonly index: Tensor;
}

/** What chooses places along an axis or, as a mask, along several, as integers: the places where the mask holds. */
function indicesOf(by: Tensor, x: Tensor, axis: number): AlongAxis[] {
  if (by.dtype !== "bool") return [{ axis, index: by }];
  checkMask(by, x.shape, axis);
  const lists = placesOfNonzero(by);
  // A mask without axes keeps or drops all of a new axis of length one.
  if (lists.length === 0) lists.push(new Int32Array(by.toTypedArray()[0]!));
  return lists.map((list, k) => {
    return { axis: axis + k, index: x.wrap(fromTypedArray(x.facts.storage.stream, list, [list.length], "int32")) };
  });
}

/** TypeError unless a mask has the lengths of the axes that it stands for, the first of which is `axis`. */
function checkMask(mask: Tensor, shape: Shape, axis: number): void {
  const masked = shape.slice(axis, axis + mask.shape.length);
  if (sameShape(mask.shape, masked)) return;
  throw new TypeError(`Cannot index: a mask of shape ${showShape(mask.shape)} for axes of shape ${showShape(masked)}`);
}

/** The elements at indices along several axes, once all those in `given` are places; the rest in `ready` are. */
function taken(x: Tensor, given: readonly AlongAxis[], ready: readonly AlongAxis[]): Tensor {
  const [next, ...rest] = given;
  if (next === undefined) return ready.length === 1 ? takenAlong(x, ready[0]!) : takenTogether(x, ready);
  return withPlaces("index", next.index, x.shape[next.axis]!, true, (index) => {
    return taken(x, rest, [...ready, { axis: next.axis, index }]);
  });
}

function takenAlong(x: Tensor, { axis, index }: AlongAxis): Tensor {
  return new Take(axis).call(x, index);
}

/** The elements at several indices that stretch to one shape. */
function takenTogether(x: Tensor, indices: readonly AlongAxis[]): Tensor {
  const shape = indices.map(({ index }) => index.shape).reduce((a, b) => broadcastShapes("index", a, b));
  const axes = indices.map(({ axis }) => axis), lengths = axes.map((axis) => x.shape[axis]!);
  checkPlaces("index", lengths);
  const others = Array.from(x.shape.keys()).filter((axis) => !axes.includes(axis)), count = leading(indices, others);
  const before = others.slice(0, count), after = others.slice(count), order = [...before, ...axes, ...after];
  const place = integersOf(indices.map(({ index }) => index), (...arrays) => placesOfAll(arrays, lengths, shape));
  const together = order.every((axis, k) => axis === k) ? x : new Transpose(order).call(x);
  const lengthOf = (axis: number) => x.shape[axis]!;
  const joined = new Reshape([...before.map(lengthOf), sizeOf(lengths), ...after.map(lengthOf)]).call(together);
  return new Take(count).call(joined, place);
}

/**
 * How many of the other axes stand before those of the indices in the result: all that do so in the tensor, but none if some
 * stand between. A single place has no axes, and so parts none.
 */
function leading(indices: readonly AlongAxis[], others: readonly number[]): number {
  const lists = indices.filter(({ index }) => index.shape.length > 0).map(({ axis }) => axis);
  const first = Math.min(...lists), last = Math.max(...lists);
  const isParted = others.some((axis) => axis > first && axis < last);
  return isParted || lists.length === 0 ? 0 : others.filter((axis) => axis < first).length;
}
