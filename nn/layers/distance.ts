/** How alike and how far apart vectors are. */
import { checkFlag, checkInteger, checkOptions, checkRange, sameShape, shown } from "../../core/internal.ts";
import { broadcastTensors, type Tensor } from "../../core/mod.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode CosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The axis along which the vectors lie; 1 by default. A negative one counts from the end. */
  axis?: number;
  /** The least norm by which is divided; 1e-8 by default. */
  eps?: number;
}

/**
 * The cosine of the angle between vectors, `x1·x2 / (max(|x1|, eps) max(|x2|, eps))`: tensors that broadcast, to their shape
 * without the axis.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const cosine = new nn.CosineSimilarity().call(tensor([[3, 4]]), tensor([[4, 3]])).item();
 * if (Math.abs(cosine - 0.96) > 1e-6) throw new Error(`${cosine}`);
 * ```
 */
export class CosineSimilarity extends Module<[x1: Tensor, x2: Tensor]> {
  /** The axis along which the vectors lie. */
  readonly axis: number;
  /** The least norm by which is divided. */
  readonly eps: number;

  /** RangeError unless the axis is an integer and `eps` at least 0. */
  constructor(options: CosineSimilarityOptions = {}) {
    super();
    const action = "make CosineSimilarity";
    const { axis = 1, eps = 1e-8 } = checkOptions(action, options, "{ axis: -1 }", ["axis", "eps"]);
    this.axis = checkInteger(action, "axis", axis);
    this.eps = checkRange(action, "eps", eps, 0);
  }

  /** [...] and [...] to their common shape without the axis. RangeError for a shape without the axis. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    checkInput(this, x1);
    checkInput(this, x2);
    const { axis, eps } = this, [a, b] = sameShape(x1.shape, x2.shape) ? [x1, x2] : broadcastTensors([x1, x2]);
    const unit = (x: Tensor) => x.div(x.norm({ axes: axis, keepDims: true }).clip(eps, Infinity));
    return unit(a!).vecdot(unit(b!), axis);
  }

  /** @ignore */
  protected override describe(): string {
    return `axis: ${this.axis}, eps: ${this.eps}`;
  }
}

/** Options of {@linkcode PairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** The p of the norm; 2 by default. */
  p?: number;
  /** What is added to each difference, so that the root is never of zero; 1e-6 by default. */
  eps?: number;
  /** Whether the last axis stays, with length one; false by default. */
  keepDims?: boolean;
}

/**
 * The norm of `x1 - x2 + eps` along the last axis: tensors [..., length] that broadcast, to [...].
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const distance = new nn.PairwiseDistance().call(tensor([[1, 1]]), tensor([[4, 5]])).item();
 * if (Math.abs(distance - 5) > 1e-5) throw new Error(`${distance}`);
 * ```
 */
export class PairwiseDistance extends Module<[x1: Tensor, x2: Tensor]> {
  /** The p of the norm. */
  readonly p: number;
  /** What is added to each difference. */
  readonly eps: number;
  /** Whether the last axis stays, with length one. */
  readonly keepDims: boolean;

  /** RangeError unless p is a number and `eps` a finite one. */
  constructor(options: PairwiseDistanceOptions = {}) {
    super();
    const action = "make PairwiseDistance", names = ["p", "eps", "keepDims"] as const;
    const { p = 2, eps = 1e-6, keepDims = false } = checkOptions(action, options, "{ p: 1 }", names);
    if (typeof p !== "number" || Number.isNaN(p)) {
      throw new RangeError(`Cannot ${action}: p ${shown(p)} must be a number`);
    }
    this.p = p;
    this.eps = checkRange(action, "eps", eps, -Infinity);
    this.keepDims = checkFlag(action, "keepDims", keepDims);
  }

  /** [..., length] and [..., length] to [...]. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    checkInput(this, x1);
    checkInput(this, x2);
    const { p, eps, keepDims } = this;
    return x1.sub(x2).add(eps).norm({ axes: -1, p, keepDims });
  }

  /** @ignore */
  protected override describe(): string {
    return `p: ${this.p}`;
  }
}
