/**
 * Ops that treat each element by itself: one row each, with the derivative beside it.
 *
 * In the formulas y is the result and g the adjoint of it; every gradient is written in ops.
 */
import { gradientsEnabled } from "../ambient.ts";
import { type DType, isHalf } from "../dtype.ts";
import { copy, filled, map, type MapInfo, mapScalars, type NDArray, rows } from "../ndarray.ts";
import { collect } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../tensor_op.ts";

/** An op that is one row of the map skeleton. */
abstract class RowOp extends TensorOp {
  abstract readonly row: MapInfo;
  override compute(...inputs: NDArray[]): NDArray {
    return mapScalars(this.row, inputs);
  }
}

/** A row with one number of its own. */
abstract class ScalarOp extends RowOp {
  constructor(readonly scalar: number) {
    super();
  }
  override compute(a: NDArray): NDArray {
    return mapScalars(this.row, [a], this.scalar);
  }
  override describe(): string {
    return String(this.scalar);
  }
}

/** a + b. d/da = d/db = 1. */
export class EWiseAdd extends RowOp {
  readonly row = rows.add;
  gradient(g: Tensor): Adjoints {
    return [g, g];
  }
}

/** a - b. d/da = 1, d/db = -1. */
export class EWiseSub extends RowOp {
  readonly row = rows.sub;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [g, y.inputs[1]!.requiresGrad ? g.neg() : null];
  }
}

/** a b. d/da = b, d/db = a. */
export class EWiseMul extends RowOp {
  readonly row = rows.mul;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null];
  }
}

/** a b + c, each rounded. d/da = b, d/db = a, d/dc = 1. */
export class EWiseMulAdd extends RowOp {
  readonly row = rows.mulAdd;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null, g];
  }
}

/** a / b. d/da = 1 / b, d/db = -a / b². */
export class EWiseDiv extends RowOp {
  readonly row = rows.div;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], overB = g.div(b);
    return [a.requiresGrad ? overB : null, b.requiresGrad ? overB.mul(a.div(b)).neg() : null];
  }
}

/** a^b. d/da = b a^(b-1), which is 0 where b is 0; d/db = a^b ln a, which is 0 where a is 0 and b >= 0. */
export class EWisePow extends RowOp {
  readonly row = rows.pow;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const toBase = () => b.equal(0).where(0, g.mul(b).mul(a.pow(b.sub(1))));
    const toExponent = () => a.equal(0).and(b.greaterEqual(0)).where(0, g.mul(a.pow(b)).mul(a.log()));
    return [a.requiresGrad ? toBase() : null, b.requiresGrad ? toExponent() : null];
  }
}

/** a + s. */
export class AddScalar extends ScalarOp {
  readonly row = rows.addScalar;
  gradient(g: Tensor): Adjoints {
    return g;
  }
}

/** a s. */
export class MulScalar extends ScalarOp {
  readonly row = rows.mulScalar;
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a / s. */
export class DivScalar extends ScalarOp {
  readonly row = rows.divScalar;
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a^s. d/da = s a^(s-1); exactly zero for s = 0 and g for s = 1. */
export class PowerScalar extends ScalarOp {
  readonly row = rows.powScalar;
  gradient(g: Tensor, y: Tensor): Adjoints {
    if (this.scalar === 0) return g.zerosLike();
    if (this.scalar === 1) return g;
    return g.mul(new PowerScalar(this.scalar - 1).call(y.inputs[0]!).mul(this.scalar));
  }
}

/** -a. */
export class Negate extends RowOp {
  readonly row = rows.negate;
  gradient(g: Tensor): Adjoints {
    return g.neg();
  }
}

/** e^a. dy = y. */
export class Exp extends RowOp {
  readonly row = rows.exp;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y);
  }
}

/** e^a - 1. dy = y + 1. */
export class Expm1 extends RowOp {
  readonly row = rows.expm1;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.add(1));
  }
}

/** ln a. dy = 1 / a. */
export class Log extends RowOp {
  readonly row = rows.log;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!);
  }
}

/** ln(1 + a). dy = 1 / (1 + a). */
export class Log1p extends RowOp {
  readonly row = rows.log1p;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.add(1));
  }
}

/** √a. dy = 1 / (2 y). */
export class Sqrt extends RowOp {
  readonly row = rows.sqrt;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.mul(2));
  }
}

/** 1 / √a. dy = -y³ / 2. */
export class Rsqrt extends RowOp {
  readonly row = rows.rsqrt;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.mul(y.square()).mul(-0.5));
  }
}

/** 1 / a. dy = -y². */
export class Reciprocal extends RowOp {
  readonly row = rows.reciprocal;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square()).neg();
  }
}

/** a². dy = 2 a. */
export class Square extends RowOp {
  readonly row = rows.square;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.mul(2));
  }
}

/** sin a. dy = cos a. */
export class Sin extends RowOp {
  readonly row = rows.sin;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.cos());
  }
}

/** cos a. dy = -sin a. */
export class Cos extends RowOp {
  readonly row = rows.cos;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sin()).neg();
  }
}

/** tanh a. dy = 1 - y². */
export class Tanh extends RowOp {
  readonly row = rows.tanh;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new TanhGradient().call(g, y);
  }
}

/** g (1 - y²). d/dg = 1 - y², d/dy = -2 g y. */
export class TanhGradient extends RowOp {
  readonly row = rows.tanhGradient;
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new TanhGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y).mul(-2) : null,
    ];
  }
}

/** erf a. dy = 2/√π e^(-a²). */
export class Erf extends RowOp {
  readonly row = rows.erf;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.square().neg().exp().mul(2 / Math.sqrt(Math.PI)));
  }
}

/** |a|. dy = sign a, which is 0 at 0. */
export class Abs extends RowOp {
  readonly row = rows.abs;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sign());
  }
}

/** An op that is constant between its steps: its derivative is zero. */
abstract class StepOp extends RowOp {
  gradient(g: Tensor): Adjoints {
    return g.mul(0);
  }
}

/** -1, 0 or 1. */
export class Sign extends StepOp {
  readonly row = rows.sign;
}
/** The next integer below. */
export class Floor extends StepOp {
  readonly row = rows.floor;
}
/** The next integer above. */
export class Ceil extends StepOp {
  readonly row = rows.ceil;
}
/** The nearest integer, halves to even. */
export class Round extends StepOp {
  readonly row = rows.round;
}

/** max(a, 0). dy = 1 where a > 0, else 0. */
export class ReLU extends RowOp {
  readonly row = rows.relu;
  gradient(g: Tensor, y: Tensor): Adjoints {
    // y > 0 exactly where a > 0, and y is the one that later layers hold anyway.
    return new ReLUGradient().call(g, y);
  }
}

/** g where x > 0, else 0. d/dg likewise; constant in x. */
export class ReLUGradient extends RowOp {
  readonly row = rows.reluGradient;
  gradient(h: Tensor, z: Tensor): Adjoints {
    return [new ReLUGradient().call(h, z.inputs[1]!), null];
  }
}

/** 1 / (1 + e^-a). dy = y (1 - y). */
export class Sigmoid extends RowOp {
  readonly row = rows.sigmoid;
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new SigmoidGradient().call(g, y);
  }
}

/** g y (1 - y). d/dg = y (1 - y), d/dy = g (1 - 2 y). */
export class SigmoidGradient extends RowOp {
  readonly row = rows.sigmoidGradient;
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new SigmoidGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y.mul(-2).add(1)) : null,
    ];
  }
}

/**
 * a Φ(a), Hendrycks and Gimpel 2016. dy = Φ(a) + a φ(a).
 *
 * Where a gradient will be asked for, Φ(a) is kept: the gradient then costs half.
 */
export class GELU extends TensorOp {
  compute(a: NDArray, cdf?: NDArray): NDArray {
    return cdf === undefined ? map(rows.gelu, [a]) : map(rows.mul, [a, cdf]);
  }
  override call(x: Tensor): Tensor {
    // Φ(a) is not rounded to a half.
    if (isHalf(x.dtype)) return this.call(x.cast("float32")).cast(x.dtype);
    if (!x.requiresGrad || !gradientsEnabled()) return super.call(x);
    return collect(() => super.call(x, x.wrap(map(rows.normalCdf, [x.array]))));
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, cdf] = y.inputs as [Tensor, Tensor];
    return [new GELUGradient().call(g, a, cdf), null];
  }
}

/** g (Φ(a) + a φ(a)), given Φ(a). d/dg = Φ(a) + a φ(a), d/da = g (2 - a²) φ(a), which counts in how Φ(a) moves. */
export class GELUGradient extends RowOp {
  readonly row = rows.geluGradient;
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, a, cdf] = z.inputs as [Tensor, Tensor, Tensor];
    const toA = () => {
      const square = a.square(), density = square.mul(-0.5).exp().div(Math.sqrt(2 * Math.PI));
      return h.mul(g).mul(square.neg().add(2).mul(density));
    };
    return [g.requiresGrad ? new GELUGradient().call(h, a, cdf) : null, a.requiresGrad ? toA() : null, null];
  }
}

/** min(max(a, low), high). dy = 1 within, 0 outside. */
export class Clip extends RowOp {
  readonly row = rows.clip;
  constructor(readonly low: number, readonly high: number) {
    super();
  }
  override compute(a: NDArray): NDArray {
    return map(this.row, [a], { s: this.low, t: this.high });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return a.greaterEqual(this.low).and(a.lessEqual(this.high)).where(g, 0);
  }
}

/** The larger or the smaller of two; the gradient goes to the one chosen, half to each at a tie. */
abstract class Choice extends RowOp {
  protected abstract prefers(a: Tensor, b: Tensor): Tensor;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], halves = a.equal(b).where(g.mul(0.5), 0);
    return [this.prefers(a, b).where(g, halves), this.prefers(b, a).where(g, halves)];
  }
}

/** max(a, b). */
export class Maximum extends Choice {
  readonly row = rows.max;
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.greater(b);
  }
}

/** min(a, b). */
export class Minimum extends Choice {
  readonly row = rows.min;
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.less(b);
  }
}

/** Rounded-down quotient. */
export class FloorDiv extends RowOp {
  readonly row = rows.floorDiv;
  gradient(): never {
    notDifferentiable(this);
  }
}

/** a - b floor(a / b). d/da = 1, d/db = -floor(a / b). */
export class Mod extends RowOp {
  readonly row = rows.mod;
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [g, b.requiresGrad ? g.mul(a.div(b).floor()).neg() : null];
  }
}

export type CompareRow =
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "and"
  | "or";

/** A comparison, or a logical connective: bool. */
export class Compare extends RowOp {
  readonly row: MapInfo;
  constructor(comparison: CompareRow) {
    super();
    this.row = rows[comparison];
  }
  override describe(): string {
    return this.row.name;
  }
  gradient(): never {
    notDifferentiable(this);
  }
}

/** Logical negation: bool. */
export class Not extends RowOp {
  readonly row = rows.not;
  gradient(): never {
    notDifferentiable(this);
  }
}

/** a where the condition holds, else b. */
export class Where extends TensorOp {
  compute(condition: NDArray, a: NDArray, b: NDArray): NDArray {
    // Named type: the condition's own bool must not take part in promotion.
    return map("where", [condition, a, b], undefined, a.dtype);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [condition, a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [
      null,
      a.requiresGrad ? condition.where(g, 0) : null,
      b.requiresGrad ? condition.where(0, g) : null,
    ];
  }
}

/** Another element type; the gradient is cast back. */
export class Cast extends TensorOp {
  constructor(readonly dtype: DType) {
    super();
  }
  compute(a: NDArray): NDArray {
    return copy(a, this.dtype);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.cast(y.inputs[0]!.dtype);
  }
  override describe(): string {
    return this.dtype;
  }
}

/**
 * Zeroes each element with probability p and scales the others by 1 / (1 - p): Srivastava et al. 2014.
 *
 * The second input is uniform noise in [0, 1); linear in the first.
 */
export class DropoutOp extends TensorOp {
  constructor(readonly p: number) {
    super();
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot dropout: p ${p} must lie in [0, 1]`);
  }
  compute(a: NDArray, noise: NDArray): NDArray {
    if (this.p === 1) return filled(a.storage.stream, a.shape, a.dtype, 0);
    return map("dropout", [a, noise], { s: this.p, t: 1 / (1 - this.p) }, a.dtype);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new DropoutOp(this.p).call(g, y.inputs[1]!), null];
  }
  override describe(): string {
    return `p=${this.p}`;
  }
}
