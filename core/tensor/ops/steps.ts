/**
 * Ops with steps or kinks: rounding, magnitudes, bounds, and the larger or smaller of two numbers.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { RowOp } from "./row.ts";

/** |a|. */
export class Abs extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.abs;
  /** g sign a, which is 0 at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sign());
  }
}
/** {@linkcode Abs} as `Tensor` calls it. */
export const abs: Abs = new Abs();

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
/** {@linkcode Sign} as `Tensor` calls it. */
export const sign: Sign = new Sign();

/** ⌊a⌋, the largest integer that is not above a. */
export class Floor extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.floor;
}
/** {@linkcode Floor} as `Tensor` calls it. */
export const floor: Floor = new Floor();

/** ⌈a⌉, the smallest integer that is not below a. */
export class Ceil extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.ceil;
}
/** {@linkcode Ceil} as `Tensor` calls it. */
export const ceil: Ceil = new Ceil();

/** The nearest integer; halfway between two, the even one. */
export class Round extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.round;
}
/** {@linkcode Round} as `Tensor` calls it. */
export const round: Round = new Round();

/** min(max(a, low), high). */
export class Clip extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.clip;
  /** Either bound may be infinite. RangeError where `low` exceeds `high`, or a bound is NaN or no number. */
  constructor(
    /** The lower bound. */ readonly low: number,
    /** The upper bound. */ readonly high: number,
  ) {
    super();
    if (typeof low !== "number" || typeof high !== "number" || !(low <= high)) {
      throw new RangeError(`Cannot clip: low ${low} must not exceed high ${high}`);
    }
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

/** The larger or the smaller of two numbers. */
export abstract class ChoiceOp extends RowOp {
  /** @ignore */
  protected abstract prefers(a: Tensor, b: Tensor): Tensor;
  /** g for the operand that was chosen and 0 for the other; at a tie, half of g for each. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], halves = a.equal(b).where(g.mul(0.5), 0);
    return [this.prefers(a, b).where(g, halves), this.prefers(b, a).where(g, halves)];
  }
}

/** max(a, b); NaN where a or b is NaN. */
export class Maximum extends ChoiceOp {
  /** @ignore */ readonly row: MapInfo = rows.max;
  /** @ignore */
  override get action(): string {
    return "maximum";
  }
  /** @ignore */
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.greater(b);
  }
}
/** {@linkcode Maximum} as `Tensor` calls it. */
export const maximum: Maximum = new Maximum();

/** min(a, b); NaN where a or b is NaN. */
export class Minimum extends ChoiceOp {
  /** @ignore */ readonly row: MapInfo = rows.min;
  /** @ignore */
  override get action(): string {
    return "minimum";
  }
  /** @ignore */
  protected prefers(a: Tensor, b: Tensor): Tensor {
    return a.less(b);
  }
}
/** {@linkcode Minimum} as `Tensor` calls it. */
export const minimum: Minimum = new Minimum();
