/**
 * Ops of several rows that devices run as one group, tile by tile: softmax and cross entropy.
 *
 * Their gradients are written in ops too, so they can be differentiated again.
 */
import { broadcastTo } from "../../array/views.ts";
import { checkLabels, fold } from "../../array/skeletons.ts";
import { compose } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { gradientsEnabled } from "../../ambient/modes.ts";
import { collect } from "../../array/stream.ts";
import { reducedShape, type Shape, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, callWith, inFloat32, WideOp } from "../op.ts";

/** max(x) and sum(exp(x - max)) along one axis, both stretched back over it. */
function softmaxParts(x: NDArray, axis: number): { highest: NDArray; total: NDArray } {
  const kept = reducedShape(x.shape, [axis], true);
  const highest = broadcastTo(fold("max", [x], [axis], kept), x.shape);
  const total = broadcastTo(fold("sumExpSub", [x, highest], [axis], kept), x.shape);
  return { highest, total };
}

/** exp(x) / sum(exp(x)) along one axis. */
export class Softmax extends WideOp {
  /** One axis only; several are joined by a reshape before. */
  constructor(/** Along which the results sum to one; counted from 0. */ readonly axis: number) {
    super();
  }
  /** With the largest element subtracted first, so that no exponential overflows. */
  compute(x: NDArray): NDArray {
    return compose(() => {
      const { highest, total } = softmaxParts(x, this.axis);
      return map("div", [map("expSub", [x, highest]), total]);
    });
  }
  /** y (g - sum(g y)). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return y.mul(g.sub(g.mul(y).sum({ axes: [this.axis], keepDims: true })));
  }
  /** @ignore */
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** log(softmax(x)) along one axis, with the digits that a softmax near 0 or 1 would lose. */
export class LogSoftmax extends WideOp {
  /** One axis only; several are joined by a reshape before. */
  constructor(/** Along which the exponentials of the results sum to one; counted from 0. */ readonly axis: number) {
    super();
  }
  /** x - max - log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    return compose(() => {
      const { highest, total } = softmaxParts(x, this.axis);
      return map("subSubLog", [x, highest, total]);
    });
  }
  /** g - exp(y) sum(g). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.sub(y.exp().mul(g.sum({ axes: [this.axis], keepDims: true })));
  }
  /** @ignore */
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** log(sum(exp(x))) over the last axis, which stays with length one. */
export class LogSumExp extends WideOp {
  /** max + log(sum(exp(x - max))). */
  compute(x: NDArray): NDArray {
    const axis = x.shape.length - 1, kept = reducedShape(x.shape, [axis], true);
    return compose(() => {
      const highest = fold("max", [x], [axis], kept);
      return map("addLog", [highest, fold("sumExpSub", [x, broadcastTo(highest, x.shape)], [axis], kept)]);
    });
  }
  /** g exp(x - y), the softmax times g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sub(y).exp());
  }
}

/** Labels [batch] of integers as a column that lies beside the logits. */
function labelColumn(labels: NDArray, shape: Shape): NDArray {
  return broadcastTo(labels.view([labels.shape[0]!, 1], [labels.strides[0]!, 0]), shape);
}

/**
 * The cross entropy of logits [batch, classes] against integer labels [batch]: log(sum(exp(x))) - x[label], of shape
 * [batch]. RangeError for labels outside [0, classes).
 *
 * The third input is that logarithm, [batch, 1], which the gradient needs again: `call` computes it, whatever it is given.
 */
export class CrossEntropy extends WideOp {
  /** Of logits and labels. TypeError for other shapes. */
  override call(logits: Tensor, labels: Tensor): Tensor {
    const { shape } = logits, { shape: labelShape } = labels;
    if (shape.length !== 2 || labelShape.length !== 1 || labelShape[0] !== shape[0]) {
      throw new TypeError(
        `Cannot cross entropy: logits ${showShape(shape)} and labels ${showShape(labelShape)} ` +
          "must be [batch, classes] and [batch]",
      );
    }
    checkLabels(labels.array, shape[1]!);
    return inFloat32([logits], (logits) =>
      collect(() => {
        const normalizer = logits.wrap(new LogSumExp().compute(logits.array));
        return callWith(() => super.call(logits, labels, normalizer), normalizer);
      }));
  }
  /** The logarithm less the logit at each label: one pass over the logits, and no array of their size. */
  compute(logits: NDArray, labels: NDArray, normalizer: NDArray): NDArray {
    const rows = [logits.shape[0]!];
    return compose(() => {
      const chosen = fold("pick", [logits, labelColumn(labels, logits.shape)], [1], rows, logits.dtype);
      return map("sub", [normalizer.view(rows, [normalizer.strides[0]!]), chosen]);
    });
  }
  /** [(softmax(x) - oneHot(label)) g, nothing, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [logits, labels, normalizer] = y.inputs as [Tensor, Tensor, Tensor], op = new CrossEntropyGradient();
    // The logarithm depends on the logits: where the graph goes on, it is computed anew.
    return [gradientsEnabled() ? op.call(logits, labels, g) : op.call(logits, labels, g, normalizer), null, null];
  }
}

/** (softmax(x) - oneHot(label)) g, of the logits' shape. */
export class CrossEntropyGradient extends WideOp {
  /** Of logits, labels and g [batch]; of the logarithm of {@linkcode CrossEntropy} too, where it is known. */
  compute(logits: NDArray, labels: NDArray, g: NDArray, known?: NDArray): NDArray {
    return compose(() => {
      const normalizer = broadcastTo(known ?? new LogSumExp().compute(logits), logits.shape);
      const column = broadcastTo(g.view([logits.shape[0]!, 1], [g.strides[0]!, 0]), logits.shape);
      return map(
        "crossEntropyGradient",
        [logits, normalizer, labelColumn(labels, logits.shape), column],
        undefined,
        logits.dtype,
      );
    });
  }
  /** With p = softmax(x) and h the adjoint: [g p (h - sum(p h)), nothing, sum(h (p - oneHot(label)))]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [logits, labels, g] = z.inputs as [Tensor, Tensor, Tensor];
    const column = g.reshape([g.shape[0]!, 1]), p = logits.softmax(-1), over = { axes: [1], keepDims: true };
    const toLogits = () => p.mul(h.sub(p.mul(h).sum(over))).mul(column);
    const toG = () => h.mul(new CrossEntropyGradient().call(logits, labels, g.onesLike())).sum({ axes: [1] });
    return [logits.requiresGrad ? toLogits() : null, null, g.requiresGrad ? toG() : null];
  }
}
