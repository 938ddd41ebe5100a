/** LayerScale: a learned factor for each feature of a residual branch, small at first. */
import { checkOptions, checkRange } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of {@linkcode LayerScale}. */
export interface LayerScaleOptions {
  /** The factor of every feature at first; 1e-5 by default. */
  initial?: number;
}

/**
 * `x * weight`: at the end of a residual branch, it starts the block close to the identity, so that deep nets train (Touvron
 * et al. 2021, arXiv 2103.17239).
 *
 * Input [..., features]; TypeError for another last axis.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const branch = new nn.Sequential(new nn.ReLU(), new nn.LayerScale(2, { initial: 0.5 }));
 * if (new nn.Residual(branch).call(ones([1, 2])).toArray().join() !== "1.5,1.5") throw new Error("wrong");
 * ```
 */
export class LayerScale extends Module<[x: Tensor]> {
  /** The factors [features]. */
  readonly weight: Parameter;
  /** The length of the last axis. */
  readonly features: number;

  /** RangeError unless `features` is a positive integer of at most 2^24, and `initial` a finite number. */
  constructor(features: number, options: LayerScaleOptions = {}) {
    super();
    const { initial = 1e-5 } = checkOptions("make LayerScale", options, "{ initial: 0.1 }", ["initial"]);
    this.features = checkFeatures("make LayerScale", "features", features);
    checkRange("make LayerScale", "initial", initial, -Infinity);
    this.weight = new Parameter(new Float32Array(features).fill(initial));
  }

  /** [..., features] to the same shape. */
  override forward(x: Tensor): Tensor {
    checkLastAxis(this, x, this.features);
    return x.mul(this.weight);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}
