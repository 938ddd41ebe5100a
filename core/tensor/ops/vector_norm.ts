/**
 * Norms of the vectors that lie along axes.
 */
import { groupResult } from "../../array/group.ts";
import { filled, map, type NDArray } from "../../array/ndarray.ts";
import { fold } from "../../array/skeletons.ts";
import { broadcastTo } from "../../array/views.ts";
import { refuse } from "../../pure/check.ts";
import type { NormOptions } from "../../pure/reduce_options.ts";
import { type Axes, countAlong } from "../../pure/shape.ts";
import type { Adjoints } from "../op.ts";
import type { Precision } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { ReduceOp } from "./reduce.ts";

/**
 * sum(|a|^p)^(1/p), and for p = 0 the number of elements that differ from 0. The infinite p, which choose an element, are
 * {@linkcode Max} and {@linkcode Min} of magnitudes.
 */
export class VectorNorm extends ReduceOp {
  /** The power. */
  readonly p: number;
  /** The Euclidean norm over all axes by default. RangeError for NaN and for the infinities. */
  constructor(options: Axes | NormOptions = {}) {
    super(options);
    const { p = 2 } = options as NormOptions, power = p === "fro" ? 2 : p;
    if (typeof power !== "number") refuse("norm", power, 'a number or "fro"');
    if (!Number.isFinite(power)) throw new RangeError(`Cannot norm: p ${power} must be a finite number`);
    this.p = power;
  }
  /** @ignore */
  override get action(): string {
    return "norm";
  }
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** @ignore */
  protected override get ownOptions(): readonly string[] {
    return ["p"];
  }
  /** One fold of the magnitudes' powers, and its root. */
  compute(a: NDArray): NDArray {
    const { p } = this, axes = this.axesOf(a.shape), out = this.outShape(a.shape);
    return groupResult(() => {
      if (p === 0) {
        const zero = broadcastTo(filled(a.storage.stream, [], a.dtype, 0), a.shape);
        return map("subFromScalar", [fold("countEqual", [a, zero], axes, out)], { s: countAlong(a.shape, axes) });
      }
      if (p === 2) return map("sqrt", [fold("sumSquares", [a], axes, out)]);
      const magnitudes = map("abs", [a]);
      if (p === 1) return fold("sum", [magnitudes], axes, out);
      return map("powScalar", [fold("sum", [map("powScalar", [magnitudes], { s: p })], axes, out)], { s: 1 / p });
    });
  }
  /** g sign(a) |a / y|^(p-1), and 0 where a or y is 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, { p } = this, whole = (t: Tensor) => this.restored(t, a.shape);
    if (p === 0) return a.zerosLike();
    if (p === 1) return whole(g).mul(a.sign());
    // Where 0 is chosen, the other branch gets 1: a second derivative would multiply its infinity by 0.
    const isNone = y.equal(0), some = isNone.where(1, y);
    if (p === 2) return a.mul(whole(isNone.where(0, g.div(some))));
    const isZero = a.equal(0), base = isZero.where(1, a);
    const part = isZero.where(0, base.sign().mul(base.abs().pow(p - 1)));
    return part.mul(whole(isNone.where(0, g.mul(some.pow(1 - p)))));
  }
}
