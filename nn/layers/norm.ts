/** Norms of each example by itself: over its last axes, or over groups of its channels. */
import {
  checkCount,
  checkFlag,
  checkOptions,
  checkRange,
  group,
  inFloat32,
  perAxis,
  refuse,
  sameShape,
  showShape,
} from "../../core/internal.ts";
import { Normalize, NormalizeScaleShift, ops, type Shape, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput, checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { constantParameter, placementNames, placementOf } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** x over its own statistics along `axes`, scaled and shifted by what there is of a weight and a bias. */
function normalized(
  x: Tensor,
  axes: readonly number[],
  eps: number,
  weight: Tensor | null,
  bias: Tensor | null,
): Tensor {
  if (weight === null) return new Normalize({ axes, eps }).call(x);
  return new NormalizeScaleShift({ axes, eps }).call(x, weight, bias ?? weight.zerosLike());
}

/** Options of {@linkcode LayerNorm}. */
export interface LayerNormOptions extends PlacementOptions {
  /** Added to the variance, so that its root is never zero; 1e-5 by default. */
  eps?: number;
  /** Whether there is a scale, and a shift unless `bias` is false; true by default. */
  elementwiseAffine?: boolean;
  /** Whether there is a shift beside the scale; true by default. */
  bias?: boolean;
}

/** A norm over the last axes of each example. */
export abstract class LastAxesNorm extends Module<[x: Tensor]> {
  /** The lengths of the last axes, over which it works. */
  readonly normalizedShape: Shape;

  /** RangeError unless the lengths are positive integers of at most 2^24. */
  constructor(normalizedShape: number | Shape) {
    super();
    const action = `make ${this.constructor.name}`, axes = Array.isArray(normalizedShape) ? normalizedShape.length : 1;
    if (axes === 0) refuse(action, normalizedShape, "a list of one length or more");
    this.normalizedShape = perAxis(action, "normalizedShape", normalizedShape, axes, 1);
    for (const length of this.normalizedShape) checkFeatures(action, "normalizedShape", length);
  }

  /** The numbers of the axes over which it works. TypeError unless they have the lengths that they must. */
  protected axesOf(x: Tensor): number[] {
    const { normalizedShape } = this, count = normalizedShape.length;
    if (count === 1) checkLastAxis(this, x, normalizedShape[0]!);
    const { shape } = checkInput(this, x), first = shape.length - count;
    if (first >= 0 && sameShape(shape.slice(first), normalizedShape)) return normalizedShape.map((_, k) => first + k);
    throw new TypeError(
      `Cannot apply ${this.constructor.name}: input of shape ${showShape(shape)}, its last axes must be ${
        showShape(normalizedShape)
      }`,
    );
  }

  /** @ignore */
  protected override describe(): string {
    return this.normalizedShape.length === 1 ? `${this.normalizedShape[0]}` : showShape(this.normalizedShape);
  }
}

/**
 * Normalises the last axes of each example by itself, then scales and shifts it (Ba, Kiros and Hinton 2016).
 *
 * Input [..., ...normalizedShape]; the variance is the biased one. TypeError for other last axes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.LayerNorm([2, 2]).call(tensor([[[1, 1], [3, 3]]])).toArray();
 * if (Math.abs(y[0][1][0] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class LayerNorm extends LastAxesNorm {
  /** The scale [...normalizedShape], ones at first; null without `elementwiseAffine`. */
  readonly weight: Parameter | null;
  /** The shift [...normalizedShape], zeros at first; null without `elementwiseAffine` or `bias`. */
  readonly bias: Parameter | null;
  /** The number that is added to the variance. */
  readonly eps: number;

  /** RangeError unless the lengths are positive integers of at most 2^24, and `eps` at least 0. */
  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super(normalizedShape);
    const names = ["eps", "elementwiseAffine", "bias", ...placementNames] as const;
    const action = `make ${this.constructor.name}`;
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = checkOptions(action, options, "{ eps: 1e-5 }", names);
    this.eps = checkRange(action, "eps", eps, 0);
    checkFlag(action, "elementwiseAffine", elementwiseAffine);
    checkFlag(action, "bias", bias);
    const placement = placementOf(action, options);
    this.weight = elementwiseAffine ? constantParameter(this.normalizedShape, 1, placement) : null;
    this.bias = elementwiseAffine && bias ? constantParameter(this.normalizedShape, 0, placement) : null;
  }

  /** [..., ...normalizedShape] to the same shape, in training as in evaluation. */
  override forward(x: Tensor): Tensor {
    return normalized(x, this.axesOf(x), this.eps, this.weight, this.bias);
  }
}

/**
 * {@linkcode LayerNorm} over the last axis, which has a scale and a shift.
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
export class LayerNorm1d extends LayerNorm {
  /** The scale [features], ones at first. */
  declare readonly weight: Parameter;
  /** The shift [features], zeros at first. */
  declare readonly bias: Parameter;
  /** The length of the last axis. */
  readonly features: number;

  /** RangeError unless `features` is a positive integer of at most 2^24, and `eps` at least 0. */
  constructor(features: number, options: { eps?: number } = {}) {
    checkFeatures(`make ${new.target.name}`, "features", features);
    super(features, checkOptions(`make ${new.target.name}`, options, "{ eps: 1e-5 }", ["eps"]));
    this.features = features;
  }
}

/** Options of {@linkcode RMSNorm}. */
export interface RMSNormOptions extends PlacementOptions {
  /**
   * Added to the mean square, so that its root is never zero. By default, and for null, the distance from 1 to the next number
   * of the type in which it is computed: 2^-23, and 2^-52 for float64.
   */
  eps?: number | null;
  /** Whether there is a scale; true by default. */
  elementwiseAffine?: boolean;
}

/**
 * Divides the last axes of each example by the root of their mean square, then scales them (Zhang and Sennrich 2019).
 *
 * Input [..., ...normalizedShape]; TypeError for other last axes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.RMSNorm(2).call(tensor([[6, 8]])).toArray();
 * if (Math.abs(y[0][0] - 6 / Math.sqrt(50)) > 1e-6) throw new Error("wrong");
 * ```
 */
export class RMSNorm extends LastAxesNorm {
  /** The scale [...normalizedShape], ones at first; null without `elementwiseAffine`. */
  readonly weight: Parameter | null;
  /** The number that is added to the mean square; null for the default. */
  readonly eps: number | null;

  /** RangeError unless the lengths are positive integers of at most 2^24, and `eps` at least 0. */
  constructor(normalizedShape: number | Shape, options: RMSNormOptions = {}) {
    super(normalizedShape);
    const names = ["eps", "elementwiseAffine", ...placementNames] as const, action = `make ${this.constructor.name}`;
    const { eps = null, elementwiseAffine = true } = checkOptions(action, options, "{ eps: 1e-5 }", names);
    this.eps = eps === null ? null : checkRange(action, "eps", eps, 0);
    const placement = placementOf(action, options);
    this.weight = checkFlag(action, "elementwiseAffine", elementwiseAffine)
      ? constantParameter(this.normalizedShape, 1, placement)
      : null;
  }

  /** [..., ...normalizedShape] to the same shape, in training as in evaluation. Halves are computed in float32. */
  override forward(x: Tensor): Tensor {
    const axes = this.axesOf(x), { weight } = this;
    return inFloat32(weight === null ? [x] : [x, weight], (...wide) =>
      group(() => {
        const [x, weight] = wide as [Tensor, Tensor?], eps = this.eps ?? (x.dtype === "float64" ? 2 ** -52 : 2 ** -23);
        const inverse = x.square().mean({ axes, keepDims: true }).add(eps).rsqrt(), normal = x.mul(inverse);
        return weight === undefined ? normal : normal.mul(weight);
      }));
  }
}

/** Options of {@linkcode GroupNorm}. */
export interface GroupNormOptions extends PlacementOptions {
  /** Added to the variance, so that its root is never zero; 1e-5 by default. */
  eps?: number;
  /** Whether there are a scale and a shift for each channel; true by default. */
  affine?: boolean;
}

/**
 * Normalises groups of channels of each example by itself, then scales and shifts each channel (Wu and He 2018).
 *
 * Input [batch, channels, ...]; the variance is the biased one. TypeError for other channels, and for one example of groups of
 * one element.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.GroupNorm(2, 4).call(tensor([[1, 3, 30, 10]])).toArray();
 * if (y[0].map(Math.round).join() !== "-1,1,1,-1") throw new Error("not normalised");
 * ```
 */
export class GroupNorm extends Module<[x: Tensor]> {
  /** Into how many groups the channels are divided. */
  readonly numGroups: number;
  /** The length of axis 1. */
  readonly numChannels: number;
  /** The scale [numChannels], ones at first; null without `affine`. */
  readonly weight: Parameter | null;
  /** The shift [numChannels], zeros at first; null without `affine`. */
  readonly bias: Parameter | null;
  /** The number that is added to the variance. */
  readonly eps: number;

  /** RangeError unless `numChannels` is a positive integer of at most 2^24, a multiple of `numGroups`, and `eps` at least 0. */
  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super();
    const action = "make GroupNorm", names = ["eps", "affine", ...placementNames] as const;
    const { eps = 1e-5, affine = true } = checkOptions(action, options, "{ eps: 1e-5 }", names);
    this.numGroups = checkCount(action, "numGroups", numGroups, 1);
    this.numChannels = checkFeatures(action, "numChannels", numChannels);
    if (numChannels % numGroups !== 0) {
      throw new RangeError(`Cannot ${action}: numChannels ${numChannels} must be a multiple of numGroups ${numGroups}`);
    }
    this.eps = checkRange(action, "eps", eps, 0);
    checkFlag(action, "affine", affine);
    const placement = placementOf(action, options);
    this.weight = affine ? constantParameter([numChannels], 1, placement) : null;
    this.bias = affine ? constantParameter([numChannels], 0, placement) : null;
  }

  /** [batch, numChannels, ...] to the same shape, in training as in evaluation. */
  override forward(x: Tensor): Tensor {
    const { numGroups, numChannels, weight, bias } = this, { shape } = checkInput(this, x);
    if (shape.length < 2 || shape[1] !== numChannels) {
      throw new TypeError(
        `Cannot apply GroupNorm: input of shape ${showShape(shape)}, it must be [batch, ${numChannels}, ...]`,
      );
    }
    const each = numChannels / numGroups, behind = shape.slice(2).reduce((a, b) => a * b, 1);
    if (shape[0]! * each * behind === 1) {
      throw new TypeError(`Cannot apply GroupNorm: it needs more than one value per group, got ${showShape(shape)}`);
    }
    const apart = x.reshape([shape[0]!, numGroups, each, behind]);
    const beside = (tensor: Tensor | null) => tensor?.reshape([numGroups, each, 1]) ?? null;
    return normalized(apart, [2, 3], this.eps, beside(weight), beside(bias)).reshape(shape);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.numGroups}, ${this.numChannels}`;
  }
}

/** Options of {@linkcode LocalResponseNorm}. */
export interface LocalResponseNormOptions {
  /** The weight of the mean square; 1e-4 by default. */
  alpha?: number;
  /** The power of the divisor; 0.75 by default. */
  beta?: number;
  /** What is added to the mean square; 1 by default. */
  k?: number;
}

/**
 * Divides each element by (k + alpha m)^beta, with m the mean square of `size` neighbouring channels, of which those beyond
 * the first and the last count as zeros (section 3.3 of Krizhevsky, Sutskever and Hinton 2012).
 *
 * Input [batch, channels, ...] of three axes or more; TypeError for fewer.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const norm = new nn.LocalResponseNorm(1, { alpha: 3, beta: 0.5 });
 * if (norm.call(ones([1, 2, 1])).toArray().flat().flat().join() !== "0.5,0.5") throw new Error("wrong");
 * ```
 */
export class LocalResponseNorm extends Module<[x: Tensor]> {
  /** How many channels count for each. */
  readonly size: number;
  /** The weight of the mean square. */
  readonly alpha: number;
  /** The power of the divisor. */
  readonly beta: number;
  /** What is added to the mean square. */
  readonly k: number;

  /** RangeError unless `size` is a positive integer of at most 2^24 and the options finite numbers. */
  constructor(size: number, options: LocalResponseNormOptions = {}) {
    super();
    const action = "make LocalResponseNorm", names = ["alpha", "beta", "k"] as const;
    const { alpha = 1e-4, beta = 0.75, k = 1 } = checkOptions(action, options, "{ k: 2 }", names);
    this.size = checkFeatures(action, "size", size);
    this.alpha = checkRange(action, "alpha", alpha, -Infinity);
    this.beta = checkRange(action, "beta", beta, -Infinity);
    this.k = checkRange(action, "k", k, -Infinity);
  }

  /** [batch, channels, ...] to the same shape. Halves are computed in float32. */
  override forward(x: Tensor): Tensor {
    const { size, alpha, beta, k } = this, { shape } = checkInput(this, x);
    if (shape.length < 3) {
      throw new TypeError(
        `Cannot apply LocalResponseNorm: input of shape ${showShape(shape)}, it must be [batch, channels, ...]`,
      );
    }
    if (x.size === 0) return x;
    const windows = { size, step: 1, dilation: 1, before: Math.floor(size / 2), count: shape[1]! };
    return inFloat32(
      [x],
      (x) => group(() => x!.div(new ops.WindowSum(1, windows).call(x!.square()).mul(alpha / size).add(k).pow(beta))),
    );
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.size}, alpha: ${this.alpha}, beta: ${this.beta}, k: ${this.k}`;
  }
}
