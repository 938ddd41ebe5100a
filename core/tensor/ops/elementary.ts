/**
 * The elementary functions of one number, each with its derivative.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import type { Precision } from "../precision.ts";
import { CompoundOp, RowOp } from "./row.ts";

/** e^a. */
export class Exp extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.exp;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g y. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y);
  }
}
/** {@linkcode Exp} as `Tensor` calls it. */
export const exp: Exp = new Exp();

/** 2^a. */
export class Exp2 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.exp2;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g y ln 2. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.mul(Math.LN2));
  }
}
/** {@linkcode Exp2} as `Tensor` calls it. */
export const exp2: Exp2 = new Exp2();

/** e^a - 1, with all digits near 0. */
export class Expm1 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.expm1;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g e^a: far below 0, y + 1 has lost its digits. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.exp());
  }
}
/** {@linkcode Expm1} as `Tensor` calls it. */
export const expm1: Expm1 = new Expm1();

/** ln a: NaN below 0, -Infinity at 0. */
export class Log extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g / a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!);
  }
}
/** {@linkcode Log} as `Tensor` calls it. */
export const log: Log = new Log();

/** ln(1 + a), with all digits near 0. */
export class Log1p extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log1p;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g / (1 + a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.add(1));
  }
}
/** {@linkcode Log1p} as `Tensor` calls it. */
export const log1p: Log1p = new Log1p();

/** The logarithm to base 2: exact at powers of 2. */
export class Log2 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log2;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g / (a ln 2). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.mul(Math.LN2));
  }
}
/** {@linkcode Log2} as `Tensor` calls it. */
export const log2: Log2 = new Log2();

/** The logarithm to base 10. */
export class Log10 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.log10;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g / (a ln 10). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.mul(Math.LN10));
  }
}
/** {@linkcode Log10} as `Tensor` calls it. */
export const log10: Log10 = new Log10();

/** √a: NaN below 0. */
export class Sqrt extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sqrt;
  /** g / (2 y), which is infinite at 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.mul(2));
  }
}
/** {@linkcode Sqrt} as `Tensor` calls it. */
export const sqrt: Sqrt = new Sqrt();

/** 1 / √a. */
export class Rsqrt extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.rsqrt;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** -g y³ / 2. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.mul(y.square()).mul(-0.5));
  }
}
/** {@linkcode Rsqrt} as `Tensor` calls it. */
export const rsqrt: Rsqrt = new Rsqrt();

/** sin a, to 2 ulp however large the angle is. */
export class Sin extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sin;
  /** g cos a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.cos());
  }
}
/** {@linkcode Sin} as `Tensor` calls it. */
export const sin: Sin = new Sin();

/** cos a, as accurate as {@linkcode Sin}. */
export class Cos extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.cos;
  /** -g sin a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sin()).neg();
  }
}
/** {@linkcode Cos} as `Tensor` calls it. */
export const cos: Cos = new Cos();

/** tan a, within a few units in the last place however large the angle is. */
export class Tan extends CompoundOp {
  /** sin a / cos a. */
  compute(a: NDArray): NDArray {
    return groupResult(() => map("div", [map("sin", [a]), map("cos", [a])]));
  }
  /** g (1 + y²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square().add(1));
  }
}
/** {@linkcode Tan} as `Tensor` calls it. */
export const tan: Tan = new Tan();

/** The angle in [-π/2, π/2] with sine a: NaN beyond 1 and -1. */
export class Asin extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.asin;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g / √(1 - a²), infinite at 1 and -1. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return g.mul(complement(a).rsqrt());
  }
}
/** {@linkcode Asin} as `Tensor` calls it. */
export const asin: Asin = new Asin();

/** The angle in [0, π] with cosine a: NaN beyond 1 and -1. */
export class Acos extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.acos;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** -g / √(1 - a²), infinite at 1 and -1. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return g.mul(complement(a).rsqrt()).neg();
  }
}
/** {@linkcode Acos} as `Tensor` calls it. */
export const acos: Acos = new Acos();

/** The angle in [-π/2, π/2] with tangent a. */
export class Atan extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.atan;
  /** g / (1 + a²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.square().add(1));
  }
}
/** {@linkcode Atan} as `Tensor` calls it. */
export const atan: Atan = new Atan();

/** 1 - a² as (1 - a)(1 + a), which keeps its digits where a is nearly 1. */
function complement(a: Tensor): Tensor {
  return a.neg().add(1).mul(a.add(1));
}

/** The angle of the point (b, a) from the first axis, in [-π, π]. */
export class Atan2 extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.atan2;
  /** [g b / (a² + b²), -g a / (a² + b²)]; zeros at the origin, where the angle has no slope. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], square = a.square().add(b.square()), isOrigin = square.equal(0);
    const scaled = isOrigin.where(0, g).div(isOrigin.where(1, square));
    return [a.requiresGrad ? scaled.mul(b) : null, b.requiresGrad ? scaled.mul(a).neg() : null];
  }
}
/** {@linkcode Atan2} as `Tensor` calls it. */
export const atan2: Atan2 = new Atan2();

/** tanh a. */
export class Tanh extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.tanh;
  /** g (1 - y²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new TanhGradient().call(g, y);
  }
}
/** {@linkcode Tanh} as `Tensor` calls it. */
export const tanh: Tanh = new Tanh();

/** g (1 - y²). */
export class TanhGradient extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.tanhGradient;
  /** With h the adjoint: [h (1 - y²), -2 h g y]. */
  gradient(h: Tensor, z: Tensor): Adjoints {
    const [g, y] = z.inputs as [Tensor, Tensor];
    return [
      g.requiresGrad ? new TanhGradient().call(h, y) : null,
      y.requiresGrad ? h.mul(g).mul(y).mul(-2) : null,
    ];
  }
}

/** The error function, 2/√π times the integral of e^(-t²) from 0 to a. */
export class Erf extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.erf;
  /** g 2/√π e^(-a²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.square().neg().exp().mul(2 / Math.sqrt(Math.PI)));
  }
}
/** {@linkcode Erf} as `Tensor` calls it. */
export const erf: Erf = new Erf();

/** 1 - erf a, with all digits where erf a is nearly 1. */
export class Erfc extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.erfc;
  /** -g 2/√π e^(-a²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.square().neg().exp().mul(-2 / Math.sqrt(Math.PI)));
  }
}
/** {@linkcode Erfc} as `Tensor` calls it. */
export const erfc: Erfc = new Erfc();

/** The inverse of the error function: infinite at 1 and -1, NaN beyond. */
export class Erfinv extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.erfinv;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g √π/2 e^(y²). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square().exp().mul(Math.sqrt(Math.PI) / 2));
  }
}
/** {@linkcode Erfinv} as `Tensor` calls it. */
export const erfinv: Erfinv = new Erfinv();
