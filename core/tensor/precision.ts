/**
 * Precision: the element types in which an op computes, depending on the types of its operands.
 *
 * Each op states its precision in one field. Everything that autocast changes is in this file.
 */
import { autocastType } from "../ambient/modes.ts";
import { type DType, isFloat, isHalf, isWider, promote, toFloat } from "../pure/dtype.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The types in which an op computes.
 *
 * - `given`: the types of its operands.
 * - `float`: integers and bools become float32.
 * - `wide`: as `float`, and halves become float32. The result has the operands' half type, or float32 under autocast.
 * - `half`: the types of its operands; under autocast floats other than float64 become autocast's half type.
 */
export type Precision = "given" | "float" | "wide" | "half";

/**
 * The type to which tensors are promoted together. Those without axes take part only if their category is wider than that of
 * the others, so that a single float64 does not make float64 of a whole float32.
 */
export function commonType(tensors: readonly Tensor[]): DType {
  let wide: DType | null = null, single: DType | null = null;
  for (const { shape, dtype } of tensors) {
    if (shape.length > 0) wide = wide === null ? dtype : promote(wide, dtype);
    else single = single === null ? dtype : promote(single, dtype);
  }
  if (wide === null || single === null) return (wide ?? single)!;
  return isWider(single, wide) ? single : wide;
}

/** The type to which an op of a precision casts an operand of `dtype`. */
export function operandType(precision: Precision, dtype: DType): DType {
  if (precision === "given") return dtype;
  if (precision === "half") {
    const half = autocastType();
    return half !== null && isFloat(dtype) && dtype !== "float64" ? half : dtype;
  }
  return precision === "wide" && isHalf(dtype) ? "float32" : toFloat(dtype);
}

/**
 * The type to which a row's operands, promoted to `dtype`, are cast. A row computes halves in float32 and rounds once, at its
 * end, so halves are cast to float32 under autocast alone, where the result is to be float32.
 */
export function rowType(precision: Precision, dtype: DType, forInts: boolean): DType {
  if (precision === "wide" && isHalf(dtype) && autocastType() !== null) return "float32";
  return forInts ? dtype : toFloat(dtype);
}

/** The tensors, each cast to the type that the precision asks for. Returns the very list if none changes. */
export function inPrecision(precision: Precision, tensors: readonly Tensor[]): readonly Tensor[] {
  const fits = (tensor: Tensor) => operandType(precision, tensor.dtype) === tensor.dtype;
  if (precision === "given" || tensors.every(fits)) return tensors;
  return tensors.map((tensor) => tensor.cast(operandType(precision, tensor.dtype)));
}

/** A float32 result for operands `given`, cast to their common float type if that is a half; as it is under autocast. */
export function narrowed(result: Tensor, given: readonly Tensor[]): Tensor {
  if (result.dtype !== "float32" || autocastType() !== null) return result;
  if (!given.some((tensor) => isHalf(tensor.dtype))) return result;
  const type = commonType(given.filter((tensor) => isFloat(tensor.dtype)));
  return isHalf(type) ? result.cast(type) : result;
}

/** Runs several ops at the precision `wide`: `call` is given halves as float32, and other tensors as they are. */
export function inFloat32(given: readonly Tensor[], call: (...wide: Tensor[]) => Tensor): Tensor {
  if (!given.some((tensor) => isHalf(tensor.dtype))) return call(...given);
  return narrowed(call(...given.map(widened)), given);
}

/** A half cast to float32; other tensors as they are. */
export function widened(tensor: Tensor): Tensor {
  return isHalf(tensor.dtype) ? tensor.cast("float32") : tensor;
}

/** A half cast to float32 under autocast, for several ops of which the first would round to the half; else as it is. */
export function wideInAutocast(tensor: Tensor): Tensor {
  return autocastType() === null ? tensor : widened(tensor);
}
