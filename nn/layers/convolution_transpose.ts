/** Transposed convolutions over one, two and three axes: the adjoints of convolutions, which make images longer. */
import { extentOf, perAxis, refuse, shown } from "../../core/internal.ts";
import type { ConvolutionTransposeOptions, Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { KernelLayer, type KernelLayerOptions } from "./convolution.ts";

/** Options of {@linkcode ConvTranspose1d}, {@linkcode ConvTranspose2d} and {@linkcode ConvTranspose3d}. */
export interface ConvTransposeOptions extends KernelLayerOptions {
  /** How many places are left out before and behind each axis of the output: those of the convolution that it is to undo. */
  padding?: number | readonly number[];
  /** How much longer the output is behind each axis: of the lengths that a convolution with a stride makes equal, which one. */
  outputPadding?: number | readonly number[];
}

/** A transposed convolution: {@linkcode ConvTranspose1d}, {@linkcode ConvTranspose2d} or {@linkcode ConvTranspose3d}. */
export abstract class ConvolutionTransposeLayer extends KernelLayer<[x: Tensor, outputSize?: readonly number[]]> {
  /** How many places are left out before and behind each axis of the output. */
  readonly padding: readonly number[];
  /** How much longer the output is behind each axis. */
  readonly outputPadding: readonly number[];

  /** Over `axes` axes. */
  constructor(
    axes: number,
    channels: readonly [inChannels: number, outChannels: number],
    kernelSize: number | readonly number[],
    options: ConvTransposeOptions,
  ) {
    super(axes, channels, kernelSize, options, { isTransposed: true, option: "outputPadding" });
    const action = `make ${this.constructor.name}`, { padding = 0, outputPadding = 0 } = options;
    this.padding = perAxis(action, "padding", padding, axes, 0);
    this.outputPadding = perAxis(action, "outputPadding", outputPadding, axes, 0);
    this.outputPadding.forEach((each, k) => {
      if (each < Math.max(this.stride[k]!, this.dilation[k]!)) return;
      throw new RangeError(`Cannot ${action}: outputPadding ${each} must be smaller than stride or dilation`);
    });
  }

  /**
   * [batch, inChannels, ...] to [batch, outChannels, ...], or both without the batch. With `outputSize`, the lengths of the
   * output or its whole shape, it takes the output padding that gives these lengths. TypeError for other shapes; RangeError for
   * lengths that no output padding gives.
   */
  override forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    checkChannels(this, x, this.inChannels, this.kernelSize.length);
    const { weight, bias, stride, dilation, groups, padding } = this;
    const outputPadding = outputSize === undefined ? this.outputPadding : this.#paddingFor(x, outputSize);
    return this.convolve(x, weight, { bias, stride, dilation, groups, padding, outputPadding });
  }

  /** The output padding that gives the output these lengths. */
  #paddingFor(x: Tensor, outputSize: readonly number[]): number[] {
    const action = `apply ${this.constructor.name}`, axes = this.kernelSize.length;
    if (!Array.isArray(outputSize)) refuse(action, outputSize, "a list of lengths as the outputSize");
    if (outputSize.length !== axes && outputSize.length !== x.shape.length) {
      throw new TypeError(`Cannot ${action}: outputSize of ${outputSize.length} lengths, it must have ${axes}`);
    }
    return outputSize.slice(-axes).map((length: number, k) => {
      const step = this.stride[k]!, extent = extentOf(this.kernelSize[k]!, this.dilation[k]!);
      const least = (x.shape[x.shape.length - axes + k]! - 1) * step - 2 * this.padding[k]! + extent;
      if (Number.isInteger(length) && length >= least && length < least + step) return length - least;
      throw new RangeError(
        `Cannot ${action}: outputSize ${shown(length)} of axis ${k} must be an integer from ${least} to ${
          least + step - 1
        }`,
      );
    });
  }

  /** The convolution by the tensor's method of this number of axes. */
  protected abstract convolve(x: Tensor, weight: Tensor, options: ConvolutionTransposeOptions): Tensor;
}

/**
 * The adjoint of {@linkcode Conv1d} by its input: [batch, inChannels, length] to [batch, outChannels, ...], or both
 * without the batch.
 *
 * Its weight is [inChannels, outChannels / groups, ...kernelSize]. Weight and bias start uniform in ±1/sqrt(n), with n the
 * number of elements of `weight[0]`, as PyTorch's do. TypeError for other shapes; RangeError where nothing of the output is left.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const up = new nn.ConvTranspose1d(1, 1, 2, { stride: 2, bias: false });
 * up.loadStateDict({ weight: tensor([[[1, -1]]]) });
 * if (up.call(tensor([[[5, 7]]])).toArray().join() !== "5,-5,7,-7") throw new Error("wrong");
 * ```
 */
export class ConvTranspose1d extends ConvolutionTransposeLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeOptions = {},
  ) {
    super(1, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionTransposeOptions): Tensor {
    return x.convTranspose1d(weight, options);
  }
}

/**
 * The adjoint of {@linkcode Conv2d} by its input: [batch, inChannels, height, width] to [batch, outChannels, ...], or both
 * without the batch.
 *
 * Its weight is [inChannels, outChannels / groups, ...kernelSize]. Weight and bias start uniform in ±1/sqrt(n), with n the
 * number of elements of `weight[0]`, as PyTorch's do. TypeError for other shapes; RangeError where nothing of the output is left.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const down = new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1 }), x = zeros([1, 3, 12, 12]);
 * const up = new nn.ConvTranspose2d(8, 3, 3, { stride: 2, padding: 1 });
 * if (up.call(down.call(x), x.shape).shape.join() !== "1,3,12,12") throw new Error("another shape");
 * ```
 */
export class ConvTranspose2d extends ConvolutionTransposeLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeOptions = {},
  ) {
    super(2, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionTransposeOptions): Tensor {
    return x.convTranspose2d(weight, options);
  }
}

/**
 * The adjoint of {@linkcode Conv3d} by its input: [batch, inChannels, depth, height, width] to [batch, outChannels, ...], or both
 * without the batch.
 *
 * Its weight is [inChannels, outChannels / groups, ...kernelSize]. Weight and bias start uniform in ±1/sqrt(n), with n the
 * number of elements of `weight[0]`, as PyTorch's do. TypeError for other shapes; RangeError where nothing of the output is left.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const up = new nn.ConvTranspose3d(4, 2, 2, { stride: 2 });
 * if (up.call(zeros([4, 3, 3, 3])).shape.join() !== "2,6,6,6") throw new Error("another shape");
 * ```
 */
export class ConvTranspose3d extends ConvolutionTransposeLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvTransposeOptions = {},
  ) {
    super(3, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionTransposeOptions): Tensor {
    return x.convTranspose3d(weight, options);
  }
}
