/**
 * Comparisons and logical connectives, which give bool, and the choice by a condition.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { refuse } from "../../pure/check.ts";
import { isFloat, rangeOf } from "../../pure/dtype.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";
import {
  checkOperands,
  commonShape,
  fitted,
  isTensor,
  lifted,
  numberBeside,
  numberOrTensor,
  type Operand,
} from "../operands.ts";
import { commonType } from "../precision.ts";
import { RowOp } from "./row.ts";

/** The rows of {@linkcode Compare}: an order of two numbers, or whether both or either differ from 0. */
export type CompareRow = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual" | "and" | "or";

/** The comparison that holds for (b, a) where the named one holds for (a, b). */
const mirrored: Readonly<Partial<Record<CompareRow, CompareRow>>> = {
  less: "greater",
  lessEqual: "greaterEqual",
  greater: "less",
  greaterEqual: "lessEqual",
};

/**
 * A comparison with a number that the integers from `least` to `largest` do not have, as one with a number that they have.
 */
function amongIntegers(
  row: CompareRow,
  value: number,
  [least, largest]: readonly [number, number],
): readonly [CompareRow, number] {
  const always = ["greaterEqual", least] as const, never = ["less", least] as const;
  if (row === "notEqual") return always;
  if (row === "equal" || Number.isNaN(value)) return never;
  const below = row === "less" || row === "lessEqual";
  if (value > largest) return below ? always : never;
  if (value < least) return below ? never : always;
  return below ? ["lessEqual", Math.floor(value)] : ["greaterEqual", Math.ceil(value)];
}

/**
 * A comparison or a logical connective, with a bool result. Of the comparisons with NaN only `notEqual` holds. Integers are
 * compared with any number by its value.
 */
export class Compare extends RowOp {
  /** @ignore */ readonly row: MapInfo;
  /** TypeError unless `comparison` is one of the rows. */
  constructor(/** The row of the table. */ readonly comparison: CompareRow) {
    super();
    this.row = rows[typeof comparison === "string" ? comparison : "copy"];
    if (!this.row?.toBool) refuse("compare", comparison, "a comparison such as less");
  }
  /** Applies the op to tensors. TypeError for shapes that do not broadcast. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to tensors and numbers, at least one of them a tensor. */
  override call(...inputs: Operand[]): Tensor;
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    const a = inputs[0], b = inputs[1];
    if (inputs.length === 2) {
      if (typeof b === "number" && isTensor(a)) return this.#callWithNumber(a, b);
      if (typeof a === "number" && isTensor(b)) return this.#callWithNumberFirst(a, b);
    }
    const ready = this.prepare(inputs);
    return ready[0]!.derive(this, ready);
  }
  #callWithNumberFirst(a: number, b: Tensor): Tensor {
    return comparisons[mirrored[this.comparison] ?? this.comparison].#callWithNumber(b, a);
  }
  /** The op of a tensor and a number, which may be one that the tensor's type does not have. */
  #callWithNumber(a: Tensor, value: number): Tensor {
    // A connective asks of a number whether it is 0, which a type that rounds it might answer otherwise.
    if (this.comparison === "and" || this.comparison === "or") return super.call(a, value === 0 ? 0 : 1);
    const { dtype } = a;
    if (isFloat(dtype)) {
      const ready = this.prepare([a, value]);
      return ready[0]!.derive(this, ready);
    }
    const range = rangeOf(dtype);
    if (Number.isInteger(value) && value >= range[0] && value <= range[1]) return super.call(a, value);
    const [row, known] = amongIntegers(this.comparison, value, range);
    return row === this.comparison ? super.call(a, known) : comparisons[row].call(a, known);
  }
  /** Throws an Error: a truth value has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** {@linkcode Compare} for each of its rows, as `Tensor` calls it. */
export const comparisons: Readonly<Record<CompareRow, Compare>> = {
  equal: new Compare("equal"),
  notEqual: new Compare("notEqual"),
  less: new Compare("less"),
  lessEqual: new Compare("lessEqual"),
  greater: new Compare("greater"),
  greaterEqual: new Compare("greaterEqual"),
  and: new Compare("and"),
  or: new Compare("or"),
};

/** True where a is 0 or false: bool. */
export class Not extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.not;
  /** Throws an Error: a truth value has no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}
/** {@linkcode Not} as `Tensor` calls it. */
export const not: Not = new Not();

/**
 * a where the condition holds, else b. An element that is not chosen may be NaN or infinite without harm.
 *
 * The three operands stretch to one shape. a and b, which may be numbers, meet in one type, and the result has it.
 */
export class Where extends TensorOp {
  /** Applies the op to a condition, and to a tensor for either case. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to a condition, and to a tensor or a number for either case. */
  override call(condition: Tensor, a: Operand, b: Operand): Tensor;
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    return super.call(...inputs as Tensor[]);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    checkOperands(this, inputs, 3, numberOrTensor);
    const [condition, a, b] = inputs as [Tensor, Operand, Operand];
    checkOperands(this, [condition]);
    const chosen = typeof a === "number" && typeof b === "number"
      ? [a, b].map((value) => numberBeside(this, condition, value, "float32"))
      : lifted(this, [a, b]);
    // A condition of 0.5 holds: in an integer type it would become 0, which does not.
    const type = commonType(chosen), isKept = !isFloat(condition.dtype) || condition.dtype === type;
    const holds = isKept ? condition : condition.notEqual(0);
    const shape = commonShape(this, [holds, ...chosen]);
    const [stretched] = fitted([holds], holds.dtype, shape), fit = fitted(chosen, type, shape);
    return stretched === condition && fit[0] === a && fit[1] === b ? inputs as readonly Tensor[] : [stretched!, ...fit];
  }
  /** The row, in the type of a and b. */
  compute(condition: NDArray, a: NDArray, b: NDArray): NDArray {
    // A condition of another type must not take part in promotion.
    return map("where", [condition, a, b], undefined, condition.dtype === a.dtype ? undefined : a.dtype);
  }
  /** [nothing, g where the condition holds and else 0, g where it does not hold and else 0]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [condition, a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [
      null,
      a.requiresGrad ? condition.where(g, 0) : null,
      b.requiresGrad ? condition.where(0, g) : null,
    ];
  }
}
/** {@linkcode Where} as `Tensor` calls it. */
export const where: Where = new Where();
