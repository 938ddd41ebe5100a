/**
 * Windows on what is there, which share its memory, and the adjoints of them.
 */
import { filled, mapInto, type NDArray } from "../../array/ndarray.ts";
import * as views from "../../array/views.ts";
import { type AxisSlice, broadcastAxes, reducedShape, type Shape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { Summation } from "./reduce.ts";

/** The axes in another order. */
export class Transpose extends TensorOp {
  /** Axis k of the result is axis `axes[k]` of the input: [2, 0, 1] makes [a, b, c] of [b, c, a]. */
  constructor(/** Each axis once, counted from 0. */ readonly axes: readonly number[]) {
    super();
  }
  /** A view: no element is copied. */
  compute(a: NDArray): NDArray {
    return views.permute(a, this.axes);
  }
  /** g with its axes put back. */
  gradient(g: Tensor): Adjoints {
    const back = new Array<number>(this.axes.length);
    this.axes.forEach((from, to) => back[from] = to);
    return new Transpose(back).call(g);
  }
}

/** Another shape for the same elements in row-major order. */
export class Reshape extends TensorOp {
  /** The element counts must agree; a -1 is what the method `reshape` fills in before. */
  constructor(/** The shape of the result. */ readonly shape: Shape) {
    super();
  }
  /** A view where strides allow, else a copy. */
  compute(a: NDArray): NDArray {
    return views.reshape(a, this.shape);
  }
  /** g in the input's shape. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Reshape(y.inputs[0]!.shape).call(g);
  }
}

/** Repeats along new leading axes, and along axes of length one. */
export class BroadcastTo extends TensorOp {
  /** The input must stretch to it by NumPy's rule. */
  constructor(/** The shape of the result. */ readonly shape: Shape) {
    super();
  }
  /** A view, whose strides are 0 where it repeats. */
  compute(a: NDArray): NDArray {
    return views.broadcastTo(a, this.shape);
  }
  /** g, summed over what was repeated. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape, axes = broadcastAxes(shape, this.shape);
    const sum = axes.length === 0 ? g : new Summation({ axes, keepDims: false }).call(g);
    const dropped = reducedShape(this.shape, axes, false);
    return dropped.length === shape.length ? sum : new Reshape(shape).call(sum);
  }
}

/** Part of a tensor, by start, step and length. */
export class Slice extends TensorOp {
  /** What the method `at` reads out of its text. */
  constructor(/** One for each axis of the input. */ readonly slices: readonly AxisSlice[]) {
    super();
  }
  /** A view: no element is copied. */
  compute(a: NDArray): NDArray {
    return views.slice(a, this.slices);
  }
  /** g, put back among zeros. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Unslice(this.slices, y.inputs[0]!.shape).call(g);
  }
}

/** Puts a part back into zeros of the whole shape: the adjoint of {@linkcode Slice}. */
export class Unslice extends TensorOp {
  /** Where the part lies in what. */
  constructor(
    /** One for each axis of the whole. */ readonly slices: readonly AxisSlice[],
    /** The shape of the whole. */ readonly shape: Shape,
  ) {
    super();
  }
  /** The whole, zero but for the part. */
  compute(part: NDArray): NDArray {
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
