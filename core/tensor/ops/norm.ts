/**
 * Normalisation over some axes, alone and followed by a scale and a shift: the arithmetic of batch and layer norm.
 *
 * Statistics are computed in two passes. A backward sweep that records no graph runs a whole gradient as one group, so that
 * intermediate results stay in cache.
 */
import { gradientsEnabled } from "../../ambient/modes.ts";
import { asItIs, refuse, shownList } from "../../pure/check.ts";
import { promote, toFloat } from "../../pure/dtype.ts";
import { broadcastTo, reshape } from "../../array/views.ts";
import { asGroup, groupResult, groupResults } from "../../array/group.ts";
import { fold } from "../../array/skeletons.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import {
  countAlong,
  normalizeAxes,
  reducedShape,
  sameShape,
  type Shape,
  showShape,
  stretches,
} from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, callWith, WideOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { inFloat32, inPrecision } from "../precision.ts";
import { moments, momentsOf } from "./moments.ts";

/** The axes of a normalisation, and the number that keeps its deviation from zero. */
export interface NormalizeOptions {
  /** The axes over which mean and variance are taken: sorted, counted from 0. */
  axes: readonly number[];
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
}

/** An op of the mean and the variance over some axes. */
export abstract class MomentsOp extends WideOp {
  /** The axes over which mean and variance are taken: sorted, counted from 0. */
  readonly axes: readonly number[];
  /** The number that is added to the variance. */
  readonly eps: number;
  /** The options may be another op of this kind: its fields have the same names. */
  constructor(options: NormalizeOptions) {
    super();
    if (typeof options !== "object" || options === null) {
      refuse(this.action, options, "an object such as { axes: [1] }");
    }
    const { axes, eps = 1e-5 } = options;
    if (!Array.isArray(axes)) refuse(this.action, axes, "a list of axes");
    this.axes = asItIs(axes);
    this.eps = eps;
    if (typeof eps !== "number") refuse(this.name, eps, "a number");
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    checkAxes(this.action, this.axes, ready[0]!.shape);
    return ready;
  }
}

/** RangeError unless the axes are sorted, counted from 0, and axes of a tensor of that shape. */
function checkAxes(action: string, axes: readonly number[], shape: Shape): void {
  const sorted = normalizeAxes(action, axes, shape.length);
  if (typeof axes !== "number" && sorted.every((axis, k) => axis === axes[k])) return;
  throw new RangeError(`Cannot ${action}: axes ${shownList(axes)} must be sorted and counted from 0`);
}

/** TypeError unless the tensor stretches to `shape`. */
function checkStretches(action: string, { shape: part }: Tensor, shape: Shape): void {
  if (stretches(part, shape)) return;
  throw new TypeError(`Cannot ${action}: shape ${showShape(part)} does not stretch to ${showShape(shape)}`);
}

/** 1 / sqrt(var + eps) with the biased variance; the joined axes stay with length one. */
export class InverseDeviation extends MomentsOp {
  /** In two passes: E[x²] - E[x]² would lose all digits of a variance that is small beside the mean. */
  compute(x: NDArray): NDArray {
    return groupResult(() => moments(x, this.axes, this.eps).inverse);
  }
  /** -g y² x̂ / n, with x̂ the normalised x and n the number of elements that share a mean. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const x = y.inputs[0]!;
    return g.mul(y.square()).mul(new Normalize(this).call(x)).mul(-1 / countAlong(x.shape, this.axes));
  }
}

/** x̂ = (x - mean) / sqrt(var + eps) over `axes`, biased variance (Ioffe and Szegedy 2015). */
export class Normalize extends MomentsOp {
  /** Two passes for the statistics, one for the result. */
  compute(x: NDArray): NDArray {
    return groupResult(() => {
      const { mean, inverse } = moments(x, this.axes, this.eps);
      return map("normalize", [x, broadcastTo(mean, x.shape), broadcastTo(inverse, x.shape)]);
    });
  }
  /** (g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const inverse = new InverseDeviation(this).call(y.inputs[0]!);
    return new NormalizeGradient(this.axes).call(g, y, inverse);
  }
}

/** (g - mean(g) - x̂ mean(g x̂)) r, for the adjoint g, the normalised x̂ and the inverse deviation r. */
export class NormalizeGradient extends WideOp {
  /** The axes of the means: sorted, counted from 0. */
  readonly axes: readonly number[];
  /** The axes must be those over which x̂ was normalised. */
  constructor(axes: readonly number[]) {
    super();
    this.axes = asItIs(axes);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 3);
    const [g, normal, inverse] = inputs as [Tensor, Tensor, Tensor];
    checkAxes(this.action, this.axes, g.shape);
    if (!sameShape(g.shape, normal.shape)) {
      throw new TypeError(
        `Cannot ${this.action}: shapes ${showShape(g.shape)} and ${showShape(normal.shape)}, they must be the same`,
      );
    }
    checkStretches(this.action, inverse, g.shape);
    return inPrecision(this.precision, inputs);
  }
  /** Two folds and a map. */
  compute(g: NDArray, normal: NDArray, inverse: NDArray): NDArray {
    const kept = reducedShape(g.shape, this.axes, true), s = 1 / countAlong(g.shape, this.axes);
    return groupResult(() => {
      const sum = broadcastTo(fold("sum", [g], this.axes, kept), g.shape);
      const dot = broadcastTo(fold("dot", [g, normal], this.axes, kept), g.shape);
      return map("normalizeGradient", [g, sum, normal, dot, broadcastTo(inverse, g.shape)], { s });
    });
  }
  /**
   * With h the adjoint and P(v) = v - mean(v) - x̂ mean(v x̂): [P(h) r, -r (h mean(g x̂) + g mean(h x̂)), sum(h P(g))].
   */
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

/** The statistics of a tensor over some axes. Each keeps the joined axes with length one, and is on no graph. */
export interface Moments {
  /** The arithmetic mean. */
  mean: Tensor;
  /** The sum of squared deviations from the mean. */
  squares: Tensor;
  /** 1 / sqrt(squares / n + eps). */
  inverse: Tensor;
}

/**
 * x̂ w + b for the normalised x̂ of x; w and b stretch over x.
 *
 * The mean and the inverse deviation are saved for the gradient. The adjoint of x includes what flows through both.
 */
export class NormalizeScaleShift extends MomentsOp {
  /** Applies the op to x, w and b, which need not be of one type. TypeError unless w and b stretch to the shape of x. */
  override call(...inputs: [x: Tensor, weight: Tensor, bias: Tensor]): Tensor {
    checkOperands(this, inputs, 3);
    const [x, weight, bias] = inputs;
    checkAxes(this.action, this.axes, x.shape);
    checkStretches(this.action, weight, x.shape);
    checkStretches(this.action, bias, x.shape);
    return inFloat32(inputs, (...wide) => this.#callWide(...wide as [Tensor, Tensor, Tensor]));
  }
  #callWide(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const dtype = toFloat(promote(promote(x.dtype, weight.dtype), bias.dtype)), wide = x.cast(dtype);
    return asGroup(() => {
      const { mean, squares, inverse } = momentsOf(wide, this);
      squares.dispose();
      const call = () => this.callKnowing({ mean, inverse }, wide, weight.cast(dtype), bias.cast(dtype));
      return callWith(call, mean, inverse);
    });
  }
  /** As `call`, for inputs of one type, with the statistics of x over the axes known. */
  callKnowing({ mean, inverse }: Pick<Moments, "mean" | "inverse">, x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    return this.record([x, weight, bias], [mean, inverse]);
  }
  /** One pass over x. */
  compute(x: NDArray, weight: NDArray, bias: NDArray, mean: NDArray, inverse: NDArray): NDArray {
    return groupResult(() => {
      const beside = [mean, inverse, weight, bias].map((each) => broadcastTo(each, x.shape));
      return map("normalizeScaleShift", [x, ...beside]);
    });
  }
  /**
   * With P as in {@linkcode NormalizeGradient}: [P(g w) / sqrt(var + eps), sum(g x̂), sum(g)], the sums over the axes along
   * which w and b are repeated.
   */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const isPlain = !gradientsEnabled() && g.hasElements && y.hasElements;
    return isPlain ? this.#inOneGroup(g, y.inputs, y.saved) : this.#inOps(g, y.inputs);
  }
  #inOps(g: Tensor, [x, weight, bias]: readonly Tensor[]): Adjoints {
    const normal = new Normalize(this).call(x!);
    const sumLike = (t: Tensor, like: Tensor) =>
      t.sum({ axes: repeatedAxes(like.shape, t.shape), keepDims: true }).reshape(like.shape);
    const toX = () => {
      const inverse = new InverseDeviation(this).call(x!);
      return new NormalizeGradient(this.axes).call(g.mul(weight!), normal, inverse);
    };
    return [
      x!.requiresGrad ? toX() : null,
      weight!.requiresGrad ? sumLike(g.mul(normal), weight!) : null,
      bias!.requiresGrad ? sumLike(g, bias!) : null,
    ];
  }
  #inOneGroup(outGrad: Tensor, [x, weight, bias]: readonly Tensor[], [mean, inverse]: readonly Tensor[]): Adjoints {
    const shape = x!.shape, kept = reducedShape(shape, this.axes, true), g = outGrad.array;
    const over = (array: NDArray) => broadcastTo(array, shape), s = 1 / countAlong(shape, this.axes);
    const overWeight = repeatedAxes(weight!.shape, shape), overBias = repeatedAxes(bias!.shape, shape);
    const [middle, scale] = [over(mean!.array), over(inverse!.array)];
    const isSame = (axes: readonly number[]) => axes.join() === this.axes.join();
    const arrays = groupResults(() => {
      if (isSame(overWeight) && isSame(overBias)) {
        // There is one weight for each statistic: the sums for its gradient are also those that the input's gradient needs.
        const sum = fold("sum", [g], this.axes, kept);
        const dot = fold("dotNormal", [g, x!.array, middle, scale], this.axes, kept);
        const sums = [reshape(dot, weight!.shape), reshape(sum, bias!.shape)];
        if (!x!.requiresGrad) return [null, ...sums];
        const factor = map("mul", [inverse!.array, reshape(weight!.array, kept)]),
          share = map("mulScalar", [factor], { s });
        const slope = map("mul", [map("mul", [share, inverse!.array]), dot]), shift = map("mul", [share, sum]);
        return [map("columnGradient", [g, over(factor), x!.array, middle, over(slope), over(shift)]), ...sums];
      }
      const normal = map("normalize", [x!.array, middle, scale]);
      let toX: NDArray | null = null;
      if (x!.requiresGrad) {
        const scaled = map("mul", [g, over(weight!.array)]);
        const sum = fold("sum", [scaled], this.axes, kept), dot = fold("dot", [scaled, normal], this.axes, kept);
        toX = map("normalizeGradient", [scaled, over(sum), normal, over(dot), scale], { s });
      }
      return [
        toX,
        weight!.requiresGrad ? fold("dot", [g, normal], overWeight, weight!.shape) : null,
        bias!.requiresGrad ? fold("sum", [g], overBias, bias!.shape) : null,
      ];
    });
    middle.dispose();
    scale.dispose();
    return arrays.map((array) => array === null ? null : x!.wrap(array));
  }
}

/** The axes of `shape` along which an array of shape `part` is repeated. */
function repeatedAxes(part: Shape, shape: Shape): number[] {
  const shift = shape.length - part.length;
  return shape.map((_, axis) => axis).filter((axis) => axis < shift || part[axis - shift] === 1);
}
