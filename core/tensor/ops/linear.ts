/**
 * The matrix product.
 */
import { matmul } from "../../array/skeletons.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";

/** Whether the rows of the matrices lie side by side. */
function isTurned(array: NDArray | null): boolean {
  if (array === null) return false;
  const { shape, strides } = array;
  const last = shape.length - 1;
  return shape[last]! > 1 && shape[last - 1]! > 1 && strides[last - 1] === 1 && strides[last]! > 1;
}

/** Matrix products over the last two axes: [..., m, k] and [..., k, n] give [..., m, n]. */
export class MatMul extends TensorOp {
  /** Reads any strides, so that a transposed operand is not copied first. TypeError for shapes that do not agree. */
  compute(a: NDArray, b: NDArray): NDArray {
    const rank = a.shape.length;
    if (rank < 2 || rank !== b.shape.length || a.shape[rank - 1] !== b.shape[rank - 2]) {
      throw new TypeError(`Cannot matmul: shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not agree`);
    }
    return matmul(a, b, a.shape.slice(0, -2));
  }
  /** [g bᵀ, aᵀ g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [
      // g bᵀ = (b gᵀ)ᵀ: the gradient of a turned matrix lies as that does, for those whose gradient it becomes.
      a.requiresGrad ? isTurned(a.cachedData) ? b.matmul(g.transpose()).transpose() : g.matmul(b.transpose()) : null,
      b.requiresGrad ? a.transpose().matmul(g) : null,
    ];
  }
}
