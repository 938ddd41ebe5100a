/** Convolutions and transposed convolutions as PyTorch has them: options, a batch or a single input, and a bias. */
import { checkCount, checkOptions, refuse, shown } from "../../pure/check.ts";
import { checkShape, type Shape, showShape } from "../../pure/shape.ts";
import { extentOf, perAxis } from "../../pure/windows.ts";
import { isTensor } from "../operands.ts";
import { add, Convolution, type ConvolutionGeometry, ConvolutionTranspose, Reshape } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** What the convolutions have in common. A number stands for all axes, a list has one for each. */
export interface KernelOptions {
  /** [output channels], added to each place; none by default. */
  bias?: Tensor | null;
  /** From one place of the kernel to the next: 1 by default. */
  stride?: number | readonly number[];
  /** From one element of the kernel to the next: 1 by default. */
  dilation?: number | readonly number[];
  /** Into how many groups the channels are divided, each with kernels of its own: 1 by default. */
  groups?: number;
}

/** The options of a convolution. */
export interface ConvolutionOptions extends KernelOptions {
  /**
   * How many zeros stand before and behind each axis: 0 by default, and for `"valid"`. With `"same"` as many that the result
   * has the input's lengths; it is for strides of 1. Of an odd number the last stands behind.
   */
  padding?: number | readonly number[] | "same" | "valid";
}

/** The options of a transposed convolution. */
export interface ConvolutionTransposeOptions extends KernelOptions {
  /** How many places are left out before and behind each axis of the result: those of the convolution that it is to undo. */
  padding?: number | readonly number[];
  /** How much longer the result is behind each axis: of the lengths that a convolution with a stride makes equal, which one. */
  outputPadding?: number | readonly number[];
}

const kernelNames = ["bias", "stride", "padding", "dilation", "groups"] as const;

/** The convolution over the last `d` axes. */
export function convolution(x: Tensor, weight: Tensor, d: number, options: ConvolutionOptions): Tensor {
  const action = `conv${d}d`, { padding = 0 } = checkOptions(action, options, "{ stride: 2 }", kernelNames);
  const { step, dilation, groups, kernel } = settingsOf(action, weight, d, options);
  const extents = kernel.map((size, k) => extentOf(size, dilation[k]!));
  if (padding === "same" && step.some((each) => each !== 1)) {
    throw new RangeError(`Cannot ${action}: padding "same" is for strides of 1, stride ${shown(options.stride)}`);
  }
  if (typeof padding === "string" && padding !== "same" && padding !== "valid") {
    throw new RangeError(`Cannot ${action}: padding ${shown(padding)} must be a number, a list, "same" or "valid"`);
  }
  const around = padding === "same"
    ? extents.map((extent) => extent - 1)
    : perAxis(action, "padding", padding === "valid" ? 0 : padding, d, 0).map((each) => 2 * each);
  const before = around.map((each) => Math.floor(each / 2));
  return batched(action, x, weight, d, groups, options.bias, weight.shape[0]!, (input) => {
    const size = extents.map((extent, k) => {
      const room = input.shape[k + 2]! + around[k]! - extent;
      if (room >= 0) return Math.floor(room / step[k]!) + 1;
      throw new RangeError(
        `Cannot ${action}: a kernel over ${extent} places is longer than axis ${k + 2} of ${
          showShape(input.shape)
        } with ` +
          `padding, ${input.shape[k + 2]! + around[k]!}`,
      );
    });
    checkShape(action, [input.shape[0]!, weight.shape[0]!, ...size]);
    return new Convolution({ step, before, dilation, groups }, size).call(input, weight);
  });
}

/** The transposed convolution over the last `d` axes. */
export function convolutionTranspose(
  x: Tensor,
  weight: Tensor,
  d: number,
  options: ConvolutionTransposeOptions,
): Tensor {
  const action = `convTranspose${d}d`;
  const { padding = 0, outputPadding = 0 } = checkOptions(action, options, "{ stride: 2 }", [
    ...kernelNames,
    "outputPadding",
  ]);
  const { step, dilation, groups, kernel } = settingsOf(action, weight, d, options);
  const before = perAxis(action, "padding", padding, d, 0),
    more = perAxis(action, "outputPadding", outputPadding, d, 0);
  more.forEach((each, k) => {
    if (each < Math.max(step[k]!, dilation[k]!)) return;
    throw new RangeError(`Cannot ${action}: outputPadding ${each} must be smaller than stride or dilation`);
  });
  return batched(action, x, weight, d, groups, options.bias, weight.shape[1]! * groups, (input) => {
    const size = kernel.map((length, k) => {
      const whole = (input.shape[k + 2]! - 1) * step[k]! + extentOf(length, dilation[k]!) + more[k]! - 2 * before[k]!;
      if (whole > 0) return whole;
      throw new RangeError(`Cannot ${action}: axis ${k + 2} of the result would have length ${whole}`);
    });
    checkShape(action, [input.shape[0]!, weight.shape[1]! * groups, ...size]);
    return new ConvolutionTranspose({ step, before, dilation, groups }, size).call(input, weight);
  });
}

/** What both convolutions are told, a number for each axis. TypeError unless the weight has as many axes as it must. */
function settingsOf(
  action: string,
  weight: Tensor,
  d: number,
  { stride = 1, dilation = 1, groups = 1 }: KernelOptions,
): Omit<ConvolutionGeometry, "before"> & { kernel: Shape } {
  if (!isTensor(weight)) refuse(action, weight, "a tensor of weights");
  if (weight.shape.length !== d + 2) {
    throw new TypeError(`Cannot ${action}: weight ${showShape(weight.shape)} must have ${d + 2} axes`);
  }
  const kernel = weight.shape.slice(2);
  if (kernel.some((length) => length < 1)) {
    throw new TypeError(`Cannot ${action}: the kernels of weight ${showShape(weight.shape)} have no elements`);
  }
  return {
    step: perAxis(action, "stride", stride, d, 1),
    dilation: perAxis(action, "dilation", dilation, d, 1),
    groups: checkCount(action, "groups", groups, 1),
    kernel,
  };
}

/** Calls `body` with a batch, which a single input becomes for the time being, and adds the bias. */
function batched(
  action: string,
  x: Tensor,
  weight: Tensor,
  d: number,
  groups: number,
  bias: Tensor | null | undefined,
  channels: number,
  body: (input: Tensor) => Tensor,
): Tensor {
  const isSingle = x.shape.length === d + 1;
  if (!isSingle && x.shape.length !== d + 2) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(x.shape)} must have ${d + 1} or ${d + 2} axes`);
  }
  if (weight.shape[0]! % groups !== 0) {
    throw new TypeError(
      `Cannot ${action}: the first axis of weight ${showShape(weight.shape)} does not divide into ${groups} groups`,
    );
  }
  const result = body(isSingle ? new Reshape([1, ...x.shape]).call(x) : x);
  const sum = bias === null || bias === undefined ? result : withBias(action, result, bias, channels, d);
  return isSingle ? new Reshape(sum.shape.slice(1)).call(sum) : sum;
}

/** The result with the bias added to its channels, in the result's type. */
function withBias(action: string, result: Tensor, bias: Tensor, channels: number, d: number): Tensor {
  if (!isTensor(bias)) refuse(action, bias, "a tensor or null as the bias");
  if (bias.shape.length !== 1 || bias.shape[0] !== channels) {
    throw new TypeError(`Cannot ${action}: bias ${showShape(bias.shape)} must be [${channels}]`);
  }
  const each = new Reshape([channels, ...new Array<number>(d).fill(1)]).call(bias);
  return add.call(result, each.dtype === result.dtype ? each : each.cast(result.dtype));
}
