/**
 * Ops that move elements without computing: views and their adjoints, and the choice of slices by index.
 */
import { streamOf } from "../devices.ts";
import { isHalf } from "../dtype.ts";
import { copy, filled, fromTypedArray, gather, mapInto, type NDArray } from "../ndarray.ts";
import * as arrays from "../ndarray.ts";
import { type AxisSlice, broadcastAxes, reducedShape, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../tensor_op.ts";
import { Summation } from "./reduce.ts";

/** The axes in the order given. The gradient takes them back. */
export class Transpose extends TensorOp {
  constructor(readonly axes: readonly number[]) {
    super();
  }
  compute(a: NDArray): NDArray {
    return arrays.permute(a, this.axes);
  }
  gradient(g: Tensor): Adjoints {
    const back = new Array<number>(this.axes.length);
    this.axes.forEach((from, to) => back[from] = to);
    return new Transpose(back).call(g);
  }
  override describe(): string {
    return `axes=[${this.axes}]`;
  }
}

/** Another shape for the same elements. */
export class Reshape extends TensorOp {
  constructor(readonly shape: Shape) {
    super();
  }
  compute(a: NDArray): NDArray {
    return arrays.reshape(a, this.shape);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Reshape(y.inputs[0]!.shape).call(g);
  }
  override describe(): string {
    return showShape(this.shape);
  }
}

/** The same elements on another device, by way of the host; the gradient comes back the same way. */
export class ToDevice extends TensorOp {
  constructor(readonly device: string) {
    super();
  }
  compute(a: NDArray): NDArray {
    return fromTypedArray(streamOf(this.device), a.read(), a.shape, a.dtype);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.to(y.inputs[0]!.device);
  }
  override describe(): string {
    return this.device;
  }
}

/** Repeats along new or stretched axes. The gradient sums over them. */
export class BroadcastTo extends TensorOp {
  constructor(readonly shape: Shape) {
    super();
  }
  compute(a: NDArray): NDArray {
    return arrays.broadcastTo(a, this.shape);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape, axes = broadcastAxes(shape, this.shape);
    const sum = axes.length === 0 ? g : new Summation({ axes, keepDims: false }).call(g);
    const dropped = reducedShape(this.shape, axes, false);
    return dropped.length === shape.length ? sum : new Reshape(shape).call(sum);
  }
  override describe(): string {
    return showShape(this.shape);
  }
}

/** A part by start, step and length of each axis. The gradient puts it back among zeros. */
export class Slice extends TensorOp {
  constructor(readonly slices: readonly AxisSlice[]) {
    super();
  }
  compute(a: NDArray): NDArray {
    return arrays.slice(a, this.slices);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Unslice(this.slices, y.inputs[0]!.shape).call(g);
  }
}

/** Puts a part back into zeros of the whole shape: the adjoint of {@linkcode Slice}. */
export class Unslice extends TensorOp {
  constructor(readonly slices: readonly AxisSlice[], readonly shape: Shape) {
    super();
  }
  compute(part: NDArray): NDArray {
    const whole = filled(part.storage.stream, this.shape, part.dtype, 0);
    const place = arrays.slice(whole, this.slices);
    mapInto(place, "copy", [part]);
    place.dispose();
    return whole;
  }
  gradient(g: Tensor): Adjoints {
    return new Slice(this.slices).call(g);
  }
}

/** Slices at integer places along an axis. The gradient adds them back, in order, where they came from. */
export class Take extends TensorOp {
  constructor(readonly axis: number) {
    super();
  }
  compute(source: NDArray, index: NDArray): NDArray {
    return arrays.compose(() => {
      const shape = [...source.shape.slice(0, this.axis), ...index.shape, ...source.shape.slice(this.axis + 1)];
      return gather(arrays.contiguous(source), placesOf(index), this.axis, shape);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [source, index] = y.inputs as [Tensor, Tensor];
    return [new Untake(this.axis, source.shape).call(g, index), null];
  }
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** Adds slices into zeros at integer places: the adjoint of {@linkcode Take}. */
export class Untake extends TensorOp {
  constructor(readonly axis: number, readonly shape: Shape) {
    super();
  }
  compute(part: NDArray, index: NDArray): NDArray {
    return arrays.compose(() => {
      // Sums of halves are rounded once.
      const dtype = isHalf(part.dtype) ? "float32" : part.dtype;
      const whole = filled(part.storage.stream, this.shape, dtype, 0);
      const source = dtype === part.dtype ? arrays.contiguous(part) : copy(part, dtype);
      arrays.scatterAdd(whole, source, placesOf(index), this.axis);
      return dtype === part.dtype ? whole : copy(whole, part.dtype);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new Take(this.axis).call(g, y.inputs[1]!), null];
  }
}

/** Indices as one dense int32 axis. */
function placesOf(index: NDArray): NDArray {
  const flat = arrays.reshape(index, [index.size]);
  return flat.dtype === "int32" && flat.contiguous ? flat : copy(flat, "int32");
}
