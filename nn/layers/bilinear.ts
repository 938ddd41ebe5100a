/** Bilinear: a form that is linear in each of two inputs. */
import { checkFlag, checkOptions } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis, checkPair } from "../input.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { placementNames, placementOf, uniformParameter } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** Options of {@linkcode Bilinear}. */
export interface BilinearOptions extends PlacementOptions {
  /** Add a bias of shape [outFeatures]; true by default. */
  bias?: boolean;
}

/**
 * `x1ᵀ weight[k] x2 + bias[k]` for each feature k: [..., in1Features] and [..., in2Features] to [..., outFeatures].
 *
 * Weight and bias start uniform in ±1/sqrt(in1Features), as PyTorch's do. TypeError for inputs whose last axes have other
 * lengths, or whose other axes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const bilinear = new nn.Bilinear(2, 1, 1);
 * bilinear.loadStateDict({ weight: tensor([[[3], [4]]]), bias: tensor([5]) });
 * if (bilinear.call(tensor([[1, 2]]), tensor([[10]])).item() !== 115) throw new Error("wrong");
 * ```
 */
export class Bilinear extends Module<[x1: Tensor, x2: Tensor]> {
  /** The forms [outFeatures, in1Features, in2Features]. */
  readonly weight: Parameter;
  /** The bias [outFeatures], or null. */
  readonly bias: Parameter | null;
  /** The length of the first input's last axis. */
  readonly in1Features: number;
  /** The length of the second input's last axis. */
  readonly in2Features: number;
  /** The length of the output's last axis. */
  readonly outFeatures: number;

  /** RangeError unless the counts are positive integers of at most 2^24; TypeError for an option that does not exist. */
  constructor(in1Features: number, in2Features: number, outFeatures: number, options: BilinearOptions = {}) {
    super();
    const action = "make Bilinear";
    const { bias = true } = checkOptions(action, options, "{ bias: false }", ["bias", ...placementNames]);
    this.in1Features = checkFeatures(action, "in1Features", in1Features);
    this.in2Features = checkFeatures(action, "in2Features", in2Features);
    this.outFeatures = checkFeatures(action, "outFeatures", outFeatures);
    checkFlag(action, "bias", bias);
    const bound = 1 / Math.sqrt(in1Features), placement = placementOf(action, options);
    this.weight = uniformParameter([outFeatures, in1Features, in2Features], bound, placement);
    this.bias = bias ? uniformParameter([outFeatures], bound, placement) : null;
  }

  /** [..., in1Features] and [..., in2Features] to [..., outFeatures]. */
  override forward(x1: Tensor, x2: Tensor): Tensor {
    const { in1Features, in2Features, outFeatures, weight, bias } = this;
    checkLastAxis(this, x1, in1Features);
    checkLastAxis(this, x2, in2Features);
    const outer = checkPair(this, x1.shape.slice(0, -1), x2.shape.slice(0, -1));
    // Of each first input [outFeatures, in2Features], which meets the second one.
    const forms = weight.permute(1, 0, 2).reshape([in1Features, outFeatures * in2Features]);
    const rows = x1.matmul(forms).reshape([...outer, outFeatures, in2Features]);
    const sums = rows.matmul(x2.unsqueeze(-1)).reshape([...outer, outFeatures]);
    return bias === null ? sums : sums.add(bias);
  }

  /** @ignore */
  protected override describe(): string {
    const { in1Features, in2Features, outFeatures, bias } = this;
    return `${in1Features}, ${in2Features}, ${outFeatures}${bias === null ? ", bias: false" : ""}`;
  }
}
