/** Shapes and orders made by several ops, whose gradient is that of their parts. */
import { normalizeAxis, sizeOf } from "../../pure/shape.ts";
import { Reshape } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** The axes from `start` on joined into one; a scalar becomes a vector of one element. */
export function flatten(x: Tensor, start: number): Tensor {
  const { shape } = x, axis = shape.length === 0 ? 0 : normalizeAxis("flatten", start, shape.length);
  return new Reshape([...shape.slice(0, axis), sizeOf(shape.slice(axis))]).call(x);
}
