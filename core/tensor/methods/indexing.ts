/**
 * Methods that choose elements by their places.
 */
import type { NestedArray } from "../../array/elements.ts";
import * as indexing from "../composites/indexing.ts";
import * as scatter from "../composites/scatter.ts";
import * as search from "../composites/search.ts";
import * as segments from "../composites/segments.ts";
import type { Operand } from "../operands.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ShapeMethods } from "./shapes.ts";

/** The methods of {@linkcode Tensor} that choose elements by their places. */
export abstract class IndexMethods extends ShapeMethods {
  /**
   * A part, by NumPy's rules. An index is a place, which drops its axis, a range `{ start, stop, step }`, null for a new axis,
   * or a text in NumPy's notation, which may hold several: `x.at("1:, ::-1")`, `x.at(0)`, `x.at("...", { start: -2 })`. Of
   * these the part is a view. RangeError for a place outside its axis.
   *
   * Tensors and lists of integers choose places one by one, negative ones counted from the end: `x.at([0, -1])`. Several
   * stretch to one shape, whose axes stand where those of the indices did, or first if others lie between. A mask, of bools,
   * stands for as many axes as it has, and chooses the places where it holds; it is read, so it cannot be captured. As in
   * PyTorch, a place given as a number counts as a range of one, also beside tensors.
   */
  at(this: Tensor, ...indices: indexing.Index[]): Tensor {
    return indexing.at(this, indices);
  }

  /**
   * A copy with the elements that the indices of `at` select replaced by a number, or by a tensor that stretches to their
   * shape, cast to this tensor's type. Of elements that are named twice the last stays. Several indices, and a list of places,
   * stand in a list: `x.setAt([0, "1:"], 5)`, `x.setAt([[0, 2]], 5)`. A mask can be captured beside a single number alone.
   */
  setAt(this: Tensor, indices: indexing.Index | readonly indexing.Index[], value: Operand): Tensor {
    return indexing.setAt(this, indices, value);
  }

  /**
   * As `setAt`, in place: in this tensor, and in all that share its memory, such as views. Error if a gradient is required,
   * unless under `noGrad`.
   */
  assignAt(this: Tensor, indices: indexing.Index | readonly indexing.Index[], value: Operand): void {
    indexing.assignAt(this, indices, value);
  }

  /**
   * The slices at `indices`, integers of any type, along an axis. With null as the axis, the elements at indices into all
   * elements in row-major order, as PyTorch's `take`; these may count from the end. RangeError for a fraction and outside.
   */
  take(this: Tensor, indices: Tensor | readonly number[], axis: number | null = 0): Tensor {
    return axis === null ? scatter.takeOfAll(this, indices) : new ops.Take(axis).call(this, indices);
  }

  /**
   * The elements of `source`, as many as there are indices, put in their places among all elements in row-major order, or
   * added to them. Of those put in one place the last stays. Negative indices count from the end.
   */
  put(this: Tensor, index: indexing.Indices, source: Tensor, options: scatter.PutOptions = {}): Tensor {
    return scatter.put(this, index, source, options);
  }

  // Indices below are tensors of integers of any type, or lists. RangeError for a fraction, and outside the axis: at the call
  // on `cpu`, `wasm` and `reference`, at the next read on GPUs. Only those of takeAlongAxis may count from the end.

  /**
   * For each index the element at that place along the axis, in the row in which the index stands. There may be fewer indices
   * than elements along the other axes. PyTorch's `gather`.
   */
  gather(this: Tensor, axis: number, index: indexing.Indices): Tensor {
    return scatter.gather(this, axis, index);
  }

  /**
   * As `gather`, but beside the axis the tensor and the index stretch to one shape, and negative indices count from the end.
   * NumPy's `take_along_axis`, PyTorch's `take_along_dim`.
   */
  takeAlongAxis(this: Tensor, index: indexing.Indices, axis = -1): Tensor {
    return scatter.takeAlongAxis(this, index, axis);
  }

  /** Adds elements of `source` at the places from which `gather` would take them, in the order of the indices. */
  scatterAdd(this: Tensor, axis: number, index: indexing.Indices, source: Tensor): Tensor {
    return scatter.scatterAdd(this, axis, index, source);
  }

  /**
   * Puts elements of `source`, or a number, in the places from which `gather` would take them; where several meet, the last
   * stays, and only it has a gradient.
   */
  scatter(this: Tensor, axis: number, index: indexing.Indices, source: Operand): Tensor {
    return scatter.scatter(this, axis, index, source);
  }

  /**
   * The elements of `source` that meet in one place joined, among them the tensor's own unless `includeSelf` is false: their
   * sum, product, mean, largest or least. Where none is put, the tensor's own element stays. Means of integers are rounded
   * down. A gradient of the largest or least is shared evenly by those that are equal; one of a product is exact at zeros, and
   * so is its derivative.
   */
  scatterReduce(
    this: Tensor,
    axis: number,
    index: indexing.Indices,
    source: Tensor,
    reduce: scatter.ScatterReduction,
    options: scatter.ScatterReduceOptions = {},
  ): Tensor {
    return scatter.scatterReduce(this, axis, index, source, reduce, options);
  }

  /** As `scatterReduce`, of the slices of `source` at indices along an axis. */
  indexReduce(
    this: Tensor,
    axis: number,
    index: indexing.Indices,
    source: Tensor,
    reduce: scatter.ScatterReduction,
    options: scatter.ScatterReduceOptions = {},
  ): Tensor {
    return scatter.indexReduce(this, axis, index, source, reduce, options);
  }

  /**
   * The elements of each segment along an axis joined: floats. `lengths` or `offsets` divide the axis; RangeError where they
   * end before it does. A segment without elements is `initial`, else what changes nothing that it is joined with, and NaN
   * as a mean.
   */
  segmentReduce(
    this: Tensor,
    reduce: segments.SegmentReduction,
    options: segments.SegmentReduceOptions,
  ): Tensor {
    return segments.segmentReduce(this, reduce, options);
  }

  /** The slices at indices with one axis, or at a single one, which leaves an axis of length one: `take` keeps none. */
  indexSelect(this: Tensor, axis: number, index: indexing.Indices): Tensor {
    return scatter.indexSelect(this, axis, index);
  }

  /** Adds the slices of `source`, times `alpha`, at indices along an axis, in their order. */
  indexAdd(
    this: Tensor,
    axis: number,
    index: indexing.Indices,
    source: Tensor,
    options: { alpha?: number } = {},
  ): Tensor {
    return scatter.indexAdd(this, axis, index, source, options);
  }

  /** Fills the slices at indices along an axis with a number, or with what stretches to the tensor's shape. */
  indexFill(this: Tensor, axis: number, index: indexing.Indices, value: Operand): Tensor {
    return scatter.indexFill(this, axis, index, value);
  }

  /** A number, or what stretches beside the mask, where the mask holds, in this tensor's type; elsewhere the elements. */
  maskedFill(this: Tensor, mask: Tensor, value: Operand): Tensor {
    return scatter.maskedFill(this, mask, value);
  }

  /** The elements where the mask holds, along one axis. The mask is read, so this cannot be captured. */
  maskedSelect(this: Tensor, mask: Tensor): Tensor {
    return scatter.maskedSelect(this, mask);
  }

  /**
   * The elements of `source`, in order, where the mask holds; elsewhere the tensor's. RangeError if there are too few. The
   * mask is read, so this cannot be captured.
   */
  maskedScatter(this: Tensor, mask: Tensor, source: Tensor): Tensor {
    return scatter.maskedScatter(this, mask, source);
  }

  /** The places of the elements that differ from 0, a row for each: int32 [count, rank]. This cannot be captured. */
  nonzero(this: Tensor): Tensor {
    return search.nonzero(this);
  }

  /**
   * The distinct elements in ascending order, the place of each element among them, and how often each stands; along an
   * `axis` the distinct slices, in the order of their elements. NaN equals no other NaN, as in PyTorch. All three are on no graph; this cannot be captured.
   */
  unique(this: Tensor, options: search.UniqueOptions = {}): search.UniqueResult {
    return search.unique(this, options);
  }

  /**
   * How often each number from 0 up to the largest stands among integers: int32; or the sums of their `weights`, of a
   * float type. The result has `minLength` entries at least. The largest is read, so this cannot be captured.
   */
  bincount(this: Tensor, options: search.BincountOptions = {}): Tensor {
    return search.bincount(this, options);
  }

  /**
   * For each element the number (int32) of the bucket in which it lies: how many of the sorted boundaries are less, or with
   * `right` no greater.
   */
  bucketize(this: Tensor, boundaries: Tensor | readonly NestedArray[], options: search.SearchOptions = {}): Tensor {
    return search.bucketize(this, boundaries, options);
  }

  /** Whether each element equals one of the values. */
  isin(this: Tensor, values: Tensor | readonly NestedArray[]): Tensor {
    return search.isin(this, values);
  }

  /** Labels [...] as rows of zeros with a one, float32 [..., classes]: the function `oneHot`, which has options of types. */
  oneHot(this: Tensor, classes: number): Tensor {
    return search.oneHot(this, classes);
  }
}
