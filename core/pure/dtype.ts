/**
 * Element types: their codes, typed arrays and the rules by which two of them meet.
 *
 * What the types are stands in `table.json`, section `types`. Promotion is PyTorch's: the wider category wins (bool,
 * integers, floats), then the larger type within it; uint8 and int8 meet in int16, the two halves in float32. uint16 and
 * uint32 meet floats and themselves only. Sums and counts of integers are int32, or int64 where their elements do not fit.
 */
import { type ComputeType, type DType, dtypeBytes, dtypeCode, typeRows } from "../../kernels/instruction.ts";
import { bfloat16Words, nearestBfloat16, widenBfloat16 } from "../../kernels/reference/bfloat16.ts";

import { shown } from "./check.ts";

export type { DType };

/** The flat arrays that tensors are made from and read into. There is none for bfloat16: its numbers come as float32. */
export type TypedArray = NumberArray | BigInt64Array<ArrayBuffer>;

/** The flat arrays of all types but int64, whose elements are numbers. */
export type NumberArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>;

/** The classes of flat arrays. Older runtimes lack Float16Array: importing this module must not fail there. */
const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: typeof Float16Array === "undefined" ? null : Float16Array,
  bfloat16: Float32Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
} as const satisfies Record<DType, unknown>;

/** Throws TypeError unless `dtype` is an element type. Another word would have no size in bytes. */
export function checkDType(action: string, dtype: DType): void {
  codeOf(dtype, action);
}

/** True for the types that gradients flow through. */
export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || (typeof dtype === "string" && typeRows[dtype]?.kind === "float");
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

/**
 * A zeroed flat array of `length` elements: whoever writes numbers into it must know that the type is not int64, whose
 * elements are bigints. RangeError where there is no memory for it.
 */
export function makeTypedArray(dtype: DType, length: number): NumberArray;
export function makeTypedArray<T extends TypedArray>(dtype: DType, length: number): T;
export function makeTypedArray(dtype: DType, length: number): TypedArray {
  const Elements = arrayTypes[dtype];
  if (Elements === null) {
    throw new TypeError(
      "Cannot make array: this runtime has no Float16Array, which float16 is read into; cast to float32",
    );
  }
  return allocated(dtype, length, () => new Elements(length));
}

function allocated<T>(dtype: DType, length: number, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new RangeError(`Cannot make array: there is no memory for ${length} elements of ${dtype}`, { cause });
  }
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
    const flat = makeTypedArray<TypedArray>(dtype, length);
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

/** The type in which `a` and `b` meet. TypeError where PyTorch has none: for uint16 and uint32 beside other integers and bool. */
export function promote(a: DType, b: DType): DType {
  const met = wider(a, b);
  if (a === b || isFloat(met) || !(isLonely(a) || isLonely(b))) return met;
  throw new TypeError(`Cannot promote: ${a} and ${b} have no common type, cast one of them`);
}

/** The type in which `a` and `b` are computed with together: as {@linkcode promote}, for any two. */
export function wider(a: DType, b: DType): DType {
  if (a === b || isWider(a, b)) return a;
  if (isWider(b, a)) return b;
  const rowA = typeRows[a], rowB = typeRows[b];
  // The two halves, and uint8 beside int8.
  if (rowA.bytes === rowB.bytes) return rowA.kind === "float" ? "float32" : "int16";
  return rowA.bytes > rowB.bytes ? a : b;
}

/** Whether integers of the type meet no others. */
function isLonely(dtype: DType): boolean {
  const { kind, bytes } = typeRows[dtype];
  return kind === "unsigned" && bytes > 1;
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

/**
 * The least and the largest number of a type: of a float type the infinities; of int64 2^63, which devices take for the integer
 * before it, since numbers do not tell the two apart.
 */
export function rangeOf(dtype: DType): readonly [least: number, largest: number] {
  const { kind, bytes } = typeRows[dtype], bits = 8 * bytes;
  if (kind === "float") return [-Infinity, Infinity];
  if (kind === "bool") return [0, 1];
  if (kind === "unsigned") return [0, 2 ** bits - 1];
  return [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** Whether an integer lies in the range of an integer type. */
export function hasInteger(dtype: DType, value: number): boolean {
  const [least, largest] = rangeOf(dtype);
  return Number.isInteger(value) && value >= least && value <= largest && value < 2 ** 63;
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
  if (hasInteger(dtype, whole)) return whole;
  throw new RangeError(`Cannot ${action}: ${value} must lie in [${least}, ${largest}], the range of ${dtype}`);
}

/** As {@linkcode elementOf}, stored in an array of `makeTypedArray(dtype)`; int64 takes all bigints that it has. */
export function storeElement(
  action: string,
  dtype: DType,
  flat: TypedArray,
  at: number,
  value: number | bigint | boolean,
): void {
  if (!(flat instanceof BigInt64Array)) flat[at] = elementOf(action, dtype, Number(value));
  else if (typeof value !== "bigint") flat[at] = BigInt(elementOf(action, dtype, Number(value)));
  else if (value === BigInt.asIntN(64, value)) flat[at] = value;
  else throw new RangeError(`Cannot ${action}: ${value} must lie in [-2^63, 2^63), the range of int64`);
}

/** An element as a plain value: a number, but a bigint where a number cannot hold it exactly. */
export function plainOf(element: number | bigint): number | bigint {
  return typeof element === "bigint" && Number.isSafeInteger(Number(element)) ? Number(element) : element;
}

/** The type of functions that have no integer meaning: exp, a mean, a quotient. */
export function toFloat(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "float32";
}

/** The type in which rows are evaluated for results of `dtype`. */
export function computeType(dtype: DType): ComputeType {
  return dtype === "float32" ? dtype : typeRows[dtype].compute;
}

/**
 * The type of sums and products of elements: floats keep theirs; integers and bools give int32, int64 and uint32 give int64.
 */
export function sumType(dtype: DType): DType {
  return isFloat(dtype) ? dtype : computeType(dtype);
}

/** The element type that a typed array carries, or null for those that tensors do not take. */
export function dtypeOfArray(array: unknown): DType | null {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  if (!ArrayBuffer.isView(array)) return null;
  const found = Object.entries(arrayTypes).find(([, Elements]) => Elements !== null && array instanceof Elements);
  return found === undefined ? null : found[0] as DType;
}
