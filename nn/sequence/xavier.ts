/** The first numbers of layers in attention and transformers (Glorot and Bengio 2010). */
import { rand, scope } from "../../core/mod.ts";
import type { Linear } from "../layers/linear.ts";
import type { Parameter } from "../parameter.ts";

/** Gives a layer weights uniform in ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010), and biases of 0. Returns it. */
export function xavier(layer: Linear): Linear {
  using _ = scope();
  xavierOf(layer.weight);
  clearBias(layer);
  return layer;
}

/** Fills a matrix with numbers that are uniform in ±sqrt(6 / (rows + columns)). */
export function xavierOf(weight: Parameter): void {
  using _ = scope();
  const { shape, dtype, device } = weight, bound = Math.sqrt(6 / (shape[0]! + shape[1]!));
  weight.data = rand(shape, { dtype, device }).mul(2 * bound).sub(bound);
}

/** Makes the biases of a layer 0. */
export function clearBias({ bias }: Linear): void {
  using _ = scope();
  if (bias !== null) bias.data = bias.zerosLike();
}
