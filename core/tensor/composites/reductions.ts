/** Reductions of several ops, whose gradient is that of their parts. */
import { isFloat } from "../../pure/dtype.ts";
import {
  axesOption,
  type AxesOptions,
  type NormOptions,
  type ReduceOptions,
  reduceOptions,
  type VarianceOptions,
} from "../../pure/reduce_options.ts";
import { checkFlag, checkOptions, integerList, shown } from "../../pure/check.ts";
import { type Axes, distinctAxes, normalizeAxes } from "../../pure/shape.ts";
import { Max, Mean, Min, Softmax, Summation, Variance, VectorNorm } from "../ops/mod.ts";
import { inFloat32 } from "../precision.ts";
import type { Tensor } from "../tensor.ts";

/** The axes and the flag, checked under the operator's own name: the ops that it consists of would tell theirs. */
function reduction(action: string, x: Tensor, given: Axes | ReduceOptions, more: readonly string[] = []) {
  const { axes, keepDims } = reduceOptions(action, given, more);
  return { axes: normalizeAxes(action, axes, x.shape.length), keepDims };
}

/** The square root of the variance. As PyTorch's, its derivative is 0 where it is 0. */
export function std(x: Tensor, options: Axes | VarianceOptions = {}, action = "std"): Tensor {
  return inFloat32([x], (wide) => {
    const spread = variance(wide!, options, action), isZero = spread.equal(0);
    return isZero.where(0, isZero.where(1, spread).sqrt());
  });
}

function variance(x: Tensor, options: Axes | VarianceOptions, action: string): Tensor {
  const found = reduction(action, x, options, ["correction"]), { correction = 1 } = options as VarianceOptions;
  return new Variance({ ...found, correction }).call(x);
}

/** The variance and the mean over the same axes. */
export function varMean(x: Tensor, options: Axes | VarianceOptions = {}): [variance: Tensor, mean: Tensor] {
  return [variance(x, options, "varMean"), new Mean(reduction("varMean", x, options, ["correction"])).call(x)];
}

/** The root of the variance and the mean over the same axes. */
export function stdMean(x: Tensor, options: Axes | VarianceOptions = {}): [std: Tensor, mean: Tensor] {
  return [std(x, options, "stdMean"), new Mean(reduction("stdMean", x, options, ["correction"])).call(x)];
}

/** The norm by any power. */
export function norm(x: Tensor, options: Axes | NormOptions = {}): Tensor {
  const p = (options as NormOptions | null)?.p;
  if (p !== Infinity && p !== -Infinity && p !== "nuc") return new VectorNorm(options).call(x);
  const found = reduction("norm", x, options, ["p"]);
  if (p === "nuc") return singularNorm("norm", asFloat(x), found, (values) => values.sum(-1));
  return new (p > 0 ? Max : Min)(found).call(asFloat(x).abs());
}

/** The options of a norm of matrices. */
export interface MatrixNormOptions {
  /**
   * Which norm: `"fro"`, the default, the root of the sum of squares; `"nuc"` the sum of the singular values, 2 the largest of
   * them; 1 the largest sum of magnitudes of a column, Infinity of a row. Negative ones take the smallest.
   */
  p?: number | "fro" | "nuc";
  /** The axes of the rows and of the columns: the last two by default. */
  axes?: readonly number[];
  /** Leaves both axes with length one; false by default. */
  keepDims?: boolean;
}

/** The norm of matrices. */
export function matrixNorm(x: Tensor, options: MatrixNormOptions): Tensor {
  const action = "matrixNorm", names = ["p", "axes", "keepDims"] as const;
  const { p = "fro", axes: given = [-2, -1], keepDims = false } = checkOptions(action, options, '{ p: "nuc" }', names);
  checkFlag(action, "keepDims", keepDims);
  if (!["fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity].includes(p)) {
    throw new RangeError(`Cannot ${action}: p ${shown(p)} must be "fro", "nuc", 1, 2, Infinity or their negatives`);
  }
  const axes = distinctAxes(action, integerList(action, "axis", given), x.shape.length);
  if (axes.length !== 2) throw new TypeError(`Cannot ${action}: ${axes.length} axes, there must be two`);
  const found = { axes, keepDims }, matrices = asFloat(x), [rows, columns] = axes as [number, number];
  if (p === "fro") return new VectorNorm(found).call(matrices);
  if (p === "nuc") return singularNorm(action, matrices, found, (values) => values.sum(-1));
  // Among no columns the largest sum is 0, as in PyTorch, and there is no smallest one.
  const chosen = (x: Tensor, axis: number) =>
    new (p < 0 ? Min : x.shape[axis] === 0 ? Summation : Max)({ axes: [axis], keepDims: true }).call(x);
  if (p === 2 || p === -2) {
    return singularNorm(action, matrices, found, (values) => chosen(values, values.shape.length - 1).squeeze(-1));
  }
  const [joined, other] = Math.abs(p) === 1 ? [rows, columns] : [columns, rows];
  const norm = chosen(matrices.abs().sum({ axes: joined, keepDims: true }), other);
  return keepDims ? norm : norm.squeeze(axes);
}

/** What `join` makes of the singular values of matrices along two axes. */
function singularNorm(
  action: string,
  x: Tensor,
  { axes, keepDims }: { axes: readonly number[]; keepDims: boolean },
  join: (values: Tensor) => Tensor,
): Tensor {
  if (axes.length !== 2) {
    throw new TypeError(`Cannot ${action}: singular values of ${axes.length} axes, there must be two`);
  }
  const [, values] = x.movedim(axes, [-2, -1]).svd(), norm = join(values);
  return keepDims ? [...axes].sort((a, b) => a - b).reduce((norm, axis) => norm.unsqueeze(axis), norm) : norm;
}

/** The sum of all elements but NaN. */
export function nansum(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  return new Summation(reduction("nansum", x, options)).call(isFloat(x.dtype) ? x.equal(x).where(x, 0) : x);
}

/** The mean of all elements but NaN; NaN where there are none. */
export function nanmean(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  const sum = new Summation(reduction("nanmean", x, options));
  return inFloat32([x], (wide) => {
    const isNumber = wide!.equal(wide!);
    return sum.call(isNumber.where(wide!, 0)).div(sum.call(isNumber));
  });
}

/** The largest element. */
export function amax(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  return new Max(reduction("amax", x, options)).call(x);
}

/** The smallest element. */
export function amin(x: Tensor, options: Axes | ReduceOptions = {}): Tensor {
  return new Min(reduction("amin", x, options)).call(x);
}

/** The softmax of the negatives. */
export function softmin(x: Tensor, axis: Axes | AxesOptions): Tensor {
  const axes = normalizeAxes("softmin", axesOption("softmin", axis) ?? -1, x.shape.length);
  return new Softmax(axes).call(asFloat(x).neg());
}

/** Integers and bools as float32; floats as they are. */
function asFloat(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : x.cast("float32");
}
