/**
 * The IDX format of MNIST's files: two zero bytes, an element type, the number of axes, each axis as a big-endian
 * 32-bit integer, then the elements. Every length is checked against the number of bytes before it is used.
 */
import { showShape } from "../core/internal.ts";

/** The array in an IDX file, in row-major order. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, count: number) => IdxArray["data"];
}

const elementTypes: { readonly [code: number]: ElementType } = {
  0x08: { bytes: 1, read: (view, count) => new Uint8Array(view.buffer, view.byteOffset, count) },
  0x09: { bytes: 1, read: (view, count) => new Int8Array(view.buffer, view.byteOffset, count) },
  0x0b: { bytes: 2, read: (view, count) => new Int16Array(count).map((_, i) => view.getInt16(2 * i)) },
  0x0c: { bytes: 4, read: (view, count) => new Int32Array(count).map((_, i) => view.getInt32(4 * i)) },
  0x0d: { bytes: 4, read: (view, count) => new Float32Array(count).map((_, i) => view.getFloat32(4 * i)) },
  0x0e: { bytes: 8, read: (view, count) => new Float64Array(count).map((_, i) => view.getFloat64(8 * i)) },
};

/** Reads the bytes of an unpacked IDX file, which errors call `source`. SyntaxError if the file is malformed. */
export function parseIdx(bytes: Uint8Array, source: string): IdxArray {
  const refuse = (message: string) => new SyntaxError(`Cannot read ${source}: ${message}`);
  if (bytes.length < 4) throw refuse(`it holds ${bytes.length} bytes, an IDX file at least 4`);
  const [zero0, zero1, code, rank] = bytes as unknown as [number, number, number, number];
  const type = elementTypes[code];
  if (zero0 !== 0 || zero1 !== 0 || type === undefined) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw refuse(`it begins with ${magic}, an IDX file with 00 00, a type of ${typeCodes()}, and the number of axes`);
  }
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw refuse(`it holds ${bytes.length} bytes, but the header of ${rank} axes alone takes ${headerBytes}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // The product of 255 axes may overflow to infinity, which no file's length equals.
  const count = shape.reduce((product, length) => product * length, 1);
  const wanted = headerBytes + count * type.bytes;
  if (bytes.length !== wanted) {
    throw refuse(`it holds ${bytes.length} bytes, but its shape ${showShape(shape)} takes ${wanted}`);
  }
  return { shape, data: type.read(new DataView(bytes.buffer, bytes.byteOffset + headerBytes), count) };
}

function typeCodes(): string {
  return Object.keys(elementTypes).map((code) => Number(code).toString(16).padStart(2, "0")).join(" ");
}
