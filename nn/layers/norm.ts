/** Normalisation layers: BatchNorm1d over the batch, LayerNorm1d over the features. */
import {
  checkOptions,
  checkRange,
  checkShare,
  checkTensor,
  group,
  inFloat32,
  momentsOf,
  showShape,
  update,
} from "../../core/internal.ts";
import { noGrad, NormalizeScaleShift, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";
import { Buffer, Parameter } from "../parameter.ts";

/** Options of {@linkcode BatchNorm1d}. */
export interface BatchNormOptions {
  /** Added to the variance, so that its root is never zero; 1e-5 by default. */
  eps?: number;
  /** The weight of each new batch in the running statistics; 0.1 by default. */
  momentum?: number;
}

/**
 * Normalises each feature over the batch, then scales and shifts it (Ioffe and Szegedy 2015).
 *
 * Input [batch, features] or [batch, features, length]. Training uses the batch's own mean and biased variance, and moves
 * `runningMean` and `runningVar` towards the batch's mean and unbiased variance; evaluation uses the running statistics.
 * TypeError for other shapes, and for a training batch with a single value per feature or none: neither has a variance.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.BatchNorm1d(1).call(tensor([[1], [3]])).toArray();
 * if (Math.abs(y[1][0] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class BatchNorm1d extends Module<[x: Tensor]> {
  /** The scale [features], ones at first. */
  readonly weight: Parameter;
  /** The shift [features], zeros at first. */
  readonly bias: Parameter;
  /** The mean that evaluation uses: [features], zeros at first. */
  readonly runningMean: Buffer;
  /** The variance that evaluation uses: [features], ones at first. */
  readonly runningVar: Buffer;
  /** The length of axis 1. */
  readonly features: number;
  /** The number that is added to the variance. */
  readonly eps: number;
  #momentum: number;

  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1]. */
  constructor(features: number, options: BatchNormOptions = {}) {
    super();
    const action = "make BatchNorm1d";
    const { eps = 1e-5, momentum = 0.1 } = checkOptions(action, options, "{ eps: 1e-5 }", ["eps", "momentum"]);
    this.features = checkFeatures(action, "features", features);
    this.eps = checkRange(action, "eps", eps, 0);
    this.#momentum = checkShare(action, "momentum", momentum);
    this.weight = new Parameter(new Float32Array(features).fill(1));
    this.bias = new Parameter(new Float32Array(features));
    this.runningMean = new Buffer(new Float32Array(features));
    this.runningVar = new Buffer(new Float32Array(features).fill(1));
  }

  /**
   * The weight of a new batch in the running statistics. It may be changed between calls, of captured functions too.
   * RangeError when a number outside [0, 1] is assigned.
   */
  get momentum(): number {
    return this.#momentum;
  }

  set momentum(momentum: number) {
    this.#momentum = checkShare("change BatchNorm1d", "momentum", momentum);
  }

  /** [batch, features, ...] to the same shape. In training it also moves the running statistics, also under `noGrad`. */
  override forward(x: Tensor): Tensor {
    const rank = x?.shape?.length;
    if ((rank !== 2 && rank !== 3) || x.shape[1] !== this.features) {
      checkTensor("apply BatchNorm1d", x);
      throw new TypeError(
        `Cannot apply BatchNorm1d: input of shape ${showShape(x.shape)}, it must be [batch, ${this.features}] ` +
          `or [batch, ${this.features}, length]`,
      );
    }
    const { weight, bias, runningMean, runningVar } = this;
    if (!this.training) {
      return inFloat32([x, weight, bias, runningMean, runningVar], (...wide) => this.#evaluated(wide));
    }
    if (x.size <= this.features) {
      throw new TypeError(
        `Cannot apply BatchNorm1d: training needs more than one value per feature, got ${showShape(x.shape)}`,
      );
    }
    return inFloat32([x, weight, bias], (...wide) => this.#trained(wide));
  }

  /** A tensor [features] in the shape in which it broadcasts against x. */
  #beside(x: Tensor, tensor: Tensor): Tensor {
    return x.shape.length === 2 ? tensor : tensor.reshape([this.features, 1]);
  }

  #evaluated(inputs: readonly Tensor[]): Tensor {
    const [x, weight, bias, mean, variance] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    // The mean is subtracted first: with `bias - mean scale` as one shift, large means would cancel digits.
    const scale = variance.add(this.eps).rsqrt().mul(weight);
    return x.sub(this.#beside(x, mean)).mulAdd(this.#beside(x, scale), this.#beside(x, bias));
  }

  #trained(inputs: readonly Tensor[]): Tensor {
    const [x, weight, bias] = inputs as [Tensor, Tensor, Tensor];
    const axes = x.shape.length === 2 ? [0] : [0, 2];
    const op = new NormalizeScaleShift({ axes, eps: this.eps });
    return group(() => {
      const { mean, squares, inverse } = momentsOf(x, op), flat = [this.features], s = () => this.momentum;
      noGrad(() => {
        const variance = squares.div(x.size / this.features - 1);
        update(this.runningMean, "lerp", [this.runningMean, mean.reshape(flat)], { s });
        update(this.runningVar, "lerp", [this.runningVar, variance.reshape(flat)], { s });
      });
      return op.callKnowing({ mean, inverse }, x, this.#beside(x, weight), this.#beside(x, bias));
    });
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}

/**
 * Normalises the last axis of each example by itself, then scales and shifts it (Ba, Kiros and Hinton 2016).
 *
 * Input [..., features]; the variance is the biased one. TypeError for another last axis.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.LayerNorm1d(2).call(tensor([[1, 3], [10, 30]])).toArray();
 * if (Math.abs(y[1][0] + 1) > 1e-4 || Math.abs(y[1][1] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class LayerNorm1d extends Module<[x: Tensor]> {
  /** The scale [features], ones at first. */
  readonly weight: Parameter;
  /** The shift [features], zeros at first. */
  readonly bias: Parameter;
  /** The length of the last axis. */
  readonly features: number;
  /** The number that is added to the variance. */
  readonly eps: number;

  /** RangeError unless `features` is a positive integer of at most 2^24, and `eps` at least 0. */
  constructor(features: number, options: { eps?: number } = {}) {
    super();
    const { eps = 1e-5 } = checkOptions("make LayerNorm1d", options, "{ eps: 1e-5 }", ["eps"]);
    this.features = checkFeatures("make LayerNorm1d", "features", features);
    this.eps = checkRange("make LayerNorm1d", "eps", eps, 0);
    this.weight = new Parameter(new Float32Array(features).fill(1));
    this.bias = new Parameter(new Float32Array(features));
  }

  /** [..., features] to the same shape, in training as in evaluation. */
  override forward(x: Tensor): Tensor {
    checkLastAxis(this, x, this.features);
    return new NormalizeScaleShift({ axes: [x.shape.length - 1], eps: this.eps }).call(x, this.weight, this.bias);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}
