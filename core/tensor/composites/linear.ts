/** Linear algebra of several ops, whose gradient is that of their parts. */
import { add, matmul } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** `x @ weight + bias`, in the type of the product: under autocast a half type, to which the bias is rounded. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const product = matmul.call(x, weight);
  if (bias === null) return product;
  return add.call(product, bias.dtype === product.dtype ? bias : bias.cast(product.dtype));
}
