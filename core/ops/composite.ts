/**
 * Ops of several rows that devices run as one group, tile by tile: softmax, cross entropy, normalisation.
 *
 * Their gradients are written in ops too, so they can be differentiated again.
 */
import { broadcastTo, checkLabels, compose, fold, map, type NDArray } from "../ndarray.ts";
import { reducedShape, type Shape, showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../tensor_op.ts";
import { meanOf } from "./reduce.ts";

/** max(x) and sum(exp(x - max)) along one axis, both stretched back over it. */
function softmaxParts(x: NDArray, axis: number): { highest: NDArray; total: NDArray } {
  const kept = reducedShape(x.shape, [axis], true);
  const highest = broadcastTo(fold("max", [x], [axis], kept), x.shape);
  const total = broadcastTo(fold("sumExpSub", [x, highest], [axis], kept), x.shape);
  return { highest, total };
}

/** exp(x) / sum(exp(x)). dx = y (g - sum(g y)). */
export class Softmax extends TensorOp {
  constructor(readonly axis: number) {
    super();
  }
  compute(x: NDArray): NDArray {
    return compose(() => {
      const { highest, total } = softmaxParts(x, this.axis);
      return map("div", [map("expSub", [x, highest]), total]);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return y.mul(g.sub(g.mul(y).sum({ axes: [this.axis], keepDims: true })));
  }
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** x - max - log(sum(exp(x - max))). dx = g - exp(y) sum(g). */
export class LogSoftmax extends TensorOp {
  constructor(readonly axis: number) {
    super();
  }
  compute(x: NDArray): NDArray {
    return compose(() => {
      const { highest, total } = softmaxParts(x, this.axis);
      return map("subSubLog", [x, highest, total]);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.sub(y.exp().mul(g.sum({ axes: [this.axis], keepDims: true })));
  }
  override describe(): string {
    return `axis=${this.axis}`;
  }
}

/** log(sum(exp(x))) over the last axis, which stays with length one. dx = g exp(x - y). */
export class LogSumExp extends TensorOp {
  compute(x: NDArray): NDArray {
    const axis = x.shape.length - 1, kept = reducedShape(x.shape, [axis], true);
    return compose(() => {
      const highest = fold("max", [x], [axis], kept);
      return map("addLog", [highest, fold("sumExpSub", [x, broadcastTo(highest, x.shape)], [axis], kept)]);
    });
  }
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
 * [batch]. RangeError for labels outside [0, classes). dx = (softmax(x) - oneHot(label)) g.
 */
export class CrossEntropy extends TensorOp {
  compute(logits: NDArray, labels: NDArray): NDArray {
    if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== logits.shape[0]) {
      throw new TypeError(
        `Cannot cross entropy: logits ${showShape(logits.shape)} and labels ${showShape(labels.shape)} ` +
          "must be [batch, classes] and [batch]",
      );
    }
    const rows = [logits.shape[0]!];
    checkLabels(labels, logits.shape[1]!);
    return compose(() => {
      const highest = fold("max", [logits], [1], rows);
      const column = highest.view([rows[0]!, 1], [1, 0]);
      const total = fold("sumExpSub", [logits, broadcastTo(column, logits.shape)], [1], rows);
      const chosen = fold("pick", [logits, labelColumn(labels, logits.shape)], [1], rows, logits.dtype);
      return map("sub", [map("addLog", [highest, total]), chosen]);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [logits, labels] = y.inputs as [Tensor, Tensor];
    return [new CrossEntropyGradient().call(logits, labels, g), null];
  }
}

/**
 * (softmax(x) - oneHot(label)) g, of the logits' shape, with p = softmax(x) and h the adjoint:
 * dx = g p (h - sum(p h)), dg = sum(h (p - oneHot)).
 */
export class CrossEntropyGradient extends TensorOp {
  compute(logits: NDArray, labels: NDArray, g: NDArray): NDArray {
    return compose(() => {
      const rows = [logits.shape[0]!, 1];
      const highest = fold("max", [logits], [1], rows);
      const total = fold("sumExpSub", [logits, broadcastTo(highest, logits.shape)], [1], rows);
      const normalizer = broadcastTo(map("addLog", [highest, total]), logits.shape);
      const column = broadcastTo(g.view(rows, [g.strides[0]!, 0]), logits.shape);
      return map(
        "crossEntropyGradient",
        [logits, normalizer, labelColumn(labels, logits.shape), column],
        undefined,
        logits.dtype,
      );
    });
  }
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [logits, labels, g] = z.inputs as [Tensor, Tensor, Tensor];
    const column = g.reshape([g.shape[0]!, 1]), p = logits.softmax(-1), over = { axes: [1], keepDims: true };
    const toLogits = () => p.mul(h.sub(p.mul(h).sum(over))).mul(column);
    const toG = () => h.mul(new CrossEntropyGradient().call(logits, labels, g.onesLike())).sum({ axes: [1] });
    return [logits.requiresGrad ? toLogits() : null, null, g.requiresGrad ? toG() : null];
  }
}

/** Over which axes, and what keeps the deviation from zero. */
export interface NormalizeOptions {
  axes: readonly number[];
  eps?: number;
}

/** 1 / sqrt(var + eps), biased variance, with the joined axes as ones. dx = -g y² x̂ / n, x̂ = normalised x. */
export class InverseDeviation extends TensorOp {
  readonly axes: readonly number[];
  readonly eps: number;
  constructor({ axes, eps = 1e-5 }: NormalizeOptions) {
    super();
    this.axes = axes;
    this.eps = eps;
  }
  compute(x: NDArray): NDArray {
    return compose(() => moments(x, this.axes, this.eps).inverse);
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const x = y.inputs[0]!;
    return g.mul(y.square()).mul(new Normalize(this).call(x)).mul(-1 / countOf(x.shape, this.axes));
  }
}

function countOf(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * shape[axis]!, 1);
}

/** The mean stretched over x, and the inverse deviation with the joined axes as ones. */
function moments(x: NDArray, axes: readonly number[], eps: number): { mean: NDArray; inverse: NDArray } {
  const kept = reducedShape(x.shape, axes, true);
  const mean = broadcastTo(meanOf(x, axes, kept), x.shape);
  const squares = fold("sumSquaredDeviation", [x, mean], axes, kept);
  return { mean, inverse: map("inverseDeviation", [squares], { s: 1 / countOf(x.shape, axes), t: eps }) };
}

/**
 * x̂ = (x - mean) / sqrt(var + eps) over `axes`, biased variance: the heart of batch and layer normalisation.
 *
 * dx = (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps), Ioffe and Szegedy 2015.
 */
export class Normalize extends TensorOp {
  readonly axes: readonly number[];
  readonly eps: number;
  constructor({ axes, eps = 1e-5 }: NormalizeOptions) {
    super();
    this.axes = axes;
    this.eps = eps;
  }
  compute(x: NDArray): NDArray {
    return compose(() => {
      const { mean, inverse } = moments(x, this.axes, this.eps);
      return map("normalize", [x, mean, broadcastTo(inverse, x.shape)]);
    });
  }
  gradient(g: Tensor, y: Tensor): Adjoints {
    const inverse = new InverseDeviation(this).call(y.inputs[0]!);
    return new NormalizeGradient(this.axes).call(g, y, inverse);
  }
  override describe(): string {
    return `axes=[${this.axes}]`;
  }
}

/**
 * (g - mean(g) - x̂ mean(g x̂)) r, for the adjoint g, the normalised x̂ and the inverse deviation r.
 *
 * With h the adjoint of it and P(v) = v - mean(v) - x̂ mean(v x̂): dg = P(h) r, dx̂ = -r (h mean(g x̂) + g mean(h x̂)),
 * dr = sum(h P(g)).
 */
export class NormalizeGradient extends TensorOp {
  constructor(readonly axes: readonly number[]) {
    super();
  }
  compute(g: NDArray, normal: NDArray, inverse: NDArray): NDArray {
    const kept = reducedShape(g.shape, this.axes, true), s = 1 / countOf(g.shape, this.axes);
    return compose(() => {
      const sum = broadcastTo(fold("sum", [g], this.axes, kept), g.shape);
      const dot = broadcastTo(fold("dot", [g, normal], this.axes, kept), g.shape);
      return map("normalizeGradient", [g, sum, normal, dot, broadcastTo(inverse, g.shape)], { s });
    });
  }
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, normal, inverse] = z.inputs as [Tensor, Tensor, Tensor];
    const options = { axes: this.axes, keepDims: true };
    const toNormal = () =>
      h.mul(g.mul(normal).mean(options)).add(g.mul(h.mul(normal).mean(options))).mul(inverse).neg();
    const toInverse = () => h.mul(new NormalizeGradient(this.axes).call(g, normal, inverse.onesLike())).sum(options);
    return [
      g.requiresGrad ? new NormalizeGradient(this.axes).call(h, normal, inverse) : null,
      normal.requiresGrad ? toNormal() : null,
      inverse.requiresGrad ? toInverse() : null,
    ];
  }
}
