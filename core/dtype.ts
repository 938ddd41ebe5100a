/**
 * Element types: their codes, typed arrays and the rules by which two of them meet.
 *
 * Promotion is PyTorch's: the wider category wins (bool, integers, floats), then the larger type within it. There is no
 * int64: integer sums and counts are int32.
 */
import { dtypeBytes, dtypeCode } from "../kernels/instruction.ts";

/** The element type of a tensor. */
export type DType = keyof typeof dtypeCode;
/** The flat arrays that tensors are made from and read into. */
export type TypedArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** From the narrowest to the widest. */
const promotionOrder: readonly DType[] = ["bool", "uint8", "int32", "float32", "float64"];
const promotionRank: Record<DType, number> = { bool: 0, uint8: 1, int32: 2, float32: 3, float64: 4 };

/** True for the names of element types. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(dtypeCode, name);
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64";
}

/** The type's code. The usual type first: looking up a property by a name in a variable is slow. */
export function codeOf(dtype: DType): number {
  return dtype === "float32" ? dtypeCode.float32 : dtypeCode[dtype];
}

/** Bytes of one element. */
export function itemBytes(dtype: DType): number {
  return dtypeBytes[codeOf(dtype)]!;
}

/** A zeroed flat array of `length` elements. */
export function makeTypedArray(dtype: DType, length: number): TypedArray {
  return new arrayTypes[dtype](length);
}

/** The type in which `a` and `b` meet. */
export function promote(a: DType, b: DType): DType {
  return a === b ? a : promotionOrder[Math.max(promotionRank[a], promotionRank[b])]!;
}

/** The type of `tensor op number`: a fraction lifts integers to float32, an integer lifts bool to int32. */
export function promoteScalar(dtype: DType, value: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(value)) return "float32";
  return dtype === "bool" ? "int32" : dtype;
}

/** The type of functions that have no integer meaning: exp, a mean, a quotient. */
export function toFloat(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "float32";
}

/** The type in which rows are evaluated for results of `dtype`. */
export function computeType(dtype: DType): "float32" | "float64" | "int32" {
  return dtype === "float32" || dtype === "float64" ? dtype : "int32";
}

/** The element type that a typed array carries, or null for those that tensors do not take. */
export function dtypeOfArray(array: unknown): DType | null {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  return null;
}
