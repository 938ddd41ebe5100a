/** Functions of linear algebra. */
import { contract } from "../composites/contraction.ts";
import { einsum as sumOf } from "../composites/einsum.ts";
import { checkOperands } from "../operands.ts";
import { showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensors } from "../value.ts";

/**
 * Sums of products of tensors, by Einstein's notation as PyTorch reads it: a letter for each axis of each tensor, and after
 * an arrow those of the result. Sums run over the letters that the result lacks. A letter twice in one term means a diagonal,
 * and three dots all axes that have no letter. Without an arrow the result has the axes of the dots, then the letters that
 * stand once, capitals first. Axes of length one stretch. Integers and bools give int32.
 *
 * Of up to six tensors those are multiplied first for which the number of products is least; of more, the cheapest pair each
 * time. TypeError for an equation that does not fit the tensors.
 *
 * @example
 * ```ts
 * import { einsum, tensor } from "deneb";
 *
 * const a = tensor([[1, 2], [3, 4]]), b = tensor([[0, 1], [1, 0]]);
 * if (einsum("ij,jk->ik", a, b).toArray().join() !== "2,1,4,3") throw new Error("no product");
 * if (einsum("ii", a).item() !== 5) throw new Error("no trace");
 * ```
 */
export function einsum(equation: string, ...tensors: Tensor[]): Tensor {
  checkOperands({ action: "einsum", arity: 0, precision: "given" }, tensors);
  return sumOf(equation, tensors);
}

/**
 * The product of several matrices, in the order that takes the fewest products of numbers. The first tensor may be a vector,
 * which counts as a row, and the last one, which counts as a column. PyTorch's `torch.linalg.multi_dot`.
 *
 * @example
 * ```ts
 * import { multiDot, ones } from "deneb";
 *
 * const x = multiDot([ones([2, 9]), ones([9, 9]), ones([9])]);
 * if (x.toArray().join() !== "81,81") throw new Error("wrong");
 * ```
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  checkTensors("multiDot", tensors);
  checkOperands({ action: "multiDot", arity: 0, precision: "given" }, tensors);
  const last = tensors.length - 1, isVector = (k: number) => (k === 0 || k === last) && tensors[k]!.shape.length === 1;
  tensors.forEach(({ shape }, k) => {
    const next = tensors[k + 1];
    if (shape.length !== 2 && !isVector(k)) {
      throw new TypeError(`Cannot multiDot: tensor ${showShape(shape)} must be a matrix`);
    }
    if (next === undefined || shape.at(-1) === next.shape[0]) return;
    throw new TypeError(
      `Cannot multiDot: shapes ${showShape(shape)} and ${showShape(next.shape)}, the inner lengths must agree`,
    );
  });
  const labels = tensors.map((_, k) => [`${k}`, `${k + 1}`]);
  if (isVector(0)) labels[0] = ["1"];
  if (last > 0 && isVector(last)) labels[last] = [`${last}`];
  const ends = last === 0 ? labels[0]! : [...labels[0]!.slice(0, -1), ...labels[last]!.slice(1)];
  return contract("multiDot", tensors, labels, ends);
}
