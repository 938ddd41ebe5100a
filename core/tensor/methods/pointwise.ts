/**
 * Methods that compute each element by itself, or from the elements at the same place.
 */
import { isFloat } from "../../pure/dtype.ts";
import * as composites from "../composites/pointwise.ts";
import type { NanToNumOptions, RoundOptions, ScaledOptions } from "../composites/pointwise.ts";
import { TensorNode } from "../node.ts";
import { isTensor } from "../operands.ts";
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

  /** `other - a`: `sub` with its operands exchanged. */
  rsub(this: Tensor, other: Tensor | number): Tensor {
    return ops.sub.call(other as Tensor, this);
  }

  /** `other / a`: `div` with its operands exchanged. */
  rdiv(this: Tensor, other: Tensor | number): Tensor {
    return ops.div.call(other as Tensor, this);
  }

  /** `a + value b c`, by default with a `value` of 1; integers stay integers if `value` is one. */
  addcmul(this: Tensor, b: Tensor | number, c: Tensor | number, options: ScaledOptions = {}): Tensor {
    return composites.addcmul(this, b, c, options);
  }

  /** `a + value b / c`, by default with a `value` of 1; integers give float32. */
  addcdiv(this: Tensor, b: Tensor | number, c: Tensor | number, options: ScaledOptions = {}): Tensor {
    return composites.addcdiv(this, b, c, options);
  }

  /** `a + weight (end - a)`, computed from the nearer end: exact for a weight of 0 or 1. */
  lerp(this: Tensor, end: Tensor | number, weight: Tensor | number): Tensor {
    return composites.lerp(this, end, weight);
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

  /** {@linkcode Tensor.mod} by PyTorch's name. */
  remainder(this: Tensor, other: Tensor | number): Tensor {
    return ops.mod.call(this, other);
  }

  /** The remainder with the sign of `a`, as in C; of integers 0 where the divisor is 0. */
  fmod(this: Tensor, other: Tensor | number): Tensor {
    return ops.fmod.call(this, other);
  }

  /** The larger of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  maximum(this: Tensor, other: Tensor | number): Tensor {
    return ops.maximum.call(this, other);
  }

  /** The smaller of each pair, or NaN if one is NaN; ties share the gradient, and at NaN both get the whole. */
  minimum(this: Tensor, other: Tensor | number): Tensor {
    return ops.minimum.call(this, other);
  }

  /** The larger of each pair, or the other one if one is NaN; ties share the gradient. */
  fmax(this: Tensor, other: Tensor | number): Tensor {
    return composites.fmax(this, other);
  }

  /** The smaller of each pair, or the other one if one is NaN; ties share the gradient. */
  fmin(this: Tensor, other: Tensor | number): Tensor {
    return composites.fmin(this, other);
  }

  /** `sqrt(a² + b²)` without overflow: infinite if one is. Its derivatives are NaN where both are 0, as PyTorch's. */
  hypot(this: Tensor, other: Tensor | number): Tensor {
    return ops.hypot.call(this, other);
  }

  /** `log(exp(a) + exp(b))` without overflow; equal infinities share the gradient, where PyTorch has NaN. */
  logaddexp(this: Tensor, other: Tensor | number): Tensor {
    return ops.logaddexp.call(this, other);
  }

  /** As {@linkcode Tensor.logaddexp} with powers of 2 and their logarithm. */
  logaddexp2(this: Tensor, other: Tensor | number): Tensor {
    return ops.logaddexp2.call(this, other);
  }

  /** `a log(b)`, and 0 where `a` is 0 and `b` no NaN. */
  xlogy(this: Tensor, other: Tensor | number): Tensor {
    return ops.xlogy.call(this, other);
  }

  /** `a log(1 + b)`, and 0 where `a` is 0 and `b` no NaN. */
  xlog1py(this: Tensor, other: Tensor | number): Tensor {
    return ops.xlog1py.call(this, other);
  }

  /** The magnitude of `a` with the sign of `other`, of which -0 is negative; nothing flows to `other`, nor to zeros. */
  copysign(this: Tensor, other: Tensor | number): Tensor {
    return composites.copysign(this, other);
  }

  /** 0 where `a` is below 0 or NaN, 1 where it is above, and `values` at 0; nothing flows to `a`. */
  heaviside(this: Tensor, values: Tensor | number): Tensor {
    return composites.heaviside(this, values);
  }

  /** `-a`; TypeError for bools. */
  neg(this: Tensor): Tensor {
    return ops.neg.call(this);
  }
  /** `e^a`. */
  exp(this: Tensor): Tensor {
    return ops.exp.call(this);
  }
  /** `2^a`. */
  exp2(this: Tensor): Tensor {
    return ops.exp2.call(this);
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
  /**
   * `log(a / (1 - a))`, with all digits near 1/2: infinite at 0 and 1, NaN beyond. If there is an `eps`, below 1/2, then
   * elements below it and above 1 - `eps` count as these.
   */
  logit(this: Tensor, eps?: number | null): Tensor {
    return composites.logit(this, eps);
  }
  /** The logarithm to base 2: exact at powers of 2. */
  log2(this: Tensor): Tensor {
    return ops.log2.call(this);
  }
  /** The logarithm to base 10. */
  log10(this: Tensor): Tensor {
    return ops.log10.call(this);
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
  /** The tangent, accurate for large angles too. */
  tan(this: Tensor): Tensor {
    return ops.tan.call(this);
  }
  /** `sin(π a) / (π a)`, and 1 at 0; it is 0 at all other integers. */
  sinc(this: Tensor): Tensor {
    return composites.sinc(this);
  }
  /** Degrees as radians: `a π / 180`. */
  deg2rad(this: Tensor): Tensor {
    return new ops.MulScalar(Math.PI / 180).call(this);
  }
  /** Radians as degrees: `a 180 / π`. */
  rad2deg(this: Tensor): Tensor {
    return new ops.MulScalar(180 / Math.PI).call(this);
  }
  /** The angle in [-π/2, π/2] with this sine: NaN beyond 1 and -1, where its derivative is infinite. */
  asin(this: Tensor): Tensor {
    return ops.asin.call(this);
  }
  /** The angle in [0, π] with this cosine: NaN beyond 1 and -1, where its derivative is infinite. */
  acos(this: Tensor): Tensor {
    return ops.acos.call(this);
  }
  /** The angle in [-π/2, π/2] with this tangent. */
  atan(this: Tensor): Tensor {
    return ops.atan.call(this);
  }
  /** The angle in [-π, π] of the point with this ordinate and the abscissa `other`. */
  atan2(this: Tensor, other: Tensor | number): Tensor {
    return ops.atan2.call(this, other);
  }
  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return ops.tanh.call(this);
  }
  /** The hyperbolic sine, with all digits near 0. */
  sinh(this: Tensor): Tensor {
    return ops.sinh.call(this);
  }
  /** The hyperbolic cosine. */
  cosh(this: Tensor): Tensor {
    return ops.cosh.call(this);
  }
  /** The inverse of `sinh`, with all digits near 0. */
  asinh(this: Tensor): Tensor {
    return ops.asinh.call(this);
  }
  /** The inverse of `cosh`, from 0 on: NaN below 1, where its derivative is infinite. */
  acosh(this: Tensor): Tensor {
    return ops.acosh.call(this);
  }
  /** The inverse of `tanh`: infinite at -1 and 1, NaN beyond. */
  atanh(this: Tensor): Tensor {
    return ops.atanh.call(this);
  }
  /** The error function: 2/√π times the integral of exp(-t²) from 0 to `a`. */
  erf(this: Tensor): Tensor {
    return ops.erf.call(this);
  }
  /** `1 - erf(a)`, with all digits where `erf(a)` is nearly 1. */
  erfc(this: Tensor): Tensor {
    return ops.erfc.call(this);
  }
  /** The inverse of `erf`: infinite at 1 and -1, NaN beyond. */
  erfinv(this: Tensor): Tensor {
    return ops.erfinv.call(this);
  }
  /** The magnitude; its derivative at 0 is 0, as PyTorch's. */
  abs(this: Tensor): Tensor {
    return ops.abs.call(this);
  }
  /** -1, 0 or 1; its derivative is zero everywhere. */
  sign(this: Tensor): Tensor {
    return ops.sign.call(this);
  }
  /** The largest integer that is not above `a`; its derivative is zero. Integers stay as they are. */
  floor(this: Tensor): Tensor {
    return ops.floor.call(this);
  }
  /** The smallest integer that is not below `a`; its derivative is zero. Integers stay as they are. */
  ceil(this: Tensor): Tensor {
    return ops.ceil.call(this);
  }
  /**
   * The nearest integer, halves to even, or the nearest number with so many decimal places; its derivative is zero. Integers
   * stay as they are.
   */
  round(this: Tensor, options: RoundOptions = {}): Tensor {
    return composites.round(this, options);
  }
  /** The integer part: the nearest integer toward 0; its derivative is zero. Integers stay as they are. */
  trunc(this: Tensor): Tensor {
    return composites.trunc(this);
  }
  /** {@linkcode Tensor.trunc} by another name. */
  fix(this: Tensor): Tensor {
    return composites.trunc(this);
  }
  /** `a - trunc(a)`, with the sign of `a`; NaN of infinities. */
  frac(this: Tensor): Tensor {
    return composites.frac(this);
  }

  /**
   * `min(max(a, low), high)`; nothing flows to elements at or beyond the bounds. A bound that is undefined or null bounds
   * nothing. Integers stay integers if the bounds are, else they become float32. RangeError for numbers `low` above `high`.
   *
   * Bounds may be tensors, which broadcast and get the gradient of what they bound; ties share it. Where such a `low` exceeds
   * `high`, the result is `high`; where a bound is NaN, so is the result.
   */
  clip(this: Tensor, low: Tensor | number | null | undefined, high?: Tensor | number | null): Tensor {
    const isScalar = !isTensor(low) && !isTensor(high);
    return isScalar ? new ops.Clip(low, high).call(this) : composites.clipBetween(this, low, high);
  }
  /** {@linkcode Tensor.clip} by PyTorch's name. */
  clamp(this: Tensor, low: Tensor | number | null | undefined, high?: Tensor | number | null): Tensor {
    return this.clip(low, high);
  }

  /**
   * `nan` in the place of NaN, `posInf` of Infinity and `negInf` of -Infinity: by default 0 and the largest and the lowest
   * finite number of the type. Nothing flows to what was replaced. Integers stay as they are.
   */
  nanToNum(this: Tensor, options: NanToNumOptions = {}): Tensor {
    return composites.nanToNum(this, options);
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
  /** True where one differs from 0 and the other does not: PyTorch's `logical_xor`. */
  xor(this: Tensor, other: Tensor | number): Tensor {
    return composites.xor(this, other);
  }
  /** True where `a` is 0 or false. */
  not(this: Tensor): Tensor {
    return ops.not.call(this);
  }

  // Bits, of integers and bools: TypeError for floats. Numbers beside them must be integers of their type.

  /** The bits that both have: `a & b`. Of bools it is `and`. */
  bitwiseAnd(this: Tensor, other: Tensor | number): Tensor {
    return ops.bitwiseAnd.call(this, other);
  }
  /** The bits that one or both have: `a | b`. Of bools it is `or`. */
  bitwiseOr(this: Tensor, other: Tensor | number): Tensor {
    return ops.bitwiseOr.call(this, other);
  }
  /** The bits that one of both has: `a ^ b`. Of bools it is `xor`. */
  bitwiseXor(this: Tensor, other: Tensor | number): Tensor {
    return ops.bitwiseXor.call(this, other);
  }
  /** The bits that `a` lacks: `~a`. Of bools it is `not`. */
  bitwiseNot(this: Tensor): Tensor {
    return ops.bitwiseNot.call(this);
  }
  /**
   * The bits of `a`, moved up by `other` places: `a << b`, and 0 where `b` is negative or not below the number of bits.
   * TypeError for two bools.
   */
  bitwiseLeftShift(this: Tensor, other: Tensor | number): Tensor {
    return ops.bitwiseLeftShift.call(this, other);
  }
  /**
   * The bits of `a`, moved down by `other` places: `a >> b`, which keeps the sign. Where `b` is negative or not below the
   * number of bits, it is 0, or -1 of a negative `a`. TypeError for two bools.
   */
  bitwiseRightShift(this: Tensor, other: Tensor | number): Tensor {
    return ops.bitwiseRightShift.call(this, other);
  }

  /** The greatest common divisor of integers, and the magnitude of one where the other is 0. TypeError for floats and bools. */
  gcd(this: Tensor, other: Tensor | number): Tensor {
    return ops.gcd.call(this, other);
  }
  /** The least common multiple of integers: 0 where one is 0. It wraps where the type does not have it. */
  lcm(this: Tensor, other: Tensor | number): Tensor {
    return ops.lcm.call(this, other);
  }

  /** True where `a` is NaN. */
  isNan(this: Tensor): Tensor {
    return this.notEqual(this);
  }
  /** True where `a` is Infinity or -Infinity. */
  isInf(this: Tensor): Tensor {
    return this.abs().equal(Infinity);
  }
  /** True where `a` is neither NaN nor infinite. */
  isFinite(this: Tensor): Tensor {
    return this.abs().less(Infinity);
  }
  /** True where `a` is Infinity. */
  isPosInf(this: Tensor): Tensor {
    return this.equal(Infinity);
  }
  /** True where `a` is -Infinity. */
  isNegInf(this: Tensor): Tensor {
    return this.equal(-Infinity);
  }

  /** `a` where this tensor is true, `b` elsewhere. */
  where(this: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
    return ops.where.call(this, a, b);
  }
}
