/**
 * Reductions: ops that join elements along axes.
 */
import type { ArgRow, FoldRow } from "../../../kernels/instruction.ts";
import { isHalf, promote } from "../../pure/dtype.ts";
import { placesMost } from "../../array/indices.ts";
import { argFold, fold } from "../../array/skeletons.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { refuse } from "../../pure/check.ts";
import { type ReduceOptions, reduceOptions, type VarianceOptions } from "../../pure/reduce_options.ts";
import { type Axes, countAlong, normalizeAxes, reducedShape, type Shape, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable, TensorOp } from "../op.ts";
import type { Precision } from "../precision.ts";
import { meanOf, squaresOf } from "./moments.ts";

/** An op that joins the elements along axes. */
export abstract class ReduceOp extends TensorOp {
  /** The axes that are joined, as they were given; all if undefined. */
  readonly axes: Axes | undefined;
  /** The joined axes of a tensor with `#rank` axes, sorted and counted from 0: kept, since one op meets one rank mostly. */
  #found: readonly number[] = [];
  #rank = -1;
  /** Whether joined axes stay with length one. */
  readonly keepDims: boolean;

  /**
   * Joins all axes by default. Which axes a tensor has is checked when the op is called. TypeError for an option of another
   * name than these and the subclass's own.
   */
  constructor(options: Axes | ReduceOptions = {}) {
    super();
    const { axes, keepDims } = reduceOptions(this.action, options, this.ownOptions);
    this.axes = axes;
    this.keepDims = keepDims;
  }

  /** The names of a subclass's own options. */
  protected get ownOptions(): readonly string[] {
    return [];
  }

  /** The joined axes of a tensor of this shape, sorted and counted from 0. */
  protected axesOf(shape: Shape): readonly number[] {
    if (this.#rank !== shape.length) {
      this.#found = normalizeAxes(this.action, this.axes, shape.length);
      this.#rank = shape.length;
    }
    return this.#found;
  }

  /** The shape of the result for an input of this shape. */
  protected outShape(shape: Shape): number[] {
    return reducedShape(shape, this.axesOf(shape), this.keepDims);
  }

  /** A tensor of the result's shape with the joined axes as ones, so that it broadcasts against an input of `shape`. */
  protected restored(t: Tensor, shape: Shape): Tensor {
    return this.keepDims ? t : t.reshape(reducedShape(shape, this.axesOf(shape), true));
  }
}

/** The sum; integers and bools give int32. */
export class Summation extends ReduceOp {
  /** @ignore */
  override get action(): string {
    return "sum";
  }
  /**
   * Sums blocks in sixteen lanes (float64: eight), and joins the lanes and the blocks as a fixed tree: the error grows with
   * the logarithm of the length only, and the bits are the same for any number of threads.
   */
  compute(a: NDArray): NDArray {
    const axes = this.axesOf(a.shape);
    return fold("sum", [a], axes, reducedShape(a.shape, axes, this.keepDims), promote(a.dtype, "int32"));
  }
  /** g for every element. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const shape = y.inputs[0]!.shape;
    return this.restored(g, shape).broadcastTo(shape);
  }
}

/** The sum of squared deviations from the mean: n times the biased variance. */
export class SquaredDeviation extends ReduceOp {
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** Two passes, the first for the mean. */
  compute(a: NDArray): NDArray {
    return groupResult(() => squaresOf(a, this.axesOf(a.shape), this.outShape(a.shape)));
  }
  /** 2 g (a - mean): what flows through the mean cancels. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, mean = a.mean({ axes: this.axesOf(a.shape), keepDims: true });
    return this.restored(g, a.shape).mul(a.sub(mean).mul(2));
  }
}

/** The mean; integers and bools give float32. NaN where there are no elements. */
export class Mean extends ReduceOp {
  // The sum of halves may be too large for a half though the mean is not.
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** The sum, divided by the number of elements. */
  compute(a: NDArray): NDArray {
    return groupResult(() => meanOf(a, this.axesOf(a.shape), this.outShape(a.shape)));
  }
  /** g / n for every element, with n the number of elements that share a mean. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const { shape } = y.inputs[0]!, n = countAlong(shape, this.axesOf(shape));
    return this.restored(g.div(n), shape).broadcastTo(shape);
  }
}

/** The sum of squared deviations from the mean, divided by n - correction; integers and bools give float32. */
export class Variance extends ReduceOp {
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** The number that is subtracted from the number of elements in the divisor. */
  readonly correction: number;
  /** The unbiased variance over all axes by default. */
  constructor(options: Axes | VarianceOptions = {}) {
    super(options);
    const { correction = 1 } = options as VarianceOptions;
    if (typeof correction !== "number") refuse("variance", correction, "a number");
    this.correction = correction;
  }
  /** @ignore */
  protected override get ownOptions(): readonly string[] {
    return ["correction"];
  }
  #divisor(shape: Shape): number {
    return Math.max(0, countAlong(shape, this.axesOf(shape)) - this.correction);
  }
  /** Two passes, the first for the mean. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const squares = squaresOf(a, this.axesOf(a.shape), this.outShape(a.shape));
      return map("divScalar", [squares], { s: this.#divisor(a.shape) });
    });
  }
  /** 2 g (a - mean) / (n - correction): what flows through the mean cancels. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, mean = a.mean({ axes: this.axesOf(a.shape), keepDims: true });
    return this.restored(g.div(this.#divisor(a.shape)), a.shape).mul(a.sub(mean).mul(2));
  }
}

/** The operands of an op that chooses one element. RangeError if there is none to choose. */
function choosing(op: TensorOp, inputs: readonly Tensor[], axes: readonly number[]): readonly Tensor[] {
  const { shape } = inputs[0]!;
  if (countAlong(shape, axes) > 0) return inputs;
  throw new RangeError(`Cannot ${op.action}: tensor ${showShape(shape)} has no elements along axes [${axes}]`);
}

/** The largest or smallest element; NaN if an element is NaN. */
export abstract class ExtremeOp extends ReduceOp {
  /** @ignore */ protected abstract readonly row: FoldRow;
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    return choosing(this, super.prepare(inputs), this.axesOf(inputs[0]!.shape));
  }
  /** One fold. */
  compute(a: NDArray): NDArray {
    return fold(this.row, [a], this.axesOf(a.shape), this.outShape(a.shape));
  }
  /** g for the element that was chosen; ties share it, and so do all elements that are NaN. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, axes = this.axesOf(a.shape), type = isHalf(a.dtype) ? "float32" : a.dtype;
    // Only NaN differs from itself.
    const chosen = a.equal(this.restored(y.detach(), a.shape)).cast(type).add(a.notEqual(a).cast(type));
    const share = this.restored(g, a.shape).div(chosen.sum({ axes, keepDims: true }));
    return chosen.where(share, 0);
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
  /** RangeError for more elements than int32 counts. @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs), { shape } = ready[0]!, axes = this.axesOf(shape);
    const count = countAlong(shape, axes);
    if (count > placesMost) {
      throw new RangeError(
        `Cannot ${this.action}: axes [${axes}] of tensor ${showShape(shape)} have ${count} elements, ` +
          `their places must be int32`,
      );
    }
    return choosing(this, ready, axes);
  }
  /** @ignore */
  override get action(): string {
    return this.row;
  }
  /** One fold, which carries value and place. */
  compute(a: NDArray): NDArray {
    return argFold(this.row, a, this.axesOf(a.shape), this.outShape(a.shape));
  }
  /** Throws an Error: a place, being an integer, has no derivative. */
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
