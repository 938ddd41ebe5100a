/** Adaptive pools: as many windows as asked for, which share the last axes out evenly, whatever the lengths of the input are. */
import { checkCount, checkFlag, checkOptions, shown } from "../../core/internal.ts";
import type { AdaptiveSize, Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { Module } from "../module.ts";
import type { Pooled } from "./max_pooling.ts";

/** A pool over as many windows as asked for: an adaptive pool of averages or of largest elements. */
export abstract class AdaptivePoolLayer<Output = Tensor> extends Module<[x: Tensor], Output> {
  /** How many windows there are along each axis; null for as many as the input has elements. */
  readonly outputSize: readonly (number | null)[];

  /** Over `axes` axes. */
  constructor(axes: number, outputSize: AdaptiveSize) {
    super();
    const action = `make ${this.constructor.name}`;
    const list = Array.isArray(outputSize) ? outputSize : new Array<number>(axes).fill(outputSize as number);
    if (list.length !== axes) {
      throw new TypeError(
        `Cannot ${action}: outputSize ${shown(outputSize)} has ${list.length} numbers, it must have ${axes}`,
      );
    }
    this.outputSize = Array.from(list, (each) => each === null ? null : checkCount(action, "outputSize", each, 1));
  }

  /** [..., channels, ...] to these lengths of the last axes. TypeError for another rank, RangeError for an empty axis. */
  override forward(x: Tensor): Output {
    return this.pool(checkChannels(this, x, null, this.outputSize.length));
  }

  /** The pool by the tensor's method of this number of axes. */
  protected abstract pool(x: Tensor): Output;

  /** @ignore */
  protected override describe(): string {
    return `[${this.outputSize.map(String).join(", ")}]`;
  }
}

/**
 * The averages of `outputSize` windows along the last axis, which share it out evenly: [batch, channels, length] or
 * [channels, ...]. Null keeps a length. Integers give float32.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveAvgPool1d(2).call(tensor([[1, 5, 3, 7]]));
 * if (y.toArray().flat().join() !== "3,5") throw new Error("wrong");
 * ```
 */
export class AdaptiveAvgPool1d extends AdaptivePoolLayer {
  /** RangeError unless `outputSize` is one positive integer. */
  constructor(outputSize: AdaptiveSize) {
    super(1, outputSize);
  }

  /** @ignore */
  protected override pool(x: Tensor): Tensor {
    return x.adaptiveAvgPool1d(this.outputSize);
  }
}

/**
 * The averages of `outputSize` windows along the last two axes, which share them out evenly: [batch, channels, height, width] or
 * [channels, ...]. Null keeps a length. Integers give float32.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveAvgPool2d(1).call(tensor([[[1, 5], [3, 7]]]));
 * if (y.toArray().flat(2).join() !== "4") throw new Error("wrong");
 * ```
 */
export class AdaptiveAvgPool2d extends AdaptivePoolLayer {
  /** RangeError unless `outputSize` is one positive integer, or a list with one or null for each axis. */
  constructor(outputSize: AdaptiveSize) {
    super(2, outputSize);
  }

  /** @ignore */
  protected override pool(x: Tensor): Tensor {
    return x.adaptiveAvgPool2d(this.outputSize);
  }
}

/**
 * The averages of `outputSize` windows along the last three axes, which share them out evenly: [batch, channels, depth, height, width] or
 * [channels, ...]. Null keeps a length. Integers give float32.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveAvgPool3d([1, 1, 2]).call(tensor([[[[1, 5], [3, 7]]]]));
 * if (y.toArray().flat(3).join() !== "2,6") throw new Error("wrong");
 * ```
 */
export class AdaptiveAvgPool3d extends AdaptivePoolLayer {
  /** RangeError unless `outputSize` is one positive integer, or a list with one or null for each axis. */
  constructor(outputSize: AdaptiveSize) {
    super(3, outputSize);
  }

  /** @ignore */
  protected override pool(x: Tensor): Tensor {
    return x.adaptiveAvgPool3d(this.outputSize);
  }
}

/** Options of {@linkcode AdaptiveMaxPool1d}, {@linkcode AdaptiveMaxPool2d} and {@linkcode AdaptiveMaxPool3d}. */
export interface AdaptiveMaxPoolOptions<Indices extends boolean = false> {
  /** Whether the places of the largest elements are returned too; false by default. */
  returnIndices?: Indices;
}

/** An adaptive pool of largest elements: {@linkcode AdaptiveMaxPool1d}, {@linkcode AdaptiveMaxPool2d} or {@linkcode AdaptiveMaxPool3d}. */
export abstract class AdaptiveMaxPoolLayer<Indices extends boolean> extends AdaptivePoolLayer<Pooled<Indices>> {
  /** Whether the places of the largest elements are returned too. */
  readonly returnIndices: boolean;

  /** Over `axes` axes. */
  constructor(axes: number, outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<Indices>) {
    super(axes, outputSize);
    const action = `make ${this.constructor.name}`;
    const { returnIndices = false } = checkOptions(action, options, "{ returnIndices: true }", ["returnIndices"]);
    this.returnIndices = checkFlag(action, "returnIndices", returnIndices);
  }

  /** @ignore */
  protected override pool(x: Tensor): Pooled<Indices> {
    return (this.returnIndices ? this.poolWithIndices(x) : this.poolAlone(x)) as Pooled<Indices>;
  }

  /** The pool by the tensor's method of this number of axes. */
  protected abstract poolAlone(x: Tensor): Tensor;
  /** As `poolAlone`, with places in row-major order of the pooled axes. */
  protected abstract poolWithIndices(x: Tensor): [values: Tensor, indices: Tensor];
}

/**
 * The largest elements of `outputSize` windows along the last axis, which share it out evenly: [batch, channels, length] or
 * [channels, ...]. Null keeps a length. The gradient goes to the first of the largest; NaN counts as larger than all.
 * With `returnIndices` the places of the elements come too, in row-major order of these axes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveMaxPool1d(2).call(tensor([[1, 5, 3, 7]]));
 * if (y.toArray().flat().join() !== "5,7") throw new Error("wrong");
 * ```
 */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPoolLayer<Indices> {
  /** RangeError unless `outputSize` is one positive integer. */
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<Indices> = {}) {
    super(1, outputSize, options);
  }

  /** @ignore */
  protected override poolAlone(x: Tensor): Tensor {
    return x.adaptiveMaxPool1d(this.outputSize);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return x.adaptiveMaxPool1dWithIndices(this.outputSize);
  }
}

/**
 * The largest elements of `outputSize` windows along the last two axes, which share them out evenly: [batch, channels, height, width] or
 * [channels, ...]. Null keeps a length. The gradient goes to the first of the largest; NaN counts as larger than all.
 * With `returnIndices` the places of the elements come too, in row-major order of these axes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveMaxPool2d(1).call(tensor([[[1, 5], [3, 7]]]));
 * if (y.toArray().flat(2).join() !== "7") throw new Error("wrong");
 * ```
 */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPoolLayer<Indices> {
  /** RangeError unless `outputSize` is one positive integer, or a list with one or null for each axis. */
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<Indices> = {}) {
    super(2, outputSize, options);
  }

  /** @ignore */
  protected override poolAlone(x: Tensor): Tensor {
    return x.adaptiveMaxPool2d(this.outputSize);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return x.adaptiveMaxPool2dWithIndices(this.outputSize);
  }
}

/**
 * The largest elements of `outputSize` windows along the last three axes, which share them out evenly: [batch, channels, depth, height, width] or
 * [channels, ...]. Null keeps a length. The gradient goes to the first of the largest; NaN counts as larger than all.
 * With `returnIndices` the places of the elements come too, in row-major order of these axes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.AdaptiveMaxPool3d([1, 1, 2]).call(tensor([[[[1, 5], [3, 7]]]]));
 * if (y.toArray().flat(3).join() !== "3,7") throw new Error("wrong");
 * ```
 */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPoolLayer<Indices> {
  /** RangeError unless `outputSize` is one positive integer, or a list with one or null for each axis. */
  constructor(outputSize: AdaptiveSize, options: AdaptiveMaxPoolOptions<Indices> = {}) {
    super(3, outputSize, options);
  }

  /** @ignore */
  protected override poolAlone(x: Tensor): Tensor {
    return x.adaptiveMaxPool3d(this.outputSize);
  }

  /** @ignore */
  protected override poolWithIndices(x: Tensor): [values: Tensor, indices: Tensor] {
    return x.adaptiveMaxPool3dWithIndices(this.outputSize);
  }
}
