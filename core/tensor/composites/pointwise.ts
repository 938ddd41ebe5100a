/** Functions of each element by several ops, whose gradient is that of their parts. */
import { checkCount, checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { isFloat, largestFinite } from "../../pure/dtype.ts";
import * as ops from "../ops/mod.ts";
import { checkOperands, commonShape, isTensor, lifted, numberOrTensor, type Operand } from "../operands.ts";
import { commonType, inFloat32 } from "../precision.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The operands as tensors, numbers in the type in which they meet the others. TypeError for other values, and for shapes that
 * do not broadcast.
 */
export function tensorsOf(action: string, given: readonly Operand[]): readonly Tensor[] {
  const owner = { action, arity: given.length, precision: "given" } as const;
  checkOperands(owner, given, given.length, given.length > 1 ? numberOrTensor : "a tensor");
  const tensors = lifted(owner, given);
  commonShape(owner, tensors);
  return tensors;
}

/** What `call` makes of the operands as floats: integers and bools are float32, halves too, and the result is rounded once. */
export function ofFloats(
  action: string,
  given: readonly Operand[],
  call: (...x: Tensor[]) => Tensor,
): Tensor {
  const tensors = tensorsOf(action, given);
  return isFloat(commonType(tensors))
    ? inFloat32(tensors, call)
    : call(...tensors.map((tensor) => tensor.cast("float32")));
}

/** TypeError unless each is a number. */
export function checkNumbers(action: string, ...numbers: readonly number[]): void {
  for (const each of numbers) if (typeof each !== "number") refuse(action, each, "a number");
}

/** The integer part: the nearest integer toward 0. */
export function trunc(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x.less(0).where(x.ceil(), x.floor()) : x.floor();
}

/** Options of `round`. */
export interface RoundOptions {
  /** How many decimal places stay: 0 by default. A negative number leaves tens, hundreds and so on. Not for integers. */
  decimals?: number;
}

/** The nearest number with so many decimal places, halves to even. */
export function round(x: Tensor, options: RoundOptions): Tensor {
  const { decimals = 0 } = checkOptions("round", options, "{ decimals: 2 }", ["decimals"]);
  if (decimals === 0) return ops.round.call(x);
  checkCount("round", "decimals", decimals, -maximalDecimals, maximalDecimals);
  if (!isFloat(x.dtype)) throw new TypeError(`Cannot round: type ${x.dtype} with decimals, it must be a float type`);
  // Both powers of ten are whole numbers, as a fraction such as 0.01 would not be exact.
  const power = 10 ** Math.abs(decimals);
  return ofFloats("round", [x], (x) => {
    return decimals > 0 ? x!.mul(power).round().div(power) : x!.div(power).round().mul(power);
  });
}

/** Beyond these, a power of ten is no number of float32. */
const maximalDecimals = 38;

/** What is left of the integer part. */
export function frac(x: Tensor): Tensor {
  return ops.sub.call(x, isFloat(x.dtype) ? trunc(x) : x);
}

/** True where one operand differs from 0 and the other does not. */
export function xor(x: Tensor, other: Operand): Tensor {
  const [a, b] = typeof other === "number" ? [x, other === 0 ? 0 : 1] : tensorsOf("xor", [x, other]);
  return ops.comparisons.notEqual.call(a!.notEqual(0), isTensor(b) ? b.notEqual(0) : b!);
}

/** min(max(x, low), high), with NaN where one of them is NaN; ties share the gradient. */
export function clipBetween(
  x: Tensor,
  low: Operand | null | undefined,
  high: Operand | null | undefined,
): Tensor {
  tensorsOf("clip", [x, low ?? x, high ?? x]);
  const above = low === null || low === undefined ? x : ops.maximum.call(x, low);
  return high === null || high === undefined ? above : ops.minimum.call(above, high);
}

/** The larger of each pair, or the other one if one is NaN; ties share the gradient. */
export function fmax(x: Tensor, other: Operand): Tensor {
  const [a, b] = tensorsOf("fmax", [x, other]) as [Tensor, Tensor];
  return unlessNan(a, b, ops.maximum.call(a, b));
}

/** The smaller of each pair, or the other one if one is NaN; ties share the gradient. */
export function fmin(x: Tensor, other: Operand): Tensor {
  const [a, b] = tensorsOf("fmin", [x, other]) as [Tensor, Tensor];
  return unlessNan(a, b, ops.minimum.call(a, b));
}

/** What was chosen of two numbers, or the other number if one is NaN. */
function unlessNan(a: Tensor, b: Tensor, chosen: Tensor): Tensor {
  return isFloat(chosen.dtype) ? b.notEqual(b).where(a, a.notEqual(a).where(b, chosen)) : chosen;
}

/** The magnitude of the first with the sign of the second, whose -0 is negative. */
export function copysign(x: Tensor, other: Operand): Tensor {
  if (typeof other === "number") {
    return ofFloats("copysign", [x], (x) => other < 0 || Object.is(other, -0) ? x.abs().neg() : x.abs());
  }
  return ofFloats("copysign", [x, other], (a, b) => {
    const size = a!.abs(), sign = b!.detach();
    // The reciprocal of -0 is below 0, which -0 is not.
    return sign.less(0).or(sign.equal(0).and(sign.reciprocal().less(0))).where(size.neg(), size);
  });
}

/** 0 below 0, 1 above, and `values` at 0. */
export function heaviside(x: Tensor, values: Operand): Tensor {
  const [a, b] = tensorsOf("heaviside", [x, values]) as [Tensor, Tensor];
  return a.equal(0).where(b, a.greater(0).cast(a.dtype));
}

/** start + weight (end - start), computed from the nearer end. */
export function lerp(x: Tensor, end: Operand, weight: Operand): Tensor {
  const between = (start: Tensor, end: Tensor, weight: Operand) => {
    const distance = end.sub(start);
    if (typeof weight === "number") {
      const isNear = Math.abs(weight) < 0.5;
      return distance.mul(isNear ? weight : weight - 1).add(isNear ? start : end);
    }
    const isNear = weight.abs().less(0.5);
    return distance.mulAdd(isNear.where(weight, weight.sub(1)), isNear.where(start, end));
  };
  return typeof weight === "number"
    ? ofFloats("lerp", [x, end], (start, end) => between(start!, end!, weight))
    : ofFloats("lerp", [x, end, weight], (start, end, weight) => between(start!, end!, weight!));
}

/** Options of `addcmul` and `addcdiv`. */
export interface ScaledOptions {
  /** What scales the product or the quotient, 1 by default. */
  value?: number;
}

/** The `value` of the options. */
function valueOf(action: string, options: ScaledOptions): number {
  const { value = 1 } = checkOptions(action, options, "{ value: 0.5 }", ["value"]);
  checkNumbers(action, value);
  return value;
}

/** x + value a b. */
export function addcmul(x: Tensor, a: Operand, b: Operand, options: ScaledOptions): Tensor {
  const value = valueOf("addcmul", options), tensors = tensorsOf("addcmul", [x, a, b]);
  return inFloat32(tensors, (x, a, b) => ops.mulAdd.call(value === 1 ? a! : a!.mul(value), b!, x!));
}

/** x + value a / b. */
export function addcdiv(x: Tensor, a: Operand, b: Operand, options: ScaledOptions): Tensor {
  const value = valueOf("addcdiv", options);
  return ofFloats("addcdiv", [x, a, b], (x, a, b) => ops.add.call(x!, (value === 1 ? a! : a!.mul(value)).div(b!)));
}

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** What takes the place of NaN, 0 by default. */
  nan?: number;
  /** What takes the place of Infinity, by default the largest finite number of the type. */
  posInf?: number;
  /** What takes the place of -Infinity, by default the lowest finite number of the type. */
  negInf?: number;
}

/** Numbers in the places of NaN and the infinities. */
export function nanToNum(x: Tensor, options: NanToNumOptions): Tensor {
  const names = ["nan", "posInf", "negInf"] as const;
  const { nan = 0, posInf, negInf } = checkOptions("nanToNum", options, "{ nan: 0 }", names);
  checkNumbers("nanToNum", nan, posInf ?? 0, negInf ?? 0);
  if (!isFloat(x.dtype)) return x.detach();
  const most = largestFinite(x.dtype), finite = x.notEqual(x).where(nan, x);
  return x.equal(Infinity).where(posInf ?? most, x.equal(-Infinity).where(negInf ?? -most, finite));
}

/** The coefficients 1 / (2k + 1)! with alternating signs, of sin(t) / t as a series of t². */
const sincSeries: readonly number[] = (() => {
  const list = [1];
  for (let k = 1; k <= 8; k++) list.push(-list[k - 1]! / (2 * k * (2 * k + 1)));
  return list;
})();

/** sin(πx) / (πx), and 1 at 0. */
export function sinc(x: Tensor): Tensor {
  return ofFloats("sinc", [x], (x) => {
    // Near 0 a series, of which all derivatives are right at 0.
    const isNear = x!.abs().less(0.25), square = isNear.where(x!, 0).mul(Math.PI).square();
    const near = sincSeries.slice(0, -1).reduceRight(
      (sum, each) => sum.mul(square).add(each),
      square.zerosLike().add(sincSeries.at(-1)!),
    );
    // Elsewhere the angle from the nearest multiple of π, which has all digits of x.
    const far = isNear.where(1, x!), whole = far.detach().round(), sign = whole.mod(2).mul(-2).add(1);
    return isNear.where(near, far.sub(whole).mul(Math.PI).sin().mul(sign).div(far.mul(Math.PI)));
  });
}

/** log(x / (1 - x)), of x between `eps` and 1 - `eps` if there is one. */
export function logit(x: Tensor, eps: number | null | undefined): Tensor {
  if (eps === undefined || eps === null) return ops.logit.call(x);
  checkRange("logit", "eps", eps, 0, 0.5);
  return ofFloats("logit", [x], (x) => {
    // What lies at the bounds counts as between them.
    const isInside = x!.greaterEqual(eps).and(x!.lessEqual(1 - eps));
    return ops.logit.call(isInside.where(x!, x!.detach().clip(eps, 1 - eps)));
  });
}
