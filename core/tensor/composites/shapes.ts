/** Shapes and orders of axes made by several ops, whose gradient is that of their parts. */
import { checkInteger, integerList, refuse, shownList } from "../../pure/check.ts";
import {
  type Axes,
  checkShape,
  distinctAxes,
  normalizeAxes,
  normalizeAxis,
  resolveReshape,
  sameShape,
  type Shape,
  showShape,
  sizeOf,
  slicesAlong,
  span,
  stretches,
} from "../../pure/shape.ts";
import { BroadcastTo, Diagonal, Reshape, Slice, Transpose, Undiagonal } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensor } from "../value.ts";

/** The axes of a tensor, counted from 0: those of a tensor without axes are one called 0 or -1. */
const rankOf = (shape: Shape) => Math.max(shape.length, 1);

/** The axes from `start` to `end` joined into one; a scalar becomes a vector of one element. */
export function flatten(x: Tensor, start: number, end: number): Tensor {
  const { shape } = x, [first, last] = [start, end].map((axis) => normalizeAxis("flatten", axis, rankOf(shape)));
  if (first! > last!) throw new RangeError(`Cannot flatten: axis ${start} must not come after axis ${end}`);
  return new Reshape([...shape.slice(0, first), sizeOf(shape.slice(first, last! + 1)), ...shape.slice(last! + 1)]).call(
    x,
  );
}

/** One axis divided into several. */
export function unflatten(x: Tensor, given: number, lengths: Shape): Tensor {
  const { shape } = x, axis = normalizeAxis("unflatten", given, shape.length);
  if (Array.isArray(lengths) && lengths.length === 0) throw new TypeError("Cannot unflatten: there must be a length");
  const parts = resolveReshape([shape[axis]!], lengths, "unflatten");
  return new Reshape([...shape.slice(0, axis), ...parts, ...shape.slice(axis + 1)]).call(x);
}

/** Without those of the axes that have length one. */
export function squeeze(x: Tensor, axes: Axes | undefined): Tensor {
  const { shape } = x, dropped = normalizeAxes("squeeze", axes, shape.length);
  return new Reshape(shape.filter((length, axis) => length !== 1 || !dropped.includes(axis))).call(x);
}

/** With a new axis of length one. */
export function unsqueeze(x: Tensor, given: number): Tensor {
  const { shape } = x, axis = normalizeAxis("unsqueeze", given, shape.length + 1);
  return new Reshape([...shape.slice(0, axis), 1, ...shape.slice(axis)]).call(x);
}

/** Stretched to a shape in which -1 stands for the length that an axis has. */
export function expand(x: Tensor, lengths: Shape): Tensor {
  const { shape } = x, list = integerList("expand", "length", lengths), added = list.length - shape.length;
  const target = list.map((length, axis) => length === -1 && axis >= added ? shape[axis - added]! : length);
  checkShape("expand", target);
  if (!stretches(shape, target)) {
    throw new TypeError(`Cannot expand: shape ${showShape(shape)} does not stretch to ${showShape(list)}`);
  }
  return new BroadcastTo(target).call(x);
}

/** Stretched to the shape of another tensor. */
export function expandAs(x: Tensor, other: Tensor): Tensor {
  checkTensor("expandAs", other);
  return expand(x, other.shape);
}

/** The axes in another order. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const list = integerList("permute", "axis", axes), { shape } = x;
  if (list.length !== shape.length) {
    throw new TypeError(`Cannot permute: axes ${shownList(list)} must name each axis of ${showShape(shape)}`);
  }
  return new Transpose(distinctAxes("permute", list, shape.length)).call(x);
}

/** Some axes in other places, the rest in their order. */
export function movedim(x: Tensor, source: Axes, destination: Axes): Tensor {
  const { shape } = x, rank = rankOf(shape);
  const [from, to] = [source, destination].map((axes) =>
    distinctAxes("movedim", integerList("movedim", "axis", axes), rank)
  ) as [number[], number[]];
  if (from.length !== to.length) {
    throw new TypeError(`Cannot movedim: ${from.length} axes to ${to.length} places, as many must be given`);
  }
  const rest = [...shape.keys()].filter((axis) => !from.includes(axis)).values();
  const order = Array.from(shape, (_, place) => to.includes(place) ? from[to.indexOf(place)]! : rest.next().value!);
  return new Transpose(order).call(x);
}

/** Two axes in each other's place. */
export function swapaxes(x: Tensor, a: number, b: number): Tensor {
  const { shape } = x, [first, second] = [a, b].map((axis) => normalizeAxis("swapaxes", axis, rankOf(shape)));
  const order = Array.from(shape, (_, axis) => axis === first ? second! : axis === second ? first! : axis);
  return new Transpose(order).call(x);
}

/** Backwards along some axes. */
export function flip(x: Tensor, axes: Axes | undefined): Tensor {
  const { shape } = x, turned = normalizeAxes("flip", axes, shape.length);
  const slices = shape.map((length, axis) =>
    turned.includes(axis) ? span(Math.max(0, length - 1), length, -1) : span(0, length)
  );
  return new Slice(slices).call(x);
}

/** Turned by quarters in the plane of two axes. */
export function rot90(x: Tensor, quarters: number, axes: readonly number[]): Tensor {
  const turns = ((checkInteger("rot90", "quarters", quarters) % 4) + 4) % 4;
  if (!Array.isArray(axes) || axes.length !== 2) refuse("rot90", axes, "a list of two axes, such as [0, 1]");
  const [from, to] = distinctAxes("rot90", axes, x.shape.length) as [number, number];
  if (turns === 0 || turns === 2) return flip(x, turns === 0 ? [] : [from, to]);
  return swapaxes(flip(x, turns === 1 ? to : from), from, to);
}

/** Part of one axis. */
export function narrow(x: Tensor, given: number, start: number, length: number): Tensor {
  const { shape } = x, axis = normalizeAxis("narrow", given, shape.length), whole = shape[axis]!;
  checkInteger("narrow", "start", start);
  checkInteger("narrow", "length", length);
  const first = start < 0 ? start + whole : start;
  if (first < 0 || length < 0 || first + length > whole) {
    throw new RangeError(
      `Cannot narrow: ${length} places from ${start} of axis ${axis} must lie in it, its length is ${whole}`,
    );
  }
  return new Slice(slicesAlong(shape, axis, span(first, length))).call(x);
}

/** One place of an axis, which the result does not have. */
export function select(x: Tensor, given: number, index: number): Tensor {
  const { shape } = x, axis = normalizeAxis("select", given, shape.length), length = shape[axis]!;
  if (!Number.isInteger(index) || index < -length || index >= length) {
    checkInteger("select", "index", index);
    throw new RangeError(`Cannot select: index ${index} of axis ${axis} must lie in [${-length}, ${length})`);
  }
  const place = { ...span(index < 0 ? index + length : index, 1), dropped: true };
  return new Slice(slicesAlong(shape, axis, place)).call(x);
}

/** The last axis as the diagonal of two new ones, among zeros. */
export function diagEmbed(x: Tensor, offset: number, axis1: number, axis2: number, action = "diagEmbed"): Tensor {
  const { shape } = x, rank = shape.length + 1;
  if (shape.length === 0) throw new TypeError(`Cannot ${action}: tensor [] must have an axis`);
  const axes = distinctAxes(action, [axis1, axis2], rank).sort((a, b) => a - b);
  const side = shape.at(-1)! + Math.abs(checkInteger(action, "offset", offset)), whole = shape.slice(0, -1);
  for (const axis of axes) whole.splice(axis, 0, side);
  checkShape(action, whole);
  return new Undiagonal(offset, axis1, axis2, whole).call(x);
}

/** A vector as the diagonal of a matrix, or the diagonal of a matrix. */
export function diag(x: Tensor, offset: number): Tensor {
  const { shape } = x;
  if (shape.length === 1) return diagEmbed(x, offset, 0, 1, "diag");
  if (shape.length === 2) return new Diagonal(offset).call(x);
  throw new TypeError(`Cannot diag: tensor ${showShape(shape)} must be a vector or a matrix`);
}

/** The elements in the shape of another tensor. */
export function reshapeAs(x: Tensor, other: Tensor, action: string): Tensor {
  checkTensor(action, other);
  const { shape } = other;
  if (sizeOf(x.shape) !== sizeOf(shape)) {
    throw new TypeError(
      `Cannot ${action}: ${showShape(x.shape)} to ${showShape(shape)}, the element counts must agree`,
    );
  }
  return sameShape(x.shape, shape) ? x : new Reshape(shape).call(x);
}
