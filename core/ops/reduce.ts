/**
 * Ops that join elements along axes, and the matrix product.
 */
import type { FoldRow } from "../../kernels/instruction.ts";
import { promote } from "../dtype.ts";
import { argFold, compose, fold, map, matmul, type NDArray } from "../ndarray.ts";
import * as arrays from "../ndarray.ts";
import { normalizeAxes, reducedShape, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, inFloat32, notDifferentiable, TensorOp } from "../tensor_op.ts";

/** Which axes are joined; `undefined` joins all. */
export interface Reduction {
  axes?: number | readonly number[] | undefined;
  keepDims?: boolean;
}

/** An op over axes. */
abstract class ReduceOp extends TensorOp {
  readonly #axes: number | readonly number[] | undefined;
  readonly keepDims: boolean;

  constructor({ axes, keepDims = false }: Reduction = {}) {
    super();
    this.#axes = axes;
    this.keepDims = keepDims;
  }

  /** Sorted and non-negative, for a tensor of this shape. */
  protected axesOf(shape: Shape): number[] {
    return normalizeAxes(this.name, this.#axes, shape.length);
  }

  protected outShape(shape: Shape): number[] {
    return reducedShape(shape, this.axesOf(shape), this.keepDims);
  }

  /** `t`, which has the result's shape, with the joined axes as ones, so that it broadcasts against the input. */
  protected restored(t: Tensor, shape: Shape): Tensor {
    return this.keepDims ? t : t.reshape(reducedShape(shape, this.axesOf(shape), true));
  }

  override describe(): string {
    const axes = this.#axes === undefined ? "all" : `[${this.#axes}]`;
    return `axes=${axes}${this.keepDims ? ", keepDims" : ""}`;
  }
}

/** The sum; integers and bools give int32. d = 1 for every element. */
export class Summation extends ReduceOp {
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape);
    return fold("sum", [a], axes, reducedShape(a.shape, axes, this.keepDims), promote(a.dtype, "int32"));
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape;
    return this.restored(g, shape).broadcastTo(shape);
  }
}

/** The product. d/da_k = the product of the others; exact at zeros, by products from both sides. */
export class Product extends ReduceOp {
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape);
    return fold("prod", [a], axes, reducedShape(a.shape, axes, this.keepDims), promote(a.dtype, "int32"));
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, axes = this.axesOf(a.shape), options = { axes, keepDims: true };
    // With one zero only its own derivative survives, with two none does; elsewhere the others' product is y / a.
    const zero = a.equal(0), zeros = zero.sum(options).broadcastTo(a.shape);
    const others = zero.where(1, a).prod(options).broadcastTo(a.shape);
    const whole = others.div(zero.where(1, a));
    const slope = zeros.equal(0).where(whole, zeros.equal(1).and(zero).where(others, 0));
    return this.restored(g, a.shape).mul(slope);
  }
}

/** The sum of squared deviations from the mean. d = 2 (a - mean). */
export class SquaredDeviation extends ReduceOp {
  override call(a: Tensor): Tensor {
    return inFloat32([a], (wide) => super.call(wide));
  }
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape), kept = reducedShape(a.shape, axes, true);
    return compose(() => {
      const mean = meanOf(a, axes, kept);
      const out = reducedShape(a.shape, axes, this.keepDims);
      return fold("sumSquaredDeviation", [a, arrays.broadcastTo(mean, a.shape)], axes, out);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, mean = a.mean({ axes: this.axesOf(a.shape), keepDims: true });
    return this.restored(g, a.shape).mul(a.sub(mean).mul(2));
  }
}

/** The mean over `axes` (sorted), with the shape that keeps them. */
export function meanOf(a: NDArray, axes: readonly number[], kept: Shape): NDArray {
  const count = axes.reduce((product, axis) => product * a.shape[axis]!, 1);
  return map("divScalar", [fold("sum", [a], axes, kept)], { s: count });
}

/** The largest or smallest element. The gradient is shared among ties. */
abstract class Extreme extends ReduceOp {
  protected abstract readonly row: FoldRow;
  compute(a: NDArray): NDArray {
    return fold(this.row, [a], this.axesOf(a.shape), this.outShape(a.shape));
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, axes = this.axesOf(a.shape);
    const chosen = a.equal(this.restored(y.detach(), a.shape)).cast(a.dtype);
    const share = chosen.div(chosen.sum({ axes, keepDims: true }));
    return this.restored(g, a.shape).mul(share);
  }
}

/** The largest element. */
export class Max extends Extreme {
  protected readonly row = "max";
}

/** The smallest element. */
export class Min extends Extreme {
  protected readonly row = "min";
}

/** The place of an extreme element, int32. */
abstract class ArgExtreme extends ReduceOp {
  protected abstract readonly row: "argmax" | "argmin";
  compute(a: NDArray): NDArray {
    return argFold(this.row, a, this.axesOf(a.shape), this.outShape(a.shape));
  }
  gradient(): never {
    notDifferentiable(this);
  }
}

/** The place of the largest element: the first among ties. */
export class ArgMax extends ArgExtreme {
  protected readonly row = "argmax";
}

/** The place of the smallest element: the first among ties. */
export class ArgMin extends ArgExtreme {
  protected readonly row = "argmin";
}

/** Matrix products over the last two axes. dA = G Bᵀ, dB = Aᵀ G. */
export class MatMul extends TensorOp {
  compute(a: NDArray, b: NDArray): NDArray {
    const rank = a.shape.length;
    if (rank < 2 || rank !== b.shape.length || a.shape[rank - 1] !== b.shape[rank - 2]) {
      throw new TypeError(`Cannot matmul: shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not agree`);
    }
    return matmul(a, b, a.shape.slice(0, -2));
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [
      a.requiresGrad ? g.matmul(b.transpose()) : null,
      b.requiresGrad ? a.transpose().matmul(g) : null,
    ];
  }
}
