/** Dropout of elements and of whole channels, on in training and absent in evaluation. */
import { checkShare, isFloat, noiseLike, showShape } from "../../core/internal.ts";
import { DropoutOp, ones, rand, type Shape, type Tensor } from "../../core/mod.ts";
import { checkChannels, checkInput } from "../input.ts";
import { Module } from "../module.ts";

/** A module that drops something of its input with a probability, in training alone. */
export abstract class DropoutLayer extends Module<[x: Tensor]> {
  /** The probability with which something is dropped. */
  readonly p: number;

  /** RangeError unless p lies in [0, 1]. */
  constructor(p: number = 0.5) {
    super();
    this.p = checkShare(`make ${this.constructor.name}`, "probability", p);
  }

  /** [...] to [...]. Draws new noise at each call, and at each replay in a captured function. */
  override forward(x: Tensor): Tensor {
    checkInput(this, x);
    this.check(x);
    return this.training && this.p > 0 ? this.drop(x) : x;
  }

  /** Throws for an input of another rank than it must have; any is taken by default. */
  protected check(_x: Tensor): void {}

  /** The input without what is dropped, for a probability above 0. */
  protected abstract drop(x: Tensor): Tensor;

  /** @ignore */
  protected override describe(): string {
    return `${this.p}`;
  }
}

/**
 * Sets each element to 0 with probability `p` and scales the others by 1 / (1 - p) (Srivastava et al. 2014).
 *
 * In evaluation it returns its input. Which elements become 0 follows from {@linkcode manualSeed} and the calls since.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, ones } from "deneb";
 *
 * manualSeed(0);
 * const dropout = new nn.Dropout(0.5), x = ones([1000]);
 * const zeros = dropout.call(x).toArray().filter((value: number) => value === 0).length;
 * if (zeros < 400 || zeros > 600) throw new Error(`${zeros} of 1000`);
 * if (dropout.eval().call(x) !== x) throw new Error("active in evaluation");
 * ```
 */
export class Dropout extends DropoutLayer {
  /** @ignore */
  protected override drop(x: Tensor): Tensor {
    return new DropoutOp(this.p).call(x, noiseLike(x));
  }
}

/** The shape that has one element for each channel of a tensor, whose axis of channels is the last but `axes`. */
function channelsOf(x: Tensor, axes: number): Shape {
  return x.shape.map((length, axis) => axis < x.shape.length - axes ? length : 1);
}

/** The float type in which a tensor is dropped from. */
function floatOf(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : x.cast("float32");
}

/** A dropout of whole channels: {@linkcode Dropout1d}, {@linkcode Dropout2d} or {@linkcode Dropout3d}. */
export abstract class ChannelDropout extends DropoutLayer {
  /** How many axes stand behind the channels. */
  protected abstract axesOf(x: Tensor): number;

  /** @ignore */
  protected override check(x: Tensor): void {
    checkChannels(this, x, null, this.axesOf(x));
  }

  /** @ignore */
  protected override drop(x: Tensor): Tensor {
    const { dtype, device } = floatOf(x), kept = ones(channelsOf(x, this.axesOf(x)), { dtype, device });
    return x.mul(new DropoutOp(this.p).call(kept, noiseLike(kept)));
  }
}

/**
 * Sets whole channels to 0 with probability `p` and scales the others by 1 / (1 - p), since neighbours in a channel are alike
 * (Tompson et al. 2015): [batch, channels, length] or [channels, length].
 *
 * In evaluation it returns its input. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const sums = new nn.Dropout1d(0.5).call(ones([500, 2])).reshape([500, 2]).sum(1).toArray();
 * if (sums.some((sum: number) => sum !== 0 && sum !== 4)) throw new Error("a channel in part");
 * ```
 */
export class Dropout1d extends ChannelDropout {
  /** @ignore */
  protected override axesOf(): number {
    return 1;
  }
}

/**
 * Sets whole channels to 0 with probability `p` and scales the others by 1 / (1 - p), since neighbours in a channel are alike
 * (Tompson et al. 2015): [batch, channels, height, width], or
 * [batch, channels, length] as PyTorch has it.
 *
 * In evaluation it returns its input. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const sums = new nn.Dropout2d(0.5).call(ones([5, 100, 2, 1])).reshape([500, 2]).sum(1).toArray();
 * if (sums.some((sum: number) => sum !== 0 && sum !== 4)) throw new Error("a channel in part");
 * ```
 */
export class Dropout2d extends ChannelDropout {
  /** @ignore */
  protected override axesOf(x: Tensor): number {
    return x.shape.length === 3 ? 1 : 2;
  }
}

/**
 * Sets whole channels to 0 with probability `p` and scales the others by 1 / (1 - p), since neighbours in a channel are alike
 * (Tompson et al. 2015): [batch, channels, depth, height, width] or
 * [channels, depth, height, width].
 *
 * In evaluation it returns its input. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const sums = new nn.Dropout3d(0.5).call(ones([500, 2, 1, 1])).reshape([500, 2]).sum(1).toArray();
 * if (sums.some((sum: number) => sum !== 0 && sum !== 4)) throw new Error("a channel in part");
 * ```
 */
export class Dropout3d extends ChannelDropout {
  /** @ignore */
  protected override axesOf(): number {
    return 3;
  }
}

/** -1.0507... times 1.6732..., the value of SELU at -Infinity, which takes the place of what is dropped. */
const seluLeast = -1.7580993408473766;

/** `x` with `seluLeast` in the place of what `noise` is below p for, moved and scaled so that mean and variance stay. */
function alphaDropped(x: Tensor, noise: Tensor, p: number): Tensor {
  if (p === 1) return x.mul(0);
  const scale = 1 / Math.sqrt((seluLeast * seluLeast * p + 1) * (1 - p));
  return noise.greaterEqual(p).where(x, seluLeast).mul(scale).sub(scale * seluLeast * p);
}

/**
 * Dropout for nets of {@linkcode SELU}: with probability `p` an element becomes SELU's least value, and all are moved and scaled
 * so that mean 0 and variance 1 stay (Klambauer et al. 2017).
 *
 * In evaluation it returns its input.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, randn } from "deneb";
 *
 * manualSeed(0);
 * const y = new nn.AlphaDropout(0.3).call(randn([10000]));
 * if (Math.abs(y.mean().item()) > 0.05 || Math.abs(y.variance().item() - 1) > 0.05) throw new Error("moved");
 * ```
 */
export class AlphaDropout extends DropoutLayer {
  /** @ignore */
  protected override drop(x: Tensor): Tensor {
    const floats = floatOf(x);
    return alphaDropped(floats, noiseLike(floats), this.p);
  }
}

/**
 * {@linkcode AlphaDropout} of whole channels: [batch, channels, ...], in which each channel of each example is dropped or kept.
 *
 * In evaluation it returns its input. TypeError for fewer than two axes.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const y = new nn.FeatureAlphaDropout(0.5).call(ones([3, 4, 2])).toArray().flat();
 * if (y.some(([a, b]: number[]) => a !== b)) throw new Error("a channel in part");
 * ```
 */
export class FeatureAlphaDropout extends DropoutLayer {
  /** @ignore */
  protected override check(x: Tensor): void {
    if (x.shape.length > 1) return;
    throw new TypeError(
      `Cannot apply FeatureAlphaDropout: input of shape ${showShape(x.shape)}, it must be [batch, channels, ...]`,
    );
  }

  /** @ignore */
  protected override drop(x: Tensor): Tensor {
    const floats = floatOf(x), { device } = x;
    return alphaDropped(floats, rand(channelsOf(x, x.shape.length - 2), { device }), this.p);
  }
}
