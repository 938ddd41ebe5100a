/**
 * Methods that join elements with those before them, or with their neighbours.
 */
import * as scans from "../composites/scans.ts";
import type { Operand } from "../operands.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ReductionMethods } from "./reductions.ts";

export type { DiffOptions, RecurrenceOptions, TrapezoidOptions } from "../composites/scans.ts";

/** The methods of {@linkcode Tensor} that join elements with those before them, or with their neighbours. */
export abstract class ScanMethods extends ReductionMethods {
  // Scans: for each element the elements up to it along an axis are joined, so that the shape stays.

  /**
   * The sum of the elements up to each one along an axis; integers and bools give int32, which wraps. Its bits do not depend on
   * the number of threads.
   */
  cumsum(this: Tensor, axis: number): Tensor {
    return new ops.CumSum(axis).call(this);
  }

  /**
   * The product of the elements up to each one along an axis; integers and bools give int32, which wraps. Its derivatives of
   * every order are right at zeros.
   */
  cumprod(this: Tensor, axis: number): Tensor {
    return new ops.CumProd(axis).call(this);
  }

  /**
   * The largest of the elements up to each one along an axis, and its place (int32): the last among ties. From the first NaN
   * on all are NaN, and the place is that of the last one.
   */
  cummax(this: Tensor, axis: number): [values: Tensor, places: Tensor] {
    return new ops.CumMax(axis).call(this) as [Tensor, Tensor];
  }

  /** As {@linkcode ScanMethods.cummax}, for the smallest. */
  cummin(this: Tensor, axis: number): [values: Tensor, places: Tensor] {
    return new ops.CumMin(axis).call(this) as [Tensor, Tensor];
  }

  /** `log(cumsum(exp(x)))` along an axis, in which no exponential overflows; integers and bools give float32. */
  logcumsumexp(this: Tensor, axis: number): Tensor {
    return new ops.LogCumSumExp(axis).call(this);
  }

  /**
   * The recurrence y_t = a_t y_{t-1} + b_t along an axis, where this tensor is b and `coefficients` a: both stretch to one
   * shape. Before the first y there is 0, or `initial`, which stretches to the shape without the axis. `{ axis, initial }`; the
   * last axis by default. Integers and bools give int32, which wraps. PyTorch has no such function.
   */
  linearRecurrence(this: Tensor, coefficients: Operand, options: scans.RecurrenceOptions = {}): Tensor {
    return scans.linearRecurrence(this, coefficients, options);
  }

  // Neighbours along an axis, the last one by default.

  /**
   * The differences of neighbours, `n` times over, after `prepend` and `append` were joined to the tensor: tensors, or numbers
   * that stand for one element. `{ n, axis, prepend, append }`. Of bools, whether neighbours differ. TypeError for a tensor
   * without axes.
   */
  diff(this: Tensor, options: scans.DiffOptions = {}): Tensor {
    return scans.diff(this, options);
  }

  /**
   * The integral by the trapezoidal rule, of elements that are `dx` apart, or stand at `x`: a tensor with an element for each
   * along the axis, or one that stretches to this one. `{ x, dx, axis }`. Integers and bools give float32.
   */
  trapezoid(this: Tensor, options: scans.TrapezoidOptions = {}): Tensor {
    return scans.trapezoid(this, options);
  }

  /** The integrals up to each element but the first; otherwise as {@linkcode ScanMethods.trapezoid}. */
  cumulativeTrapezoid(this: Tensor, options: scans.TrapezoidOptions = {}): Tensor {
    return scans.cumulativeTrapezoid(this, options);
  }
}
