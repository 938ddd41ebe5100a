/**
 * Convolutions over any number of axes, and their adjoints.
 *
 * With x the input, w the kernels and y the result, the three ops of this file are the derivatives of one form that is linear
 * in each, sum(x w y) over all places where they meet: by y the convolution, by x the transposed convolution, by w the
 * gradient of the kernels. So each is the adjoint of the others, to any order.
 */
import { groupResult } from "../../array/group.ts";
import { empty, filled, mapInto, type NDArray } from "../../array/ndarray.ts";
import { convolved, convolvedBack, convolvedKernels, goesBack } from "../../array/convolutions.ts";
import { convolves, fold, matmul } from "../../array/skeletons.ts";
import { broadcastTo, permute, reshape } from "../../array/views.ts";
import { addTaps, placesAlong, windowsOf } from "../../array/windows.ts";
import { asItIs, checkCount, checkOptions } from "../../pure/check.ts";
import { promote } from "../../pure/dtype.ts";
import { checkShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import { perAxis, type Range, tapsOf, type Windows } from "../../pure/windows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands, fitted } from "../operands.ts";
import { commonType, operandType, type Precision } from "../precision.ts";
import { summed } from "./sums.ts";

/** How kernels lie over their input: a number for each axis that they move along. */
export interface ConvolutionGeometry {
  /** From one place of the kernel to the next: the stride. */
  readonly step: readonly number[];
  /** How many places the kernel begins before the input does: the padding. */
  readonly before: readonly number[];
  /** From one element of the kernel to the next. */
  readonly dilation: readonly number[];
  /** Into how many groups the channels are divided, of which each has kernels of its own. */
  readonly groups: number;
}

const geometryNames = ["step", "before", "dilation", "groups"] as const;

/** An op of two of an input [n, c, ...], kernels [o, c / groups, ...] and a result [n, o, ...]. */
export abstract class ConvolutionOp extends TensorOp {
  /** @ignore */ override get precision(): Precision {
    return "half";
  }
  /** How the kernels lie over the input. */
  readonly geometry: ConvolutionGeometry;
  /** The lengths of the op's result along the axes that the kernels move along. */
  readonly size: Shape;

  /** RangeError unless the lists have an integer for each axis. Whether they fit the operands is checked by `call`. */
  constructor(geometry: ConvolutionGeometry, size: Shape) {
    super();
    this.size = asItIs(size);
    checkShape(this.name, this.size);
    const { step, before, dilation, groups } = checkOptions(this.name, geometry, "{ step: [1] }", geometryNames);
    const d = this.size.length, any = Number.MIN_SAFE_INTEGER;
    this.geometry = {
      step: perAxis(this.name, "step", step, d, 1),
      before: perAxis(this.name, "before", before, d, any),
      dilation: perAxis(this.name, "dilation", dilation, d, 1),
      groups: checkCount(this.name, "groups", groups, 1),
    };
  }

  /** The windows of kernels with these lengths, at so many places. */
  protected windowsOf(kernel: Shape, counts: Shape): Windows[] {
    const { step, before, dilation } = this.geometry;
    return kernel.map((size, k) => ({
      size,
      step: step[k]!,
      dilation: dilation[k]!,
      before: before[k]!,
      count: counts[k]!,
    }));
  }

  /** @ignore The operands in one type, in which integers are int32, as sums of them are. */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [a, b] = inputs as [Tensor, Tensor], rank = this.size.length + 2;
    if (a.shape.length !== rank || b.shape.length !== rank || !this.fits(a.shape, b.shape)) {
      throw new TypeError(
        `Cannot ${this.action}: shapes ${showShape(a.shape)} and ${showShape(b.shape)} must be ${this.wanted}` +
          (this.geometry.groups === 1 ? "" : ` for ${this.geometry.groups} groups`),
      );
    }
    const dtype = promote(operandType(this.precision, commonType(inputs)), "int32");
    return inputs.every((each) => each.dtype === dtype) ? inputs : [a, b].flatMap((x) => fitted([x], dtype, x.shape));
  }

  /** Whether operands of these shapes, which have as many axes as they must, belong together. */
  protected abstract fits(a: Shape, b: Shape): boolean;
  /** The shapes of operands that belong together, in messages. */
  protected abstract readonly wanted: string;

  /**
   * Whether the device has an instruction for the convolution. A kernel of one element at all places is a matrix, and of an
   * array without elements there is nothing to multiply.
   */
  protected isOneInstruction(array: NDArray, windows: readonly Windows[], lengths: Shape): boolean {
    const isMatrix = this.geometry.groups === 1 &&
      windows.every(({ size, step, before, count }, k) =>
        size === 1 && step === 1 && before === 0 && count === lengths[k]
      );
    return windows.length <= 2 && array.size > 0 && convolves(array) && !isMatrix;
  }

  /** Whether each channel of the input has kernels of its own: then products of matrices would have one row. */
  protected isDepthwise(channelsOfKernel: number): boolean {
    return channelsOfKernel === 1 && this.geometry.groups > 1;
  }
}

/** The most elements of columns at a time: enough to keep a device busy, and few beside the tensors of a model. */
const columnsMost = 2 ** 24;

/** The parts of `n` inputs of which the columns, with so many elements for each input, lie in memory together. */
function partsOf(n: number, columnsEach: number): Range[] {
  const most = Math.max(1, Math.floor(columnsMost / columnsEach));
  if (n <= most) return [{ start: 0, step: 1, length: n }];
  return Array.from({ length: Math.ceil(n / most) }, (_, k) => (
    { start: k * most, step: 1, length: Math.min(most, n - k * most) }
  ));
}

/** What `compute` makes of each part of `array` [n, ...], one behind the other. */
function joined(array: NDArray, parts: readonly Range[], compute: (part: NDArray) => NDArray): NDArray {
  if (parts.length === 1) return groupResult(() => compute(array));
  return groupResult(() => {
    let whole: NDArray | null = null;
    for (const range of parts) {
      const part = groupResult(() => compute(placesAlong(array, 0, [range])));
      whole ??= empty(part.storage.stream, [array.shape[0]!, ...part.shape.slice(1)], part.dtype);
      mapInto(placesAlong(whole, 0, [range]), "copy", [part]);
      part.dispose();
    }
    return whole!;
  });
}

/** The channels of an array [n, c, ...] divided into groups: [n, groups, c / groups, ...]. */
function grouped(array: NDArray, groups: number): NDArray {
  const [n, channels, ...rest] = array.shape as [number, number, ...number[]];
  const [s, t, ...strides] = array.strides as [number, number, ...number[]], each = channels / groups;
  return array.view([n, groups, each, ...rest], [s, t * each, t, ...strides]);
}

/** Kernels [o, c, ...] as matrices [n, groups, o / groups, c * ...], the same for each n. */
function kernelMatrices(w: NDArray, n: number, groups: number): NDArray {
  const rows = w.shape[0]! / groups, columns = sizeOf(w.shape.slice(1));
  return broadcastTo(reshape(w, [groups, rows, columns]), [n, groups, rows, columns]);
}

/** The element of that number of all kernels [groups * m, 1, ...], as [1, groups, m, 1, ...] stretched to `shape`. */
function kernelTap(w: NDArray, number: number, shape: Shape): NDArray {
  const flat = reshape(w, [1, shape[1]!, shape[2]!, sizeOf(w.shape.slice(2))]);
  const tap = placesAlong(flat, 3, [{ start: number, step: 1, length: 1 }]);
  return tap.view(shape, [0, tap.strides[1]!, tap.strides[2]!, ...shape.slice(3).map(() => 0)]);
}

/**
 * The cross-correlation of [n, c, ...] with kernels [o, c / groups, ...], which neural networks call a convolution:
 * [n, o, ...]. Elements outside the input count as zeros. The result has `size` places, whether or not more would fit.
 */
export class Convolution extends ConvolutionOp {
  /** @ignore */ override get action(): string {
    return `conv${this.size.length}d`;
  }
  /** @ignore */
  protected override get wanted(): string {
    return `[n, c, ...] and [o, c${this.geometry.groups === 1 ? "" : " / groups"}, ...]`;
  }
  /** @ignore */
  protected override fits(x: Shape, w: Shape): boolean {
    const { groups } = this.geometry;
    return x[1] === w[1]! * groups && w[0]! % groups === 0;
  }
  /**
   * One instruction where the device has it. Else products of the kernels with the windows, which are copied to columns one
   * beside the other; of kernels of one element the input itself is the columns. Depthwise, one multiply-add for each element
   * of the kernel.
   */
  compute(x: NDArray, w: NDArray): NDArray {
    const { groups } = this.geometry, channels = x.shape[1]!, elements = sizeOf(w.shape.slice(2)), d = this.size.length;
    const windows = this.windowsOf(w.shape.slice(2), this.size), places = sizeOf(this.size);
    if (this.isOneInstruction(x, windows, x.shape.slice(2))) return convolved(x, w, windows, groups);
    if (this.isDepthwise(w.shape[1]!)) return this.#depthwise(x, w, windows);
    const parts = partsOf(x.shape[0]!, elements === 1 ? 0 : channels * elements * places);
    return joined(x, parts, (x) => {
      const n = x.shape[0]!, view = windowsOf(x, 2, windows), order = [0, 1, ...windows.map((_, k) => k + 2 + d)];
      const turned = permute(view, [...order, ...windows.map((_, k) => k + 2)]);
      const columns = reshape(turned, [n, groups, channels / groups * elements, places]);
      return reshape(matmul(kernelMatrices(w, n, groups), columns, [n, groups]), [n, w.shape[0]!, ...this.size]);
    });
  }
  #depthwise(x: NDArray, w: NDArray, windows: readonly Windows[]): NDArray {
    const { groups } = this.geometry, n = x.shape[0]!, m = w.shape[0]! / groups, lengths = x.shape.slice(2);
    return summed(x.dtype, (sums) => {
      const y = filled(x.storage.stream, [n, groups, m, ...this.size], sums, 0), channels = grouped(x, groups);
      for (const { number, inside, windows: seen } of tapsOf(windows, lengths)) {
        const target = placesAlong(y, 3, seen), part = broadcastTo(placesAlong(channels, 3, inside), target.shape);
        mapInto(target, "mulAdd", [part, kernelTap(w, number, target.shape), target]);
      }
      return reshape(y, [n, groups * m, ...this.size]);
    });
  }
  /** [the transposed convolution of g, the sums of x g over all places]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [x, w] = y.inputs as [Tensor, Tensor], { geometry } = this;
    return [
      x.requiresGrad ? new ConvolutionTranspose(geometry, x.shape.slice(2)).call(g, w) : null,
      w.requiresGrad ? new ConvolutionKernelGradient(geometry, w.shape.slice(2)).call(x, g) : null,
    ];
  }
}

/**
 * The transposed convolution of [n, o, ...] with kernels [o, c / groups, ...]: [n, c, ...], the adjoint of
 * {@linkcode Convolution} with respect to its input.
 */
export class ConvolutionTranspose extends ConvolutionOp {
  /** @ignore */ override get action(): string {
    return `convTranspose${this.size.length}d`;
  }
  /** @ignore */
  protected override get wanted(): string {
    return "[n, o, ...] and [o, c, ...]";
  }
  /** @ignore */
  protected override fits(y: Shape, w: Shape): boolean {
    return y[1] === w[0] && w[0]! % this.geometry.groups === 0;
  }
  /**
   * With steps of 1, the convolution with the turned kernels; where the device has an instruction for convolutions, several of
   * them, whatever the steps. Else products of the kernels with each place, added where the kernel lies. Depthwise, one
   * multiply-add for each element of the kernel.
   */
  compute(y: NDArray, w: NDArray): NDArray {
    const windows = this.windowsOf(w.shape.slice(2), y.shape.slice(2));
    if (goesBack(windows) && this.isOneInstruction(y, windows, this.size)) {
      return convolvedBack(y, w, windows, this.geometry.groups, this.size);
    }
    if (this.isDepthwise(w.shape[1]!)) return this.#depthwise(y, w, windows);
    const isTurned = windows.every(({ step }) => step === 1), elements = sizeOf(w.shape.slice(2));
    const each = isTurned
      ? w.shape[0]! * sizeOf(this.size)
      : w.shape[1]! * this.geometry.groups * sizeOf(y.shape.slice(2));
    const parts = partsOf(y.shape[0]!, elements * each);
    return joined(y, parts, (y) => isTurned ? this.#turned(y, w, windows) : this.#added(y, w, windows));
  }
  /** Place p of the result is met by element k of the kernel from place p + before - k dilation. */
  #turned(y: NDArray, w: NDArray, windows: readonly Windows[]): NDArray {
    const { groups } = this.geometry, n = y.shape[0]!, d = windows.length, o = y.shape[1]! / groups;
    const kernel = w.shape.slice(2), channels = w.shape[1]!;
    return groupResult(() => {
      const back = windows.map(({ size, dilation, before }, k) => (
        { size, step: 1, dilation: -dilation, before: -before, count: this.size[k]! }
      ));
      const view = windowsOf(y, 2, back),
        order = [0, 1, ...back.map((_, k) => k + 2 + d), ...back.map((_, k) => k + 2)];
      const columns = reshape(permute(view, order), [n, groups, o * sizeOf(kernel), sizeOf(this.size)]);
      const turned = permute(reshape(w, [groups, o, channels, sizeOf(kernel)]), [0, 2, 1, 3]);
      const matrices = kernelMatrices(reshape(turned, [groups * channels, o, sizeOf(kernel)]), n, groups);
      return reshape(matmul(matrices, columns, [n, groups]), [n, groups * channels, ...this.size]);
    });
  }
  #added(y: NDArray, w: NDArray, windows: readonly Windows[]): NDArray {
    const { groups } = this.geometry, [n, o] = y.shape as [number, number], kernel = w.shape.slice(2);
    const counts = y.shape.slice(2), places = sizeOf(counts), channels = w.shape[1]! * groups;
    return summed(y.dtype, (sums) => {
      const matrices = permute(kernelMatrices(w, n, groups), [0, 1, 3, 2]);
      const products = matmul(matrices, reshape(y, [n, groups, o / groups, places]), [n, groups]);
      const taps = reshape(products, [n, channels, sizeOf(kernel), ...counts]);
      const whole = filled(y.storage.stream, [n, channels, ...this.size], sums, 0);
      addTaps(whole, 2, windows, (number, seen) => {
        const tap = placesAlong(taps, 2, [{ start: number, step: 1, length: 1 }, ...seen]);
        return tap.view([n, channels, ...tap.shape.slice(3)], [...tap.strides.slice(0, 2), ...tap.strides.slice(3)]);
      });
      return whole;
    });
  }
  #depthwise(y: NDArray, w: NDArray, windows: readonly Windows[]): NDArray {
    const { groups } = this.geometry, n = y.shape[0]!, m = w.shape[0]! / groups;
    return summed(y.dtype, (sums) => {
      const whole = filled(y.storage.stream, [n, groups, 1, ...this.size], sums, 0), places = grouped(y, groups);
      for (const { number, inside, windows: seen } of tapsOf(windows, this.size)) {
        const target = placesAlong(whole, 3, inside), part = placesAlong(places, 3, seen);
        const taps = kernelTap(w, number, part.shape);
        for (let k = 0; k < m; k++) {
          const one = [{ start: k, step: 1, length: 1 }];
          mapInto(target, "mulAdd", [placesAlong(part, 2, one), placesAlong(taps, 2, one), target]);
        }
      }
      return reshape(whole, [n, groups, ...this.size]);
    });
  }
  /** [the convolution of h, the sums of h y over all places]. */
  gradient(h: Tensor, x: Tensor): Adjoints {
    const [y, w] = x.inputs as [Tensor, Tensor], { geometry } = this;
    return [
      y.requiresGrad ? new Convolution(geometry, y.shape.slice(2)).call(h, w) : null,
      w.requiresGrad ? new ConvolutionKernelGradient(geometry, w.shape.slice(2)).call(h, y) : null,
    ];
  }
}

/**
 * The sums of x y over all places where an element of a kernel meets them, of x [n, c, ...] and y [n, o, ...]:
 * [o, c / groups, ...], the adjoint of {@linkcode Convolution} with respect to its kernels.
 */
export class ConvolutionKernelGradient extends ConvolutionOp {
  /** @ignore */
  protected override get wanted(): string {
    return "[n, c, ...] and [n, o, ...]";
  }
  /** @ignore */
  protected override fits(x: Shape, y: Shape): boolean {
    const { groups } = this.geometry;
    return x[0] === y[0] && x[1]! % groups === 0 && y[1]! % groups === 0;
  }
  /**
   * One instruction where the device has it. Else one product for each group, whose sums run over all places of all inputs.
   * Depthwise, sums of x y for each element.
   */
  compute(x: NDArray, y: NDArray): NDArray {
    const { groups } = this.geometry, [n, o] = y.shape as [number, number], channels = x.shape[1]! / groups;
    const windows = this.windowsOf(this.size, y.shape.slice(2)),
      d = windows.length,
      axes = windows.map((_, k) => k + 2);
    if (windows.length <= 2 && convolves(x)) return convolvedKernels(x, y, windows, groups);
    if (this.isDepthwise(channels)) return this.#depthwise(x, y, windows);
    const places = sizeOf(y.shape.slice(2)), elements = channels * sizeOf(this.size);
    const product = (x: NDArray, y: NDArray) => {
      const columns = permute(windowsOf(x, 2, windows), [1, ...axes.map((axis) => axis + d), 0, ...axes]);
      const right = reshape(columns, [groups, elements, y.shape[0]! * places]);
      const left = reshape(permute(y, [1, 0, ...axes]), [groups, o / groups, y.shape[0]! * places]);
      return reshape(matmul(left, permute(right, [0, 2, 1]), [groups]), [o, channels, ...this.size]);
    };
    return groupResult(() =>
      partsOf(n, groups * elements * places)
        .map((range) => groupResult(() => product(placesAlong(x, 0, [range]), placesAlong(y, 0, [range]))))
        .reduce((sum, part) => {
          mapInto(sum, "add", [sum, part]);
          part.dispose();
          return sum;
        })
    );
  }
  #depthwise(x: NDArray, y: NDArray, windows: readonly Windows[]): NDArray {
    const { groups } = this.geometry, m = y.shape[1]! / groups;
    const axes = [0, ...windows.map((_, k) => k + 3)];
    return groupResult(() => {
      const whole = filled(x.storage.stream, [groups, m, sizeOf(this.size)], x.dtype, 0);
      const channels = grouped(x, groups), places = grouped(y, groups);
      for (const { number, inside, windows: seen } of tapsOf(windows, x.shape.slice(2))) {
        const right = placesAlong(places, 3, seen), left = placesAlong(channels, 3, inside);
        const sums = fold("dot", [broadcastTo(left, right.shape), right], axes, [groups, m, 1]);
        mapInto(placesAlong(whole, 2, [{ start: number, step: 1, length: 1 }]), "copy", [sums]);
      }
      return reshape(whole, [groups * m, 1, ...this.size]);
    });
  }
  /** [the transposed convolution of y with h, the convolution of x with h]. */
  gradient(h: Tensor, w: Tensor): Adjoints {
    const [x, y] = w.inputs as [Tensor, Tensor], { geometry } = this;
    return [
      x.requiresGrad ? new ConvolutionTranspose(geometry, x.shape.slice(2)).call(y, h) : null,
      y.requiresGrad ? new Convolution(geometry, y.shape.slice(2)).call(x, h) : null,
    ];
  }
}
