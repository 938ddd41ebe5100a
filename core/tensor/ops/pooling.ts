/**
 * The largest element of each window, its place, and the choice of elements by such places.
 */
import { groupResult } from "../../array/group.ts";
import { contiguous, filled, fromTypedArray, map, mapInto, type NDArray } from "../../array/ndarray.ts";
import { argFold } from "../../array/skeletons.ts";
import { broadcastTo, reshape } from "../../array/views.ts";
import { joinWindows, placesAlong, windowsOf } from "../../array/windows.ts";
import { asItIs, refuse } from "../../pure/check.ts";
import { rangeOf } from "../../pure/dtype.ts";
import { checkShape, sameShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import { checkedWindows, tapsOf, type Windows } from "../../pure/windows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { summed } from "./sums.ts";

/** An op of windows over the last axes of a tensor. */
export abstract class LastWindowsOp extends TensorOp {
  /** How the windows lie along each of the last axes. Every window must have an element inside the axis. */
  readonly windows: readonly Windows[];
  /** RangeError unless the windows are counted in integers. */
  constructor(windows: readonly Windows[]) {
    super();
    const own = asItIs(windows);
    if (!Array.isArray(own) || own === windows) refuse(this.action, windows, "a list of windows");
    this.windows = own.map((each) => checkedWindows(this.action, each));
  }
  /** @ignore How many windows there are along each axis. */
  protected get counts(): Shape {
    return this.windows.map(({ count }) => count);
  }
  /** @ignore The first of the axes over which the windows lie. TypeError if there are too few. */
  protected firstAxis(shape: Shape): number {
    const axis = shape.length - this.windows.length;
    if (axis >= 0) return axis;
    throw new TypeError(
      `Cannot ${this.action}: tensor ${showShape(shape)} has fewer axes than the ${this.windows.length} of the windows`,
    );
  }
}

/** The largest element of each window over the last axes, or NaN if one is NaN. */
export class MaxPool extends LastWindowsOp {
  /** One axis after the other: the maximum of a window is that of its rows' maxima. */
  compute(a: NDArray): NDArray {
    const axis = this.firstAxis(a.shape);
    return groupResult(() =>
      this.windows.reduce(
        (joined, windows, k) => joinWindows("max", joined, axis + k, windows, rangeOf(a.dtype)[0], a.dtype),
        a,
      )
    );
  }
  /** g for the first of the largest elements of each window, in row-major order. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, places = new ArgMaxPool(this.windows).call(a.detach());
    return new WindowChoiceGradient(this.windows, a.shape).call(g, places);
  }
}

/** The place of the largest element in each window, in row-major order: int32. The first among ties, and of NaN. */
export class ArgMaxPool extends LastWindowsOp {
  /** One search through the windows. The axes before them become one, since devices count no more axes than eight. */
  compute(a: NDArray): NDArray {
    const axis = this.firstAxis(a.shape),
      lengths = a.shape.slice(axis),
      shape = [...a.shape.slice(0, axis), ...this.counts];
    return groupResult(() => {
      const lines = reshape(a, [sizeOf(a.shape.slice(0, axis)), ...lengths]), d = this.windows.length;
      const view = windowsOf(lines, 1, this.windows, rangeOf(a.dtype)[0]),
        joined = this.windows.map((_, k) => 1 + d + k);
      const found = argFold("argmax", view, joined, [lines.shape[0]!, ...this.counts]), first = this.#firstInside();
      if (first === null) return reshape(found, shape);
      // Padding is as low as an element can be, so it may be found where all elements are.
      const least = fromTypedArray(a.storage.stream, first, this.counts, "int32");
      return reshape(map("max", [found, broadcastTo(least, found.shape)]), shape);
    });
  }
  /** The first place of each window that is no padding; null where no window begins with padding. */
  #firstInside(): Int32Array<ArrayBuffer> | null {
    const { windows, counts } = this;
    if (windows.every(({ before }) => before <= 0)) return null;
    return Int32Array.from({ length: sizeOf(counts) }, (_, flat) => {
      let rest = flat, place = 0, weight = 1;
      for (let k = windows.length - 1; k >= 0; k--) {
        const { size, step, dilation, before, count } = windows[k]!, start = (rest % count) * step - before;
        rest = Math.floor(rest / count);
        place += weight * Math.max(0, Math.ceil(-start / dilation));
        weight *= size;
      }
      return place;
    });
  }
  /** Throws an Error: a place, being an integer, has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** An op that is given places in windows as its second operand, of a type of integers. */
export abstract class WindowPlacesOp extends LastWindowsOp {
  /** @ignore The shape of the first operand for places of this shape, and what it is called. */
  protected abstract wanted(places: Shape): readonly [name: string, shape: Shape];
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [a, places] = inputs as [Tensor, Tensor], [name, shape] = this.wanted(places.shape);
    if (places.dtype !== "int32") throw new TypeError(`Cannot ${this.action}: places ${places.dtype} must be int32`);
    const counts = places.shape.slice(this.firstAxis(places.shape));
    if (sameShape(counts, this.counts) && sameShape(a.shape, shape)) return inputs;
    throw new TypeError(
      `Cannot ${this.action}: ${name} ${showShape(a.shape)} with places ${showShape(places.shape)} ` +
        `of ${showShape(this.counts)} windows`,
    );
  }
}

/** The elements at places in windows over the last axes, which an int32 tensor names: the inverse of {@linkcode ArgMaxPool}. */
export class WindowChoice extends WindowPlacesOp {
  /** The lengths of the axes over which the windows lie. */
  readonly lengths: Shape;
  /** The lengths are checked when the op is called. */
  constructor(windows: readonly Windows[], lengths: Shape) {
    super(windows);
    this.lengths = asItIs(lengths);
    checkShape(this.action, this.lengths);
  }
  /** @ignore */
  protected override wanted(places: Shape): readonly [name: string, shape: Shape] {
    return ["tensor", [...places.slice(0, this.firstAxis(places)), ...this.lengths]];
  }
  /** A map for each element of a window. */
  compute(a: NDArray, places: NDArray): NDArray {
    const axis = this.firstAxis(a.shape);
    return groupResult(() => {
      const result = filled(a.storage.stream, places.shape, a.dtype, 0);
      for (const { number, inside, windows } of tapsOf(this.windows, this.lengths)) {
        const target = placesAlong(result, axis, windows), part = placesAlong(a, axis, inside);
        mapInto(target, "addWhereEqual", [target, placesAlong(places, axis, windows), part], number);
      }
      return result;
    });
  }
  /** [g, added to the elements that were chosen, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, places] = y.inputs as [Tensor, Tensor];
    return [new WindowChoiceGradient(this.windows, a.shape).call(g, places), null];
  }
}

/** Adds a number for each window to the element that its place names: the adjoint of {@linkcode WindowChoice}. */
export class WindowChoiceGradient extends WindowPlacesOp {
  /** The shape of the whole. */
  readonly shape: Shape;
  /** The shape is checked when the op is called. */
  constructor(windows: readonly Windows[], shape: Shape) {
    super(windows);
    this.shape = asItIs(shape);
    checkShape(this.action, this.shape);
  }
  /** @ignore */
  protected override wanted(): readonly [name: string, shape: Shape] {
    return ["gradient", [...this.shape.slice(0, this.firstAxis(this.shape)), ...this.counts]];
  }
  /** A map for each element of a window. */
  compute(g: NDArray, places: NDArray): NDArray {
    const axis = this.firstAxis(this.shape);
    return summed(g.dtype, (sums) => {
      const whole = filled(g.storage.stream, this.shape, sums, 0), dense = contiguous(places);
      for (const { number, inside, windows } of tapsOf(this.windows, this.shape.slice(axis))) {
        const target = placesAlong(whole, axis, inside), part = placesAlong(g, axis, windows);
        mapInto(target, "addWhereEqual", [target, placesAlong(dense, axis, windows), part], number);
      }
      return whole;
    });
  }
  /** [g at the same places, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const axis = this.firstAxis(this.shape);
    return [new WindowChoice(this.windows, this.shape.slice(axis)).call(g, y.inputs[1]!), null];
  }
}
