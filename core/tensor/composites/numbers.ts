/** Numbers that composites make on the host, and the types in which they compute. */
import { arrayFrom } from "../../array/elements.ts";
import { type DType, isFloat, isHalf } from "../../pure/dtype.ts";
import type { Tensor } from "../tensor.ts";

/** Numbers as a tensor on the device of `beside`, along an axis with so many axes of length one behind it. */
export function numbersAlong(beside: Tensor, numbers: readonly number[], dtype: DType, behind: number): Tensor {
  const shape = [numbers.length, ...new Array<number>(behind).fill(1)];
  return beside.wrap(arrayFrom(Float64Array.from(numbers), { shape, dtype, device: beside.device }));
}

/** Runs `body` on a tensor of a float type, halves and integers as float32; the result of halves has their type again. */
export function inSingle(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
  if (isHalf(x.dtype)) return body(x.cast("float32")).cast(x.dtype);
  return body(isFloat(x.dtype) ? x : x.cast("float32"));
}
