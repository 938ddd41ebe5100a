/**
 * Methods that join elements along axes.
 */
import type { AxesOptions, ReduceOptions, VarianceOptions } from "../../pure/reduce_options.ts";
import type { Axes } from "../../pure/shape.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { PointwiseMethods } from "./pointwise.ts";

/** The methods of {@linkcode Tensor} that join elements along axes. */
export abstract class ReductionMethods extends PointwiseMethods {
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

  /** The largest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  max(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Max(axes).call(this);
  }

  /** The smallest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  min(this: Tensor, axes?: Axes | ReduceOptions): Tensor {
    return new ops.Min(axes).call(this);
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

  /** `log(softmax(x))` along an axis, accurate where the softmax is near 0 or 1. */
  logSoftmax(this: Tensor, axis: Axes | AxesOptions = -1): Tensor {
    return new ops.LogSoftmax(axis).call(this);
  }
}
