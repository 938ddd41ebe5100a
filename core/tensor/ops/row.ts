/**
 * Ops that are one row of the table of kernels: one expression, evaluated for each element.
 */
import { mapScalars, type NDArray } from "../../array/ndarray.ts";
import type { MapInfo } from "../../array/rows.ts";
import { TensorOp } from "../op.ts";

/** An op that is one row of `kernels/table.json`: one expression, evaluated for each element. Its inputs have one shape. */
export abstract class RowOp extends TensorOp {
  /** @ignore */ abstract readonly row: MapInfo;
  /** The row, in the type that the inputs have together; bool for comparisons. */
  override compute(...inputs: NDArray[]): NDArray {
    return mapScalars(this.row, inputs);
  }
}

/** An op of a tensor and a number s, which is rounded to the type that the row is computed in. */
export abstract class ScalarOp extends RowOp {
  /** The number is fixed: a captured function replays it as it is. */
  constructor(/** s in the formulas. */ readonly scalar: number) {
    super();
  }
  /** The row of a and s. */
  override compute(a: NDArray): NDArray {
    return mapScalars(this.row, [a], this.scalar);
  }
}
