/**
 * Precision: in which element types an op computes, beside those of its operands.
 *
 * Every op says it in one field; what autocast changes, it changes here.
 */
import { autocastType } from "../ambient/modes.ts";
import { type DType, isFloat, isHalf, promote, toFloat } from "../pure/dtype.ts";
import type { Tensor } from "./tensor.ts";

/**
 * In which types an op computes.
 *
 * - `given`: in those of its operands.
 * - `float`: integers and bools become float32.
 * - `wide`: as `float`, and halves are computed with as float32. The result is of the operands' half, or of float32 under
 *   autocast.
 * - `half`: as given; under autocast floats other than float64 become the half type.
 */
export type Precision = "given" | "float" | "wide" | "half";

/** The type in which an op takes an operand of `dtype`. */
export function operandType(precision: Precision, dtype: DType): DType {
  if (precision === "given") return dtype;
  if (precision === "half") {
    const half = autocastType();
    return half !== null && isFloat(dtype) && dtype !== "float64" ? half : dtype;
  }
  return precision === "wide" && isHalf(dtype) ? "float32" : toFloat(dtype);
}

/**
 * The type in which a row takes operands that meet in `dtype`. A row computes halves in float32 and rounds once, at its end:
 * its operands are widened under autocast alone, where the result is to stay float32.
 */
export function rowType(precision: Precision, dtype: DType, forInts: boolean): DType {
  if (precision === "wide" && isHalf(dtype) && autocastType() !== null) return "float32";
  return forInts ? dtype : toFloat(dtype);
}

/** The tensors, each in the type of the precision: the very list, where all of them are. */
export function inPrecision(precision: Precision, tensors: readonly Tensor[]): readonly Tensor[] {
  const fits = (tensor: Tensor) => operandType(precision, tensor.dtype) === tensor.dtype;
  if (precision === "given" || tensors.every(fits)) return tensors;
  return tensors.map((tensor) => tensor.cast(operandType(precision, tensor.dtype)));
}

/** What was computed in float32 for halves, in the type that the floats among `given` have together. */
export function narrowed(result: Tensor, given: readonly Tensor[]): Tensor {
  if (result.dtype !== "float32" || autocastType() !== null) return result;
  if (!given.some((tensor) => isHalf(tensor.dtype))) return result;
  const type = given.map((tensor) => tensor.dtype).filter(isFloat).reduce(promote);
  return isHalf(type) ? result.cast(type) : result;
}

/** Several ops at the precision `wide`: `call` is given halves as float32, and all else as it is. */
export function inFloat32(given: readonly Tensor[], call: (...wide: Tensor[]) => Tensor): Tensor {
  if (!given.some((tensor) => isHalf(tensor.dtype))) return call(...given);
  return narrowed(call(...given.map(widened)), given);
}

/** A half as float32. */
export function widened(tensor: Tensor): Tensor {
  return isHalf(tensor.dtype) ? tensor.cast("float32") : tensor;
}

/** A half under autocast as float32: for several ops whose first would round in the half. */
export function wideInAutocast(tensor: Tensor): Tensor {
  return autocastType() === null ? tensor : widened(tensor);
}
