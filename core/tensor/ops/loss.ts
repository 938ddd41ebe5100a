/**
 * The cross entropies, which are classes rather than compositions of other ops for the sake of their gradients: those of the
 * first read what the forward pass has computed, and those of the binary ones stay finite at probabilities of 0 and 1.
 */
import { asGroup, groupResult, groupResults } from "../../array/group.ts";
import { filled, map, type NDArray } from "../../array/ndarray.ts";
import { fold } from "../../array/skeletons.ts";
import { broadcastTo } from "../../array/views.ts";
import { isFloat } from "../../pure/dtype.ts";
import { sameShape, type Shape, showShape } from "../../pure/shape.ts";
import { aside } from "../aside.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, callWith, WideOp } from "../op.ts";
import { checkOperands, fitted } from "../operands.ts";
import { inFloat32, inPrecision, operandType } from "../precision.ts";
import { withIntegers } from "./integers.ts";
import { checkAllLabels } from "./labels.ts";

/** An array [batch] as a view of the shape of the logits, in which each row repeats its element. */
function column(array: NDArray, shape: Shape): NDArray {
  return array.view(shape, [array.strides[0]!, 0]);
}

/**
 * What the cross entropy and its gradient know of each row of the logits: the largest one [batch, 1], how far the label's
 * lies below it [batch], and log(sum(exp(x - max))) [batch].
 */
type Known = readonly [highest: NDArray, behind: NDArray, tail: NDArray];

/**
 * The label's exponential is left out of the sum and added in the logarithm: where the label leads by far, the sum would have
 * lost the digits of all others, which are the loss.
 */
function knownOf(logits: NDArray, labels: NDArray): Known {
  const rows = logits.shape[0]!, label = column(labels, logits.shape);
  const highest = fold("max", [logits], [1], [rows, 1]);
  const others = fold("sumExpOthers", [logits, broadcastTo(highest, logits.shape), label], [1], [rows], logits.dtype);
  const chosen = fold("pick", [logits, label], [1], [rows], logits.dtype);
  const behind = map("sub", [highest.view([rows], [highest.strides[0]!]), chosen]);
  return [highest, behind, map("crossEntropyTail", [others, behind])];
}

/**
 * The cross entropy of logits [batch, classes] against integer labels [batch], in a tensor of any type: log(sum(exp(x))) -
 * x[label], of shape [batch]. RangeError for labels outside [0, classes).
 *
 * What is known of each row is saved, since the gradient needs it again.
 */
export class CrossEntropy extends WideOp {
  /** Applies the op. TypeError unless the logits are [batch, classes] and the labels [batch]. */
  override call(...inputs: [logits: Tensor, labels: Tensor]): Tensor {
    checkOperands(this, inputs, 2);
    if (isFloat(inputs[1].dtype)) {
      return withIntegers(inputs[1], "use label:", (integers) => this.call(inputs[0], integers));
    }
    const [logits, labels] = inputs, { shape } = logits, { shape: labelShape } = labels;
    if (shape.length !== 2 || labelShape.length !== 1 || labelShape[0] !== shape[0]) {
      throw new TypeError(
        `Cannot cross entropy: logits ${showShape(shape)} and labels ${showShape(labelShape)} ` +
          "must be [batch, classes] and [batch]",
      );
    }
    checkAllLabels(labels, shape[1]!);
    return inFloat32([isFloat(logits.dtype) ? logits : logits.cast("float32")], (logits) =>
      asGroup(() => {
        const known = aside([logits, labels], (logits, labels) => groupResults(() => knownOf(logits, labels)));
        return callWith(() => this.record([logits, labels], known), ...known);
      }));
  }
  /** log(sum(exp(x - max))) + (max - x[label]): two terms that are not negative, so that none cancels the other. */
  compute(logits: NDArray, labels: NDArray, ...saved: NDArray[]): NDArray {
    return groupResult(() => {
      const [, behind, tail] = saved.length === 3 ? saved as unknown as Known : knownOf(logits, labels);
      return map("add", [tail, behind]);
    });
  }
  /** [(softmax(x) - oneHot(label)) g, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [logits, labels] = y.inputs as [Tensor, Tensor];
    return [new CrossEntropyGradient().callKnowing(y.saved, logits, labels, g), null];
  }
}

/** (softmax(x) - oneHot(label)) g, of the logits' shape. */
export class CrossEntropyGradient extends WideOp {
  /** As `call`, with the tensors that {@linkcode CrossEntropy} saved. */
  callKnowing(known: readonly Tensor[], logits: Tensor, labels: Tensor, g: Tensor): Tensor {
    return inFloat32([logits, g], (logits, g) => this.record([logits!, labels, g!], known));
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 3);
    const [logits, labels, g] = inputs as [Tensor, Tensor, Tensor], { shape } = logits;
    if (isFloat(labels.dtype)) {
      throw new TypeError(`Cannot ${this.action}: labels of type ${labels.dtype} must be integers`);
    }
    if (shape.length !== 2 || [labels, g].some((each) => !sameShape(each.shape, shape.slice(0, 1)))) {
      throw new TypeError(
        `Cannot ${this.action}: shapes ${[logits, labels, g].map((each) => showShape(each.shape)).join(", ")}, ` +
          "they must be [batch, classes], [batch] and [batch]",
      );
    }
    checkAllLabels(labels, shape[1]!);
    const wide = inPrecision(this.precision, [logits, g]);
    return wide[0] === logits && wide[1] === g ? inputs : [wide[0]!, labels, wide[1]!];
  }
  /** @ignore */
  protected override finish(result: Tensor, [logits, , g]: readonly Tensor[]): Tensor {
    return super.finish(result, [logits!, g!]);
  }
  /**
   * The gradient from logits [batch, classes], labels [batch] and g [batch]. At the label it is exp(-loss) - 1, of which a
   * probability near 1 would have lost the digits.
   */
  compute(logits: NDArray, labels: NDArray, g: NDArray, ...saved: NDArray[]): NDArray {
    const known = saved.length === 3 ? saved : groupResults(() => knownOf(logits, labels));
    const [highest, behind, tail] = known as unknown as Known;
    // A map of all logits reads and writes faster by itself than tile by tile beside these two of each row.
    const atOthers = map("crossEntropyAtOthers", [g, tail]), atLabel = map("crossEntropyAtLabel", [g, tail, behind]);
    const columns = [labels, atOthers, atLabel].map((each) => column(each, logits.shape));
    const beside = [broadcastTo(highest, logits.shape), ...columns];
    const result = map("crossEntropyGradient", [logits, ...beside], undefined, logits.dtype);
    for (const array of [...beside, atOthers, atLabel]) array.dispose();
    if (saved.length !== 3) { for (const array of known) array.dispose(); }
    return result;
  }
  /** With p = softmax(x) and h the adjoint: [g p (h - sum(p h)), nothing, sum(h (p - oneHot(label)))]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [logits, labels, g] = z.inputs as [Tensor, Tensor, Tensor];
    const along = g.reshape([g.shape[0]!, 1]), p = logits.softmax(-1), over = { axes: [1], keepDims: true };
    const toLogits = () => p.mul(h.sub(p.mul(h).sum(over))).mul(along);
    const toG = () => h.mul(new CrossEntropyGradient().call(logits, labels, g.onesLike())).sum({ axes: [1] });
    return [logits.requiresGrad ? toLogits() : null, null, g.requiresGrad ? toG() : null];
  }
}

/** An op of predictions and targets of one shape. The targets are cast to the predictions' type, and the result has it. */
export abstract class BinaryLossOp extends WideOp {
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [prediction, target] = inputs as [Tensor, Tensor];
    if (!sameShape(prediction.shape, target.shape)) {
      throw new TypeError(
        `Cannot ${this.action}: shapes ${showShape(prediction.shape)} and ${showShape(target.shape)}, ` +
          "they must be the same",
      );
    }
    return fitted(inputs, operandType(this.precision, prediction.dtype), prediction.shape);
  }
  /** @ignore */
  protected override finish(result: Tensor, [prediction]: readonly Tensor[]): Tensor {
    return super.finish(result, [prediction!]);
  }
}

/** -(y ln p + (1 - y) ln(1 - p)) of probabilities p and targets y. */
export class BinaryCrossEntropy extends BinaryLossOp {
  /** Both logarithms are cut off at -100, as in PyTorch: a wrong answer of 0 or 1 costs 100, not infinity. */
  compute(p: NDArray, y: NDArray): NDArray {
    return groupResult(() => {
      const floor = { s: -100, t: Infinity };
      const yes = map("clip", [map("log", [p])], floor);
      const no = map("clip", [map("log1p", [map("negate", [p])])], floor);
      return map("negate", [map("add", [map("mul", [y, yes]), map("mul", [map("subFromScalar", [y], { s: 1 }), no])])]);
    });
  }
  /** [g (p - y) / max(p (1 - p), 1e-12), g (ln(1 - p) - ln p)]. */
  gradient(g: Tensor, node: Tensor): Adjoints {
    const [p, y] = node.inputs as [Tensor, Tensor];
    const toP = () => g.mul(p.sub(y).div(p.mul(p.neg().add(1)).clip(1e-12, Infinity)));
    const toY = () => g.mul(p.neg().log1p().clip(-100, Infinity).sub(p.log().clip(-100, Infinity)));
    return [p.requiresGrad ? toP() : null, y.requiresGrad ? toY() : null];
  }
}

/** {@linkcode BinaryCrossEntropy} of p = sigmoid(x), computed from the logit x: accurate also where p rounds to 0 or 1. */
export class BinaryCrossEntropyWithLogits extends BinaryLossOp {
  /** max(x, 0) - x y + ln(1 + e^-|x|), in which no exponential overflows. */
  compute(x: NDArray, y: NDArray): NDArray {
    return groupResult(() => {
      const positive = map("max", [x, filled(x.storage.stream, x.shape, x.dtype, 0)]);
      const tail = map("log1p", [map("exp", [map("negate", [map("abs", [x])])])]);
      return map("add", [map("sub", [positive, map("mul", [x, y])]), tail]);
    });
  }
  /** [g ((1 - y) sigmoid(x) - y sigmoid(-x)), -g x]: sigmoid(x) - y would lose the digits of a right answer. */
  gradient(g: Tensor, node: Tensor): Adjoints {
    const [x, y] = node.inputs as [Tensor, Tensor];
    const toX = () => g.mul(y.neg().add(1).mul(x.sigmoid()).sub(y.mul(x.neg().sigmoid())));
    return [x.requiresGrad ? toX() : null, y.requiresGrad ? g.mul(x).neg() : null];
  }
}
