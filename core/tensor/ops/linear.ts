/**
 * The matrix product.
 */
import { dtypeCode } from "../../../kernels/instruction.ts";
import { autocastType } from "../../ambient/modes.ts";
import * as skeletons from "../../array/skeletons.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { promote } from "../../pure/dtype.ts";
import { broadcastShapes, sameShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { commonType, operandType, type Precision } from "../precision.ts";

/** Whether matrices lie turned: column by column in memory, as views of transposed matrices do. */
function isTurned(array: NDArray | null): boolean {
  if (array === null) return false;
  const { shape, strides } = array;
  const last = shape.length - 1;
  return shape[last]! > 1 && shape[last - 1]! > 1 && strides[last - 1] === 1 && strides[last]! > 1;
}

/** Whether the operands are taken as they are: two matrices that agree, of one type that autocast does not change. */
function areProduct(operands: readonly Tensor[]): boolean {
  const a = operands[0]?.cachedData, b = operands[1]?.cachedData;
  if (operands.length !== 2 || !a || !b || a.code !== b.code || a.code > dtypeCode.float64) return false;
  if (a.shape.length !== 2 || b.shape.length !== 2 || a.shape[1] !== b.shape[0]) return false;
  return a.code === dtypeCode.float64 || autocastType() === null;
}

/** The shape of the product of operands of two shapes, by the rules of {@linkcode MatMul}. TypeError if they do not agree. */
function productShape(a: Shape, b: Shape): Shape {
  if (a.length === 0 || b.length === 0) {
    throw new TypeError(`Cannot matmul: shapes ${showShape(a)} and ${showShape(b)} need an axis each`);
  }
  const inner = a[a.length - 1], innerOther = b[Math.max(0, b.length - 2)];
  if (inner !== innerOther) {
    throw new TypeError(
      `Cannot matmul: shapes ${showShape(a)} and ${showShape(b)}, ` +
        `the inner lengths ${inner} and ${innerOther} must agree`,
    );
  }
  const batch = broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
  return [...batch, ...a.slice(-2, -1), ...(b.length === 1 ? [] : b.slice(-1))];
}

/**
 * Matrix products over the last two axes: [..., m, k] and [..., k, n] give [..., m, n].
 *
 * The axes before the last two stretch as in NumPy. A vector counts as one row on the left and one column on the right, and
 * the result lacks that axis. Integers and bools give int32, which wraps. TypeError for shapes that do not agree.
 */
export class MatMul extends TensorOp {
  /** @ignore */ override get precision(): Precision {
    return "half";
  }
  /** @ignore */
  override get action(): string {
    return "matmul";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    if (areProduct(inputs)) return inputs;
    checkOperands(this, inputs, 2);
    const [a, b] = inputs as [Tensor, Tensor], rank = a.shape.length, otherRank = b.shape.length;
    if (rank !== 2 || otherRank !== 2 || a.shape[1] !== b.shape[0]) productShape(a.shape, b.shape);
    // Sums of integers and bools are int32, as those of Summation.
    const dtype = promote(operandType(this.precision, commonType(inputs)), "int32");
    if (rank === 2 && otherRank === 2 && a.dtype === dtype && b.dtype === dtype) return inputs;
    const left = rank === 1 ? a.cast(dtype).reshape([1, a.shape[0]!]) : a.cast(dtype);
    const right = otherRank === 1 ? b.cast(dtype).reshape([b.shape[0]!, 1]) : b.cast(dtype);
    if (left.shape.length === 2 && right.shape.length === 2) return [left, right];
    if (right.shape.length === 2 && left.facts.contiguous) {
      // All rows are one matrix, so that the gradient of `b` is one product rather than a sum of one for each matrix.
      return [left.reshape([sizeOf(left.shape.slice(0, -1)), left.shape[rank - 1]!]), right];
    }
    const batch = broadcastShapes(this.action, left.shape.slice(0, -2), right.shape.slice(0, -2));
    return [left, right].map((tensor) => tensor.broadcastTo([...batch, ...tensor.shape.slice(-2)]));
  }
  /** @ignore */
  protected override finish(result: Tensor, given: readonly Tensor[]): Tensor {
    if (given.every((tensor) => tensor.shape.length === 2)) return result;
    const shape = productShape(given[0]!.shape, given[1]!.shape);
    return sameShape(result.shape, shape) ? result : result.reshape(shape);
  }
  /** The products of matrices with the same axes before them. A transposed operand is read by its strides, not copied. */
  compute(a: NDArray, b: NDArray): NDArray {
    return skeletons.matmul(a, b, a.shape.slice(0, -2));
  }
  /** [g bᵀ, aᵀ g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [
      // g bᵀ = (b gᵀ)ᵀ. Where a lies turned, the second form gives its gradient the same layout, in which later steps
      // read it.
      a.requiresGrad ? isTurned(a.cachedData) ? b.matmul(g.transpose()).transpose() : g.matmul(b.transpose()) : null,
      b.requiresGrad ? a.transpose().matmul(g) : null,
    ];
  }
}
/** {@linkcode MatMul} as `Tensor` calls it. */
export const matmul: MatMul = new MatMul();
