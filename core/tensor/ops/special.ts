/**
 * Functions of probabilities and of the normal distribution.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input. Gradients are
 * written in ops, so that they can be differentiated again.
 */
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { RowOp } from "./row.ts";

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
