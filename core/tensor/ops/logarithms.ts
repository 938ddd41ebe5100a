/**
 * Logarithms of odds, and of sums of two powers.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { CompoundOp } from "./row.ts";

/** log(base^a + base^b), in which no power overflows. */
export abstract class LogOfSum extends CompoundOp {
  /** The natural logarithm of the base. */
  protected abstract get unit(): number;
  /** max(a, b) + log(1 + base^-|a - b|), and the very infinity where both are the same. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => {
      const most = map("max", [a, b]), apart = map("abs", [map("sub", [a, b])]);
      const tail = map("log1p", [map("exp", [map("mulScalar", [apart], { s: -this.unit })])]);
      const sum = map("add", [most, map("mulScalar", [tail], { s: 1 / this.unit })]);
      const twice = map("addScalar", [most], { s: Math.LN2 / this.unit });
      return map("where", [map("equal", [a, b]), twice, sum], undefined, a.dtype);
    });
  }
  /** [g σ(d), g σ(-d)], where d is (a - b) ln(base): both are g / 2 where a and b are one infinity. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const d = a.equal(b).and(a.isInf()).where(0, a.sub(b)).mul(this.unit);
    return [a.requiresGrad ? g.mul(d.sigmoid()) : null, b.requiresGrad ? g.mul(d.neg().sigmoid()) : null];
  }
}

/** ln(e^a + e^b). */
export class LogAddExp extends LogOfSum {
  /** @ignore */
  override get action(): string {
    return "logaddexp";
  }
  /** @ignore */ protected override get unit(): number {
    return 1;
  }
}
/** {@linkcode LogAddExp} as `Tensor` calls it. */
export const logaddexp: LogAddExp = new LogAddExp();

/** The logarithm to the base 2 of 2^a + 2^b. */
export class LogAddExp2 extends LogOfSum {
  /** @ignore */
  override get action(): string {
    return "logaddexp2";
  }
  /** @ignore */ protected override get unit(): number {
    return Math.LN2;
  }
}
/** {@linkcode LogAddExp2} as `Tensor` calls it. */
export const logaddexp2: LogAddExp2 = new LogAddExp2();

/** ln(a / (1 - a)), the inverse of the sigmoid: infinite at 0 and 1, NaN beyond. */
export class Logit extends CompoundOp {
  /** ln a - ln(1 - a) below 1/4, else ln(1 + (2a - 1) / (1 - a)), which keeps its digits near 1/2. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const low = map("sub", [map("log", [a]), map("log1p", [map("negate", [a])])]);
      const twice = map("addScalar", [map("mulScalar", [a], { s: 2 })], { s: -1 });
      const high = map("log1p", [map("div", [twice, map("subFromScalar", [a], { s: 1 })])]);
      return map("where", [map("less", [a, constantLike(a, 0.25)]), low, high], undefined, a.dtype);
    });
  }
  /** g / (a (1 - a)), NaN outside of [0, 1]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, isInside = a.greaterEqual(0).and(a.lessEqual(1));
    return g.div(isInside.where(a.mul(a.rsub(1)), NaN));
  }
}
/** {@linkcode Logit} as `Tensor` calls it. */
export const logit: Logit = new Logit();

/** a log(b + shift), which is 0 where a is, unless b is NaN. */
export abstract class TimesLog extends CompoundOp {
  /** What is added to b: 0 or 1. */
  protected abstract get shift(): 0 | 1;
  /** The row of a and b, and 0 in the place of what is no number at a = 0. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => {
      const product = map("mul", [a, map(this.shift === 0 ? "log" : "log1p", [b])]), zero = constantLike(a, 0);
      const isZero = map("and", [map("equal", [a, zero]), map("equal", [b, b])]);
      return map("where", [isZero, zero, product], undefined, a.dtype);
    });
  }
  /** [g log(b + shift), and 0 where a is 0 and b + shift is not above 0; g a / (b + shift)], as PyTorch has them. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const isOut = a.requiresGrad ? a.equal(0).and(b.lessEqual(-this.shift)) : null;
    return [
      isOut === null ? null : isOut.where(0, this.call(g, isOut.where(1, b))),
      b.requiresGrad ? g.mul(a.div(this.shift === 0 ? b : b.add(1))) : null,
    ];
  }
}

/** a log(b), and 0 where a is 0 and b no NaN. */
export class XLogY extends TimesLog {
  /** @ignore */ override get action(): string {
    return "xlogy";
  }
  /** @ignore */ protected override get shift(): 0 {
    return 0;
  }
}
/** {@linkcode XLogY} as `Tensor` calls it. */
export const xlogy: XLogY = new XLogY();

/** a log(1 + b), and 0 where a is 0 and b no NaN. */
export class XLog1PY extends TimesLog {
  /** @ignore */ override get action(): string {
    return "xlog1py";
  }
  /** @ignore */ protected override get shift(): 1 {
    return 1;
  }
}
/** {@linkcode XLog1PY} as `Tensor` calls it. */
export const xlog1py: XLog1PY = new XLog1PY();
