/**
 * Softmax, its logarithm, and the logarithm of a sum of exponentials.
 *
 * Each is several rows that devices run as one group, tile by tile.
 */
import { broadcastTo } from "../../array/views.ts";
import { fold } from "../../array/skeletons.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { axesOption, type AxesOptions } from "../../pure/reduce_options.ts";
import { type Axes, normalizeAxes, reducedShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, WideOp } from "../op.ts";

/** An op of the exponentials along axes. */
export abstract class SoftmaxOp extends WideOp {
  /** The axis, or several, along which the exponentials sum to one. */
  readonly axis: Axes;
  /** The last axis by default. Which axes a tensor has is checked when the op is called. */
  constructor(axis: Axes | AxesOptions = -1) {
    super();
    this.axis = axesOption(this.action, axis) ?? -1;
  }
  /** max(x) and sum(exp(x - max)) along the axes, both stretched back over them. */
  protected parts(x: NDArray): { highest: NDArray; total: NDArray } {
    const axes = normalizeAxes(this.action, this.axis, x.shape.length), kept = reducedShape(x.shape, axes, true);
    const highest = broadcastTo(fold("max", [x], axes, kept), x.shape);
    const total = broadcastTo(fold("sumExpSub", [x, highest], axes, kept), x.shape);
    return { highest, total };
  }
}

/** exp(x) / sum(exp(x)) along an axis, or along several. */
export class Softmax extends SoftmaxOp {
  /** The largest element is subtracted first, so that no exponential overflows. */
  compute(x: NDArray): NDArray {
    return groupResult(() => {
      const { highest, total } = this.parts(x);
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
  /** x - max - log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    return groupResult(() => {
      const { highest, total } = this.parts(x);
      return map("subSubLog", [x, highest, total]);
    });
  }
  /** g - exp(y) sum(g). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.sub(y.exp().mul(g.sum({ axes: this.axis, keepDims: true })));
  }
}

/** log(sum(exp(x))) over the last axis, which the result keeps with length one. */
export class LogSumExp extends WideOp {
  /** max + log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    const axes = normalizeAxes(this.action, -1, x.shape.length), kept = reducedShape(x.shape, axes, true);
    return groupResult(() => {
      const highest = fold("max", [x], axes, kept);
      return map("addLog", [highest, fold("sumExpSub", [x, broadcastTo(highest, x.shape)], axes, kept)]);
    });
  }
  /** g exp(x - y), the softmax times g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sub(y).exp());
  }
}
