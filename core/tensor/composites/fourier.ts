/** Discrete Fourier transforms along axes, as PyTorch's `torch.fft` has them. Complex numbers are pairs along the last axis. */
import { checkCount, checkOptions, refuse, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import {
  type Axes,
  distinctAxes,
  normalizeAxes,
  normalizeAxis,
  showShape,
  slicesAlong,
  span,
} from "../../pure/shape.ts";
import { DiscreteFourier, Roll, Slice, Transpose, Unslice } from "../ops/mod.ts";
import { inFloat32 } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";

/** By what results are divided: n after inverse transforms, the root of n after all, or n after those that are none. */
export type FourierNorm = "backward" | "ortho" | "forward";

/** The options of a transform along one axis. */
export interface FourierOptions {
  /** The length of the transform: elements beyond are left out, zeros are added where there are less. The axis' own by default. */
  n?: number;
  /** The axis, the last one by default. The one of real and imaginary parts does not count. */
  axis?: number;
  /** What is divided by n: `backward`, the default, the inverse transform; `forward` the other; `ortho` each by the root. */
  norm?: FourierNorm;
}

/** The options of a transform along several axes. */
export interface FourierAxesOptions {
  /** The lengths of the transforms: elements beyond are left out, zeros are added where there are less. */
  lengths?: readonly number[];
  /** The axes: by default the last ones, as many as there are lengths, or all. That of the parts does not count. */
  axes?: readonly number[];
  /** What is divided by the number of elements: `backward`, the default, the inverse; `forward` the other; `ortho` each by the root. */
  norm?: FourierNorm;
}

/** -1 for a transform, 1 for its inverse. */
type Sign = -1 | 1;

function scaleOf(action: string, norm: FourierNorm, n: number, sign: Sign): number {
  if (norm === "ortho") return 1 / Math.sqrt(n);
  if (norm === "backward") return sign === 1 ? 1 / n : 1;
  if (norm === "forward") return sign === 1 ? 1 : 1 / n;
  throw new RangeError(`Cannot ${action}: norm ${shown(norm)} must be backward, ortho or forward`);
}

/** Runs several ops as one that computes integers and halves in float32. */
export function inWide(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
  return inFloat32([isFloat(x.dtype) ? x : x.cast("float32")], (wide) => body(wide!));
}

/** The number of axes, without that of the parts. */
function rankOf(action: string, { shape }: Tensor, isComplex: boolean): number {
  if (!isComplex || (shape.length > 0 && shape.at(-1) === 2)) return shape.length - (isComplex ? 1 : 0);
  throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} must be complex, with pairs along the last axis`);
}

/** The first `length` places along an axis, or zeros after all. */
function resized(x: Tensor, axis: number, length: number): Tensor {
  const own = x.shape[axis]!;
  if (own === length) return x;
  if (own > length) return new Slice(slicesAlong(x.shape, axis, span(0, length))).call(x);
  return new Unslice(slicesAlong(x.shape, axis, span(0, own)), x.shape.with(axis, length)).call(x);
}

/** What `body` makes of a tensor with an axis moved to the place of another one, and back. */
function withLast(x: Tensor, axis: number, last: number, body: (x: Tensor) => Tensor): Tensor {
  if (axis === last) return body(x);
  const turned = (x: Tensor) => {
    const order = [...x.shape.keys()];
    [order[axis], order[last]] = [last, axis];
    return new Transpose(order).call(x);
  };
  // A result has an axis more or less at its end.
  return turned(body(turned(x)));
}

interface Along {
  readonly axis: number;
  readonly n: number;
  readonly scale: number;
}

/** Pairs to pairs. */
function complexAlong(x: Tensor, { axis, n, scale }: Along, sign: Sign): Tensor {
  return withLast(resized(x, axis, n), axis, x.shape.length - 2, (x) => new DiscreteFourier(sign, scale).call(x));
}

/** Real numbers to the first half of the pairs: the others mirror them. */
function halfAlong(x: Tensor, { axis, n, scale }: Along, sign: Sign): Tensor {
  const last = x.shape.length - 1;
  return withLast(resized(x, axis, n), axis, last, (x) => {
    const whole = new DiscreteFourier(sign, scale, true).call(x);
    return new Slice(slicesAlong(whole.shape, last, span(0, Math.floor(n / 2) + 1))).call(whole);
  });
}

/** The first half of the pairs to real numbers. A pair counts for its mirrored one too, except those that have none. */
function realAlong(x: Tensor, { axis, n, scale }: Along, sign: Sign): Tensor {
  const half = Math.floor(n / 2) + 1, last = x.shape.length - 2;
  return withLast(resized(x, axis, half), axis, last, (x) => {
    const counts = Array.from({ length: half }, (_, k) => k === 0 || 2 * k === n ? 1 : 2);
    const weighted = x.mul(numbersAlong(x, counts, x.dtype, 1));
    return new DiscreteFourier(sign, scale, false, true).call(resized(weighted, last, n));
  });
}

const kinds = { complex: complexAlong, half: halfAlong, real: realAlong };

/** A transform along one axis, by its name and the kinds of its sides. */
export function fourierAlong(
  action: string,
  x: Tensor,
  kind: keyof typeof kinds,
  sign: Sign,
  options: FourierOptions,
): Tensor {
  const { n, axis = -1, norm = "backward" } = checkOptions(action, options, '{ norm: "ortho" }', ["n", "axis", "norm"]);
  const along = normalizeAxis(action, axis, rankOf(action, x, kind !== "half"));
  const length = lengthOf(action, x, along, n, kind);
  const scale = scaleOf(action, norm, length, sign);
  return inWide(x, (x) => kinds[kind](x, { axis: along, n: length, scale }, sign));
}

/** The length of a transform. RangeError for none: the sum of nothing has no length to be divided by. */
function lengthOf(action: string, x: Tensor, axis: number, n: number | undefined, kind: keyof typeof kinds): number {
  if (n !== undefined) return checkCount(action, "n", n, 1);
  const own = x.shape[axis]!, length = kind === "real" ? 2 * (own - 1) : own;
  if (length >= 1) return length;
  throw new RangeError(`Cannot ${action}: axis ${axis} of shape ${showShape(x.shape)} gives ${length} numbers, give n`);
}

/** A transform along several axes: that of the last one by its kind, those of the others of pairs. */
export function fourierOver(
  action: string,
  x: Tensor,
  kind: keyof typeof kinds,
  sign: Sign,
  options: FourierAxesOptions,
  natural?: readonly number[],
): Tensor {
  const names = ["lengths", "axes", "norm"] as const;
  const { lengths, axes = natural, norm = "backward" } = checkOptions(action, options, '{ norm: "ortho" }', names);
  for (const list of [lengths, axes]) {
    if (list !== undefined && !Array.isArray(list)) refuse(action, list, "a list of integers");
  }
  const rank = rankOf(action, x, kind !== "half"), count = lengths?.length ?? rank;
  if (axes === undefined && count > rank) {
    throw new RangeError(`Cannot ${action}: ${count} lengths for ${rank} axes`);
  }
  const order = distinctAxes(action, axes ?? Array.from({ length: count }, (_, k) => rank - count + k), rank);
  if (lengths !== undefined && lengths.length !== order.length) {
    throw new RangeError(`Cannot ${action}: ${lengths.length} lengths for ${order.length} axes, there must be as many`);
  }
  if (order.length === 0) {
    if (kind === "complex") return x;
    throw new RangeError(`Cannot ${action}: there must be at least one axis`);
  }
  const last = order.length - 1;
  const sides: Along[] = order.map((axis, k) => {
    const n = lengthOf(action, x, axis, lengths?.[k], k === last ? kind : "complex");
    return { axis, n, scale: scaleOf(action, norm, n, sign) };
  });
  return inWide(x, (x) => {
    const others = (x: Tensor) => sides.slice(0, last).reduceRight((x, side) => complexAlong(x, side, sign), x);
    return kind === "real" ? realAlong(others(x), sides[last]!, sign) : others(kinds[kind](x, sides[last]!, sign));
  });
}

/** Options of a shift. */
export interface FourierShiftOptions {
  /** The axes; all by default. */
  axes?: Axes;
  /** Whether the numbers are complex: pairs along the last axis, which does not count. False by default. */
  complex?: boolean;
}

/** Places turned around in a circle, by half the length: forward, or back. */
export function fourierShift(action: string, x: Tensor, options: FourierShiftOptions, isBack: boolean): Tensor {
  const { axes, complex = false } = checkOptions(action, options, "{ axes: 0 }", ["axes", "complex"]);
  const order = normalizeAxes(action, axes, rankOf(action, x, complex));
  if (order.length === 0) return x.reshape(x.shape);
  const half = (axis: number) => isBack ? Math.ceil(x.shape[axis]! / 2) : Math.floor(x.shape[axis]! / 2);
  return new Roll(order.map(half), order).call(x);
}
