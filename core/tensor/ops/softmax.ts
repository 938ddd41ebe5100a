/**
 * Softmax, its logarithm, and the logarithm of a sum of exponentials.
 *
 * Each is several rows that devices run as one group, tile by tile.
 */
import { broadcastTo, reshape } from "../../array/views.ts";
import { fold } from "../../array/skeletons.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { axesOption, type AxesOptions, type ReduceOptions } from "../../pure/reduce_options.ts";
import { type Axes, normalizeAxes, reducedShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, WideOp } from "../op.ts";
import type { Precision } from "../precision.ts";
import { ReduceOp } from "./reduce.ts";

/**
 * max(x) and log(sum(exp(x - max))) along axes, which stay with length one. The logarithm is of one and of what all but one of
 * the largest add to it: where one element leads by far, the sum itself would have lost their digits.
 */
function logParts(x: NDArray, axes: readonly number[]): { highest: NDArray; tail: NDArray } {
  const kept = reducedShape(x.shape, axes, true), highest = fold("max", [x], axes, kept);
  const beside = [x, broadcastTo(highest, x.shape)];
  const below = fold("sumExpBelow", beside, axes, kept), ties = fold("countEqual", beside, axes, kept);
  return { highest, tail: map("logTail", [below, ties]) };
}

/** An op of the exponentials along axes. */
export abstract class SoftmaxOp extends WideOp {
  /** The axis, or several, along which the exponentials sum to one. */
  readonly axis: Axes;
  /** The last axis by default. Which axes a tensor has is checked when the op is called. */
  constructor(axis: Axes | AxesOptions = -1) {
    super();
    this.axis = axesOption(this.action, axis) ?? -1;
  }
  /** The axes of an array, sorted and counted from 0. */
  protected axesOf(x: NDArray): readonly number[] {
    return normalizeAxes(this.action, this.axis, x.shape.length);
  }
}

/** exp(x) / sum(exp(x)) along an axis, or along several. */
export class Softmax extends SoftmaxOp {
  /** @ignore */
  override get action(): string {
    return "softmax";
  }
  /** The largest element is subtracted first, so that no exponential overflows. */
  compute(x: NDArray): NDArray {
    const axes = this.axesOf(x), kept = reducedShape(x.shape, axes, true);
    return groupResult(() => {
      const highest = broadcastTo(fold("max", [x], axes, kept), x.shape);
      const total = broadcastTo(fold("sumExpSub", [x, highest], axes, kept), x.shape);
      return map("div", [map("expSub", [x, highest]), total]);
    });
  }
  /** y (g - sum(g y)). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return y.mul(g.sub(g.mul(y).sum({ axes: this.axis, keepDims: true })));
  }
}

/** log(softmax(x)), which keeps the digits that a softmax near 0 or 1 loses. */
export class LogSoftmax extends SoftmaxOp {
  /** @ignore */
  override get action(): string {
    return "logSoftmax";
  }
  /** x - max - log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    const axes = this.axesOf(x);
    return groupResult(() => {
      const { highest, tail } = logParts(x, axes);
      return map("subSub", [x, broadcastTo(highest, x.shape), broadcastTo(tail, x.shape)]);
    });
  }
  /** g - exp(y) sum(g), where exp(y) is near 1 as (g - sum(g)) - (exp(y) - 1) sum(g): both may all but cancel there. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const sum = g.sum({ axes: this.axis, keepDims: true });
    return y.greater(-0.5).where(g.sub(sum).sub(y.expm1().mul(sum)), g.sub(y.exp().mul(sum)));
  }
}

/** log(sum(exp(x))) along axes; -Infinity where there are no elements. */
export class LogSumExp extends ReduceOp {
  /** Over the last axis by default, which the result then keeps with length one. */
  constructor(options: Axes | ReduceOptions = { axes: -1, keepDims: true }) {
    super(options);
  }
  /** @ignore */
  override get action(): string {
    return "logsumexp";
  }
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** max + log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    return groupResult(() => {
      const { highest, tail } = logParts(x, this.axesOf(x.shape));
      return reshape(map("add", [highest, tail]), this.outShape(x.shape));
    });
  }
  /** g softmax(x), not g exp(x - y): a large y has lost digits. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const x = y.inputs[0]!, { shape } = x;
    return this.restored(g, shape).mul(x.softmax(this.axesOf(shape)));
  }
}
