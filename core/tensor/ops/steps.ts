/**
 * Ops with steps or kinks: rounding, magnitudes, bounds, and the larger or smaller of two numbers.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { refuse } from "../../pure/check.ts";
import { elementOf, isFloat, promoteScalar, rangeOf } from "../../pure/dtype.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { isTensor, type Operand } from "../operands.ts";
import { RowOp } from "./row.ts";

/** |a|. */
export class Abs extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.abs;
  /** g sign a, and 0 at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const sign = y.inputs[0]!.sign();
    return sign.where(g.mul(sign), sign);
  }
}
/** {@linkcode Abs} as `Tensor` calls it. */
export const abs: Abs = new Abs();

/** An op that is constant between its steps. */
export abstract class StepOp extends RowOp {
  /** Zeros, also at the steps. */
  gradient(g: Tensor): Adjoints {
    return g.zerosLike();
  }
}

/** -1, 0 or 1, as a is below, at or above 0. */
export class Sign extends StepOp {
  /** @ignore */ readonly row: MapInfo = rows.sign;
}
/** {@linkcode Sign} as `Tensor` calls it. */
export const sign: Sign = new Sign();

/** A rounding to integers. Integers and bools stay as they are. */
export abstract class RoundingOp extends StepOp {
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    const [a] = inputs;
    return inputs.length === 1 && isTensor(a) && !isFloat(a.dtype) ? a.detach() : super.call(...inputs);
  }
}

/** ⌊a⌋, the largest integer that is not above a. */
export class Floor extends RoundingOp {
  /** @ignore */ readonly row: MapInfo = rows.floor;
}
/** {@linkcode Floor} as `Tensor` calls it. */
export const floor: Floor = new Floor();

/** ⌈a⌉, the smallest integer that is not below a. */
export class Ceil extends RoundingOp {
  /** @ignore */ readonly row: MapInfo = rows.ceil;
}
/** {@linkcode Ceil} as `Tensor` calls it. */
export const ceil: Ceil = new Ceil();

/** The nearest integer; halfway between two, the even one. */
export class Round extends RoundingOp {
  /** @ignore */ readonly row: MapInfo = rows.round;
}
/** {@linkcode Round} as `Tensor` calls it. */
export const round: Round = new Round();

/** min(max(a, low), high). Bounds that are no integers lift integers to float32. */
export class Clip extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.clip;
  /** The lower bound, or undefined. */
  readonly low: number | undefined;
  /** The upper bound, or undefined. */
  readonly high: number | undefined;
  /**
   * Either bound may be left out, but not both. TypeError for what is no number, RangeError for NaN and where `low` exceeds
   * `high`.
   */
  constructor(low: number | null | undefined, high?: number | null) {
    super();
    for (const bound of [low, high]) if (typeof (bound ?? 0) !== "number") refuse("clip", bound, "a number");
    this.low = low ?? undefined;
    this.high = high ?? undefined;
    if (this.low === undefined && this.high === undefined) {
      throw new TypeError("Cannot clip: there is neither a lower nor an upper bound, give at least one");
    }
    const [least, most] = this.#bounds;
    if (!(least <= most)) throw new RangeError(`Cannot clip: low ${least} must not exceed high ${most}`);
  }
  get #bounds(): readonly [number, number] {
    return [this.low ?? -Infinity, this.high ?? Infinity];
  }
  // Bounds may change the type, and an integer type may lack them.
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const fit = super.prepare(inputs), a = fit[0]!;
    if (isFloat(a.dtype)) return fit;
    const given = [this.low, this.high].filter((bound) => bound !== undefined);
    const dtype = given.reduce(promoteScalar, a.dtype), [low, high] = this.#bounds, [least, largest] = rangeOf(dtype);
    // A bound beyond all numbers of the type on its own side bounds nothing. Beyond the others, it would be a result.
    if (low > largest) elementOf(this.action, dtype, low);
    if (high < least) elementOf(this.action, dtype, high);
    return dtype === a.dtype ? fit : [a.cast(dtype)];
  }
  /** The row of a and both bounds. */
  override compute(a: NDArray): NDArray {
    const [low, high] = this.#bounds, [least, largest] = rangeOf(a.dtype);
    return map(this.row, [a], { s: Math.max(low, least), t: Math.min(high, largest) });
  }
  /** g where low < a < high, else 0, also at the bounds; a bound that was left out bounds nothing. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, above = this.low === undefined ? null : a.greater(this.low);
    if (this.high === undefined) return above!.where(g, 0);
    const below = a.less(this.high);
    return (above === null ? below : above.and(below)).where(g, 0);
  }
}

/** The larger or the smaller of two numbers. */
export abstract class ChoiceOp extends RowOp {
  /** @ignore */
  protected abstract prefers(a: Tensor, b: Tensor): Tensor;
  /** g for the operand that was chosen and 0 for the other; half of g for each at a tie, and g for both where one is NaN. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], shared = a.equal(b).where(g.mul(0.5), g);
    return [
      a.requiresGrad ? this.prefers(b, a).where(0, shared) : null,
      b.requiresGrad ? this.prefers(a, b).where(0, shared) : null,
    ];
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
