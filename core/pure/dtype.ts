/**
 * Element types: their codes, typed arrays and the rules by which two of them meet.
 *
 * Promotion is PyTorch's: the wider category wins (bool, integers, floats), then the larger type within it; the two halves
 * meet in float32. There is no int64: integer sums and counts are int32.
 */
import { type DType, dtypeBytes, dtypeCode } from "../../kernels/instruction.ts";
import { bfloat16Words, nearestBfloat16, widenBfloat16 } from "../../kernels/reference/bfloat16.ts";

import { shown } from "./check.ts";

export type { DType };

/** The flat arrays that tensors are made from and read into. There is none for bfloat16: its numbers come as float32. */
export type TypedArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>;

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  bfloat16: Float32Array,
} as const;

/** The order of types, from the narrowest to the widest. */
const promotionRank: Record<DType, number> = {
  bool: 0,
  uint8: 1,
  int32: 2,
  float16: 3,
  bfloat16: 3,
  float32: 4,
  float64: 5,
};

/** Throws TypeError unless `dtype` is an element type. Another word would have no size in bytes. */
export function checkDType(action: string, dtype: DType): void {
  codeOf(dtype, action);
}

/** True for the types that gradients flow through. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || isHalf(dtype);
}

/** True for the types of 16 bits, which are computed with as float32. */
export function isHalf(dtype: DType): dtype is "float16" | "bfloat16" {
  return dtype === "float16" || dtype === "bfloat16";
}

/**
 * The type's code. float32 is tried first, since looking up a property by a name in a variable is slow; the rest is a
 * function of its own, so that the engine can put this test wherever an array is made.
 */
export function codeOf(dtype: DType, action = "make tensor"): number {
  return dtype === "float32" ? dtypeCode.float32 : otherCode(dtype, action);
}

function otherCode(dtype: DType, action: string): number {
  const code = typeof dtype === "string" ? dtypeCode[dtype] : undefined;
  if (typeof code === "number") return code;
  const known = Object.keys(dtypeCode).join(", ");
  throw new TypeError(`Cannot ${action}: ${shown(dtype)} is no element type, which are ${known}`);
}

/** Bytes of one element. */
export function itemBytes(dtype: DType): number {
  return dtypeBytes[codeOf(dtype)]!;
}

/** A zeroed flat array of `length` elements. RangeError where there is no memory for it. */
export function makeTypedArray(dtype: DType, length: number): TypedArray {
  const Elements = dtype === "float16" ? float16Array() : arrayTypes[dtype];
  return allocated(dtype, length, () => new Elements(length));
}

function allocated<T>(dtype: DType, length: number, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new RangeError(`Cannot make array: there is no memory for ${length} elements of ${dtype}`, { cause });
  }
}

/** The class `Float16Array`, which older runtimes lack: importing this module must not fail there. */
function float16Array(): Float16ArrayConstructor {
  if (typeof Float16Array === "undefined") {
    throw new TypeError(
      "Cannot make array: this runtime has no Float16Array, which float16 is read into; cast to float32",
    );
  }
  return Float16Array;
}

/** The number to be stored in an array of `makeTypedArray(dtype)`, so that it is rounded only once. */
export function nearest(dtype: DType, value: number): number {
  return dtype === "bfloat16" ? nearestBfloat16(value) : value;
}

/** The bytes of elements as a device holds them; the bytes of `flat` itself where these are the same. */
export function bytesOf(flat: TypedArray, dtype: DType): Uint8Array<ArrayBuffer> {
  const lying = dtype === "bfloat16" ? bfloat16Words(flat as Float32Array) : flat;
  return new Uint8Array(lying.buffer, lying.byteOffset, lying.byteLength);
}

/** A flat array of `count` elements, from bytes as a device holds them, which `fill` writes. */
export function readElements(dtype: DType, length: number, fill: (bytes: Uint8Array) => void): TypedArray {
  if (dtype !== "bfloat16") {
    const flat = makeTypedArray(dtype, length);
    fill(new Uint8Array(flat.buffer));
    return flat;
  }
  const words = allocated(dtype, length, () => new Uint16Array(length));
  fill(new Uint8Array(words.buffer));
  return widenBfloat16(words);
}

/** Whether `a` is of a wider category than `b`: bool, integers, floats. */
export function isWider(a: DType, b: DType): boolean {
  const category = (dtype: DType) => isFloat(dtype) ? 2 : dtype === "bool" ? 0 : 1;
  return category(a) > category(b);
}

/** The type in which `a` and `b` meet. */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  const rankA = promotionRank[a], rankB = promotionRank[b];
  return rankA > rankB ? a : rankA < rankB ? b : "float32";
}

/**
 * The type of `tensor op number`: an integer lifts bool to int32; a fraction, NaN and the infinities lift bool and integers
 * to float32.
 */
export function promoteScalar(dtype: DType, value: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(value)) return "float32";
  return dtype === "bool" ? "int32" : dtype;
}

/** The least and the largest number of a type: of a float type the infinities. */
export function rangeOf(dtype: DType): readonly [least: number, largest: number] {
  if (isFloat(dtype)) return [-Infinity, Infinity];
  return dtype === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, dtype === "uint8" ? 255 : 1];
}

/** The largest finite number of a float type. */
export function largestFinite(dtype: DType): number {
  if (dtype === "float64") return Number.MAX_VALUE;
  if (dtype === "float16") return 65504;
  return (2 - 2 ** (dtype === "bfloat16" ? -7 : -23)) * 2 ** 127;
}

/**
 * The number to be stored as an element: an integer type loses the fraction, and bool is whether the number differs from 0.
 * RangeError for what an integer type does not have, NaN among it.
 */
export function elementOf(action: string, dtype: DType, value: number): number {
  if (isFloat(dtype)) return nearest(dtype, value);
  if (dtype === "bool") return value !== 0 ? 1 : 0;
  const whole = Math.trunc(value), [least, largest] = rangeOf(dtype);
  if (whole >= least && whole <= largest) return whole;
  throw new RangeError(`Cannot ${action}: ${value} must lie in [${least}, ${largest}], the range of ${dtype}`);
}

/** The type of functions that have no integer meaning: exp, a mean, a quotient. */
export function toFloat(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "float32";
}

/** The type in which rows are evaluated for results of `dtype`. */
export function computeType(dtype: DType): "float32" | "float64" | "int32" {
  return dtype === "float32" || dtype === "float64" ? dtype : isHalf(dtype) ? "float32" : "int32";
}

/** The element type that a typed array carries, or null for those that tensors do not take. */
export function dtypeOfArray(array: unknown): DType | null {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  if (typeof Float16Array !== "undefined" && array instanceof Float16Array) return "float16";
  return null;
}
