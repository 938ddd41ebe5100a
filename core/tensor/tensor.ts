/**
 * Tensor: a node of the computation graph, with every op as a method.
 *
 * A method is one line, since the op itself checks its operands and converts them to one type and shape.
 */
import { gradientsEnabled } from "../ambient/modes.ts";
import type { NestedArray, TensorOptions, TensorSource } from "../array/elements.ts";
import type { NDArray } from "../array/ndarray.ts";
import { checkOptions } from "../pure/check.ts";
import { type DType, isFloat } from "../pure/dtype.ts";
import type { AxesOptions, ReduceOptions, VarianceOptions } from "../pure/reduce_options.ts";
import { type Index, type IndexRange, selectionOf } from "../pure/index.ts";
import type { Axes, Shape } from "../pure/shape.ts";
import { flatten } from "./composite.ts";
import { TensorNode } from "./node.ts";
import type { TensorOp, TensorTupleOp } from "./op.ts";
import * as ops from "./ops/mod.ts";
import type { Op, Value } from "./value.ts";

export type {
  AxesOptions,
  Index,
  IndexRange,
  NestedArray,
  ReduceOptions,
  TensorOptions,
  TensorSource,
  VarianceOptions,
};

/**
 * An n-dimensional array that remembers how it was made.
 *
 * @example
 * ```ts
 * import { Tensor } from "deneb";
 *
 * const x = new Tensor([1, 2, 3]);
 * x.mul(x).sum().backward();
 * if (x.grad!.toArray().join() !== "2,4,6") throw new Error("wrong gradient");
 * ```
 */
export class Tensor extends TensorNode {
  /** A leaf that takes over `data`. */
  static override makeConst(data: NDArray, options: { requiresGrad?: boolean } = {}): Tensor {
    const { requiresGrad = false } = checkOptions("make tensor", options, "{ requiresGrad: true }", ["requiresGrad"]);
    return new Tensor(data, { requiresGrad });
  }

  /** The same as `op.call(...inputs)`, under the lecture's name. */
  static override makeFromOp(op: Op, inputs: readonly Value[]): Tensor {
    return (op as TensorOp).call(...(inputs as Tensor[]));
  }

  /**
   * The result of `op` for `inputs`, with a graph if one of them requires a gradient. {@linkcode TensorOp} calls it on the
   * first input.
   */
  derive(op: TensorOp, inputs: readonly Tensor[]): Tensor {
    let requiresGrad = false;
    let result: NDArray;
    if (inputs.length === 1) {
      result = op.compute(this.array);
      requiresGrad = this.requiresGrad;
    } else if (inputs.length === 2) {
      const other = inputs[1]!;
      result = op.compute(this.array, other.array);
      requiresGrad = this.requiresGrad || other.requiresGrad;
    } else {
      result = op.compute(...arraysOf(inputs));
      requiresGrad = inputs.some((input) => input.requiresGrad);
    }
    return requiresGrad && gradientsEnabled() && isFloat(result.dtype)
      ? new Tensor(result, recorded, op, inputs)
      : new Tensor(result, unrecorded);
  }

  /** As {@linkcode Tensor.derive}; `saved` are further arguments of `compute`, which stay with the result for `gradient`. */
  deriveSaving(op: TensorOp, inputs: readonly Tensor[], saved: readonly Tensor[]): Tensor {
    const result = op.compute(...arraysOf(inputs), ...arraysOf(saved));
    if (!gradientsEnabled() || !inputs.some((input) => input.requiresGrad)) return new Tensor(result, unrecorded);
    const node = new Tensor(result, recorded, op, inputs);
    node.saved = saved;
    return node;
  }

  /** As {@linkcode Tensor.derive}, for an op with several results. Results of a float type have a graph. */
  deriveAll(op: TensorTupleOp, inputs: readonly Tensor[], saved: readonly Tensor[]): readonly Tensor[] {
    const arrays = op.compute(...arraysOf(inputs), ...arraysOf(saved));
    const isRecorded = gradientsEnabled() && inputs.some((input) => input.requiresGrad);
    const results: readonly Tensor[] = arrays.map((array) =>
      isRecorded && isFloat(array.dtype) ? new Tensor(array, recorded, op, inputs) : new Tensor(array, unrecorded)
    );
    for (const result of results) {
      if (result.op === null) continue;
      result.saved = saved;
      result.siblings = results;
    }
    return results;
  }

  /** A leaf around `array`, on no graph. */
  override wrap(array: NDArray): Tensor {
    return new Tensor(array, unrecorded);
  }

  // Arithmetic. Binary methods broadcast as NumPy does and promote as PyTorch does.

  /** `a + b`. */
  add(other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.AddScalar(other).call(this) : ops.add.call(this, other);
  }

  /** `a - b`; TypeError for two bools. */
  sub(other: Tensor | number): Tensor {
    // The negative of an integer may be none of its type.
    const negated = typeof other === "number" && isFloat(this.dtype);
    return negated ? new ops.AddScalar(-other).call(this) : ops.sub.call(this, other);
  }

  /** `a * b`. */
  mul(other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.MulScalar(other).call(this) : ops.mul.call(this, other);
  }

  /** `a * b + c`, in one pass. */
  mulAdd(b: Tensor | number, c: Tensor | number): Tensor {
    return ops.mulAdd.call(this, b, c);
  }

  /** `a / b`; integers give float32. */
  div(other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.DivScalar(other).call(this) : ops.div.call(this, other);
  }

  /** `a` to the power `b`; integers give float32. */
  pow(other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.PowerScalar(other).call(this) : ops.pow.call(this, other);
  }

  /**
   * The quotient rounded down, so that `a.floorDiv(b) * b + a.mod(b)` is `a`; of integers 0 where the divisor is 0. As in
   * Python, `tensor([6]).floorDiv(0.1)` is 59, since 0.1 is a little more than a tenth. Throws an Error when a gradient is
   * asked for.
   */
  floorDiv(other: Tensor | number): Tensor {
    return ops.floorDiv.call(this, other);
  }

  /** The remainder, with the divisor's sign as in Python; of integers 0 where the divisor is 0. */
  mod(other: Tensor | number): Tensor {
    return ops.mod.call(this, other);
  }

  /** The larger of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  maximum(other: Tensor | number): Tensor {
    return ops.maximum.call(this, other);
  }

  /** The smaller of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  minimum(other: Tensor | number): Tensor {
    return ops.minimum.call(this, other);
  }

  /** `-a`; TypeError for bools. */
  neg(): Tensor {
    return ops.neg.call(this);
  }
  /** `e^a`. */
  exp(): Tensor {
    return ops.exp.call(this);
  }
  /** `e^a - 1`, with all digits near 0. */
  expm1(): Tensor {
    return ops.expm1.call(this);
  }
  /** The natural logarithm: NaN below 0, -Infinity at 0. */
  log(): Tensor {
    return ops.log.call(this);
  }
  /** `log(1 + a)`, with all digits near 0. */
  log1p(): Tensor {
    return ops.log1p.call(this);
  }
  /** The square root: NaN below 0; its derivative at 0 is infinite. */
  sqrt(): Tensor {
    return ops.sqrt.call(this);
  }
  /** `1 / sqrt(a)`. */
  rsqrt(): Tensor {
    return ops.rsqrt.call(this);
  }
  /** `1 / a`. */
  reciprocal(): Tensor {
    return ops.reciprocal.call(this);
  }
  /** `a * a`; integers stay integers, and wrap; bools give int32. */
  square(): Tensor {
    return ops.square.call(this);
  }
  /** The sine, to 2 ulp however large the angle is. */
  sin(): Tensor {
    return ops.sin.call(this);
  }
  /** The cosine, as accurate as the sine. */
  cos(): Tensor {
    return ops.cos.call(this);
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return ops.tanh.call(this);
  }
  /** The error function: 2/√π times the integral of exp(-t²) from 0 to `a`. */
  erf(): Tensor {
    return ops.erf.call(this);
  }
  /** The magnitude; its derivative at 0 is 0, as PyTorch's. */
  abs(): Tensor {
    return ops.abs.call(this);
  }
  /** -1, 0 or 1; its derivative is zero everywhere. */
  sign(): Tensor {
    return ops.sign.call(this);
  }
  /** The largest integer that is not above `a`, as a float; its derivative is zero. */
  floor(): Tensor {
    return ops.floor.call(this);
  }
  /** The smallest integer that is not below `a`, as a float; its derivative is zero. */
  ceil(): Tensor {
    return ops.ceil.call(this);
  }
  /** The nearest integer, halves to even, as a float; its derivative is zero. */
  round(): Tensor {
    return ops.round.call(this);
  }
  /** `max(a, 0)`, with a derivative of 0 at 0. */
  relu(): Tensor {
    return ops.relu.call(this);
  }
  /** `1 / (1 + exp(-a))`. */
  sigmoid(): Tensor {
    return ops.sigmoid.call(this);
  }
  /** `x Φ(x)`, the erf form. */
  gelu(): Tensor {
    return ops.gelu.call(this);
  }

  /**
   * `min(max(a, low), high)`; nothing flows to elements outside `[low, high]`. A bound that is undefined or null bounds
   * nothing. Integers stay integers if the bounds are, else they become float32.
   */
  clip(low: number | null | undefined, high?: number | null): Tensor {
    return new ops.Clip(low, high).call(this);
  }

  // Comparisons give bool tensors.

  /** True where both are the same number; NaN equals nothing. */
  equal(other: Tensor | number): Tensor {
    return ops.comparisons.equal.call(this, other);
  }
  /** True where both differ, or one is NaN. */
  notEqual(other: Tensor | number): Tensor {
    return ops.comparisons.notEqual.call(this, other);
  }
  /** `a < b`. */
  less(other: Tensor | number): Tensor {
    return ops.comparisons.less.call(this, other);
  }
  /** `a <= b`. */
  lessEqual(other: Tensor | number): Tensor {
    return ops.comparisons.lessEqual.call(this, other);
  }
  /** `a > b`. */
  greater(other: Tensor | number): Tensor {
    return ops.comparisons.greater.call(this, other);
  }
  /** `a >= b`. */
  greaterEqual(other: Tensor | number): Tensor {
    return ops.comparisons.greaterEqual.call(this, other);
  }
  /** True where both differ from 0. */
  and(other: Tensor | number): Tensor {
    return ops.comparisons.and.call(this, other);
  }
  /** True where one or both differ from 0. */
  or(other: Tensor | number): Tensor {
    return ops.comparisons.or.call(this, other);
  }
  /** True where `a` is 0 or false. */
  not(): Tensor {
    return ops.not.call(this);
  }

  /** `a` where this tensor is true, `b` elsewhere. */
  where(a: Tensor | number, b: Tensor | number): Tensor {
    return ops.where.call(this, a, b);
  }

  /** The same values in another type. */
  cast(dtype: DType): Tensor {
    return new ops.Cast(dtype).call(this);
  }

  /** The same values on another device, such as `cpu` or `opencl:1`. Returns this tensor if it is on the device already. */
  to(device: string): Tensor {
    return new ops.ToDevice(device).call(this);
  }

  // Reductions: over all axes by default, else over an axis, a list of axes, or `{ axes, keepDims }`.

  /** The sum; integers and bools give int32, which wraps. Its bits do not depend on the number of threads. */
  sum(axes?: Axes | ReduceOptions): Tensor {
    return new ops.Summation(axes).call(this);
  }

  /** The product; integers and bools give int32. Its derivatives of every order are right at zeros. */
  prod(axes?: Axes | ReduceOptions): Tensor {
    return new ops.Product(axes).call(this);
  }

  /** The mean; integers and bools give float32. NaN where there are no elements. */
  mean(axes?: Axes | ReduceOptions): Tensor {
    return new ops.Mean(axes).call(this);
  }

  /** The mean squared deviation; `correction` 1 divides by n - 1, as PyTorch does by default. */
  variance(axes?: Axes | VarianceOptions): Tensor {
    return new ops.Variance(axes).call(this);
  }

  /** The largest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  max(axes?: Axes | ReduceOptions): Tensor {
    return new ops.Max(axes).call(this);
  }

  /** The smallest element, or NaN if one is NaN; ties share the gradient, and so do elements that are NaN. */
  min(axes?: Axes | ReduceOptions): Tensor {
    return new ops.Min(axes).call(this);
  }

  /**
   * The place of the largest element (int32): along one axis, or in row-major order of all or of several. RangeError for more
   * elements than int32 counts.
   */
  argmax(axes?: Axes | ReduceOptions): Tensor {
    return new ops.ArgMax(axes).call(this);
  }

  /** The place of the smallest element (int32). */
  argmin(axes?: Axes | ReduceOptions): Tensor {
    return new ops.ArgMin(axes).call(this);
  }

  /** `exp(x) / sum(exp(x))` along an axis, a list of axes, or `{ axis }`. */
  softmax(axis: Axes | AxesOptions = -1): Tensor {
    return new ops.Softmax(axis).call(this);
  }

  /** `log(softmax(x))` along an axis, accurate where the softmax is near 0 or 1. */
  logSoftmax(axis: Axes | AxesOptions = -1): Tensor {
    return new ops.LogSoftmax(axis).call(this);
  }

  // Shapes.

  /** The matrix product over the last two axes; a vector counts as one row or column, as in NumPy. Integers give int32. */
  matmul(other: Tensor): Tensor {
    return ops.matmul.call(this, other);
  }

  /** The axes in another order; without `axes`, the last two change places. */
  transpose(axes?: readonly number[]): Tensor {
    return new ops.Transpose(axes).call(this);
  }

  /** The elements in another shape of the same size. One length may be -1, and is computed. */
  reshape(shape: Shape): Tensor {
    return new ops.Reshape(shape).call(this);
  }

  /** The axes from `startAxis` on joined into one. */
  flatten(startAxis = 0): Tensor {
    return flatten(this, startAxis);
  }

  /** Stretched to `shape`, by NumPy's rule. */
  broadcastTo(shape: Shape): Tensor {
    return new ops.BroadcastTo(shape).call(this);
  }

  /**
   * A view of a part, by NumPy's rules. An index is a place, which drops its axis, a range `{ start, stop, step }`, null for a
   * new axis, or a text in NumPy's notation, which may hold several: `x.at("1:, ::-1")`, `x.at(0)`,
   * `x.at("...", { start: -2 })`. RangeError for a place outside its axis.
   */
  at(...indices: Index[]): Tensor {
    const { slices, added } = selectionOf(indices, this.shape), part = new ops.Slice(slices).call(this);
    if (added.length === 0) return part;
    const shape = part.shape.slice();
    for (const axis of added) shape.splice(axis, 0, 1);
    return part.reshape(shape);
  }

  /** The slices at `indices`, integers of any type, along an axis. RangeError for a fraction and outside the axis. */
  take(indices: Tensor | readonly number[], axis = 0): Tensor {
    return new ops.Take(axis).call(this, indices);
  }
}

/** The data of each tensor. */
function arraysOf(tensors: readonly Tensor[]): NDArray[] {
  return tensors.map((tensor) => tensor.array);
}

const recorded: TensorOptions = { requiresGrad: true };
const unrecorded: TensorOptions = { requiresGrad: false };
