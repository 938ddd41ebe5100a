/**
 * Reductions that ask which elements differ from 0. NaN differs from it.
 */
import { groupResult } from "../../array/group.ts";
import { copy, filled, map, type NDArray } from "../../array/ndarray.ts";
import { fold } from "../../array/skeletons.ts";
import { broadcastTo } from "../../array/views.ts";
import { notDifferentiable } from "../op.ts";
import { ReduceOp } from "./reduce.ts";

/** A reduction by the number of elements that compare with 0 in some way. */
export abstract class CountOp extends ReduceOp {
  /** How many elements equal 0, or differ from it. */
  protected count(a: NDArray, row: "equal" | "notEqual"): NDArray {
    const zero = broadcastTo(filled(a.storage.stream, [], a.dtype, 0), a.shape);
    return fold("sum", [map(row, [a, zero])], this.axesOf(a.shape), this.outShape(a.shape), "int32");
  }
  /** Throws an Error: neither a count nor a truth value has a derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** How many elements differ from 0: int32. */
export class CountNonzero extends CountOp {
  /** One map and one fold. */
  compute(a: NDArray): NDArray {
    return groupResult(() => this.count(a, "notEqual"));
  }
}

/** Whether an element differs from 0: bool, and false where there are no elements. */
export class Any extends CountOp {
  /** Whether the count of such elements is not 0. */
  compute(a: NDArray): NDArray {
    return groupResult(() => copy(this.count(a, "notEqual"), "bool"));
  }
}

/** Whether all elements differ from 0: bool, and true where there are no elements. */
export class All extends CountOp {
  /** Whether the count of all other elements is 0. */
  compute(a: NDArray): NDArray {
    return groupResult(() => map("not", [this.count(a, "equal")]));
  }
}
