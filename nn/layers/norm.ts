/** LayerNorm1d: each example normalised by itself, over its features. */
import { checkOptions, checkRange } from "../../core/internal.ts";
import { NormalizeScaleShift, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

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
