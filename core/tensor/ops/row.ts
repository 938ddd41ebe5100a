/**
 * Ops that are one row of the table of kernels: one expression, evaluated for each element.
 *
 * The row tells how many operands it takes, and whether they may be integers. So an op that is a row states its row and its
 * derivative, and nothing else. An op that takes several rows for each element states how they follow one another.
 */
import { mapScalars, type NDArray } from "../../array/ndarray.ts";
import type { MapInfo } from "../../array/rows.ts";
import { dtypeCode } from "../../../kernels/instruction.ts";
import { refuse } from "../../pure/check.ts";
import { elementOf, isFloat, promoteScalar } from "../../pure/dtype.ts";
import { TensorOp, WideOp } from "../op.ts";
import {
  areAlike,
  checkOperands,
  commonShape,
  fitted,
  isTensor,
  lifted,
  meet,
  numberOrTensor,
  type Operand,
} from "../operands.ts";
import { commonType, operandType, rowType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";

/** An op that is one row of `kernels/table.json`. Its operands meet in one type, and stretch to one shape. */
export abstract class RowOp extends TensorOp {
  /** @ignore */ abstract readonly row: MapInfo;
  /** @ignore */
  override get action(): string {
    return this.row.name;
  }
  /** @ignore */
  override get arity(): number {
    return this.row.operands;
  }
  /** @ignore What the op does where all operands are bools. */
  get bools(): "given" | "int32" | "refused" {
    return "given";
  }
  /** Applies the op to tensors. TypeError for shapes that do not broadcast. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to tensors and numbers, at least one of them a tensor. */
  override call(...inputs: Operand[]): Tensor;
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    const ready = this.prepare(inputs);
    return ready[0]!.derive(this, ready);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    return areAlike(inputs, this.row.operands) ? inputs as readonly Tensor[] : meet(this, this.row, inputs);
  }
  /** Evaluates the row in the inputs' common type; comparisons give bool. */
  override compute(...inputs: NDArray[]): NDArray {
    return mapScalars(this.row, inputs);
  }
}

/** An op of a tensor a and a number s. The number is rounded to the type in which the row is computed. */
export abstract class ScalarOp extends RowOp {
  /** A captured function replays the number as it is now. TypeError unless it is a number. */
  constructor(/** The number: s in the formulas. */ readonly scalar: number) {
    super();
    if (typeof scalar !== "number") refuse(this.name, scalar, "a number");
  }
  /** @ignore */
  override get action(): string {
    return this.row.name.replace("Scalar", "");
  }
  /** Integers stay integers if the number is one and the row takes them. RangeError for one that their type does not have. */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const array = inputs.length === 1 ? inputs[0]?.cachedData : null;
    if (array && array.code <= dtypeCode.float64) return inputs;
    checkOperands(this, inputs, 1);
    const [a] = inputs as [Tensor], met = promoteScalar(a.dtype, this.scalar);
    const dtype = rowType(this.precision, met, this.row.forInts);
    if (!isFloat(dtype)) elementOf(this.action, dtype, this.scalar);
    return fitted(inputs, dtype, a.shape);
  }
  /** Evaluates the row of a and s. */
  override compute(a: NDArray): NDArray {
    return mapScalars(this.row, [a], this.scalar);
  }
}

/**
 * An op of several rows for each element. Its operands meet in one type and stretch to one shape, as those of one row do;
 * halves are computed in float32 and rounded once.
 */
export abstract class CompoundOp extends WideOp {
  /** Applies the op to tensors. TypeError for shapes that do not broadcast. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to tensors and numbers, at least one of them a tensor. */
  override call(...inputs: Operand[]): Tensor;
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    return super.call(...inputs as Tensor[]);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    checkOperands(this, inputs, this.arity, this.arity > 1 ? numberOrTensor : "a tensor");
    const tensors = lifted(this, inputs);
    return fitted(tensors, operandType(this.precision, commonType(tensors)), commonShape(this, tensors));
  }
  /** @ignore */
  protected override finish(result: Tensor, given: readonly Operand[]): Tensor {
    return super.finish(result, given.filter(isTensor));
  }
}
