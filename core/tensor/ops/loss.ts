/**
 * The binary cross entropies as ops, since at their corners the derivative of the whole is not that of the parts.
 */
import { compose } from "../../array/group.ts";
import { filled, map, type NDArray } from "../../array/ndarray.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, WideOp } from "../op.ts";

/** -(y ln p + (1 - y) ln(1 - p)) of probabilities p and targets y. */
export class BinaryCrossEntropy extends WideOp {
  /** Both logarithms are at least -100, as in PyTorch: a wrong answer of 0 or 1 costs 100, not infinity. */
  compute(p: NDArray, y: NDArray): NDArray {
    return compose(() => {
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

/** {@linkcode BinaryCrossEntropy} of p = sigmoid(x), from the logit x: accurate however sure x is. */
export class BinaryCrossEntropyWithLogits extends WideOp {
  /** max(x, 0) - x y + ln(1 + e^-|x|), in which no exponential overflows. */
  compute(x: NDArray, y: NDArray): NDArray {
    return compose(() => {
      const positive = map("max", [x, filled(x.storage.stream, x.shape, x.dtype, 0)]);
      const tail = map("log1p", [map("exp", [map("negate", [map("abs", [x])])])]);
      return map("add", [map("sub", [positive, map("mul", [x, y])]), tail]);
    });
  }
  /** [g (sigmoid(x) - y), -g x]. */
  gradient(g: Tensor, node: Tensor): Adjoints {
    const [x, y] = node.inputs as [Tensor, Tensor];
    return [x.requiresGrad ? g.mul(x.sigmoid().sub(y)) : null, y.requiresGrad ? g.mul(x).neg() : null];
  }
}
