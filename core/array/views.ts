/**
 * Views: arrays that show the memory of others in another shape or order of axes, repeated, or in part.
 */
import { type AxisSlice, reshapeStrides, type Shape, sizeOf, stridesOf } from "../pure/shape.ts";
import { copy, type NDArray } from "./ndarray.ts";

/** Another shape over the same elements: a view where strides allow, else a copy. */
export function reshape(array: NDArray, shape: Shape): NDArray {
  const strides = array.contiguous ? stridesOf(shape) : reshapeStrides(array.shape, array.strides, shape);
  if (strides !== null) return array.view(shape, strides);
  const dense = copy(array);
  const result = dense.view(shape, stridesOf(shape));
  dense.dispose();
  return result;
}

/** Axes in another order, as a view. */
export function permute(array: NDArray, axes: readonly number[]): NDArray {
  return array.view(axes.map((axis) => array.shape[axis]!), axes.map((axis) => array.strides[axis]!));
}

/** A view of a larger shape, which repeats the elements along new axes and along those of length one. */
export function broadcastTo(array: NDArray, shape: Shape): NDArray {
  const shift = shape.length - array.shape.length;
  const strides = shape.map((length, axis) => {
    const from = axis - shift;
    return from < 0 || (array.shape[from] === 1 && length !== 1) ? 0 : array.strides[from]!;
  });
  return array.view(shape, strides);
}

/** A view of a part, given by one slice for each axis. */
export function slice(array: NDArray, slices: readonly AxisSlice[]): NDArray {
  let offset = array.offset;
  const shape: number[] = [], strides: number[] = [];
  slices.forEach((part, axis) => {
    offset += part.start * array.strides[axis]!;
    if (part.dropped) return;
    shape.push(part.length);
    strides.push(part.step * array.strides[axis]!);
  });
  return array.view(shape, strides, sizeOf(shape) === 0 ? array.offset : offset);
}

/** A view of a diagonal, which becomes the last axis: the elements at (k, k + offset) of two axes. */
export function diagonal(array: NDArray, offset: number, axis1: number, axis2: number): NDArray {
  const down = array.strides[axis1]!, along = array.strides[axis2]!;
  const rows = array.shape[axis1]! + Math.min(offset, 0), columns = array.shape[axis2]! - Math.max(offset, 0);
  const length = Math.max(0, Math.min(rows, columns)),
    others = (_: number, axis: number) => axis !== axis1 && axis !== axis2;
  const shape = [...array.shape.filter(others), length], strides = [...array.strides.filter(others), down + along];
  const start = array.offset + (offset < 0 ? -offset * down : offset * along);
  return array.view(shape, strides, sizeOf(shape) === 0 ? array.offset : start);
}
