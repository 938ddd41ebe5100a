/** Pools of largest elements over one, two and three axes, and what puts the elements back in their places. */
import { checkFlag, checkOptions, checkTensor, extentOf, perAxis } from "../../core/internal.ts";
import type { MaxPoolOptions, MaxUnpoolOptions, PoolWindowsOptions, Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode MaxPool1d}, {@linkcode MaxPool2d} and {@linkcode MaxPool3d}. */
export interface MaxPoolLayerOptions<Indices extends boolean = false> extends MaxPoolOptions {
  /** Whether the places of the largest elements are returned too; false by default. */
  returnIndices?: Indices;
}

/** What a pool gives: the largest elements, and if it was asked for them their places (int32) in row-major order. */
export type Pooled<Indices extends boolean> = Indices extends true ? [values: Tensor, indices: Tensor] : Tensor;

/** A module that looks at windows over the last axes: how long they are, and how they lie. */
// deno-lint-ignore no-explicit-any -- as for `Module`.
export abstract class WindowLayer<Inputs extends any[] = [x: Tensor], Output = Tensor> extends Module<Inputs, Output> {
  /** The lengths of a window. */
  readonly kernelSize: readonly number[];
  /** From one window to the next, along each axis. */
  readonly stride: readonly number[];
  /** How many places stand before and behind each axis. */
  readonly padding: readonly number[];
  /** From one element of a window to the next, along each axis. */
  readonly dilation: readonly number[];
  /** Whether a last window counts that reaches beyond the axis. */
  readonly ceilMode: boolean;

  /** Over `axes` axes. RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(
    axes: number,
    kernelSize: number | readonly number[],
    options: MaxPoolOptions,
    /** The names of all options of the module. */ names: readonly string[],
  ) {
    super();
    const action = `make ${this.constructor.name}`;
    checkOptions(action, options, "{ stride: 2 }", names as (keyof MaxPoolOptions)[]);
    const { stride, padding = 0, dilation = 1, ceilMode = false } = options;
    this.kernelSize = perAxis(action, "kernelSize", kernelSize, axes, 1);
    this.stride = perAxis(action, "stride", stride ?? this.kernelSize, axes, 1);
    this.padding = perAxis(action, "padding", padding, axes, 0);
    this.dilation = perAxis(action, "dilation", dilation, axes, 1);
    this.ceilMode = checkFlag(action, "ceilMode", ceilMode);
    this.kernelSize.forEach((size, k) => {
      const extent = extentOf(size, this.dilation[k]!), given = this.padding[k]!;
      if (2 * given <= extent) return;
      throw new RangeError(`Cannot ${action}: padding ${given} is more than half of a window's ${extent} places`);
    });
  }

  /** @ignore */
  protected override describe(): string {
    const { kernelSize, stride, padding, dilation } = this;
    const show = (list: readonly number[]) => `[${list.join(", ")}]`;
    return [
      show(kernelSize),
      show(stride) === show(kernelSize) ? "" : `, stride: ${show(stride)}`,
      padding.some((each) => each > 0) ? `, padding: ${show(padding)}` : "",
      dilation.some((each) => each > 1) ? `, dilation: ${show(dilation)}` : "",
    ].join("");
  }
}

/** A pool of largest elements: {@linkcode MaxPool1d}, {@linkcode MaxPool2d} or {@linkcode MaxPool3d}. */
export abstract class MaxPoolLayer<Indices extends boolean> extends WindowLayer<[x: Tensor], Pooled<Indices>> {
  /** Whether the places of the largest elements are returned too. */
  readonly returnIndices: boolean;

  /** Over `axes` axes. */
  constructor(axes: number, kernelSize: number | readonly number[], options: MaxPoolLayerOptions<Indices>) {
    super(axes, kernelSize, options, ["stride", "padding", "dilation", "ceilMode", "returnIndices"]);
    const { returnIndices = false } = options;
    this.returnIndices = checkFlag(`make ${this.constructor.name}`, "returnIndices", returnIndices);
  }

  /** [..., channels, ...] to as many windows along the last axes. TypeError for a tensor of another rank. */
  override forward(x: Tensor): Pooled<Indices> {
    checkChannels(this, x, null, this.kernelSize.length);
    const { stride, padding, dilation, ceilMode } = this, options = { stride, padding, dilation, ceilMode };
    return (this.returnIndices ? this.poolWithIndices(x, options) : this.pool(x, options)) as Pooled<Indices>;
  }

  /** The pool by the tensor's method of this number of axes. */
  protected abstract pool(x: Tensor, options: MaxPoolOptions): Tensor;
  /** As `pool`, with places. */
  protected abstract poolWithIndices(x: Tensor, options: MaxPoolOptions): [values: Tensor, indices: Tensor];
}

/**
 * The largest element of each window over one axis: [batch, channels, length] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is lower than all elements; NaN counts as larger than all. The
 * gradient goes to the first of the largest. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.MaxPool1d(2).call(tensor([[[1, 5, 4, 2]]])).toArray().join() !== "5,4") throw new Error("wrong");
 * ```
 */
export class MaxPool1d<Indices extends boolean = false> extends MaxPoolLayer<Indices> {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: MaxPoolLayerOptions<Indices> = {}) {
    super(1, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: MaxPoolOptions): Tensor {
    return x.maxPool1d(this.kernelSize, options);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor, options: MaxPoolOptions): [values: Tensor, indices: Tensor] {
    return x.maxPool1dWithIndices(this.kernelSize, options);
  }
}

/**
 * The largest element of each window over two axes: [batch, channels, height, width] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is lower than all elements; NaN counts as larger than all. The
 * gradient goes to the first of the largest. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const pool = new nn.MaxPool2d(2, { returnIndices: true });
 * const [values, indices] = pool.call(tensor([[[1, 5], [4, 2]]]));
 * if (values.item() !== 5 || indices.item() !== 1) throw new Error("wrong");
 * ```
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPoolLayer<Indices> {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: MaxPoolLayerOptions<Indices> = {}) {
    super(2, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: MaxPoolOptions): Tensor {
    return x.maxPool2d(this.kernelSize, options);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor, options: MaxPoolOptions): [values: Tensor, indices: Tensor] {
    return x.maxPool2dWithIndices(this.kernelSize, options);
  }
}

/**
 * The largest element of each window over three axes: [batch, channels, depth, height, width] or [channels, ...] to as many windows.
 *
 * Windows touch unless another stride is given. The padding is lower than all elements; NaN counts as larger than all. The
 * gradient goes to the first of the largest. TypeError for other shapes; RangeError where no window fits.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const pool = new nn.MaxPool3d(3, { stride: 2, padding: 1 });
 * if (pool.call(zeros([2, 4, 8, 8, 8])).shape.join() !== "2,4,4,4,4") throw new Error("another shape");
 * ```
 */
export class MaxPool3d<Indices extends boolean = false> extends MaxPoolLayer<Indices> {
  /** RangeError unless the numbers are integers in their ranges, and for a padding of more than half a window. */
  constructor(kernelSize: number | readonly number[], options: MaxPoolLayerOptions<Indices> = {}) {
    super(3, kernelSize, options);
  }

  /** @ignore */
  protected override pool(x: Tensor, options: MaxPoolOptions): Tensor {
    return x.maxPool3d(this.kernelSize, options);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor, options: MaxPoolOptions): [values: Tensor, indices: Tensor] {
    return x.maxPool3dWithIndices(this.kernelSize, options);
  }
}

/** Options of {@linkcode MaxUnpool1d}, {@linkcode MaxUnpool2d} and {@linkcode MaxUnpool3d}: those of the pool. */
export type MaxUnpoolLayerOptions = Omit<PoolWindowsOptions, "ceilMode">;

/** The inverse of a pool of largest elements: {@linkcode MaxUnpool1d}, {@linkcode MaxUnpool2d} or {@linkcode MaxUnpool3d}. */
export abstract class MaxUnpoolLayer extends WindowLayer<[x: Tensor, indices: Tensor, outputSize?: readonly number[]]> {
  /** Over `axes` axes. */
  constructor(axes: number, kernelSize: number | readonly number[], options: MaxUnpoolLayerOptions) {
    super(axes, kernelSize, options, ["stride", "padding"]);
  }

  /**
   * The pool's elements and their places to zeros with these elements. `outputSize` is the lengths of the result, or its shape,
   * which the elements do not tell: those of whole windows by default.
   */
  override forward(x: Tensor, indices: Tensor, outputSize?: readonly number[]): Tensor {
    checkChannels(this, x, null, this.kernelSize.length);
    checkTensor(`apply ${this.constructor.name}`, indices);
    const { stride, padding } = this;
    return this.unpool(x, indices, { stride, padding, ...(outputSize === undefined ? {} : { outputSize }) });
  }

  /** The inverse pool by the tensor's method of this number of axes. */
  protected abstract unpool(x: Tensor, indices: Tensor, options: MaxUnpoolOptions): Tensor;
}

/**
 * Puts what {@linkcode MaxPool1d} found back in its places, with zeros everywhere else: [..., channels, length] and indices
 * of the same shape to the lengths before the pool.
 *
 * RangeError for an index out of range, on GPUs at the next read, and for an `outputSize` that the pool cannot have had.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const [values, indices] = new nn.MaxPool1d(2, { returnIndices: true }).call(tensor([[1, 5, 4, 2]]));
 * const whole = new nn.MaxUnpool1d(2).call(values, indices);
 * if (whole.toArray().flat().join() !== "0,5,4,0") throw new Error("wrong");
 * ```
 */
export class MaxUnpool1d extends MaxUnpoolLayer {
  /** RangeError unless the numbers are integers in their ranges. */
  constructor(kernelSize: number | readonly number[], options: MaxUnpoolLayerOptions = {}) {
    super(1, kernelSize, options);
  }

  /** @ignore */
  protected override unpool(x: Tensor, indices: Tensor, options: MaxUnpoolOptions): Tensor {
    return x.maxUnpool1d(indices, this.kernelSize, options);
  }
}

/**
 * Puts what {@linkcode MaxPool2d} found back in its places, with zeros everywhere else: [..., channels, height, width] and indices
 * of the same shape to the lengths before the pool.
 *
 * RangeError for an index out of range, on GPUs at the next read, and for an `outputSize` that the pool cannot have had.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const [values, indices] = new nn.MaxPool2d(2, { returnIndices: true }).call(tensor([[[1, 5], [4, 2]]]));
 * const whole = new nn.MaxUnpool2d(2).call(values, indices);
 * if (whole.toArray().flat().join() !== "0,5,0,0") throw new Error("wrong");
 * ```
 */
export class MaxUnpool2d extends MaxUnpoolLayer {
  /** RangeError unless the numbers are integers in their ranges. */
  constructor(kernelSize: number | readonly number[], options: MaxUnpoolLayerOptions = {}) {
    super(2, kernelSize, options);
  }

  /** @ignore */
  protected override unpool(x: Tensor, indices: Tensor, options: MaxUnpoolOptions): Tensor {
    return x.maxUnpool2d(indices, this.kernelSize, options);
  }
}

/**
 * Puts what {@linkcode MaxPool3d} found back in its places, with zeros everywhere else: [..., channels, depth, height, width] and indices
 * of the same shape to the lengths before the pool.
 *
 * RangeError for an index out of range, on GPUs at the next read, and for an `outputSize` that the pool cannot have had.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const [values, indices] = new nn.MaxPool3d([1, 2, 2], { returnIndices: true }).call(tensor([[[[1, 5], [4, 2]]]]));
 * const whole = new nn.MaxUnpool3d([1, 2, 2]).call(values, indices);
 * if (whole.toArray().flat().join() !== "0,5,0,0") throw new Error("wrong");
 * ```
 */
export class MaxUnpool3d extends MaxUnpoolLayer {
  /** RangeError unless the numbers are integers in their ranges. */
  constructor(kernelSize: number | readonly number[], options: MaxUnpoolLayerOptions = {}) {
    super(3, kernelSize, options);
  }

  /** @ignore */
  protected override unpool(x: Tensor, indices: Tensor, options: MaxUnpoolOptions): Tensor {
    return x.maxUnpool3d(indices, this.kernelSize, options);
  }
}
