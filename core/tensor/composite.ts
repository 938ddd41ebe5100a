/**
 * Functions of several ops that need no class of their own: they save nothing, and their gradient is that of their parts.
 */
import { normalizeAxis, sizeOf } from "../pure/shape.ts";
import { add, matmul, Reshape } from "./ops/mod.ts";
import type { Tensor } from "./tensor.ts";

/** `x @ weight + bias`, in the type of the product: under autocast a half type, to which the bias is rounded. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const product = matmul.call(x, weight);
  if (bias === null) return product;
  return add.call(product, bias.dtype === product.dtype ? bias : bias.cast(product.dtype));
}

/** The axes from `start` on joined into one; a scalar becomes a vector of one element. */
export function flatten(x: Tensor, start: number): Tensor {
  const { shape } = x, axis = shape.length === 0 ? 0 : normalizeAxis("flatten", start, shape.length);
  return new Reshape([...shape.slice(0, axis), sizeOf(shape.slice(axis))]).call(x);
}
