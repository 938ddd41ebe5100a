/** The bits of integers and bools. None of these ops has a derivative, since what they take and give are no floats. */
import { mapScalars, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import { notDifferentiable } from "../op.ts";
import { meet, type Operand } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { RowOp } from "./row.ts";

/** An op on the bits of integers. TypeError for floats, as in PyTorch. */
export abstract class BitwiseOp extends RowOp {
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    return meet(this, this.row, inputs);
  }
  /** Throws an Error: integers have no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** The bits that a and b both have. */
export class BitwiseAnd extends BitwiseOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseAnd;
}
/** {@linkcode BitwiseAnd} as `Tensor` calls it. */
export const bitwiseAnd: BitwiseAnd = new BitwiseAnd();

/** The bits that a or b has. */
export class BitwiseOr extends BitwiseOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseOr;
}
/** {@linkcode BitwiseOr} as `Tensor` calls it. */
export const bitwiseOr: BitwiseOr = new BitwiseOr();

/** The bits that one of a and b has. */
export class BitwiseXor extends BitwiseOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseXor;
}
/** {@linkcode BitwiseXor} as `Tensor` calls it. */
export const bitwiseXor: BitwiseXor = new BitwiseXor();

/** The bits that a lacks: -1 - a of int32, 255 - a of uint8, and the other truth value. */
export class BitwiseNot extends BitwiseOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseNot;
  /** The row; of a bool, which is a single bit, the row `not`. */
  override compute(a: NDArray): NDArray {
    return mapScalars(a.dtype === "bool" ? rows.not : this.row, [a]);
  }
}
/** {@linkcode BitwiseNot} as `Tensor` calls it. */
export const bitwiseNot: BitwiseNot = new BitwiseNot();

/** A shift of bits. TypeError for two bools, as in PyTorch. */
export abstract class ShiftOp extends BitwiseOp {
  /** @ignore */ override get bools(): "refused" {
    return "refused";
  }
}

/** The bits of a, moved up by b places; 0 for a b that is negative or not below the number of bits. */
export class BitwiseLeftShift extends ShiftOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseLeftShift;
}
/** {@linkcode BitwiseLeftShift} as `Tensor` calls it. */
export const bitwiseLeftShift: BitwiseLeftShift = new BitwiseLeftShift();

/** The bits of a, moved down by b places, ⌊a / 2^b⌋; 0 or -1, by the sign, for a b that is negative or not below their number. */
export class BitwiseRightShift extends ShiftOp {
  /** @ignore */ readonly row: MapInfo = rows.bitwiseRightShift;
}
/** {@linkcode BitwiseRightShift} as `Tensor` calls it. */
export const bitwiseRightShift: BitwiseRightShift = new BitwiseRightShift();
