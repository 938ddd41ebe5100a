/**
 * Functions of probabilities and of the normal distribution.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input. Gradients are
 * written in ops, so that they can be differentiated again.
 */
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import type { Precision } from "../precision.ts";
import { CompoundOp, RowOp } from "./row.ts";

/** The distribution function of the standard normal, with all digits in its lower tail. */
export class Ndtr extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.normalCdf;
  /** @ignore */
  override get action(): string {
    return "ndtr";
  }
  /** g e^(-a²/2) / √(2π). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.square().mul(-0.5).exp().mul(1 / Math.sqrt(2 * Math.PI)));
  }
}
/** {@linkcode Ndtr} as `Tensor` calls it. */
export const ndtr: Ndtr = new Ndtr();

/** e^(a²) erfc(a), with all digits where erfc a is small or 0. */
export class Erfcx extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.erfcx;
  /** g (2 a y - 2/√π). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.mul(2).mul(y).sub(2 / Math.sqrt(Math.PI)));
  }
}
/** {@linkcode Erfcx} as `Tensor` calls it. */
export const erfcx: Erfcx = new Erfcx();

/** The inverse of {@linkcode Ndtr}: infinite at 0 and 1, NaN beyond. */
export class Ndtri extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.ndtri;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g √(2π) e^(y²/2). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square().mul(0.5).exp().mul(Math.sqrt(2 * Math.PI)));
  }
}
/** {@linkcode Ndtri} as `Tensor` calls it. */
export const ndtri: Ndtri = new Ndtri();

/** The logarithm of {@linkcode Ndtr}, with all digits in both tails. */
export class LogNdtr extends CompoundOp {
  /** ln(erfcx(-a/√2) / 2) - a²/2 below -1, else ln(1 - erfc(a/√2) / 2). */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const scaled = map("mulScalar", [a], { s: Math.SQRT1_2 });
      const tail = map("log", [map("mulScalar", [map("erfcx", [map("negate", [scaled])])], { s: 0.5 })]);
      const low = map("sub", [tail, map("mulScalar", [map("square", [a])], { s: 0.5 })]);
      const high = map("log1p", [map("mulScalar", [map("erfc", [scaled])], { s: -0.5 })]);
      return map("where", [map("less", [a, constantLike(a, -1)]), low, high], undefined, a.dtype);
    });
  }
  /** g √(2/π) / erfcx(-a/√2). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.mul(-Math.SQRT1_2).erfcx()).mul(Math.sqrt(2 / Math.PI));
  }
}
/** {@linkcode LogNdtr} as `Tensor` calls it. */
export const logNdtr: LogNdtr = new LogNdtr();

/** The entropy -a ln a of a probability: 0 at 0, -Infinity below. */
export class Entr extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.entr;
  /** -g (1 + ln a): infinite at 0, NaN below. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.log().add(1)).neg();
  }
}
/** {@linkcode Entr} as `Tensor` calls it. */
export const entr: Entr = new Entr();
