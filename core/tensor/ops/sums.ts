/** Sums that several maps build up, one addend after another. */
import { groupResult } from "../../array/group.ts";
import { copy, type NDArray } from "../../array/ndarray.ts";
import { type DType, isHalf } from "../../pure/dtype.ts";

/** What `body` has added up, in the type `dtype`. Of halves the sums are float32, and rounded once. */
export function summed(dtype: DType, body: (sums: DType) => NDArray): NDArray {
  return groupResult(() => {
    const sums = body(isHalf(dtype) ? "float32" : dtype);
    return sums.dtype === dtype ? sums : copy(sums, dtype);
  });
}
