/**
 * Methods that put elements in order.
 */
import * as search from "../composites/search.ts";
import * as sorting from "../composites/sorting.ts";
import type { Tensor } from "../tensor.ts";
import { IndexMethods } from "./indexing.ts";

/** The methods of {@linkcode Tensor} that put elements in order. */
export abstract class SortMethods extends IndexMethods {
  // In ascending order NaN comes last; in descending order, first. -0 equals 0. Equal elements stand in the order of their
  // places, so that all results are the same on all devices. Indices are int32, and gradients flow to the elements chosen.

  /** The elements along an axis in ascending or descending order, and where they stood. Always stable. */
  sort(this: Tensor, axis = -1, options: sorting.SortOptions = {}): sorting.Ordered {
    return sorting.sort(this, axis, options);
  }

  /** The places of the elements along an axis in order: the `indices` of `sort`. */
  argsort(this: Tensor, axis = -1, options: sorting.SortOptions = {}): Tensor {
    return sorting.argsort(this, axis, options);
  }

  /** The elements along the first axis in ascending order. */
  msort(this: Tensor): Tensor {
    return sorting.sort(this, 0, {}).values;
  }

  /** The `k` greatest elements along an axis, in order, and where they stood: of equal ones the first. */
  topk(this: Tensor, k: number, axis = -1, options: sorting.TopKOptions = {}): sorting.Ordered {
    return sorting.topk(this, k, axis, options);
  }

  /** The `k`-th smallest element along an axis, counted from 1, and where it stood. */
  kthvalue(this: Tensor, k: number, axis = -1, options: sorting.KeepOptions = {}): sorting.Ordered {
    return sorting.kthvalue(this, k, axis, options);
  }

  /**
   * The middle element of all, the lower one of two, whose ties share the gradient; or along an axis, with the place where it
   * stood. NaN if an element is NaN. RangeError where there are no elements.
   */
  median(this: Tensor): Tensor;
  /** The middle element along an axis, and where it stood. */
  median(this: Tensor, axis: number, options?: sorting.KeepOptions): sorting.Ordered;
  median(this: Tensor, axis?: number, options: sorting.KeepOptions = {}): Tensor | sorting.Ordered {
    return axis === undefined ? sorting.median(this, false) : sorting.medianAlong(this, axis, options, false);
  }

  /** As `median`, of the elements that are not NaN; NaN where there are none. */
  nanmedian(this: Tensor): Tensor;
  /** The middle along an axis of the elements that are not NaN, and where it stood. */
  nanmedian(this: Tensor, axis: number, options?: sorting.KeepOptions): sorting.Ordered;
  nanmedian(this: Tensor, axis?: number, options: sorting.KeepOptions = {}): Tensor | sorting.Ordered {
    return axis === undefined ? sorting.median(this, true) : sorting.medianAlong(this, axis, options, true);
  }

  /**
   * The most frequent element along an axis, and where it stood: the least of several, and of equal ones the last place. NaN
   * counts as Infinity.
   */
  mode(this: Tensor, axis = -1, options: sorting.KeepOptions = {}): sorting.Ordered {
    return sorting.mode(this, axis, options);
  }

  /**
   * The elements that differ from the one before them in row-major order, the run of which each element is part, and how long
   * each run is; along an `axis` slices instead of elements. NaN equals no other NaN. All three are on no graph; this cannot be captured.
   */
  uniqueConsecutive(this: Tensor, options: search.UniqueOptions = {}): search.UniqueResult {
    return search.uniqueConsecutive(this, options);
  }

  /**
   * The numbers below which shares `q` of the elements lie, along one axis or of all. The results for a list or a tensor [n]
   * of shares lie along a new first axis. Between two elements it is the number between them, or what `interpolation` says.
   * NaN if an element is NaN. Integers and bools, which PyTorch refuses, give float32. RangeError for a share outside [0, 1].
   */
  quantile(
    this: Tensor,
    q: number | readonly number[] | Tensor,
    options: sorting.QuantileOptions = {},
  ): Tensor {
    return sorting.quantile("quantile", this, q, options);
  }

  /** As `quantile`, of the elements that are not NaN; NaN where there are none. */
  nanquantile(
    this: Tensor,
    q: number | readonly number[] | Tensor,
    options: sorting.QuantileOptions = {},
  ): Tensor {
    return sorting.quantile("nanquantile", this, q, options);
  }
}
