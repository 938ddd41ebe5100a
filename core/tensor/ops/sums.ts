/** Sums that several maps build up, one addend after another. */
import { groupResult } from "../../array/group.ts";
import { copy, filled, type NDArray } from "../../array/ndarray.ts";
import { scatter } from "../../array/places.ts";
import { type DType, isHalf } from "../../pure/dtype.ts";
import type { Shape } from "../../pure/shape.ts";

/** What `body` has added up, in the type `dtype`. Of halves the sums are float32, and rounded once. */
export function summed(dtype: DType, body: (sums: DType) => NDArray): NDArray {
  return groupResult(() => {
    const sums = body(isHalf(dtype) ? "float32" : dtype);
    return sums.dtype === dtype ? sums : copy(sums, dtype);
  });
}

/**
 * The elements of a part added into zeros of that shape at places along an axis, or its slices for an index of one axis: in
 * ascending order along the axis, so that the sums repeat to the bit.
 */
export function addedAt(part: NDArray, index: NDArray, shape: Shape, axis: number): NDArray {
  return summed(part.dtype, (sums) => {
    const whole = filled(part.storage.stream, shape, sums, 0);
    scatter("sum", whole, sums === part.dtype ? part : copy(part, sums), index, axis);
    return whole;
  });
}
