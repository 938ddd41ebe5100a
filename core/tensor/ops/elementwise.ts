/**
 * Ops that treat each element by itself: one row each, with the derivative beside it.
 *
 * In the formulas y is the result and g the adjoint of it. What stands at a `gradient` is the adjoint of the input, or those
 * of all inputs in brackets; every gradient is written in ops, so that it can be differentiated again.
 */
import { gradientsEnabled } from "../../ambient/modes.ts";
import { type DType, isHalf } from "../../pure/dtype.ts";
import { copy, filled, map, mapScalars, type NDArray } from "../../array/ndarray.ts";
import { collect } from "../../array/stream.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";

/** An op that is one row of `kernels/table.json`: one expression, evaluated for each element. Its inputs have one shape. */
export abstract class RowOp extends TensorOp {
  /** @ignore */ abstract readonly row: MapInfo;
  /** The row, in the type that the inputs have together; bool for comparisons. */
  override compute(...inputs: NDArray[]): NDArray {
    return mapScalars(this.row, inputs);
  }
}

/** An op of a tensor and a number s, which is rounded to the type that the row is computed in. */
export abstract class ScalarOp extends RowOp {
  /** The number is fixed: a captured function replays it as it is. */
  constructor(/** s in the formulas. */ readonly scalar: number) {
    super();
  }
  /** The row of a and s. */
  override compute(a: NDArray): NDArray {
    return mapScalars(this.row, [a], this.scalar);
  }
  /** @ignore */
  override describe(): string {
    return String(this.scalar);
  }
}

/** a + b. */
export class EWiseAdd extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.add;
  /** [g, g]. */
  gradient(g: Tensor): Adjoints {
    return [g, g];
  }
}

/** a - b. */
export class EWiseSub extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sub;
  /** [g, -g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [g, y.inputs[1]!.requiresGrad ? g.neg() : null];
  }
}

/** a b. */
export class EWiseMul extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mul;
  /** [g b, g a]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null];
  }
}

/** a b + c, with the product rounded before the sum: no fused multiply-add. */
export class EWiseMulAdd extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mulAdd;
  /** [g b, g a, g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null, g];
  }
}

/** a / b. */
export class EWiseDiv extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.div;
  /** [g / b, -g a / b²]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], overB = g.div(b);
    return [a.requiresGrad ? overB : null, b.requiresGrad ? overB.mul(a.div(b)).neg() : null];
  }
}

/** a^b. */
export class EWisePow extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.pow;
  /** [g b a^(b-1), g a^b ln a]: the first is 0 where b is 0, the second where a is 0 and b >= 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const toBase = () => b.equal(0).where(0, g.mul(b).mul(a.pow(b.sub(1))));
    const toExponent = () => a.equal(0).and(b.greaterEqual(0)).where(0, g.mul(a.pow(b)).mul(a.log()));
    return [a.requiresGrad ? toBase() : null, b.requiresGrad ? toExponent() : null];
  }
}

/** a + s. */
export class AddScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.addScalar;
  /** g. */
  gradient(g: Tensor): Adjoints {
    return g;
  }
}

/** a s. */
export class MulScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.mulScalar;
  /** g s. */
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a / s. */
export class DivScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.divScalar;
  /** g / s. */
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a^s. */
export class PowerScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.powScalar;
  /** g s a^(s-1); exactly zero for s = 0 and g for s = 1, where a may be 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    if (this.scalar === 0) return g.zerosLike();
    if (this.scalar === 1) return g;
    return g.mul(new PowerScalar(this.scalar - 1).call(y.inputs[0]!).mul(this.scalar));
  }
}

/** -a. */
export class Negate extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.negate;
  /** -g. */
  gradient(g: Tensor): Adjoints {
    return g.neg();
  }
}

/** e^a. */
export class Exp extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.exp;
  /** g y. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y);
  }
}

/** e^a - 1, with all digits near 0. */
export class Expm1 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.expm1;
  /** g (y + 1). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.add(1));
  }
}

/** ln a: NaN below 0, -Infinity at 0. */
export class Log extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log;
  /** g / a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!);
  }
}

/** ln(1 + a), with all digits near 0. */
export class Log1p extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log1p;
  /** g / (1 + a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.add(1));
  }
}

/** √a: NaN below 0. */
export class Sqrt extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sqrt;
  /** g / (2 y), which is infinite at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.mul(2));
  }
}

/** 1 / √a. */
export class Rsqrt extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.rsqrt;
  /** -g y³ / 2. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.mul(y.square()).mul(-0.5));
  }
}

/** 1 / a. */
export class Reciprocal extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.reciprocal;
  /** -g y². */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square()).neg();
  }
}

/** a². */
export class Square extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.square;
  /** 2 g a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.mul(2));
  }
}

/** sin a, to 2 ulp however large the angle is. */
export class Sin extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sin;
  /** g cos a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.cos());
  }
}

/** cos a, as accurate as {@linkcode Sin}. */
export class Cos extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.cos;
  /** -g sin a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sin()).neg();
  }
}

/** tanh a. */
export class Tanh extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.tanh;
  /** g (1 - y²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new TanhGradient().call(g, y);
  }
}

/** g (1 - y²). */
export class TanhGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.tanhGradient;
  /** With h the adjoint: [h (1 - y²), -2 h g y]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new TanhGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y).mul(-2) : null,
    ];
  }
}

/** The error function, 2/√π times the integral of e^(-t²) from 0 to a. */
export class Erf extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.erf;
  /** g 2/√π e^(-a²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.square().neg().exp().mul(2 / Math.sqrt(Math.PI)));
  }
}

/** |a|. */
export class Abs extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.abs;
  /** g sign a, which is 0 at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sign());
  }
}

/** An op that is constant between its steps. */
export abstract class StepOp extends RowOp {
  /** Zeros, also at the steps. */
  gradient(g: Tensor): Adjoints {
    return g.mul(0);
  }
}

/** -1, 0 or 1, as a is below, at or above 0. */
export class Sign extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.sign;
}
/** ⌊a⌋, the largest integer that is not above a. */
export class Floor extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.floor;
}
/** ⌈a⌉, the smallest integer that is not below a. */
export class Ceil extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.ceil;
}
/** The nearest integer; of two that are as near, the even one. */
export class Round extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.round;
}

/** max(a, 0); NaN stays NaN. */
export class ReLU extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.relu;
  /** g where a > 0, else 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    // y > 0 exactly where a > 0, and y is the one that later layers hold anyway.
    return new ReLUGradient().call(g, y);
  }
}

/** g where x > 0, else 0. */
export class ReLUGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.reluGradient;
  /** With h the adjoint: [h where x > 0, nothing]: it is constant in x. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    return [new ReLUGradient().call(h, z.inputs[1]!), null];
  }
}

/** 1 / (1 + e^-a). */
export class Sigmoid extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sigmoid;
  /** g y (1 - y). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new SigmoidGradient().call(g, y);
  }
}

/** g y (1 - y). */
export class SigmoidGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sigmoidGradient;
  /** With h the adjoint: [h y (1 - y), h g (1 - 2 y)]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new SigmoidGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y.mul(-2).add(1)) : null,
    ];
  }
}

/**
 * a Φ(a), with Φ the distribution function of the standard normal (Hendrycks and Gimpel 2016).
 *
 * Where a gradient will be asked for, Φ(a) is kept: the gradient then costs half.
 */
export class GELU extends TensorOp {
  /** a Φ(a), given Φ(a) or not. */
  compute(a: NDArray, cdf?: NDArray): NDArray {
    return cdf === undefined ? map(rows.gelu, [a]) : map(rows.mul, [a, cdf]);
  }
  /** Records Φ(a) as a second input. */
  override call(x: Tensor): Tensor {
    // Φ(a) is not rounded to a half.
    if (isHalf(x.dtype)) return this.call(x.cast("float32")).cast(x.dtype);
    if (!x.requiresGrad || !gradientsEnabled()) return super.call(x);
    return collect(() => super.call(x, x.wrap(map(rows.normalCdf, [x.array]))));
  }
  /** g (Φ(a) + a φ(a)), with φ the density. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, cdf] = y.inputs as [Tensor, Tensor];
    return [new GELUGradient().call(g, a, cdf), null];
  }
}

/** g (Φ(a) + a φ(a)), given Φ(a) as a third input. */
export class GELUGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.geluGradient;
  /** With h the adjoint: [h (Φ(a) + a φ(a)), h g (2 - a²) φ(a), nothing]: the second counts in how Φ(a) moves with a. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, a, cdf] = z.inputs as [Tensor, Tensor, Tensor];
    const toA = () => {
      const square = a.square(), density = square.mul(-0.5).exp().div(Math.sqrt(2 * Math.PI));
      return h.mul(g).mul(square.neg().add(2).mul(density));
    };
    return [g.requiresGrad ? new GELUGradient().call(h, a, cdf) : null, a.requiresGrad ? toA() : null, null];
  }
}

/** min(max(a, low), high). */
export class Clip extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.clip;
  /** `low` must not exceed `high`; either may be infinite. */
  constructor(
    /** The least value that is let through. */ readonly low: number,
    /** The largest one. */ readonly high: number,
  ) {
    super();
  }
  /** The row of a and both bounds. */
  override compute(a: NDArray): NDArray {
    return map(this.row, [a], { s: this.low, t: this.high });
  }
  /** g where low <= a <= high, else 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return a.greaterEqual(this.low).and(a.lessEqual(this.high)).where(g, 0);
  }
}

/** The larger or the smaller of two. */
export abstract class ChoiceOp extends RowOp {
  /** @ignore */
  protected abstract prefers(a: Tensor, b: Tensor): Tensor;
  /** g to the one that was chosen; half of it to each at a tie. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], halves = a.equal(b).where(g.mul(0.5), 0);
    return [this.prefers(a, b).where(g, halves), this.prefers(b, a).where(g, halves)];
  }
}

/** max(a, b); NaN where either is. */
export class Maximum extends ChoiceOp {
  /** @ignore */ readonly row: MapInfo = rows.max;
  /** @ignore */
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.greater(b);
  }
}

/** min(a, b); NaN where either is. */
export class Minimum extends ChoiceOp {
  /** @ignore */ readonly row: MapInfo = rows.min;
  /** @ignore */
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.less(b);
  }
}

/** ⌊a / b⌋; of integers 0 where b is 0. */
export class FloorDiv extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.floorDiv;
  /** Throws an Error: it is a staircase in both. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** a - b ⌊a / b⌋: the sign is b's, as in Python. */
export class Mod extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mod;
  /** [g, -g ⌊a / b⌋]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [g, b.requiresGrad ? g.mul(a.div(b).floor()).neg() : null];
  }
}

/** What {@linkcode Compare} asks of a pair: an order, or that both or either differ from 0. */
export type CompareRow = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual" | "and" | "or";

/** A comparison, or a logical connective: bool. With NaN only `notEqual` holds. */
export class Compare extends RowOp {
  /** @ignore */ readonly row: MapInfo;
  /** By name: one class serves all of them. */
  constructor(comparison: CompareRow) {
    super();
    this.row = rows[comparison];
  }
  /** @ignore */
  override describe(): string {
    return this.row.name;
  }
  /** Throws an Error: a truth value has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** True where a is 0 or false: bool. */
export class Not extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.not;
  /** Throws an Error: a truth value has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** a where the condition holds, else b: what is not chosen may be NaN or infinite without harm. */
export class Where extends TensorOp {
  /** The three have one shape; a and b have one type, which is the result's. */
  compute(condition: NDArray, a: NDArray, b: NDArray): NDArray {
    // Named type: the condition's own bool must not take part in promotion.
    return map("where", [condition, a, b], undefined, a.dtype);
  }
  /** [nothing, g where the condition holds, g elsewhere], with zeros between. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [condition, a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [
      null,
      a.requiresGrad ? condition.where(g, 0) : null,
      b.requiresGrad ? condition.where(0, g) : null,
    ];
  }
}

/** Another element type. */
export class Cast extends TensorOp {
  /** Floats become integers by truncation; what lies beyond takes the nearest that there is, NaN becomes 0. */
  constructor(/** The type of the result. */ readonly dtype: DType) {
    super();
  }
  /** Always a copy. */
  compute(a: NDArray): NDArray {
    return copy(a, this.dtype);
  }
  /** g, cast back to the input's type. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.cast(y.inputs[0]!.dtype);
  }
  /** @ignore */
  override describe(): string {
    return this.dtype;
  }
}

/**
 * Zeroes each element with probability p and scales the others by 1 / (1 - p): Srivastava et al. 2014.
 *
 * The second input is uniform noise in [0, 1), of the first one's shape: where it is below p, the element goes.
 */
export class DropoutOp extends TensorOp {
  /** RangeError unless p lies in [0, 1]. */
  constructor(/** The probability of a zero. */ readonly p: number) {
    super();
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot dropout: p ${p} must lie in [0, 1]`);
  }
  /** Zeros for p = 1, where the scale would be infinite. */
  compute(a: NDArray, noise: NDArray): NDArray {
    if (this.p === 1) return filled(a.storage.stream, a.shape, a.dtype, 0);
    return map("dropout", [a, noise], { s: this.p, t: 1 / (1 - this.p) }, a.dtype);
  }
  /** [the same zeros and scale for g, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new DropoutOp(this.p).call(g, y.inputs[1]!), null];
  }
  /** @ignore */
  override describe(): string {
    return `p=${this.p}`;
  }
}
