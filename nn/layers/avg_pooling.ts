/** Pools of averages and of powers over one, two and three axes. */
import { checkFlag, checkRange, shown } from "../../core/internal.ts";
import type { AvgPoolOptions, LpPoolOptions, Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { WindowLayer } from "./max_pooling.ts";

/** A pool of averages: {@linkcode AvgPool1d}, {@linkcode AvgPool2d} or {@linkcode AvgPool3d}. */
export abstract class AvgPoolLayer extends WindowLayer {
  /** Whether padding counts as elements of a window. */
  readonly countIncludePad: boolean;
  /** By what the sum of each window is divided instead of the number of its elements; null if it is not. */
  readonly divisorOverride: number | null;

  /** Over `axes` axes. */
  constructor(axes: number, kernelSize: number | readonly number[], options: AvgPoolOptions) {
    super(axes, kernelSize, options, ["stride", "padding", "ceilMode", "countIncludePad", "divisorOverride"]);
    const action = `make ${this.constructor.name}`, { countIncludePad = true, divisorOverride } = options;
    this.countIncludePad = checkFlag(action, "countIncludePad", countIncludePad);
    this.divisorOverride = divisorOverride === undefined
      ? null
      : checkRange(action, "divisorOverride", divisorOverride, -Infinity);
    if (divisorOverride === 0) throw new RangeError(`Cannot ${action}: divisorOverride must not be 0`);
  }

  /** [..., channels, ...] to as many windows along the last axes; integers give float32. TypeError for another rank. */
  override forward(x: Tensor): Tensor {
    checkChannels(this, x, null, this.kernelSize.length);
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    const divisor = divisorOverride === null ? {} : { divisorOverride };
    return this.pool(x, { stride, padding, ceilMode, countIncludePad, ...divisor });
  }

  /** The pool by the tensor's method of this number of axes. */
  protected abstract pool(x: Tensor, options: AvgPoolOptions): Tensor;
}

/**
 * The average of each window over one axis: [batch, channels, length] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is zeros, which count unless `countIncludePad` is false. TypeError
 * for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.AvgPool1d(2).call(tensor([[1, 5, 4, 2]])).toArray().join() !== "3,3") throw new Error("wrong");
 * ```
 */
export class AvgPool1d extends AvgPoolLayer {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: AvgPoolOptions = {}) {
    super(1, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: AvgPoolOptions): Tensor {
    return x.avgPool1d(this.kernelSize, options);
  }
}

/**
 * The average of each window over two axes: [batch, channels, height, width] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is zeros, which count unless `countIncludePad` is false. TypeError
 * for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const pool = new nn.AvgPool2d(3, { stride: 1, padding: 1, countIncludePad: false });
 * if (pool.call(tensor([[[1, 5], [4, 2]]])).toArray().flat().join() !== "3,3,3,3") throw new Error("wrong");
 * ```
 */
export class AvgPool2d extends AvgPoolLayer {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: AvgPoolOptions = {}) {
    super(2, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: AvgPoolOptions): Tensor {
    return x.avgPool2d(this.kernelSize, options);
  }
}

/**
 * The average of each window over three axes: [batch, channels, depth, height, width] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is zeros, which count unless `countIncludePad` is false. TypeError
 * for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const pool = new nn.AvgPool3d([1, 2, 2]);
 * if (pool.call(tensor([[[[1, 5], [4, 2]]]])).item() !== 3) throw new Error("wrong");
 * ```
 */
export class AvgPool3d extends AvgPoolLayer {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: AvgPoolOptions = {}) {
    super(3, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: AvgPoolOptions): Tensor {
    return x.avgPool3d(this.kernelSize, options);
  }
}

/** A pool of powers: {@linkcode LPPool1d}, {@linkcode LPPool2d} or {@linkcode LPPool3d}. */
export abstract class LPPoolLayer extends WindowLayer {
  /** The power. */
  readonly p: number;

  /** Over `axes` axes. */
  constructor(axes: number, p: number, kernelSize: number | readonly number[], options: LpPoolOptions) {
    super(axes, kernelSize, options, ["stride", "ceilMode"]);
    if (typeof p !== "number" || !(p > 0)) {
      throw new RangeError(`Cannot make ${this.constructor.name}: p ${shown(p)} must be a number above 0`);
    }
    this.p = p;
  }

  /** [..., channels, ...] to as many windows along the last axes; integers give float32. TypeError for another rank. */
  override forward(x: Tensor): Tensor {
    checkChannels(this, x, null, this.kernelSize.length);
    return this.pool(x, { stride: this.stride, ceilMode: this.ceilMode });
  }

  /** The pool by the tensor's method of this number of axes. */
  protected abstract pool(x: Tensor, options: LpPoolOptions): Tensor;

  /** @ignore */
  protected override describe(): string {
    return `${this.p}, ${super.describe()}`;
  }
}

/**
 * `(sum of x^p)^(1/p)` of each window over one axis: [batch, channels, length] or [channels, ...] to as many windows.
 *
 * With p = 1 it is the sum, and with a large p near the largest element. Where the sum is negative it is 0. Windows touch unless
 * another stride is given. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (Math.abs(new nn.LPPool1d(2, 2).call(tensor([[3, 4]])).item() - 5) > 1e-5) throw new Error("wrong");
 * ```
 */
export class LPPool1d extends LPPoolLayer {
  /** RangeError unless p is above 0 and the other numbers are integers in their ranges. */
  constructor(p: number, kernelSize: number | readonly number[], options: LpPoolOptions = {}) {
    super(1, p, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: LpPoolOptions): Tensor {
    return x.lpPool1d(this.p, this.kernelSize, options);
  }
}

/**
 * `(sum of x^p)^(1/p)` of each window over two axes: [batch, channels, height, width] or [channels, ...] to as many windows.
 *
 * With p = 1 it is the sum, and with a large p near the largest element. Where the sum is negative it is 0. Windows touch unless
 * another stride is given. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (Math.abs(new nn.LPPool2d(2, 2).call(tensor([[[3, 4], [0, 0]]])).item() - 5) > 1e-5) throw new Error("wrong");
 * ```
 */
export class LPPool2d extends LPPoolLayer {
  /** RangeError unless p is above 0 and the other numbers are integers in their ranges. */
  constructor(p: number, kernelSize: number | readonly number[], options: LpPoolOptions = {}) {
    super(2, p, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: LpPoolOptions): Tensor {
    return x.lpPool2d(this.p, this.kernelSize, options);
  }
}

/**
 * `(sum of x^p)^(1/p)` of each window over three axes: [batch, channels, depth, height, width] or [channels, ...] to as many windows.
 *
 * With p = 1 it is the sum, and with a large p near the largest element. Where the sum is negative it is 0. Windows touch unless
 * another stride is given. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (Math.abs(new nn.LPPool3d(2, [1, 1, 2]).call(tensor([[[[3, 4]]]])).item() - 5) > 1e-5) throw new Error("wrong");
 * ```
 */
export class LPPool3d extends LPPoolLayer {
  /** RangeError unless p is above 0 and the other numbers are integers in their ranges. */
  constructor(p: number, kernelSize: number | readonly number[], options: LpPoolOptions = {}) {
    super(3, p, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: LpPoolOptions): Tensor {
    return x.lpPool3d(this.p, this.kernelSize, options);
  }
}
