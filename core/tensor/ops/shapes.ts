/**
 * Ops that move elements without computing: views and their adjoints, and the choice of slices by index.
 */
import { streamOf } from "../../array/devices.ts";
import { isHalf } from "../../pure/dtype.ts";
import { contiguous, copy, filled, fromTypedArray, mapInto, type NDArray } from "../../array/ndarray.ts";
import { gather, scatterAdd } from "../../array/skeletons.ts";
import { compose } from "../../array/group.ts";
import * as views from "../../array/views.ts";
import { type AxisSlice, broadcastAxes, reducedShape, type Shape, showShape } from "../../pure/shape.ts";
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
  /** @ignore */
  override describe(): string {
    return `axes=[${this.axes}]`;
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
  /** @ignore */
  override describe(): string {
    return showShape(this.shape);
  }
}

/** The same elements on another device, by way of the host. */
export class ToDevice extends TensorOp {
  /** The device is opened when it is first needed, and must be there then. */
  constructor(/** As in `--device`: `cpu`, `opencl:1`. */ readonly device: string) {
    super();
  }
  /** Waits until the input is computed. */
  compute(a: NDArray): NDArray {
    return fromTypedArray(streamOf(this.device), a.read(), a.shape, a.dtype);
  }
  /** g, brought back to the input's device. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.to(y.inputs[0]!.device);
  }
  /** @ignore */
  override describe(): string {
    return this.device;
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
  /** @ignore */
  override describe(): string {
    return showShape(this.shape);
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

/**
 * Slices at integer places along an axis: source [a, n, b] and index [i, j] along axis 1 give [a, i, j, b].
 *
 * RangeError for a place outside [0, n): at the call on `cpu`, `wasm` and `reference`, at the next read on GPUs.
 */
export class Take extends TensorOp {
  /** An embedding looks its rows up along axis 0. */
  constructor(/** The axis of the source that the index counts along, from 0. */ readonly axis: number) {
    super();
  }
  /** A copy of each slice, as often as it is named. */
  compute(source: NDArray, index: NDArray): NDArray {
    return compose(() => {
      const shape = [...source.shape.slice(0, this.axis), ...index.shape, ...source.shape.slice(this.axis + 1)];
      return gather(contiguous(source), placesOf(index), this.axis, shape);
    });
  }
  /** [the slices of g added in order where they came from, nothing]: a slice that was taken twice gets both. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [source, index] = y.inputs as [Tensor, Tensor];
    return [new Untake(this.axis, source.shape).call(g, index), null];
  }
  /** @ignore */
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** Adds slices into zeros at integer places: the adjoint of {@linkcode Take}. */
export class Untake extends TensorOp {
  /** Along which axis of what. */
  constructor(
    /** The axis that the index counts along, from 0. */ readonly axis: number,
    /** The shape of the whole. */ readonly shape: Shape,
  ) {
    super();
  }
  /** The sums, added in ascending order of the index's own places, so that they repeat to the bit. */
  compute(part: NDArray, index: NDArray): NDArray {
    return compose(() => {
      // Sums of halves are rounded once.
      const dtype = isHalf(part.dtype) ? "float32" : part.dtype;
      const whole = filled(part.storage.stream, this.shape, dtype, 0);
      const source = dtype === part.dtype ? contiguous(part) : copy(part, dtype);
      scatterAdd(whole, source, placesOf(index), this.axis);
      return dtype === part.dtype ? whole : copy(whole, part.dtype);
    });
  }
  /** [the slices of g at the same places, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new Take(this.axis).call(g, y.inputs[1]!), null];
  }
}

/** Indices as one dense int32 axis. */
function placesOf(index: NDArray): NDArray {
  const flat = views.reshape(index, [index.size]);
  return flat.dtype === "int32" && flat.contiguous ? flat : copy(flat, "int32");
}
