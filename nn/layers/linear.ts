/** Linear: the affine map, a matrix product and a bias. */
import { affine, checkFlag, checkOptions } from "../../core/internal.ts";
import { type DType, rand, scope, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of {@linkcode Linear}. */
export interface LinearOptions {
  /** Add a bias of shape [outFeatures]; true by default. */
  bias?: boolean;
  /** The parameters' element type, a float type; float32 by default. */
  dtype?: DType;
  /** The parameters' device; the default device when absent. */
  device?: string;
}

/**
 * `x @ weight + bias`: [..., inFeatures] to [..., outFeatures], with `weight` [inFeatures, outFeatures].
 *
 * Weight and bias start uniform in ±1/sqrt(inFeatures), as PyTorch's do (He et al. 2015, with a slope of sqrt(5)).
 * TypeError for inputs whose last axis is not inFeatures.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const linear = new nn.Linear(2, 1);
 * linear.loadStateDict({ weight: tensor([[3], [4]]), bias: tensor([5]) });
 * if (linear.call(tensor([[1, 2]])).item() !== 16) throw new Error("wrong");
 * ```
 */
export class Linear extends Module<[x: Tensor]> {
  /** The matrix [inFeatures, outFeatures]: the transpose of PyTorch's. */
  readonly weight: Parameter;
  /** The bias [outFeatures], or null. */
  readonly bias: Parameter | null;
  /** The length of the input's last axis. */
  readonly inFeatures: number;
  /** The length of the output's last axis. */
  readonly outFeatures: number;

  /** RangeError unless both counts are positive integers of at most 2^24; TypeError for an option that does not exist. */
  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    const action = "make Linear", names = ["bias", "dtype", "device"] as const;
    const { bias = true, ...placement } = checkOptions(action, options, "{ bias: false }", names);
    checkFlag(action, "bias", bias);
    this.inFeatures = checkFeatures(action, "inFeatures", inFeatures);
    this.outFeatures = checkFeatures(action, "outFeatures", outFeatures);
    const bound = 1 / Math.sqrt(inFeatures);
    const draw = (shape: number[], outAxis: 0 | 1 = 0) => {
      using _ = scope();
      return new Parameter(rand(shape, placement).mul(2 * bound).sub(bound), { outAxis });
    };
    this.weight = draw([inFeatures, outFeatures], 1);
    this.bias = bias ? draw([outFeatures]) : null;
  }

  /** [..., inFeatures] to [..., outFeatures]. Under `autocast` the product and the sum are of the half type. */
  override forward(x: Tensor): Tensor {
    checkLastAxis(this, x, this.inFeatures);
    return affine(x, this.weight, this.bias);
  }

  /** The weight is the transpose of PyTorch's. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { weight: { isTransposed: true } };
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.inFeatures}, ${this.outFeatures}${this.bias === null ? ", bias: false" : ""}`;
  }
}
