/**
 * The element types of safetensors files, and how each becomes an element type of tensors: the same types as they lie, and
 * unsigned integers of 64 bits as int64 if every value fits.
 *
 * Files are little-endian, as is every machine that Deno runs on, so typed arrays read them directly.
 */
import { type DType, itemBytes, readElements, type TypedArray } from "../core/internal.ts";

/** The names of the element types of tensors in a file. */
export const elementNames: Readonly<Record<DType, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

interface ElementType {
  /** Bytes of one element in the file. */
  readonly bytes: number;
  readonly dtype: DType;
  /** Reads a buffer of whole elements. `subject` is the beginning of the message of an error. */
  readonly read: (buffer: ArrayBuffer, subject: string) => TypedArray;
}

export const elementTypes: { readonly [name: string]: ElementType } = {
  ...Object.fromEntries(
    (Object.entries(elementNames) as [DType, string][]).map(([dtype, name]) => [name, same(dtype)]),
  ),
  BOOL: { ...same("bool"), read: readBool },
  U64: { ...same("int64"), read: readUint64 },
};

/** A type whose elements have the same bytes in a file as on a device. */
function same(dtype: DType): ElementType {
  const bytes = itemBytes(dtype);
  const read = (buffer: ArrayBuffer) =>
    readElements(dtype, buffer.byteLength / bytes, (target) => target.set(new Uint8Array(buffer)));
  return { bytes, dtype, read };
}

function readUint64(buffer: ArrayBuffer, subject: string): TypedArray {
  const values = new BigInt64Array(buffer), wrong = values.findIndex((value) => value < 0n);
  if (wrong < 0) return values;
  throw new RangeError(`${subject} holds ${BigInt.asUintN(64, values[wrong]!)}, which must fit int64`);
}

function readBool(buffer: ArrayBuffer, subject: string): TypedArray {
  const bytes = new Uint8Array(buffer);
  const wrong = bytes.find((value) => value > 1);
  if (wrong !== undefined) throw new SyntaxError(`${subject} holds the byte ${wrong}, which must be 0 or 1`);
  return bytes;
}
