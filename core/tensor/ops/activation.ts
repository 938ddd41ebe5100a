/**
 * Activations, and dropout: the ops that nets put between their products.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { gradientsEnabled } from "../../ambient/modes.ts";
import { refuse } from "../../pure/check.ts";
import { isHalf } from "../../pure/dtype.ts";
import { asGroup, groupResult } from "../../array/group.ts";
import { sameShape, showShape } from "../../pure/shape.ts";
import { filled, map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import { aside } from "../aside.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands, meet, type Operand } from "../operands.ts";
import { inPrecision, type Precision } from "../precision.ts";
import { RowOp } from "./row.ts";

/** max(a, 0); NaN stays NaN. */
export class ReLU extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.relu;
  /** g where a > 0, else 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    // y > 0 exactly where a > 0. Later layers hold y anyway, so that a need not be held for its sake.
    return new ReLUGradient().call(g, y);
  }
}
/** {@linkcode ReLU} as `Tensor` calls it. */
export const relu: ReLU = new ReLU();

/** g where x > 0, else 0. */
export class ReLUGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.reluGradient;
  /** With h the adjoint: [h where x > 0, nothing], since the result is constant in x on either side of 0. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    return [new ReLUGradient().call(h, z.inputs[1]!), null];
  }
}

/** 1 / (1 + e^-a), as e^a / (1 + e^a) below 0, where e^-a overflows before the result is 0. */
export class Sigmoid extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sigmoid;
  /** g y (1 - y). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new SigmoidGradient().call(g, y);
  }
}
/** {@linkcode Sigmoid} as `Tensor` calls it. */
export const sigmoid: Sigmoid = new Sigmoid();

/** g y (1 - y). */
export class SigmoidGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sigmoidGradient;
  /** With h the adjoint: [h y (1 - y), h g (1 - 2 y)]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new SigmoidGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y.mul(-2).add(1)) : null,
    ];
  }
}

/**
 * a Φ(a), with Φ the distribution function of the standard normal (Hendrycks and Gimpel 2016).
 *
 * Where a graph is recorded, Φ(a) is saved: the gradient then costs half.
 */
export class GELU extends TensorOp {
  /** @ignore */ override get precision(): Precision {
    return "float";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 1);
    return inPrecision(this.precision, inputs);
  }
  /** a Φ(a); a saved Φ(a) is not computed again. */
  compute(a: NDArray, cdf?: NDArray): NDArray {
    return cdf === undefined ? map(rows.gelu, [a]) : map(rows.mul, [a, cdf]);
  }
  /** Applies the op, and saves Φ(a) where a graph is recorded. */
  override call(...inputs: [x: Tensor]): Tensor {
    checkOperands(this, inputs, 1);
    const [x] = inputs;
    // Halves are computed in float32, so that Φ(a) is not rounded to a half.
    if (isHalf(x.dtype)) return this.call(x.cast("float32")).cast(x.dtype);
    if (!x.requiresGrad || !gradientsEnabled()) return super.call(x);
    return asGroup(() => this.record([x], aside([x], (x) => [map(rows.normalCdf, [x])])));
  }
  /** g (Φ(a) + a φ(a)), with φ the density. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new GELUGradient().callKnowing(y.saved[0]!, g, y.inputs[0]!);
  }
}
/** {@linkcode GELU} as `Tensor` calls it. */
export const gelu: GELU = new GELU();

/** g (Φ(a) + a φ(a)): the gradient of {@linkcode GELU}, which has saved Φ(a). */
export class GELUGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.geluGradient;
  /** @ignore */
  override get arity(): number {
    return 2;
  }
  // The row has three operands and the op two: Φ(a) is saved or computed, so that RowOp's own check would ask for too many.
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    return meet(this, this.row, inputs);
  }
  /** The row of g, a and Φ(a), which is computed unless it was saved. */
  override compute(g: NDArray, a: NDArray, cdf?: NDArray): NDArray {
    if (cdf !== undefined) return map(this.row, [g, a, cdf]);
    return groupResult(() => map(this.row, [g, a, map(rows.normalCdf, [a])]));
  }
  /** As `call`, with Φ(a) known. */
  callKnowing(cdf: Tensor, g: Tensor, a: Tensor): Tensor {
    return this.record([g, a], [cdf]);
  }
  /** With h the adjoint: [h (Φ(a) + a φ(a)), h g (2 - a²) φ(a)]. The second includes what flows through the saved Φ(a). */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, a] = z.inputs as [Tensor, Tensor];
    const toA = () => {
      const square = a.square(), density = square.mul(-0.5).exp().div(Math.sqrt(2 * Math.PI));
      return h.mul(g).mul(square.neg().add(2).mul(density));
    };
    return [g.requiresGrad ? new GELUGradient().record([h, a], z.saved) : null, a.requiresGrad ? toA() : null];
  }
}

/**
 * Zeroes each element with probability p and scales the others by 1 / (1 - p): Srivastava et al. 2014.
 *
 * The second input is uniform noise in [0, 1) of the first input's shape: an element becomes 0 where its noise is below p.
 */
export class DropoutOp extends TensorOp {
  /** @ignore */ override get precision(): Precision {
    return "float";
  }
  /** @ignore */
  override get action(): string {
    return "dropout";
  }
  /** RangeError unless p lies in [0, 1]. */
  constructor(/** The probability of a zero. */ readonly p: number) {
    super();
    if (typeof p !== "number") refuse("dropout", p, "a number in [0, 1]");
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot dropout: p ${p} must lie in [0, 1]`);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [a, noise] = inputs as [Tensor, Tensor];
    if (!sameShape(a.shape, noise.shape)) {
      throw new TypeError(
        `Cannot dropout: noise of shape ${showShape(noise.shape)}, it must have the input's, ${showShape(a.shape)}`,
      );
    }
    return inPrecision(this.precision, inputs);
  }
  /** Zeros for p = 1, where the scale would be infinite. */
  compute(a: NDArray, noise: NDArray): NDArray {
    if (this.p === 1) return filled(a.storage.stream, a.shape, a.dtype, 0);
    return map("dropout", [a, noise], { s: this.p, t: 1 / (1 - this.p) }, a.dtype);
  }
  /** [g with the same zeros and the same scale, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new DropoutOp(this.p).call(g, y.inputs[1]!), null];
  }
}
