/** Layers that move elements: from channels to pixels, into windows and back, and an axis into several. */
import {
  checkCount,
  checkInteger,
  checkOptions,
  integerList,
  perAxis,
  refuse,
  showShape,
} from "../../core/internal.ts";
import type { Shape, Tensor } from "../../core/mod.ts";
import { checkChannels, checkInput } from "../input.ts";
import { Module } from "../module.ts";

/**
 * [..., c r², height, width] as [..., c, height r, width r]: each pixel's channels as a square of `upscaleFactor` r by r pixels
 * (Shi et al. 2016). TypeError for other channels.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.PixelShuffle(2).call(tensor([[[1]], [[2]], [[3]], [[4]]])).toArray().flat(2).join() !== "1,2,3,4") throw new Error("wrong");
 * ```
 */
export class PixelShuffle extends Module<[x: Tensor]> {
  /** How many pixels along each axis a pixel's channels become. */
  readonly upscaleFactor: number;

  /** RangeError unless `upscaleFactor` is a positive integer. */
  constructor(upscaleFactor: number) {
    super();
    this.upscaleFactor = checkCount("make PixelShuffle", "upscaleFactor", upscaleFactor, 1);
  }

  /** The tensor's elements in another shape. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).pixelShuffle(this.upscaleFactor);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.upscaleFactor}`;
  }
}

/**
 * [..., c, height r, width r] as [..., c r², height, width], with `downscaleFactor` r: the inverse of {@linkcode PixelShuffle}.
 * TypeError for lengths that are no multiples of it.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.PixelUnshuffle(2).call(tensor([[[1, 2], [3, 4]]])).shape.join() !== "4,1,1") throw new Error("wrong");
 * ```
 */
export class PixelUnshuffle extends Module<[x: Tensor]> {
  /** How many pixels along each axis become the channels of one. */
  readonly downscaleFactor: number;

  /** RangeError unless `downscaleFactor` is a positive integer. */
  constructor(downscaleFactor: number) {
    super();
    this.downscaleFactor = checkCount("make PixelUnshuffle", "downscaleFactor", downscaleFactor, 1);
  }

  /** The tensor's elements in another shape. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).pixelUnshuffle(this.downscaleFactor);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.downscaleFactor}`;
  }
}

/**
 * The channels of [batch, channels, ...], which lie in groups one after another, dealt out in turn (Zhang et al. 2017).
 * TypeError for channels that are no multiple of `groups`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.ChannelShuffle(2).call(tensor([[[1], [2], [3], [4]]])).toArray().flat(2).join() !== "1,3,2,4") throw new Error("wrong");
 * ```
 */
export class ChannelShuffle extends Module<[x: Tensor]> {
  /** Into how many groups the channels are divided. */
  readonly groups: number;

  /** RangeError unless `groups` is a positive integer. */
  constructor(groups: number) {
    super();
    this.groups = checkCount("make ChannelShuffle", "groups", groups, 1);
  }

  /** The tensor's elements in another shape. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).channelShuffle(this.groups);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.groups}`;
  }
}

/** Options of {@linkcode Unfold} and {@linkcode Fold}. A number stands for both axes. */
export interface UnfoldOptions {
  /** From one element of a window to the next: 1 by default. */
  dilation?: number | readonly number[];
  /** How many zeros stand before and behind each axis: 0 by default. */
  padding?: number | readonly number[];
  /** From one window to the next: 1 by default. */
  stride?: number | readonly number[];
}

/** Windows over two axes, as {@linkcode Unfold} and {@linkcode Fold} have them. */
export abstract class ColumnsLayer extends Module<[x: Tensor]> {
  /** The lengths of a window. */
  readonly kernelSize: readonly number[];
  /** From one element of a window to the next. */
  readonly dilation: readonly number[];
  /** How many zeros stand before and behind each axis. */
  readonly padding: readonly number[];
  /** From one window to the next. */
  readonly stride: readonly number[];

  /** RangeError unless all numbers are integers in their ranges. */
  constructor(kernelSize: number | readonly number[], options: UnfoldOptions) {
    super();
    const action = `make ${this.constructor.name}`, names = ["dilation", "padding", "stride"] as const;
    const { dilation = 1, padding = 0, stride = 1 } = checkOptions(action, options, "{ stride: 2 }", names);
    this.kernelSize = perAxis(action, "kernelSize", kernelSize, 2, 1);
    this.dilation = perAxis(action, "dilation", dilation, 2, 1);
    this.padding = perAxis(action, "padding", padding, 2, 0);
    this.stride = perAxis(action, "stride", stride, 2, 1);
  }

  /** @ignore */
  protected override describe(): string {
    return `[${this.kernelSize.join(", ")}]`;
  }
}

/**
 * Images [batch, channels, height, width] cut into windows, one a column: [batch, channels * kernel, windows]; or both without
 * the batch. It is the tensor's `imageToColumns`.
 *
 * TypeError for other shapes, RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * if (new nn.Unfold(2).call(zeros([1, 3, 4, 5])).shape.join() !== "1,12,12") throw new Error("another shape");
 * ```
 */
export class Unfold extends ColumnsLayer {
  /** RangeError unless all numbers are integers in their ranges. */
  constructor(kernelSize: number | readonly number[], options: UnfoldOptions = {}) {
    super(kernelSize, options);
  }

  /** [batch, channels, height, width] to [batch, channels * kernel, windows]. */
  override forward(x: Tensor): Tensor {
    const { kernelSize: size, dilation, padding, stride } = this;
    return checkChannels(this, x, null, 2).imageToColumns({ size, dilation, padding, stride });
  }
}

/**
 * Columns [batch, channels * kernel, windows] added into images [batch, channels, ...outputSize] where {@linkcode Unfold} takes
 * them from; or both without the batch. It is the tensor's `columnsToImage`.
 *
 * TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const windows = new nn.Unfold([1, 2]).call(ones([1, 1, 3]));
 * if (new nn.Fold([1, 3], [1, 2]).call(windows).toArray().flat(2).join() !== "1,2,1") throw new Error("wrong");
 * ```
 */
export class Fold extends ColumnsLayer {
  /** The lengths of the images. */
  readonly outputSize: readonly number[];

  /** RangeError unless all numbers are integers in their ranges. */
  constructor(
    outputSize: number | readonly number[],
    kernelSize: number | readonly number[],
    options: UnfoldOptions = {},
  ) {
    super(kernelSize, options);
    this.outputSize = perAxis("make Fold", "outputSize", outputSize, 2, 1);
  }

  /** [batch, channels * kernel, windows] to [batch, channels, ...outputSize]. */
  override forward(x: Tensor): Tensor {
    const { kernelSize: size, dilation, padding, stride } = this;
    return checkInput(this, x).columnsToImage(this.outputSize, { size, dilation, padding, stride });
  }
}

/**
 * One axis divided into several, of which one may have the length -1, which is computed.
 *
 * TypeError for lengths that do not multiply to that of the axis.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * if (new nn.Unflatten(1, [2, -1]).call(zeros([5, 6])).shape.join() !== "5,2,3") throw new Error("another shape");
 * ```
 */
export class Unflatten extends Module<[x: Tensor]> {
  /** The axis that is divided; a negative one counts from the end. */
  readonly axis: number;
  /** Into which lengths it is divided. */
  readonly lengths: Shape;

  /** RangeError unless the axis and the lengths are integers, TypeError for an empty list. */
  constructor(axis: number, lengths: Shape) {
    super();
    this.axis = checkInteger("make Unflatten", "axis", axis);
    if (!Array.isArray(lengths) || lengths.length === 0) {
      refuse("make Unflatten", lengths, "a list of one length or more");
    }
    this.lengths = integerList("make Unflatten", "length", lengths);
  }

  /** A view of the input if its elements lie in order, else a copy. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).unflatten(this.axis, this.lengths);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.axis}, ${showShape(this.lengths)}`;
  }
}
