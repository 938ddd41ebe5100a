/** Affine: a scale and a shift for each feature, in the place of a normalisation layer. */
import type { Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/**
 * `x * weight + bias`, where both are learned and no statistics are taken: the norm of ResMLP (Touvron et al. 2021, Aff in
 * section 2 of arXiv 2105.03404).
 *
 * Input [..., features]; TypeError for another last axis.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const affine = new nn.Affine(2);
 * affine.loadStateDict({ weight: tensor([2, 3]), bias: tensor([1, 0]) });
 * if (affine.call(tensor([[5, 7]])).toArray().join() !== "11,21") throw new Error("wrong");
 * ```
 */
export class Affine extends Module<[x: Tensor]> {
  /** The scale [features], ones at first. */
  readonly weight: Parameter;
  /** The shift [features], zeros at first. */
  readonly bias: Parameter;
  /** The length of the last axis. */
  readonly features: number;

  /** RangeError unless `features` is a positive integer of at most 2^24. */
  constructor(features: number) {
    super();
    this.features = checkFeatures("make Affine", "features", features);
    this.weight = new Parameter(new Float32Array(features).fill(1));
    this.bias = new Parameter(new Float32Array(features));
  }

  /** [..., features] to the same shape. */
  override forward(x: Tensor): Tensor {
    checkLastAxis(this, x, this.features);
    return x.mulAdd(this.weight, this.bias);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}
