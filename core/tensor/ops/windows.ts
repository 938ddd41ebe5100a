/**
 * Windows along an axis: a view of them, their sums, and the adjoints of both.
 */
import { filled, mapInto, type NDArray } from "../../array/ndarray.ts";
import { addTaps, joinWindows, placesAlong, windowsOf } from "../../array/windows.ts";
import { asItIs, checkCount } from "../../pure/check.ts";
import { checkShape, normalizeAxis, sameShape, type Shape, showShape } from "../../pure/shape.ts";
import { areApart, checkedWindows, extentOf, type Windows } from "../../pure/windows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { summed } from "./sums.ts";

/** The windows without padding along an axis of that length. RangeError if not one fits. */
function windowsWithin(action: string, length: number, size: number, step: number, dilation: number): Windows {
  const extent = extentOf(size, dilation), count = Math.floor((length - extent) / step) + 1;
  if (count < 1) {
    throw new RangeError(`Cannot ${action}: windows of ${extent} places do not fit into an axis of length ${length}`);
  }
  return { size, step, dilation, before: 0, count };
}

/** An op of windows along one axis. */
export abstract class AxisWindowsOp extends TensorOp {
  /** RangeError unless the numbers count elements. */
  constructor(
    /** The axis along which the windows lie; a negative one counts from the end. */
    readonly axis: number,
    /** How many elements a window takes. */
    readonly size: number,
    /** From one window to the next. */
    readonly step: number = 1,
    /** From one element of a window to the next. */
    readonly dilation: number = 1,
  ) {
    super();
    checkCount("unfold", "size", size, 0);
    checkCount("unfold", "step", step, 1);
    checkCount("unfold", "dilation", dilation, 1);
  }
  /** @ignore The windows of a tensor of this shape, and their axis counted from 0. */
  protected windowsIn(shape: Shape): { axis: number; windows: Windows } {
    const axis = normalizeAxis(this.action, this.axis, shape.length);
    return { axis, windows: windowsWithin(this.action, shape[axis]!, this.size, this.step, this.dilation) };
  }
}

/** The windows along an axis: [..., n, ...] gives [..., windows, ..., size]. */
export class Unfold extends AxisWindowsOp {
  /** A view: no element is copied, though several windows may share it. */
  compute(a: NDArray): NDArray {
    const { axis, windows } = this.windowsIn(a.shape);
    return windowsOf(a, axis, [windows]);
  }
  /** g, each element added to those from which it came. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new UnfoldGradient(y.inputs[0]!.shape, this.axis, this.size, this.step, this.dilation).call(g);
  }
}

/** Adds windows along an axis into zeros of the whole shape: the adjoint of {@linkcode Unfold}. */
export class UnfoldGradient extends AxisWindowsOp {
  /** The shape of the whole. */
  readonly shape: Shape;
  /** The shape and the axis are checked when the op is called. */
  constructor(shape: Shape, axis: number, size: number, step = 1, dilation = 1) {
    super(axis, size, step, dilation);
    this.shape = asItIs(shape);
    checkShape(this.action, this.shape);
  }
  /** One map where no two windows share an element, else one for each element of a window. TypeError for another shape. */
  compute(g: NDArray): NDArray {
    const { axis, windows } = this.windowsIn(this.shape), shape = [...this.shape.with(axis, windows.count), this.size];
    if (!sameShape(g.shape, shape)) {
      throw new TypeError(
        `Cannot ${this.action}: windows of shape ${showShape(g.shape)}, it must be ${showShape(shape)}`,
      );
    }
    return summed(g.dtype, (sums) => {
      const whole = filled(g.storage.stream, this.shape, sums, 0), last = shape.length - 1;
      if (areApart(windows)) mapInto(windowsOf(whole, axis, [windows]), "copy", [g]);
      else {
        addTaps(whole, axis, [windows], (number, seen) => {
          const tap = placesAlong(placesAlong(g, axis, seen), last, [{ start: number, step: 1, length: 1 }]);
          return tap.view(tap.shape.slice(0, -1), tap.strides.slice(0, -1));
        });
      }
      return whole;
    });
  }
  /** The windows of g. */
  gradient(g: Tensor): Adjoints {
    return new Unfold(this.axis, this.size, this.step, this.dilation).call(g);
  }
}

/** The sum of each window along an axis, where elements outside the axis count as zeros: [..., n, ...] gives [..., count, ...]. */
export class WindowSum extends TensorOp {
  /** How the windows lie along the axis. */
  readonly windows: Windows;
  /** The axis is checked when the op is called. */
  constructor(/** The axis along which the windows lie. */ readonly axis: number, windows: Windows) {
    super();
    this.windows = checkedWindows(this.action, windows);
  }
  /** A map for each element of a window. */
  compute(a: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, a.shape.length);
    return summed(a.dtype, (sums) => joinWindows("add", a, axis, this.windows, 0, sums));
  }
  /** To each element the sum of g over the windows that have it. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new WindowSumGradient(y.inputs[0]!.shape, this.axis, this.windows).call(g);
  }
}

/** Adds a number to all elements of each window: the adjoint of {@linkcode WindowSum}. */
export class WindowSumGradient extends TensorOp {
  /** The shape of the whole. */
  readonly shape: Shape;
  /** How the windows lie along the axis. */
  readonly windows: Windows;
  /** The shape and the axis are checked when the op is called. */
  constructor(shape: Shape, /** The axis along which the windows lie. */ readonly axis: number, windows: Windows) {
    super();
    this.shape = asItIs(shape);
    checkShape(this.action, this.shape);
    this.windows = checkedWindows(this.action, windows);
  }
  /** Zeros, and a map for each element of a window. TypeError unless there is a number for each window. */
  compute(g: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, this.shape.length);
    const shape = this.shape.with(axis, this.windows.count);
    if (!sameShape(g.shape, shape)) {
      throw new TypeError(
        `Cannot ${this.action}: sums of shape ${showShape(g.shape)}, they must be ${showShape(shape)}`,
      );
    }
    return summed(g.dtype, (sums) => {
      const whole = filled(g.storage.stream, this.shape, sums, 0);
      addTaps(whole, axis, [this.windows], (_, seen) => placesAlong(g, axis, seen));
      return whole;
    });
  }
  /** The sums of g over the windows. */
  gradient(g: Tensor): Adjoints {
    return new WindowSum(this.axis, this.windows).call(g);
  }
}
