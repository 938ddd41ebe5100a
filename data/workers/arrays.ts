/** The arrays of a dataset in memory, and how batches are picked out of them. Workers do it too, so all here is pure. */
import { dtypeOfArray, makeTypedArray, type TypedArray } from "../../core/pure/dtype.ts";
import { sizeOf } from "../../core/pure/shape.ts";
import type { Samples } from "../contract.ts";

/** All samples of a dataset. */
export interface Arrays {
  readonly x: Samples;
  readonly y: Samples;
  /** What each byte of x stands for; null if x holds its numbers themselves. */
  readonly quotients: Float32Array<ArrayBuffer> | null;
}

/** Copies of the samples at `indices`. */
export function pickBatch({ x, y, quotients }: Arrays, indices: ArrayLike<number>): [x: Samples, y: Samples] {
  return [quotients === null ? pick(x, indices) : divide(x, quotients, indices), pick(y, indices)];
}

/** The samples at `indices`, with each byte's quotient in its place. */
function divide({ data: bytes, shape }: Samples, quotients: Float32Array, indices: ArrayLike<number>): Samples {
  const size = sizeOf(shape.slice(1)), data = new Float32Array(indices.length * size);
  for (let sample = 0, to = 0; sample < indices.length; sample++) {
    for (let from = indices[sample]! * size, end = from + size; from < end; from++) {
      data[to++] = quotients[bytes[from]!]!;
    }
  }
  return { data, shape: [indices.length, ...shape.slice(1)] };
}

/** Copies of the samples at `indices` of one array. */
export function pick({ data, shape, dtype }: Samples, indices: ArrayLike<number>): Samples {
  const size = sizeOf(shape.slice(1));
  const own = dtype ?? dtypeOfArray(data)!;
  const picked = makeTypedArray(own, indices.length * size);
  for (let k = 0; k < indices.length; k++) {
    const from = indices[k]! * size;
    if (size === 1) picked[k] = data[from]!;
    else picked.set(data.subarray(from, from + size), k * size);
  }
  return { data: picked, shape: [indices.length, ...shape.slice(1)], dtype: own };
}

/** The same samples in memory that workers read without copying it. RangeError where there is not enough of it. */
export function inSharedMemory({ data, shape, dtype }: Samples): Samples {
  const Elements = data.constructor as new (buffer: SharedArrayBuffer) => TypedArray;
  const shared = new Elements(allocate(data.byteLength));
  shared.set(data);
  return { data: shared, shape, ...(dtype !== undefined && { dtype }) };
}

function allocate(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw new RangeError(`Cannot share dataset: there is no memory for ${bytes} bytes`, { cause });
  }
}
