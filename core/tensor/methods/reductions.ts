/**
 * Methods that join elements along axes.
 */
import type { AxesOptions, NormOptions, ReduceOptions, VarianceOptions } from "../../pure/reduce_options.ts";
import type { Axes } from "../../pure/shape.ts";
import * as reductions from "../composites/reductions.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ActivationMethods } from "./activations.ts";

/** The methods of {@linkcode Tensor} that join elements along axes. */
export abstract class ReductionMethods extends ActivationMethods {
  // Reductions: over all axes by default, else over an axis, a list of axes, or `{ axes, keepDims }`.

  /** The sum; integers and bools give int32, which wraps. Its bits do not depend on the number of threads. */
  sum(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Summation(axes).call(this);
  }

  /** The product; integers and bools give int32. Its derivatives of every order are right at zeros. */
  prod(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Product(axes).call(this);
  }

  /** The mean; integers and bools give float32. NaN where there are no elements. */
  mean(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Mean(axes).call(this);
  }

  /** The mean squared deviation; `correction` 1 divides by n - 1, as PyTorch does by default. */
  variance(this: Tensor, axes?: Axes | VarianceOptions): Tensor {
    return new ops.Variance(axes).call(this);
  }

  /** The square root of the variance. Its derivative is 0 where it is 0, as PyTorch's. */
  std(this: Tensor, axes?: Axes | VarianceOptions): Tensor {
    return reductions.std(this, axes);
  }

  /** `[x.variance(), x.mean()]` over the same axes. */
  varMean(this: Tensor, axes?: Axes | VarianceOptions): [variance: Tensor, mean: Tensor] {
    return reductions.varMean(this, axes);
  }

  /** `[x.std(), x.mean()]` over the same axes. */
  stdMean(this: Tensor, axes?: Axes | VarianceOptions): [std: Tensor, mean: Tensor] {
    return reductions.stdMean(this, axes);
  }

  /** The sum of all elements that are not NaN; integers and bools give int32. */
  nansum(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return reductions.nansum(this, axes);
  }

  /** The mean of all elements that are not NaN: NaN where there are none. Integers and bools give float32. */
  nanmean(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return reductions.nanmean(this, axes);
  }

  /**
   * The norm of the vectors along axes, `sum(|x|^p)^(1/p)`: PyTorch's `torch.linalg.vector_norm`, with p 2 or `"fro"` by
   * default. p = 0 counts the elements that are not 0; of the infinite p one gives the largest magnitude, the other the
   * smallest. The derivative is 0 where the norm is 0, and ties for the largest share it. Integers and bools give float32.
   */
  norm(this: Tensor, axes?: Axes | NormOptions): Tensor {
    return reductions.norm(this, axes);
  }

  /** `log(sum(exp(x)))`, in which no exponential overflows; -Infinity where there are no elements. */
  logsumexp(this: Tensor, axes: Axes | ReduceOptions = {}): Tensor {
    return new ops.LogSumExp(axes).call(this);
  }

  /** Whether an element differs from 0, as NaN does: bool, also of `uint8`. False where there are no elements. */
  any(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Any(axes).call(this);
  }

  /** Whether all elements differ from 0, as NaN does: bool, also of `uint8`. True where there are no elements. */
  all(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.All(axes).call(this);
  }

  /** How many elements differ from 0, as NaN does: int32. */
  countNonzero(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.CountNonzero(axes).call(this);
  }

  /** The largest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  max(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Max(axes).call(this);
  }

  /** The smallest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  min(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Min(axes).call(this);
  }

  /** The same as {@linkcode ReductionMethods.max}, under PyTorch's name for the maximum whose ties share the gradient. */
  amax(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return reductions.amax(this, axes);
  }

  /** The same as {@linkcode ReductionMethods.min}, under PyTorch's name for the minimum whose ties share the gradient. */
  amin(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return reductions.amin(this, axes);
  }

  /**
   * The place of the largest element (int32): along one axis, or in row-major order of all or of several. RangeError for more
   * elements than int32 counts.
   */
  argmax(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.ArgMax(axes).call(this);
  }

  /** The place of the smallest element (int32). */
  argmin(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.ArgMin(axes).call(this);
  }

  /** `exp(x) / sum(exp(x))` along an axis, a list of axes, or `{ axis }`. */
  softmax(this: Tensor, axis: Axes | AxesOptions = -1): Tensor {
    return new ops.Softmax(axis).call(this);
  }

  /** `softmax(-x)` along an axis. */
  softmin(this: Tensor, axis: Axes | AxesOptions = -1): Tensor {
    return reductions.softmin(this, axis);
  }

  /**
   * `log(softmax(x))` along an axis, accurate where the softmax is near 0 or 1. Beside Infinity, where PyTorch gives NaN
   * only, finite elements give -Infinity.
   */
  logSoftmax(this: Tensor, axis: Axes | AxesOptions = -1): Tensor {
    return new ops.LogSoftmax(axis).call(this);
  }
}
