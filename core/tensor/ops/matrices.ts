/**
 * What ops on whole matrices share: checks, and the way of their elements to the host and back.
 *
 * These ops compute in float64 on the host, whatever the device, since they read what they compute from. So inside a
 * recording they throw.
 */
import { fromTypedArray, type NDArray } from "../../array/ndarray.ts";
import { makeTypedArray } from "../../pure/dtype.ts";
import { type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";

/** TypeError unless a tensor has matrices along its last two axes: square ones, if `square` says so. */
export function checkMatrices(action: string, { shape }: Tensor, square: boolean): void {
  if (shape.length >= 2 && (!square || shape.at(-1) === shape.at(-2))) return;
  const wanted = square ? "square matrices" : "matrices";
  throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} must have ${wanted} along its last two axes`);
}

/** The axes before the matrices, and the number of rows and of columns. */
export function lengthsOf(shape: Shape): { batch: Shape; rows: number; columns: number } {
  return { batch: shape.slice(0, -2), rows: shape.at(-2)!, columns: shape.at(-1)! };
}

/** The elements of matrices, row by row: a list for each matrix, which may be changed. */
export function matricesOf(a: NDArray): Float64Array[] {
  const { batch, rows, columns } = lengthsOf(a.shape), flat = Float64Array.from(a.read()), size = rows * columns;
  return Array.from({ length: sizeOf(batch) }, (_, k) => flat.subarray(k * size, (k + 1) * size));
}

/** The lists' elements behind one another, as an array of this shape beside `like` and of its type. */
export function arrayOf(like: NDArray, lists: readonly ArrayLike<number>[], shape: Shape): NDArray {
  const flat = makeTypedArray(like.dtype, sizeOf(shape));
  let at = 0;
  for (const list of lists) {
    flat.set(list, at);
    at += list.length;
  }
  return fromTypedArray(like.storage.stream, flat, shape, like.dtype);
}

/** How errors name the matrix at a place. */
export function matrixAt(a: NDArray, place: number): string {
  return a.shape.length === 2 ? "the matrix" : `matrix ${place}`;
}

/** Throws an Error if an element of a matrix is NaN or infinite: no rotation would make it diagonal. */
export function checkFinite(action: string, a: NDArray, matrices: readonly Float64Array[]): void {
  matrices.forEach((matrix, place) => {
    if (!matrix.every(Number.isFinite)) {
      throw new Error(`Cannot ${action}: ${matrixAt(a, place)} has NaN or infinities`);
    }
  });
}

/** Vectors as matrices of one row. */
export function asRow(x: Tensor): Tensor {
  return x.reshape([...x.shape.slice(0, -1), 1, x.shape.at(-1)!]);
}

/** Vectors as matrices of one column. */
export function asColumn(x: Tensor): Tensor {
  return x.reshape([...x.shape, 1]);
}

/** Numbers as matrices of one element. */
export function asMatrix(x: Tensor): Tensor {
  return x.reshape([...x.shape, 1, 1]);
}
