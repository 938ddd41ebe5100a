/**
 * Elements in memory, as the reference device reads them into the type that it computes in, and stores results: floats
 * saturate where an integer cannot hold them, and integers wrap into narrower ones.
 */
import { bfloat16Word, valueOfWord } from "./bfloat16.ts";
import { type DType, dtypeCode, dtypes, typeRows } from "../instruction.ts";
import type { Numeric } from "./arithmetic.ts";
import type { Environment } from "./expression.ts";

/** Elements of a storage, from an offset on by strides. */
export interface View {
  data: ArrayLike<Numeric>;
  code: number;
  offset: number;
  strides: number[];
}

/** Float16Array, which older runtimes lack; bfloat16 is kept as words. */
const float16Array = typeof Float16Array === "undefined" ? null : Float16Array;
const arrayOf = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float16: float16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
} satisfies Record<DType, unknown>;
export const arrayTypes = dtypes.map((name) => arrayOf[name]);

const { float64, int64, bool, bfloat16 } = dtypeCode;
/** By code: whether a type is a float, and the code of the type that its elements are computed with in. */
const floatCodes = dtypes.map((name) => typeRows[name].kind === "float");
export const computeCodes: readonly number[] = dtypes.map((name) => dtypeCode[typeRows[name].compute]);

/** An environment with the scalars in the compute type. */
export function environment(compute: number, scalars: readonly number[]): Environment<Numeric> {
  const zero = converted(0, float64, compute);
  const [s, t, u] = scalars.map((x) => converted(x, float64, compute)) as Numeric[];
  return { a: zero, b: zero, c: zero, d: zero, e: zero, f: zero, s: s!, t: t!, u: u!, i: zero, r: zero };
}

const operandNames = ["a", "b", "c", "d", "e", "f"] as const;

/** Sets the operands to the elements at `index`, converted to the compute type. */
export function load(
  env: Environment<Numeric>,
  inputs: readonly View[],
  index: readonly number[],
  compute: number,
): void {
  for (let k = 0; k < inputs.length; k++) {
    env[operandNames[k]!] = loaded(inputs[k]!, place(inputs[k]!, index), compute);
  }
}

/** An element, converted to the compute type. */
export function loaded(view: View, at: number, compute: number): Numeric {
  const value = read(view, at);
  return converted(view.code === bool ? Number(value !== 0) : value, view.code, compute);
}

/** A number of the type `from` in the compute type. */
export function converted(value: Numeric, from: number, compute: number): Numeric {
  if (typeof value === "bigint") {
    if (compute === int64) return value;
    if (!floatCodes[compute]) return Number(BigInt.asIntN(32, value));
    return compute === float64 ? Number(value) : nearestFloat32(value);
  }
  if (compute === int64) return floatCodes[from] ? saturateLong(value) : BigInt(value);
  if (compute === float64) return value;
  if (floatCodes[compute]) return Math.fround(value);
  return floatCodes[from] ? saturate(value, 32, true) : value;
}

/** The nearest float32, rounded once: bits beyond the 53 of a number become a last one that is 1 if any of them is. */
function nearestFloat32(value: bigint): number {
  if (BigInt.asIntN(54, value) === value) return Math.fround(Number(value));
  const upper = value >> 11n, sticky = (upper << 11n) === value ? 0n : 1n;
  return Math.fround(Number(upper | sticky)) * 2 ** 11;
}

export function read({ data, code }: View, at: number): Numeric {
  return code === bfloat16 ? valueOfWord(data[at] as number) : data[at]!;
}

/** Writes a number of the view's type. Typed arrays wrap integers. */
export function write({ data, code }: View, at: number, value: Numeric): void {
  (data as Numeric[])[at] = code === bfloat16 ? bfloat16Word(value as number) : value;
}

export function place(view: View, index: readonly number[]): number {
  let at = view.offset;
  for (let axis = 0; axis < view.strides.length; axis++) at += index[axis]! * view.strides[axis]!;
  return at;
}

/** Stores a value that already has the view's type. */
export function copyTo(view: View, at: number, value: Numeric): void {
  write(view, at, view.code === bool ? Number(value !== 0) : value);
}

/** The nearest integer of so many bits towards 0; NaN becomes 0. */
function saturate(x: number, bits: number, signed: boolean): number {
  const low = signed ? -(2 ** (bits - 1)) : 0, high = 2 ** (signed ? bits - 1 : bits) - 1;
  return Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, low), high));
}

function saturateLong(x: number): bigint {
  if (x >= 2 ** 63) return 2n ** 63n - 1n;
  return Number.isNaN(x) ? 0n : BigInt(Math.trunc(Math.max(x, -(2 ** 63))));
}

/** Below 0 if x comes before y, above 0 if it comes after: -0 equals 0, and NaN comes after all numbers. */
export function compare(x: Numeric, y: Numeric): number {
  const nan = Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return nan !== 0 || Number.isNaN(x) ? nan : Number(x > y) - Number(x < y);
}

/** A result converted to the element type. Halves are rounded from the result in the compute type. */
export function stored(x: Numeric, code: number, compute: number): Numeric {
  const { kind, bytes } = typeRows[dtypes[code]!];
  if (kind === "bool") return x === 0 || x === 0n ? 0 : 1;
  if (code === int64 || code === float64) return converted(x, compute, code);
  if (kind === "float") return compute === float64 ? x : converted(x, compute, dtypeCode.float32);
  if (typeof x === "bigint") return Number(BigInt.asIntN(8 * bytes, x));
  return floatCodes[compute] ? saturate(x, 8 * bytes, kind === "signed") : x;
}

/** Where a fold for the lowest or the highest element starts. */
export function limitOf(from: "lowest" | "highest", compute: number): Numeric {
  const sign = from === "lowest" ? -1 : 1;
  return converted(sign * Infinity, float64, compute);
}
