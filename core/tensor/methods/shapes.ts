/**
 * Methods that give the elements another shape or order, repeat them, or take parts of a tensor.
 */
import type { Axes, Shape } from "../../pure/shape.ts";
import * as parts from "../composites/parts.ts";
import * as shapes from "../composites/shapes.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ScanMethods } from "./scans.ts";

export type { PadMode, PadOptions } from "../composites/parts.ts";

/**
 * The methods of {@linkcode Tensor} that give the elements another shape or order. An axis may be negative: it then counts from
 * the end. RangeError for an axis that the tensor does not have.
 */
export abstract class ShapeMethods extends ScanMethods {
  // Other shapes. They share the tensor's memory where its strides allow it, else they are copies.

  /** The elements in another shape of the same size. One length may be -1, and is computed. */
  reshape(this: Tensor, shape: Shape): Tensor {
    return new ops.Reshape(shape).call(this);
  }

  /** The elements in the shape of another tensor. */
  reshapeAs(this: Tensor, other: Tensor): Tensor {
    return shapes.reshapeAs(this, other, "reshapeAs");
  }

  /** The same as `reshapeAs`: unlike in PyTorch, a copy where the strides allow no view. */
  viewAs(this: Tensor, other: Tensor): Tensor {
    return shapes.reshapeAs(this, other, "viewAs");
  }

  /** The axes from `startAxis` to `endAxis` joined into one. */
  flatten(this: Tensor, startAxis = 0, endAxis = -1): Tensor {
    return shapes.flatten(this, startAxis, endAxis);
  }

  /** One axis divided into several, of which one may have the length -1, which is computed. */
  unflatten(this: Tensor, axis: number, shape: Shape): Tensor {
    return shapes.unflatten(this, axis, shape);
  }

  /** Without the axes of length one, or without those of `axes` that have this length. */
  squeeze(this: Tensor, axes?: Axes): Tensor {
    return shapes.squeeze(this, axes);
  }

  /** With a new axis of length one at the place `axis` of the result. */
  unsqueeze(this: Tensor, axis: number): Tensor {
    return shapes.unsqueeze(this, axis);
  }

  /** Stretched to `shape`, by NumPy's rule. A view, in which elements repeat. */
  broadcastTo(this: Tensor, shape: Shape): Tensor {
    return new ops.BroadcastTo(shape).call(this);
  }

  /** As `broadcastTo`; -1 stands for the length that the axis has. */
  expand(this: Tensor, shape: Shape): Tensor {
    return shapes.expand(this, shape);
  }

  /** Stretched to the shape of another tensor. */
  expandAs(this: Tensor, other: Tensor): Tensor {
    return shapes.expandAs(this, other);
  }

  // Other orders. All but `roll` share the tensor's memory.

  /** The axes in another order; without `axes`, the last two change places. */
  transpose(this: Tensor, axes?: readonly number[]): Tensor {
    return new ops.Transpose(axes).call(this);
  }

  /** The axes in another order, given as a list or one by one: axis k of the result is axis `axes[k]`. */
  permute(this: Tensor, ...axes: readonly number[] | readonly [readonly number[]]): Tensor {
    return shapes.permute(this, axes.length === 1 && Array.isArray(axes[0]) ? axes[0] : axes as readonly number[]);
  }

  /** Two axes in each other's place; PyTorch's `transpose(a, b)`. */
  swapaxes(this: Tensor, a: number, b: number): Tensor {
    return shapes.swapaxes(this, a, b);
  }

  /** The axes `source` at the places `destination`, the rest in their order. */
  movedim(this: Tensor, source: Axes, destination: Axes): Tensor {
    return shapes.movedim(this, source, destination);
  }

  /** Backwards along some axes, by default along all. */
  flip(this: Tensor, axes?: Axes): Tensor {
    return shapes.flip(this, axes);
  }

  /** Turned by quarters in the plane of two axes, from the first towards the second. */
  rot90(this: Tensor, quarters = 1, axes: readonly number[] = [0, 1]): Tensor {
    return shapes.rot90(this, quarters, axes);
  }

  /**
   * The elements moved by `shifts` along `axes`; those that leave at one end enter at the other. Without axes they move in
   * row-major order. TypeError unless there are as many shifts as axes.
   */
  roll(this: Tensor, shifts: number | readonly number[], axes?: Axes): Tensor {
    return parts.roll(this, shifts, axes);
  }

  // Parts, which share the tensor's memory.

  /**
   * The parts along an axis: all of one length but for the last, which may be shorter, or of a list of lengths. RangeError for
   * lengths that do not add up to that of the axis.
   */
  split(this: Tensor, sizeOrSizes: number | readonly number[], axis = 0): readonly Tensor[] {
    return parts.split(this, sizeOrSizes, axis);
  }

  /** At most `count` parts of one length but for the last, as PyTorch counts them: 6 in 4 chunks are 3 of 2. */
  chunk(this: Tensor, count: number, axis = 0): readonly Tensor[] {
    return parts.chunk(this, count, axis);
  }

  /** The slices at all places of an axis, without this axis. */
  unbind(this: Tensor, axis = 0): readonly Tensor[] {
    return parts.unbind(this, axis);
  }

  /** `length` places of an axis from `start` on, which may be negative. RangeError for places outside. */
  narrow(this: Tensor, axis: number, start: number, length: number): Tensor {
    return shapes.narrow(this, axis, start, length);
  }

  /** The slice at one place of an axis, without this axis. RangeError for a place outside. */
  select(this: Tensor, axis: number, index: number): Tensor {
    return shapes.select(this, axis, index);
  }

  /** A diagonal of two axes, which becomes the last axis; an offset above 0 means one above the main diagonal. */
  diagonal(this: Tensor, offset = 0, axis1 = 0, axis2 = 1): Tensor {
    return new ops.Diagonal(offset, axis1, axis2).call(this);
  }

  // Copies: triangles, diagonals among zeros, borders and repetitions.

  /** The matrix with the diagonal of a vector and zeros elsewhere; of a matrix the diagonal, which is a view. */
  diag(this: Tensor, offset = 0): Tensor {
    return shapes.diag(this, offset);
  }

  /** Zeros with two new axes, on a diagonal of which the last axis stands. */
  diagEmbed(this: Tensor, offset = 0, axis1 = -2, axis2 = -1): Tensor {
    return shapes.diagEmbed(this, offset, axis1, axis2);
  }

  /** The elements of the last two axes on the diagonal `k` and below it, zeros above. */
  tril(this: Tensor, k = 0): Tensor {
    return new ops.Tril(k).call(this);
  }

  /** The elements of the last two axes on the diagonal `k` and above it, zeros below. */
  triu(this: Tensor, k = 0): Tensor {
    return new ops.Triu(k).call(this);
  }

  /**
   * Within a border. Widths stand in pairs, before and after an axis, the last axis first: [1, 1] is for the last axis, [0, 0,
   * 2, 1] for the one before it. Negative widths crop. Unlike in PyTorch, every mode takes tensors of any number of axes.
   * RangeError for a border that is wider than its mode fills: of n elements `reflect` shows n - 1, `circular` n.
   */
  pad(this: Tensor, widths: readonly number[], options: parts.PadOptions = {}): Tensor {
    return parts.pad(this, widths, options);
  }

  /** The whole several times along each axis, a count for each, and along new axes if there are more counts. */
  repeat(this: Tensor, counts: number | readonly number[]): Tensor {
    return parts.repeat(this, counts);
  }

  /** As `repeat`; the first axes may lack a count. */
  tile(this: Tensor, counts: number | readonly number[]): Tensor {
    return parts.tile(this, counts);
  }

  /**
   * Each element several times, one after the other: along an axis, or in row-major order. There is one count for all, or one
   * for each place. Counts in a tensor are read, so they cannot be captured.
   */
  repeatInterleave(this: Tensor, counts: number | readonly number[] | Tensor, axis?: number): Tensor {
    return parts.repeatInterleave(this, counts, axis);
  }
}
