/**
 * The modified Bessel functions of orders 0 and 1.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input. Gradients are
 * written in ops, so that they can be differentiated again.
 */
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { CompoundOp, RowOp } from "./row.ts";

/** e^|a| times the row, by two factors e^(|a|/2), of which neither overflows before the result. */
function grown(row: "i0e" | "i1e", a: NDArray): NDArray {
  return groupResult(() => {
    const growth = map("exp", [map("mulScalar", [map("abs", [a])], { s: 0.5 })]);
    return map("mul", [map("mul", [map(row, [a]), growth]), growth]);
  });
}

/** `of` the numbers but for 0, at which its limit is 1/2. */
function aroundZero(a: Tensor, of: (a: Tensor) => Tensor): Tensor {
  const isZero = a.equal(0);
  return isZero.where(0.5, of(isZero.where(1, a)));
}

/** The modified Bessel function I₀. */
export class I0 extends CompoundOp {
  /** @ignore */
  override get action(): string {
    return "i0";
  }
  /** e^|a| times that of {@linkcode I0e}. */
  compute(a: NDArray): NDArray {
    return grown("i0e", a);
  }
  /** g I₁(a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.i1());
  }
}
/** {@linkcode I0} as `Tensor` calls it. */
export const i0: I0 = new I0();

/** The modified Bessel function I₁. */
export class I1 extends CompoundOp {
  /** @ignore */
  override get action(): string {
    return "i1";
  }
  /** e^|a| times that of {@linkcode I1e}. */
  compute(a: NDArray): NDArray {
    return grown("i1e", a);
  }
  /** g (I₀(a) - I₁(a) / a), g / 2 at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(aroundZero(y.inputs[0]!, (a) => a.i0().sub(a.i1().div(a))));
  }
}
/** {@linkcode I1} as `Tensor` calls it. */
export const i1: I1 = new I1();

/** e^-|a| I₀(a). */
export class I0e extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.i0e;
  /** g (e^-|a| I₁(a) - y sign a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return g.mul(a.i1e().sub(y.mul(a.sign())));
  }
}
/** {@linkcode I0e} as `Tensor` calls it. */
export const i0e: I0e = new I0e();

/** e^-|a| I₁(a). */
export class I1e extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.i1e;
  /** g (e^-|a| I₀(a) - (sign a + 1 / a) y), g / 2 at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(aroundZero(y.inputs[0]!, (a) => a.i0e().sub(a.i1e().mul(a.sign().add(a.reciprocal())))));
  }
}
/** {@linkcode I1e} as `Tensor` calls it. */
export const i1e: I1e = new I1e();
