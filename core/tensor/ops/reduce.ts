/**
 * Ops that join elements along axes.
 */
import type { ArgRow, FoldRow } from "../../../kernels/instruction.ts";
import { promote } from "../../pure/dtype.ts";
import { argFold, fold } from "../../array/skeletons.ts";
import { groupResult } from "../../array/group.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { broadcastTo } from "../../array/views.ts";
import type { ReduceOptions } from "../../pure/reduce_options.ts";
import { type Axes, normalizeAxes, reducedShape, type Shape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, inFloat32, notDifferentiable, TensorOp } from "../op.ts";
import { meanOf } from "./moments.ts";

/** An op that joins the elements along axes. */
export abstract class ReduceOp extends TensorOp {
  /** The axes that are joined; all where they are undefined. */
  readonly axes: Axes | undefined;
  /** Whether joined axes stay with length one. */
  readonly keepDims: boolean;

  /** All axes by default. Which axes a tensor has is checked when the op is called. */
  constructor({ axes, keepDims = false }: ReduceOptions = {}) {
    super();
    this.axes = axes;
    this.keepDims = keepDims;
  }

  /** Sorted and non-negative, for a tensor of this shape. */
  protected axesOf(shape: Shape): number[] {
    return normalizeAxes(this.name, this.axes, shape.length);
  }

  /** The result's shape. */
  protected outShape(shape: Shape): number[] {
    return reducedShape(shape, this.axesOf(shape), this.keepDims);
  }

  /** `t`, which has the result's shape, with the joined axes as ones, so that it broadcasts against the input. */
  protected restored(t: Tensor, shape: Shape): Tensor {
    return this.keepDims ? t : t.reshape(reducedShape(shape, this.axesOf(shape), true));
  }
}

/** The sum; integers and bools give int32. */
export class Summation extends ReduceOp {
  /** Along sixteen lanes (eight of float64) that meet in a fixed tree: the same bits for any number of threads. */
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape);
    return fold("sum", [a], axes, reducedShape(a.shape, axes, this.keepDims), promote(a.dtype, "int32"));
  }
  /** g for every element that was added. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape;
    return this.restored(g, shape).broadcastTo(shape);
  }
}

/** The product; integers and bools give int32. */
export class Product extends ReduceOp {
  /** 1 where there is nothing to multiply. */
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape);
    return fold("prod", [a], axes, reducedShape(a.shape, axes, this.keepDims), promote(a.dtype, "int32"));
  }
  /** g times the product of the others, also where an element is zero. */
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

/** The sum of squared deviations from the mean: n times the biased variance. */
export class SquaredDeviation extends ReduceOp {
  /** Halves are computed with as float32. */
  override call(a: Tensor): Tensor {
    return inFloat32([a], (wide) => super.call(wide));
  }
  /** In two passes, the first for the mean. */
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape), kept = reducedShape(a.shape, axes, true);
    return groupResult(() => {
      const mean = meanOf(a, axes, kept);
      const out = reducedShape(a.shape, axes, this.keepDims);
      return fold("sumSquaredDeviation", [a, broadcastTo(mean, a.shape)], axes, out);
    });
  }
  /** 2 g (a - mean): what flows through the mean cancels. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, mean = a.mean({ axes: this.axesOf(a.shape), keepDims: true });
    return this.restored(g, a.shape).mul(a.sub(mean).mul(2));
  }
}

/** The largest or smallest element; NaN where there is one among them. */
export abstract class ExtremeOp extends ReduceOp {
  /** @ignore */ protected abstract readonly row: FoldRow;
  /** In one fold; there must be an element. */
  compute(a: NDArray): NDArray {
    return fold(this.row, [a], this.axesOf(a.shape), this.outShape(a.shape));
  }
  /** g to the element that was chosen; among ties it is shared. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, axes = this.axesOf(a.shape);
    const chosen = a.equal(this.restored(y.detach(), a.shape)).cast(a.dtype);
    const share = chosen.div(chosen.sum({ axes, keepDims: true }));
    return this.restored(g, a.shape).mul(share);
  }
}

/** The largest element. */
export class Max extends ExtremeOp {
  /** @ignore */ protected readonly row: FoldRow = "max";
}

/** The smallest element. */
export class Min extends ExtremeOp {
  /** @ignore */ protected readonly row: FoldRow = "min";
}

/** The place of an extreme element: int32, in row-major order of the joined axes. NaN counts as the most extreme. */
export abstract class ArgExtremeOp extends ReduceOp {
  /** @ignore */ protected abstract readonly row: ArgRow;
  /** In one fold that carries value and place. */
  compute(a: NDArray): NDArray {
    return argFold(this.row, a, this.axesOf(a.shape), this.outShape(a.shape));
  }
  /** Throws an Error: a place is a whole number. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** The place of the largest element: the first among ties. */
export class ArgMax extends ArgExtremeOp {
  /** @ignore */ protected readonly row: ArgRow = "argmax";
}

/** The place of the smallest element: the first among ties. */
export class ArgMin extends ArgExtremeOp {
  /** @ignore */ protected readonly row: ArgRow = "argmin";
}
