/**
 * Functions of several ops that need no class of their own: they keep nothing between their parts, and their gradient is that
 * of the parts.
 */
import { normalizeAxis, sizeOf } from "../pure/shape.ts";
import { add, matmul, Reshape } from "./ops/mod.ts";
import type { Tensor } from "./tensor.ts";

/** `x @ weight + bias`. The sum is of the product's type: under autocast that is a half, to which the bias is rounded. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const product = matmul.call(x, weight);
  if (bias === null) return product;
  return add.call(product, bias.dtype === product.dtype ? bias : bias.cast(product.dtype));
}

/** The axes from `start` on as one; a scalar becomes a list of one. */
export function flatten(x: Tensor, start: number): Tensor {
  const { shape } = x, axis = shape.length === 0 ? 0 : normalizeAxis("flatten", start, shape.length);
  return new Reshape([...shape.slice(0, axis), sizeOf(shape.slice(axis))]).call(x);
}
