/** Reductions of several ops, whose gradient is that of their parts. */
import { isFloat } from "../../pure/dtype.ts";
import {
  type NormOptions,
  type ReduceOptions,
  reduceOptions,
  type VarianceOptions,
} from "../../pure/reduce_options.ts";
import type { Axes } from "../../pure/shape.ts";
import { Mean, Softmax, Variance, VectorNorm } from "../ops/mod.ts";
import { inFloat32 } from "../precision.ts";
import type { Tensor } from "../tensor.ts";

/** The square root of the variance. As PyTorch's, its derivative is 0 where it is 0. */
export function std(x: Tensor, options: Axes | VarianceOptions = {}): Tensor {
  return inFloat32([x], (wide) => {
    const variance = new Variance(options).call(wide!), isZero = variance.equal(0);
    return isZero.where(0, isZero.where(1, variance).sqrt());
  });
}

/** What `spread` gives, the variance or its root, and the mean over the same axes. */
export function withMean(
  spread: (x: Tensor, options: Axes | VarianceOptions) => Tensor,
  x: Tensor,
  options: Axes | VarianceOptions = {},
): [spread: Tensor, mean: Tensor] {
  const first = spread(x, options);
  return [first, new Mean(reduceOptions("mean", options, ["correction"])).call(x)];
}

/** The norm by any power. */
export function norm(x: Tensor, options: Axes | NormOptions = {}): Tensor {
  const p = (options as NormOptions | null)?.p;
  if (p !== Infinity && p !== -Infinity) return new VectorNorm(options).call(x);
  const axes = reduceOptions("norm", options, ["p"]), magnitudes = asFloat(x).abs();
  return p > 0 ? magnitudes.max(axes) : magnitudes.min(axes);
}

/** The sum of all elements but NaN. */
export function nansum(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  return (isFloat(x.dtype) ? x.equal(x).where(x, 0) : x).sum(options);
}

/** The mean of all elements but NaN; NaN where there are none. */
export function nanmean(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  return inFloat32([x], (wide) => {
    const isNumber = wide!.equal(wide!);
    return isNumber.where(wide!, 0).sum(options).div(isNumber.sum(options));
  });
}

/** The softmax of the negatives. */
export function softmin(x: Tensor, axis: ConstructorParameters<typeof Softmax>[0]): Tensor {
  return new Softmax(axis).call(asFloat(x).neg());
}

/** Integers and bools as float32; floats as they are. */
function asFloat(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : x.cast("float32");
}
