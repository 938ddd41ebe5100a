/**
 * The element types of safetensors files, and how each becomes an element type of tensors: the same types as they lie, other
 * integers as int32, wide ones only if every value fits.
 *
 * Files are little-endian, as is every machine that Deno runs on, so typed arrays read them directly.
 */
import { type DType, readElements, type TypedArray } from "../core/internal.ts";

interface ElementType {
  /** Bytes of one element in the file. */
  readonly bytes: number;
  readonly dtype: DType;
  /** Reads a buffer of whole elements. `subject` is the beginning of the message of an error. */
  readonly read: (buffer: ArrayBuffer, subject: string) => TypedArray;
}

export const elementTypes: { readonly [name: string]: ElementType } = {
  F64: { bytes: 8, dtype: "float64", read: (buffer) => new Float64Array(buffer) },
  F32: { bytes: 4, dtype: "float32", read: (buffer) => new Float32Array(buffer) },
  F16: { bytes: 2, dtype: "float16", read: (buffer) => readHalves("float16", buffer) },
  BF16: { bytes: 2, dtype: "bfloat16", read: (buffer) => readHalves("bfloat16", buffer) },
  I64: { bytes: 8, dtype: "int32", read: (buffer, subject) => readWide(buffer, subject, true) },
  U64: { bytes: 8, dtype: "int32", read: (buffer, subject) => readWide(buffer, subject, false) },
  I32: { bytes: 4, dtype: "int32", read: (buffer) => new Int32Array(buffer) },
  U32: { bytes: 4, dtype: "int32", read: readUint32 },
  I16: { bytes: 2, dtype: "int32", read: (buffer) => Int32Array.from(new Int16Array(buffer)) },
  U16: { bytes: 2, dtype: "int32", read: (buffer) => Int32Array.from(new Uint16Array(buffer)) },
  I8: { bytes: 1, dtype: "int32", read: (buffer) => Int32Array.from(new Int8Array(buffer)) },
  U8: { bytes: 1, dtype: "uint8", read: (buffer) => new Uint8Array(buffer) },
  BOOL: { bytes: 1, dtype: "bool", read: readBool },
};

/** The names of the element types of tensors in a file. */
export const elementNames: Readonly<Record<DType, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
};

/** Reads halves, which have the same bits in a file as on a device. */
function readHalves(dtype: "float16" | "bfloat16", buffer: ArrayBuffer): TypedArray {
  return readElements(dtype, buffer.byteLength / 2, (bytes) => bytes.set(new Uint8Array(buffer)));
}

/** Reads 64-bit integers as pairs of 32-bit words. One fits int32 if the upper word only repeats the lower word's sign. */
function readWide(buffer: ArrayBuffer, subject: string, signed: boolean): TypedArray {
  const words = new Int32Array(buffer), values = new Int32Array(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const low = words[2 * i]!, high = words[2 * i + 1]!;
    if (high !== low >> 31 || (low < 0 && !signed)) {
      const wide = signed ? new BigInt64Array(buffer, 8 * i, 1) : new BigUint64Array(buffer, 8 * i, 1);
      throw outsideInt32(subject, wide[0]!);
    }
    values[i] = low;
  }
  return values;
}

function readUint32(buffer: ArrayBuffer, subject: string): TypedArray {
  const tooLarge = new Uint32Array(buffer).find((value) => value > 0x7fffffff);
  if (tooLarge !== undefined) throw outsideInt32(subject, tooLarge);
  return new Int32Array(buffer);
}

function outsideInt32(subject: string, value: number | bigint): RangeError {
  return new RangeError(`${subject} holds ${value}, which must fit int32`);
}

function readBool(buffer: ArrayBuffer, subject: string): TypedArray {
  const bytes = new Uint8Array(buffer);
  const wrong = bytes.find((value) => value > 1);
  if (wrong !== undefined) throw new SyntaxError(`${subject} holds the byte ${wrong}, which must be 0 or 1`);
  return bytes;
}
