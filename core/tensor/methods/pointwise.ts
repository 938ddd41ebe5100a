/**
 * Methods that compute each element by itself, or from the elements at the same place.
 */
import { isFloat } from "../../pure/dtype.ts";
import { TensorNode } from "../node.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** The methods of {@linkcode Tensor} that work element by element. */
export abstract class PointwiseMethods extends TensorNode {
  // Arithmetic. Binary methods broadcast as NumPy does and promote as PyTorch does.

  /** `a + b`. */
  add(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.AddScalar(other).call(this) : ops.add.call(this, other);
  }

  /** `a - b`; TypeError for two bools. */
  sub(this: Tensor, other: Tensor | number): Tensor {
    // The negative of an integer may be none of its type.
    const negated = typeof other === "number" && isFloat(this.dtype);
    return negated ? new ops.AddScalar(-other).call(this) : ops.sub.call(this, other);
  }

  /** `a * b`. */
  mul(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.MulScalar(other).call(this) : ops.mul.call(this, other);
  }

  /** `a * b + c`, in one pass. */
  mulAdd(this: Tensor, b: Tensor | number, c: Tensor | number): Tensor {
    return ops.mulAdd.call(this, b, c);
  }

  /** `a / b`; integers give float32. */
  div(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.DivScalar(other).call(this) : ops.div.call(this, other);
  }

  /** `a` to the power `b`; integers give float32. */
  pow(this: Tensor, other: Tensor | number): Tensor {
    return typeof other === "number" ? new ops.PowerScalar(other).call(this) : ops.pow.call(this, other);
  }

  /**
   * The quotient rounded down, so that `a.floorDiv(b) * b + a.mod(b)` is `a`; of integers 0 where the divisor is 0. As in
   * Python, `tensor([6]).floorDiv(0.1)` is 59, since 0.1 is a little more than a tenth. Throws an Error when a gradient is
   * asked for.
   */
  floorDiv(this: Tensor, other: Tensor | number): Tensor {
    return ops.floorDiv.call(this, other);
  }

  /** The remainder, with the divisor's sign as in Python; of integers 0 where the divisor is 0. */
  mod(this: Tensor, other: Tensor | number): Tensor {
    return ops.mod.call(this, other);
  }

  /** The larger of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  maximum(this: Tensor, other: Tensor | number): Tensor {
    return ops.maximum.call(this, other);
  }

  /** The smaller of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  minimum(this: Tensor, other: Tensor | number): Tensor {
    return ops.minimum.call(this, other);
  }

  /** `-a`; TypeError for bools. */
  neg(this: Tensor): Tensor {
    return ops.neg.call(this);
  }
  /** `e^a`. */
  exp(this: Tensor): Tensor {
    return ops.exp.call(this);
  }
  /** `e^a - 1`, with all digits near 0. */
  expm1(this: Tensor): Tensor {
    return ops.expm1.call(this);
  }
  /** The natural logarithm: NaN below 0, -Infinity at 0. */
  log(this: Tensor): Tensor {
    return ops.log.call(this);
  }
  /** `log(1 + a)`, with all digits near 0. */
  log1p(this: Tensor): Tensor {
    return ops.log1p.call(this);
  }
  /** The square root: NaN below 0; its derivative at 0 is infinite. */
  sqrt(this: Tensor): Tensor {
    return ops.sqrt.call(this);
  }
  /** `1 / sqrt(a)`. */
  rsqrt(this: Tensor): Tensor {
    return ops.rsqrt.call(this);
  }
  /** `1 / a`. */
  reciprocal(this: Tensor): Tensor {
    return ops.reciprocal.call(this);
  }
  /** `a * a`; integers stay integers, and wrap; bools give int32. */
  square(this: Tensor): Tensor {
    return ops.square.call(this);
  }
  /** The sine, to 2 ulp however large the angle is. */
  sin(this: Tensor): Tensor {
    return ops.sin.call(this);
  }
  /** The cosine, as accurate as the sine. */
  cos(this: Tensor): Tensor {
    return ops.cos.call(this);
  }
  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return ops.tanh.call(this);
  }
  /** The error function: 2/√π times the integral of exp(-t²) from 0 to `a`. */
  erf(this: Tensor): Tensor {
    return ops.erf.call(this);
  }
  /** The magnitude; its derivative at 0 is 0, as PyTorch's. */
  abs(this: Tensor): Tensor {
    return ops.abs.call(this);
  }
  /** -1, 0 or 1; its derivative is zero everywhere. */
  sign(this: Tensor): Tensor {
    return ops.sign.call(this);
  }
  /** The largest integer that is not above `a`, as a float; its derivative is zero. */
  floor(this: Tensor): Tensor {
    return ops.floor.call(this);
  }
  /** The smallest integer that is not below `a`, as a float; its derivative is zero. */
  ceil(this: Tensor): Tensor {
    return ops.ceil.call(this);
  }
  /** The nearest integer, halves to even, as a float; its derivative is zero. */
  round(this: Tensor): Tensor {
    return ops.round.call(this);
  }
  /** `max(a, 0)`, with a derivative of 0 at 0. */
  relu(this: Tensor): Tensor {
    return ops.relu.call(this);
  }
  /** `1 / (1 + exp(-a))`. */
  sigmoid(this: Tensor): Tensor {
    return ops.sigmoid.call(this);
  }
  /** `x Φ(x)`, the erf form. */
  gelu(this: Tensor): Tensor {
    return ops.gelu.call(this);
  }

  /**
   * `min(max(a, low), high)`; nothing flows to elements outside `[low, high]`. A bound that is undefined or null bounds
   * nothing. Integers stay integers if the bounds are, else they become float32.
   */
  clip(this: Tensor, low: number | null | undefined, high?: number | null): Tensor {
    return new ops.Clip(low, high).call(this);
  }

  // Comparisons give bool tensors.

  /** True where both are the same number; NaN equals nothing. */
  equal(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.equal.call(this, other);
  }
  /** True where both differ, or one is NaN. */
  notEqual(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.notEqual.call(this, other);
  }
  /** `a < b`. */
  less(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.less.call(this, other);
  }
  /** `a <= b`. */
  lessEqual(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.lessEqual.call(this, other);
  }
  /** `a > b`. */
  greater(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.greater.call(this, other);
  }
  /** `a >= b`. */
  greaterEqual(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.greaterEqual.call(this, other);
  }
  /** True where both differ from 0. */
  and(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.and.call(this, other);
  }
  /** True where one or both differ from 0. */
  or(this: Tensor, other: Tensor | number): Tensor {
    return ops.comparisons.or.call(this, other);
  }
  /** True where `a` is 0 or false. */
  not(this: Tensor): Tensor {
    return ops.not.call(this);
  }

  /** `a` where this tensor is true, `b` elsewhere. */
  where(this: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
    return ops.where.call(this, a, b);
  }
}
