/**
 * Views, which share the memory of their input, and the adjoints of views.
 */
import { copy, filled, mapInto, type NDArray } from "../../array/ndarray.ts";
import * as views from "../../array/views.ts";
import { asItIs, refuse, shownList } from "../../pure/check.ts";
import {
  type AxisSlice,
  broadcastAxes,
  checkShape,
  checkSlices,
  normalizeAxis,
  reducedShape,
  resolveReshape,
  sameShape,
  type Shape,
  showShape,
  stretches,
} from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands, fitted, isTensor } from "../operands.ts";
import { Summation } from "./reduce.ts";

/** The axes in another order. */
export class Transpose extends TensorOp {
  /** Each axis once; negative ones count from the end. */
  readonly axes: readonly number[] | undefined;
  /** The order for tensors of as many axes as it has entries: kept, since one op meets one rank mostly. */
  #order: readonly number[] | null = null;

  /**
   * Axis k of the result is axis `axes[k]` of the input: [2, 0, 1] makes [a, b, c] of [b, c, a]. Without `axes`, the last two
   * axes change places.
   */
  constructor(axes?: readonly number[]) {
    super();
    this.axes = asItIs(axes);
    if (axes !== undefined && !Array.isArray(axes)) refuse("transpose", axes, "a list of all axes, such as [1, 0]");
  }
  /** The axis of the input for each axis of the result, counted from 0. TypeError unless each is named once. */
  #orderOf(shape: Shape): readonly number[] {
    const rank = shape.length;
    if (this.#order?.length === rank) return this.#order;
    if (this.axes === undefined && rank < 2) {
      throw new TypeError(`Cannot transpose: tensor ${showShape(shape)} must have two axes`);
    }
    const given = this.axes ?? [...shape.keys()].slice(0, -2).concat(rank - 1, rank - 2);
    const order = given.length === rank ? given.map((axis) => normalizeAxis("transpose", axis, rank)) : [];
    if (new Set(order).size !== rank) {
      throw new TypeError(`Cannot transpose: axes ${shownList(given)} must name each axis of ${showShape(shape)}`);
    }
    return this.#order = order;
  }
  /** A view: no element is copied. */
  compute(a: NDArray): NDArray {
    return views.permute(a, this.#orderOf(a.shape));
  }
  /** g with its axes put back. */
  gradient(g: Tensor): Adjoints {
    const order = this.#orderOf(g.shape), back = new Array<number>(order.length);
    order.forEach((from, to) => back[from] = to);
    return new Transpose(back).call(g);
  }
}

/** Another shape for the same elements in row-major order. */
export class Reshape extends TensorOp {
  /** The shape of the result. */
  readonly shape: Shape;
  /** One length may be -1: it becomes the length that the number of elements leaves for it. */
  constructor(shape: Shape) {
    super();
    this.shape = asItIs(shape);
  }
  /** A view if the strides allow one, else a copy. TypeError for another number of elements. */
  compute(a: NDArray): NDArray {
    return views.reshape(a, resolveReshape(a.shape, this.shape));
  }
  /** g in the input's shape. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Reshape(y.inputs[0]!.shape).call(g);
  }
}

/** Repeats along new leading axes, and along axes of length one. */
export class BroadcastTo extends TensorOp {
  /** The shape of the result. */
  readonly shape: Shape;
  /** RangeError unless the shape is a list of lengths. */
  constructor(shape: Shape) {
    super();
    this.shape = asItIs(shape);
    checkShape("broadcastTo", shape);
  }
  /** Applies the op; a tensor that has the shape already is returned itself. */
  override call(...inputs: Tensor[]): Tensor {
    const [x] = inputs;
    if (inputs.length !== 1 || !isTensor(x)) return super.call(...inputs);
    return sameShape(x.shape, this.shape) ? x : x.derive(this, inputs);
  }
  /** A view with strides of 0 along repeated axes. TypeError unless the input stretches to the shape by NumPy's rule. */
  compute(a: NDArray): NDArray {
    if (!stretches(a.shape, this.shape)) {
      throw new TypeError(
        `Cannot broadcastTo: shape ${showShape(a.shape)} does not stretch to ${showShape(this.shape)}`,
      );
    }
    return views.broadcastTo(a, this.shape);
  }
  /** g, summed over the repeated axes. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape, axes = broadcastAxes(shape, this.shape);
    const sum = axes.length === 0 ? g : new Summation({ axes, keepDims: false }).call(g);
    const dropped = reducedShape(this.shape, axes, false);
    return dropped.length === shape.length ? sum : new Reshape(shape).call(sum);
  }
}

/** Part of a tensor, by start, step and length. */
export class Slice extends TensorOp {
  /** A slice for each axis of the input. */
  readonly slices: readonly AxisSlice[];
  /** `x.at("1:, ::-1")` makes the slices from text. RangeError, when the op is called, for places outside the input. */
  constructor(slices: readonly AxisSlice[]) {
    super();
    this.slices = ownSlices(slices);
  }
  /** A view: no element is copied. */
  compute(a: NDArray): NDArray {
    checkSlices(this.action, this.slices, a.shape);
    return views.slice(a, this.slices);
  }
  /** g, put back among zeros. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Unslice(this.slices, y.inputs[0]!.shape).call(g);
  }
}

/** Puts a part back into zeros of the whole shape: the adjoint of {@linkcode Slice}. */
export class Unslice extends TensorOp {
  /** The slice of each axis of the whole in which the part lies. */
  readonly slices: readonly AxisSlice[];
  /** The shape of the whole. */
  readonly shape: Shape;
  /** The slices and the shape are checked when the op is called. */
  constructor(slices: readonly AxisSlice[], shape: Shape) {
    super();
    this.slices = ownSlices(slices);
    this.shape = asItIs(shape);
  }
  /** Zeros of the whole shape with the part put in. TypeError for a part of another shape. */
  compute(part: NDArray): NDArray {
    checkSlices(this.action, this.slices, this.shape);
    const shape = this.slices.filter(({ dropped }) => !dropped).map(({ length }) => length);
    if (!sameShape(shape, part.shape)) {
      throw new TypeError(`Cannot unslice: part of shape ${showShape(part.shape)}, it must be ${showShape(shape)}`);
    }
    const whole = filled(part.storage.stream, this.shape, part.dtype, 0);
    const place = views.slice(whole, this.slices);
    mapInto(place, "copy", [part]);
    place.dispose();
    return whole;
  }
  /** The same part of g. */
  gradient(g: Tensor): Adjoints {
    return new Slice(this.slices).call(g);
  }
}

/** A tensor with a part replaced. The new part stretches to the shape of the old one, and is cast to the tensor's type. */
export class ReplaceSlice extends TensorOp {
  /** The slice of each axis in which the part lies. */
  readonly slices: readonly AxisSlice[];
  /** The slices are checked when the op is called. */
  constructor(slices: readonly AxisSlice[]) {
    super();
    this.slices = ownSlices(slices);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [whole, part] = inputs as [Tensor, Tensor];
    checkSlices(this.action, this.slices, whole.shape);
    const shape = this.slices.filter(({ dropped }) => !dropped).map(({ length }) => length);
    const [fit] = fitted([part], whole.dtype, shape);
    return fit === part ? inputs : [whole, fit!];
  }
  /** A copy of the whole, with the part put in. */
  compute(whole: NDArray, part: NDArray): NDArray {
    const result = copy(whole), place = views.slice(result, this.slices);
    mapInto(place, "copy", [part]);
    place.dispose();
    return result;
  }
  /** [g with zeros in the place of the part, the part of g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [whole, part] = y.inputs as [Tensor, Tensor];
    const zero = () => g.wrap(filled(g.facts.storage.stream, [], g.dtype, 0));
    return [
      whole.requiresGrad ? this.call(g, zero()) : null,
      part.requiresGrad ? new Slice(this.slices).call(g) : null,
    ];
  }
}

/** Slices as they are at present. */
function ownSlices(slices: readonly AxisSlice[]): readonly AxisSlice[] {
  const own = asItIs(slices);
  if (!Array.isArray(own) || own === slices) return own;
  return own.map((slice) => typeof slice === "object" && slice !== null ? { ...slice } : slice);
}
