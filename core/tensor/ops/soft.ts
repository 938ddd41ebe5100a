/**
 * Smooth activations of several rows: softplus, softsign and tanhshrink, and products of a number with a gate that it opens.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { refuse } from "../../pure/check.ts";
import { largestFinite } from "../../pure/dtype.ts";
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { CompoundOp } from "./row.ts";

/** ln(1 + e^(βa)) / β, and a itself where βa is above a threshold. */
export class Softplus extends CompoundOp {
  /** TypeError unless both are numbers. A threshold of Infinity is never reached. */
  constructor(
    /** How steep the bend at 0 is. */ readonly beta: number = 1,
    /** The product of β and a above which the result is a. */ readonly threshold: number = 20,
  ) {
    super();
    for (const each of [beta, threshold]) if (typeof each !== "number") refuse("softplus", each, "a number");
  }
  /** (max(x, 0) + ln(1 + e^-|x|)) / β, where x is βa. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const { beta, threshold } = this, x = beta === 1 ? a : map("mulScalar", [a], { s: beta });
      const tail = map("log1p", [map("exp", [map("negate", [map("abs", [x])])])]);
      const sum = map("add", [map("relu", [x]), tail]);
      const soft = beta === 1 ? sum : map("divScalar", [sum], { s: beta });
      if (threshold === Infinity) return soft;
      return map("where", [map("greater", [x, constantLike(x, threshold)]), a, soft], undefined, a.dtype);
    });
  }
  /** g σ(βa), and g above the threshold. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const x = y.inputs[0]!.mul(this.beta), soft = g.mul(x.sigmoid());
    return this.threshold === Infinity ? soft : x.greater(this.threshold).where(g, soft);
  }
}

/** a / (1 + |a|): -1 and 1 at the infinities. */
export class Softsign extends CompoundOp {
  /** Infinities count as the largest numbers. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const most = largestFinite(a.dtype), finite = map("clip", [a], { s: -most, t: most });
      return map("div", [finite, map("addScalar", [map("abs", [finite])], { s: 1 })]);
    });
  }
  /** g / (1 + |a|)². */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.abs().add(1).reciprocal().square());
  }
}
/** {@linkcode Softsign} as `Tensor` calls it. */
export const softsign: Softsign = new Softsign();

/** a - tanh a. */
export class Tanhshrink extends CompoundOp {
  /**
   * Near 0, where a and tanh a agree in most digits, a r / (1 + r): tanh a is a / (1 + r), where r is the continued fraction
   * a² / (3 + a² / (5 + a² / (7 + ...))) of Lambert.
   */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const square = map("square", [a]), last = a.dtype === "float64" ? 19 : 13;
      let r = map("divScalar", [square], { s: last });
      for (let k = last - 2; k >= 3; k -= 2) r = map("div", [square, map("addScalar", [r], { s: k })]);
      const near = map("div", [map("mul", [a, r]), map("addScalar", [r], { s: 1 })]);
      const isNear = map("less", [map("abs", [a]), constantLike(a, 1)]);
      return map("where", [isNear, near, map("sub", [a, map("tanh", [a])])], undefined, a.dtype);
    });
  }
  /** g tanh² a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.tanh().square());
  }
}
/** {@linkcode Tanhshrink} as `Tensor` calls it. */
export const tanhshrink: Tanhshrink = new Tanhshrink();

/** Gates are 0 below -gateBound and 1 above gateBound, to the last digit of every type. */
const gateBound = 1000;

/** a times a gate between 0, far below 0, and 1, far above. The product is 0 at -Infinity. */
export abstract class GateOp extends CompoundOp {
  /** @ignore The gate, as an array. */
  protected abstract gateOf(a: NDArray): NDArray;
  /** @ignore The gate in ops, and its derivative. */
  protected abstract gateAndSlope(a: Tensor): readonly [gate: Tensor, slope: Tensor];
  /** The product. */
  compute(a: NDArray): NDArray {
    return groupResult(() => map("mul", [map("clip", [a], { s: -gateBound, t: Infinity }), this.gateOf(a)]));
  }
  /** g (gate + a slope). Beyond the bounds the slope is 0, and an infinity must not meet it. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!.clip(-gateBound, gateBound), [gate, slope] = this.gateAndSlope(a);
    return g.mul(a.mul(slope).add(gate));
  }
}

/** a σ(a) (Hendrycks and Gimpel 2016). */
export class SiLU extends GateOp {
  /** @ignore */
  override get action(): string {
    return "silu";
  }
  /** @ignore */
  protected gateOf(a: NDArray): NDArray {
    return map("sigmoid", [a]);
  }
  /** @ignore */
  protected gateAndSlope(a: Tensor): readonly [Tensor, Tensor] {
    const gate = a.sigmoid();
    return [gate, gate.mul(gate.rsub(1))];
  }
}
/** {@linkcode SiLU} as `Tensor` calls it. */
export const silu: SiLU = new SiLU();

const soft = new Softplus(1, Infinity);

/** a tanh(ln(1 + e^a)) (Misra 2019). */
export class Mish extends GateOp {
  /** @ignore */
  protected gateOf(a: NDArray): NDArray {
    return map("tanh", [soft.compute(a)]);
  }
  /** @ignore */
  protected gateAndSlope(a: Tensor): readonly [Tensor, Tensor] {
    const gate = soft.call(a).tanh();
    return [gate, gate.square().rsub(1).mul(a.sigmoid())];
  }
}
/** {@linkcode Mish} as `Tensor` calls it. */
export const mish: Mish = new Mish();

/** Φ(a) is nearly σ(scale (a + cubic a³)). */
const cubic = 0.044715, scale = 2 * Math.sqrt(2 / Math.PI);

/** The approximation a σ(√(8/π) (a + 0.044715 a³)) of GELU: the gate is (1 + tanh(√(2/π) (a + 0.044715 a³))) / 2. */
export class GELUTanh extends GateOp {
  /** @ignore */
  override get action(): string {
    return "gelu";
  }
  /** @ignore */
  protected gateOf(a: NDArray): NDArray {
    const factor = map("addScalar", [map("mulScalar", [map("square", [a])], { s: scale * cubic })], { s: scale });
    return map("sigmoid", [map("mul", [a, factor])]);
  }
  /** @ignore */
  protected gateAndSlope(a: Tensor): readonly [Tensor, Tensor] {
    const square = a.square(), gate = square.mul(scale * cubic).add(scale).mul(a).sigmoid();
    return [gate, square.mul(3 * scale * cubic).add(scale).mul(gate.mul(gate.rsub(1)))];
  }
}
/** {@linkcode GELUTanh} as `Tensor` calls it. */
export const geluTanh: GELUTanh = new GELUTanh();
