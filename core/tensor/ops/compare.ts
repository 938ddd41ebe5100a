/**
 * Comparisons and logical connectives, which give bool, and the choice by a condition.
 *
 * In the formulas y is the result and g the adjoint of it. What stands at a `gradient` is the adjoint of the input, or those
 * of all inputs in brackets; every gradient is written in ops, so that it can be differentiated again.
 */
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";
import { RowOp } from "./row.ts";

/** What {@linkcode Compare} asks of a pair: an order, or that both or either differ from 0. */
export type CompareRow = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual" | "and" | "or";

/** A comparison, or a logical connective: bool. With NaN only `notEqual` holds. */
export class Compare extends RowOp {
  /** @ignore */ readonly row: MapInfo;
  /** By name: one class serves all of them. */
  constructor(/** Which row of the table. */ readonly comparison: CompareRow) {
    super();
    this.row = rows[comparison];
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
