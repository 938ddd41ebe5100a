/** Functions that choose elements of several tensors. */
import type { NestedArray } from "../../array/elements.ts";
import { checkTensor } from "../value.ts";
import { searchSorted, type SortedSearchOptions } from "../composites/search.ts";
import type { Operand } from "../operands.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The elements of `a` where the condition holds, else those of `b`, as the method `condition.where(a, b)`. All three stretch
 * to one shape; `a` and `b`, which may be numbers, meet in one type.
 *
 * @example
 * ```ts
 * import { tensor, where } from "deneb";
 *
 * const x = tensor([-1, 2, -3]);
 * if (where(x.less(0), 0, x).toArray().join() !== "0,2,0") throw new Error("wrong");
 * ```
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  checkTensor("where", condition);
  return ops.where.call(condition, a, b);
}

/**
 * The places (int32) at which values [..., m] would stand in sorted rows [..., n]: how many numbers of the row are less than
 * the value, or with `right` no greater. A single row [n] serves values of any shape. A list or a number stands for a tensor,
 * beside one that is one; NaN comes after all numbers. What is not sorted gives some places or other, unless a `sorter` says
 * in which order it is.
 *
 * @example
 * ```ts
 * import { searchsorted, tensor } from "deneb";
 *
 * const places = searchsorted(tensor([1, 3, 5]), [3, 0, 9], { right: true });
 * if (places.toArray().join() !== "2,0,3") throw new Error("wrong");
 * ```
 */
export function searchsorted(
  sorted: Tensor | readonly NestedArray[],
  values: Operand | readonly NestedArray[],
  options: SortedSearchOptions = {},
): Tensor {
  return searchSorted("searchsorted", sorted, values, options);
}
