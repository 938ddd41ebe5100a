/** What the layers and the stacks of transformers check and name alike. */
import { checkFlag, shown } from "../../core/internal.ts";
import { NormalizeScaleShift, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { LayerNorm1d } from "../layers/norm.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import type { TransformerActivation, TransformerLayerOptions } from "./transformer_options.ts";

/** The names of all options of layers. */
export const layerNames = [
  "dimFeedforward",
  "dropout",
  "activation",
  "layerNormEps",
  "batchFirst",
  "normFirst",
  "bias",
  "rotary",
  "numKeyValueHeads",
] as const;

/** The names of the masks of a decoder. */
export const decodeNames = [
  "tgtMask",
  "memoryMask",
  "tgtKeyPaddingMask",
  "memoryKeyPaddingMask",
  "tgtCausal",
  "memoryCausal",
] as const;

const activations = { relu: (x: Tensor) => x.relu(), gelu: (x: Tensor) => x.gelu() } as const;

/** The function of a name. RangeError for another name. */
export function activationOf(action: string, activation: TransformerActivation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (activation === "relu" || activation === "gelu") return activations[activation];
  throw new RangeError(`Cannot ${action}: activation ${shown(activation)} must be "relu", "gelu" or a function`);
}

/** RangeError unless the features are a multiple of the heads. */
export function checkHeads(action: string, dModel: number, nhead: number): void {
  checkFeatures(action, "nhead", nhead);
  if (dModel % nhead !== 0) {
    throw new RangeError(`Cannot ${action}: dModel ${dModel} must be a multiple of nhead ${nhead}`);
  }
}

/** The options that a layer hands on to its attentions. */
export function attentionPart(
  action: string,
  { dropout = 0.1, bias = true, batchFirst = false }: TransformerLayerOptions,
) {
  checkFlag(action, "bias", bias);
  checkFlag(action, "batchFirst", batchFirst);
  return { dropout, bias, batchFirst };
}

/** A norm over the features of each row, with a shift or without. */
export function layerNorm(features: number, eps: number, bias: boolean): Module<[x: Tensor]> {
  return bias ? new LayerNorm1d(features, { eps }) : new LayerNorm(features, eps);
}

/** Layer norm with a scale alone. */
class LayerNorm extends Module<[x: Tensor]> {
  readonly weight: Parameter;
  readonly features: number;
  readonly eps: number;

  constructor(features: number, eps: number) {
    super();
    this.features = features;
    this.eps = eps;
    this.weight = new Parameter(new Float32Array(features).fill(1));
  }
  override forward(x: Tensor): Tensor {
    checkLastAxis(this, x, this.features);
    const { weight, eps } = this, axes = [x.shape.length - 1];
    return new NormalizeScaleShift({ axes, eps }).call(x, weight, weight.zerosLike());
  }
  protected override describe(): string {
    return `${this.features}, bias: false`;
  }
}
