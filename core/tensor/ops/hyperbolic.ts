/**
 * The hyperbolic functions and their inverses, each of which keeps its digits near 0 and does not overflow before its result.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { CompoundOp } from "./row.ts";

/** sinh a. */
export class Sinh extends CompoundOp {
  /** (p - q) / 2 · (p + q + 2), where p is e^(a/2) - 1 and q is e^(-a/2) - 1: sinh a = 2 sinh(a/2) cosh(a/2). */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const half = map("mulScalar", [a], { s: 0.5 });
      const p = map("expm1", [half]), q = map("expm1", [map("negate", [half])]);
      const twice = map("addScalar", [map("add", [p, q])], { s: 2 });
      return map("mul", [map("mulScalar", [map("sub", [p, q])], { s: 0.5 }), twice]);
    });
  }
  /** g cosh a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.cosh());
  }
}
/** {@linkcode Sinh} as `Tensor` calls it. */
export const sinh: Sinh = new Sinh();

/** cosh a. */
export class Cosh extends CompoundOp {
  /** e^(a/2) / 2 · e^(a/2) + e^(-a/2) / 2 · e^(-a/2). */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const half = map("mulScalar", [a], { s: 0.5 });
      const up = map("exp", [half]), down = map("exp", [map("negate", [half])]);
      const rest = map("mul", [map("mulScalar", [down], { s: 0.5 }), down]);
      return map("mulAdd", [map("mulScalar", [up], { s: 0.5 }), up, rest]);
    });
  }
  /** g sinh a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.sinh());
  }
}
/** {@linkcode Cosh} as `Tensor` calls it. */
export const cosh: Cosh = new Cosh();

/** Where a is larger than this, 1 is nothing beside its square. */
const large = 2 ** 30;

/** Of numbers that are not negative: ln(2a) where a is large, else `near`. */
function unlessLarge(a: NDArray, near: NDArray): NDArray {
  const far = map("addScalar", [map("log", [a])], { s: Math.LN2 });
  return map("where", [map("greater", [a, constantLike(a, large)]), far, near], undefined, a.dtype);
}

/** The inverse of sinh. */
export class Asinh extends CompoundOp {
  /** ln(1 + u + u / (1/u + √(1 + 1/u²))) with the sign of a, where u is |a|: no square of u overflows. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const u = map("abs", [a]), r = map("reciprocal", [u]);
      const root = map("sqrt", [map("addScalar", [map("square", [r])], { s: 1 })]);
      const near = map("log1p", [map("add", [u, map("div", [u, map("add", [r, root])])])]);
      return map("mul", [unlessLarge(u, near), map("sign", [a])]);
    });
  }
  /** g / √(a² + 1). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.div(y.inputs[0]!.hypot(1));
  }
}
/** {@linkcode Asinh} as `Tensor` calls it. */
export const asinh: Asinh = new Asinh();

/** The inverse of cosh for numbers from 0 on: NaN below 1. */
export class Acosh extends CompoundOp {
  /** ln(1 + t + √t √(t + 2)), where t is a - 1. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const t = map("addScalar", [a], { s: -1 }), above = map("sqrt", [map("addScalar", [t], { s: 2 })]);
      return unlessLarge(a, map("log1p", [map("mulAdd", [map("sqrt", [t]), above, t])]));
    });
  }
  /** g / (√(a - 1) √(a + 1)), which is infinite at 1. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return g.div(a.sub(1).sqrt().mul(a.add(1).sqrt()));
  }
}
/** {@linkcode Acosh} as `Tensor` calls it. */
export const acosh: Acosh = new Acosh();

/** The inverse of tanh: infinite at -1 and 1, NaN beyond. */
export class Atanh extends CompoundOp {
  /** ln(1 + 2u / (1 - u)) / 2 with the sign of a, where u is |a|. */
  compute(a: NDArray): NDArray {
    return groupResult(() => {
      const u = map("abs", [a]), below = map("subFromScalar", [u], { s: 1 });
      const twice = map("log1p", [map("div", [map("mulScalar", [u], { s: 2 }), below])]);
      return map("mul", [map("mulScalar", [twice], { s: 0.5 }), map("sign", [a])]);
    });
  }
  /** g / ((1 + a) (1 - a)), which keeps its digits near -1 and 1. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!;
    return g.div(a.add(1).mul(a.rsub(1)));
  }
}
/** {@linkcode Atanh} as `Tensor` calls it. */
export const atanh: Atanh = new Atanh();
