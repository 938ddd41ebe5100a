/** Convolutions over one, two and three axes. All of them are one class, which is told the number of axes. */
import { checkCount, checkFlag, checkOptions, extentOf, perAxis, shown } from "../../core/internal.ts";
import type { ConvolutionOptions, Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkChannels } from "../input.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { placementNames, placementOf, uniformParameter } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** What all convolutions may be told. A number stands for all axes, a list has one for each. */
export interface KernelLayerOptions extends PlacementOptions {
  /** From one place of the kernel to the next: 1 by default. */
  stride?: number | readonly number[];
  /** From one element of the kernel to the next: 1 by default. */
  dilation?: number | readonly number[];
  /** Into how many groups the channels are divided, each with kernels of its own: 1 by default. */
  groups?: number;
  /** Add a bias of shape [outChannels]; true by default. */
  bias?: boolean;
}

/** Options of {@linkcode Conv1d}, {@linkcode Conv2d} and {@linkcode Conv3d}. */
export interface ConvOptions extends KernelLayerOptions {
  /**
   * How many places stand before and behind each axis: 0 by default, and for `"valid"`. With `"same"` as many that the result
   * has the input's lengths; it is for strides of 1. Of an odd number the last stands behind.
   */
  padding?: number | readonly number[] | "same" | "valid";
  /** What the padding shows: zeros, which is the default, or elements of the input, as `x.pad` describes it. */
  paddingMode?: "zeros" | "reflect" | "replicate" | "circular";
}

const kernelNames = ["stride", "padding", "dilation", "groups", "bias", ...placementNames];
const paddingModes = ["zeros", "reflect", "replicate", "circular"];

/** What convolutions and transposed ones have in common: kernels, and a bias. */
// deno-lint-ignore no-explicit-any -- as for `Module`.
export abstract class KernelLayer<Inputs extends any[]> extends Module<Inputs> {
  /** The kernels: [outChannels, inChannels / groups, ...kernelSize], for transposed ones with the two counts exchanged. */
  readonly weight: Parameter;
  /** The bias [outChannels], or null. */
  readonly bias: Parameter | null;
  /** The number of channels of the input. */
  readonly inChannels: number;
  /** The number of channels of the output. */
  readonly outChannels: number;
  /** The lengths of a kernel. */
  readonly kernelSize: readonly number[];
  /** From one place of the kernel to the next, along each axis. */
  readonly stride: readonly number[];
  /** From one element of the kernel to the next, along each axis. */
  readonly dilation: readonly number[];
  /** Into how many groups the channels are divided. */
  readonly groups: number;

  /**
   * Over `axes` axes, with one more option. Weight and bias start uniform in ±1/sqrt(n), with n the length of `weight[0]` as a
   * vector.
   */
  constructor(
    axes: number,
    channels: readonly [inChannels: number, outChannels: number],
    kernelSize: number | readonly number[],
    options: KernelLayerOptions,
    { isTransposed, option }: { isTransposed: boolean; option: string },
  ) {
    super();
    const action = `make ${this.constructor.name}`, names = [...kernelNames, option] as (keyof KernelLayerOptions)[];
    const { stride = 1, dilation = 1, groups = 1, bias = true } = checkOptions(action, options, "{ stride: 2 }", names);
    this.inChannels = checkFeatures(action, "inChannels", channels[0]);
    this.outChannels = checkFeatures(action, "outChannels", channels[1]);
    this.kernelSize = perAxis(action, "kernelSize", kernelSize, axes, 1);
    this.stride = perAxis(action, "stride", stride, axes, 1);
    this.dilation = perAxis(action, "dilation", dilation, axes, 1);
    this.groups = checkCount(action, "groups", groups, 1);
    checkFlag(action, "bias", bias);
    for (const name of ["inChannels", "outChannels"] as const) {
      if (this[name] % groups === 0) continue;
      throw new RangeError(`Cannot ${action}: ${name} ${this[name]} must be a multiple of groups ${groups}`);
    }
    const [first, second] = isTransposed ? channels : [channels[1], channels[0]];
    const shape = [first, second / groups, ...this.kernelSize], placement = placementOf(action, options);
    const bound = 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b));
    this.weight = uniformParameter(shape, bound, placement);
    this.bias = bias ? uniformParameter([this.outChannels], bound, placement) : null;
  }

  /** @ignore */
  protected override describe(): string {
    const { inChannels, outChannels, kernelSize, stride, dilation, groups, bias } = this;
    const isOne = (list: readonly number[]) => list.every((each) => each === 1);
    return [
      `${inChannels}, ${outChannels}, [${kernelSize.join(", ")}]`,
      isOne(stride) ? "" : `, stride: [${stride.join(", ")}]`,
      isOne(dilation) ? "" : `, dilation: [${dilation.join(", ")}]`,
      groups === 1 ? "" : `, groups: ${groups}`,
      bias === null ? ", bias: false" : "",
    ].join("");
  }
}

/** A convolution over a number of axes: {@linkcode Conv1d}, {@linkcode Conv2d} or {@linkcode Conv3d}. */
export abstract class ConvolutionLayer extends KernelLayer<[x: Tensor]> {
  /** How many places stand before and behind each axis, or the word that says so. */
  readonly padding: readonly number[] | "same" | "valid";
  /** What the padding shows. */
  readonly paddingMode: "zeros" | "reflect" | "replicate" | "circular";
  /** The widths of a padding that shows elements, in pairs, the last axis first; null if it shows zeros. */
  readonly #widths: readonly number[] | null;

  /** Over `axes` axes. */
  constructor(
    axes: number,
    channels: readonly [inChannels: number, outChannels: number],
    kernelSize: number | readonly number[],
    options: ConvOptions,
  ) {
    super(axes, channels, kernelSize, options, { isTransposed: false, option: "paddingMode" });
    const action = `make ${this.constructor.name}`, { padding = 0, paddingMode = "zeros" } = options;
    if (typeof padding === "string") {
      if (padding !== "same" && padding !== "valid") {
        throw new RangeError(`Cannot ${action}: padding ${shown(padding)} must be a number, a list, "same" or "valid"`);
      }
      if (padding === "same" && this.stride.some((each) => each !== 1)) {
        throw new RangeError(
          `Cannot ${action}: padding "same" is for strides of 1, stride [${this.stride.join(", ")}]`,
        );
      }
      this.padding = padding;
    } else this.padding = perAxis(action, "padding", padding, axes, 0);
    if (!paddingModes.includes(paddingMode)) {
      throw new RangeError(
        `Cannot ${action}: paddingMode ${shown(paddingMode)} must be one of ${paddingModes.join(", ")}`,
      );
    }
    this.paddingMode = paddingMode;
    this.#widths = paddingMode === "zeros" || padding === "valid" ? null : this.#borders();
  }

  /** The padding in pairs, the last axis first. */
  #borders(): number[] {
    const around = this.kernelSize.map((size, k) => {
      const total = extentOf(size, this.dilation[k]!) - 1, before = Math.floor(total / 2), given = this.padding;
      return typeof given === "string" ? [before, total - before] : [given[k]!, given[k]!];
    });
    return around.reverse().flat();
  }

  /**
   * [batch, inChannels, ...] to [batch, outChannels, ...], or both without the batch. TypeError for other shapes; RangeError
   * where the input is shorter than the kernel.
   */
  override forward(x: Tensor): Tensor {
    checkChannels(this, x, this.inChannels, this.kernelSize.length);
    const { weight, bias, stride, dilation, groups, paddingMode } = this, widths = this.#widths;
    if (widths === null || paddingMode === "zeros") {
      return this.convolve(x, weight, { bias, stride, dilation, groups, padding: this.padding });
    }
    return this.convolve(x.pad(widths, { mode: paddingMode }), weight, { bias, stride, dilation, groups });
  }

  /** The convolution by the tensor's method of this number of axes. */
  protected abstract convolve(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor;
}

/**
 * A convolution over one axis: [batch, inChannels, length] to [batch, outChannels, ...], or both without the batch. It is
 * a cross-correlation, as in PyTorch.
 *
 * `kernelSize` is a number for all axes, or a list. Weight and bias start uniform in ±1/sqrt(n), for kernels of n numbers, as
 * PyTorch's do. TypeError for other shapes; RangeError where the input is shorter than the kernel.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const conv = new nn.Conv1d(1, 1, 2, { bias: false });
 * conv.loadStateDict({ weight: tensor([[[1, -1]]]) });
 * if (conv.call(tensor([[[5, 7, 4]]])).toArray().join() !== "-2,3") throw new Error("no differences");
 * ```
 */
export class Conv1d extends ConvolutionLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvOptions = {},
  ) {
    super(1, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
    return x.conv1d(weight, options);
  }
}

/**
 * A convolution over two axes: [batch, inChannels, height, width] to [batch, outChannels, ...], or both without the batch. It is
 * a cross-correlation, as in PyTorch.
 *
 * `kernelSize` is a number for all axes, or a list. Weight and bias start uniform in ±1/sqrt(n), for kernels of n numbers, as
 * PyTorch's do. TypeError for other shapes; RangeError where the input is shorter than the kernel.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Conv2d(3, 8, 3, { padding: 1 }), new nn.ReLU(), new nn.Conv2d(8, 4, 3, { stride: 2 }));
 * if (net.call(zeros([5, 3, 9, 9])).shape.join() !== "5,4,4,4") throw new Error("another shape");
 * ```
 */
export class Conv2d extends ConvolutionLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvOptions = {},
  ) {
    super(2, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
    return x.conv2d(weight, options);
  }
}

/**
 * A convolution over three axes: [batch, inChannels, depth, height, width] to [batch, outChannels, ...], or both without the batch. It is
 * a cross-correlation, as in PyTorch.
 *
 * `kernelSize` is a number for all axes, or a list. Weight and bias start uniform in ±1/sqrt(n), for kernels of n numbers, as
 * PyTorch's do. TypeError for other shapes; RangeError where the input is shorter than the kernel.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const conv = new nn.Conv3d(2, 4, [1, 3, 3], { padding: "same" });
 * if (conv.call(zeros([2, 5, 6, 7])).shape.join() !== "4,5,6,7") throw new Error("another shape");
 * ```
 */
export class Conv3d extends ConvolutionLayer {
  /**
   * RangeError unless the counts of channels are positive integers of at most 2^24 and multiples of `groups`, and the other
   * numbers are integers in their ranges; TypeError for an option that does not exist.
   */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvOptions = {},
  ) {
    super(3, [inChannels, outChannels], kernelSize, options);
  }

  /** @ignore */
  protected override convolve(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
    return x.conv3d(weight, options);
  }
}
