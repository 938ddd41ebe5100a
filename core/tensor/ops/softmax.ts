/**
 * Softmax, its logarithm, and the logarithm of a sum of exponentials.
 *
 * Each is several rows that devices run as one group, tile by tile.
 */
import { broadcastTo } from "../../array/views.ts";
import { fold } from "../../array/skeletons.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { normalizeAxis, reducedShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, WideOp } from "../op.ts";

/** max(x) and sum(exp(x - max)) along one axis, both stretched back over it. */
function softmaxParts(x: NDArray, axis: number): { highest: NDArray; total: NDArray } {
  const kept = reducedShape(x.shape, [axis], true);
  const highest = broadcastTo(fold("max", [x], [axis], kept), x.shape);
  const total = broadcastTo(fold("sumExpSub", [x, highest], [axis], kept), x.shape);
  return { highest, total };
}

/** exp(x) / sum(exp(x)) along one axis. */
export class Softmax extends WideOp {
  /** Which axes a tensor has is checked when the op is called. */
  constructor(/** The axis along which the results sum to one; by default the last. */ readonly axis: number = -1) {
    super();
  }
  /** The largest element is subtracted first, so that no exponential overflows. */
  compute(x: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, x.shape.length);
    return groupResult(() => {
      const { highest, total } = softmaxParts(x, axis);
      return map("div", [map("expSub", [x, highest]), total]);
    });
  }
  /** y (g - sum(g y)). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return y.mul(g.sub(g.mul(y).sum({ axes: [this.axis], keepDims: true })));
  }
}

/** log(softmax(x)) along one axis, which keeps the digits that a softmax near 0 or 1 loses. */
export class LogSoftmax extends WideOp {
  /** Which axes a tensor has is checked when the op is called. */
  constructor(
    /** The axis along which the results' exponentials sum to one; by default the last. */ readonly axis: number = -1,
  ) {
    super();
  }
  /** x - max - log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, x.shape.length);
    return groupResult(() => {
      const { highest, total } = softmaxParts(x, axis);
      return map("subSubLog", [x, highest, total]);
    });
  }
  /** g - exp(y) sum(g). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.sub(y.exp().mul(g.sum({ axes: [this.axis], keepDims: true })));
  }
}

/** log(sum(exp(x))) over the last axis, which the result keeps with length one. */
export class LogSumExp extends WideOp {
  /** max + log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    const axis = normalizeAxis(this.action, -1, x.shape.length), kept = reducedShape(x.shape, [axis], true);
    return groupResult(() => {
      const highest = fold("max", [x], [axis], kept);
      return map("addLog", [highest, fold("sumExpSub", [x, broadcastTo(highest, x.shape)], [axis], kept)]);
    });
  }
  /** g exp(x - y), the softmax times g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sub(y).exp());
  }
}
