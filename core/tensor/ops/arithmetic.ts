/**
 * Sums, products, quotients and powers, of two tensors or of a tensor and a number.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. Gradients are written in ops, so that they can be differentiated again.
 */
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import { isFloat } from "../../pure/dtype.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, notDifferentiable } from "../op.ts";
import type { Precision } from "../precision.ts";
import { CompoundOp, RowOp, ScalarOp } from "./row.ts";

/** a + b. */
export class EWiseAdd extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.add;
  /** [g, g]. */
  gradient(g: Tensor): Adjoints {
    return [g, g];
  }
}
/** {@linkcode EWiseAdd} as `Tensor` calls it. */
export const add: EWiseAdd = new EWiseAdd();

/** a - b. TypeError for two bools, as in PyTorch. */
export class EWiseSub extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.sub;
  /** @ignore */ override get bools(): "refused" {
    return "refused";
  }
  /** [g, -g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [g, y.inputs[1]!.requiresGrad ? g.neg() : null];
  }
}
/** {@linkcode EWiseSub} as `Tensor` calls it. */
export const sub: EWiseSub = new EWiseSub();

/** a b. */
export class EWiseMul extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mul;
  /** [g b, g a]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null];
  }
}
/** {@linkcode EWiseMul} as `Tensor` calls it. */
export const mul: EWiseMul = new EWiseMul();

/** a b + c, with the product rounded before the sum: no fused multiply-add. */
export class EWiseMulAdd extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mulAdd;
  /** [g b, g a, g]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor, Tensor];
    return [a.requiresGrad ? g.mul(b) : null, b.requiresGrad ? g.mul(a) : null, g];
  }
}
/** {@linkcode EWiseMulAdd} as `Tensor` calls it. */
export const mulAdd: EWiseMulAdd = new EWiseMulAdd();

/** a / b. */
export class EWiseDiv extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.div;
  /** [g / b, -g a / b²]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], overB = g.div(b);
    return [a.requiresGrad ? overB : null, b.requiresGrad ? overB.mul(a.div(b)).neg() : null];
  }
}
/** {@linkcode EWiseDiv} as `Tensor` calls it. */
export const div: EWiseDiv = new EWiseDiv();

/** a^b. */
export class EWisePow extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.pow;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** [g b a^(b-1), g a^b ln a]: the first is 0 where b is 0, the second where a is 0 and b >= 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    // Where 0 is chosen, the other branch gets a base of 1: a second derivative would multiply its infinity by 0.
    const unless = (flat: Tensor, branch: (base: Tensor) => Tensor) => flat.where(0, branch(flat.where(1, a)));
    const toBase = () => unless(b.equal(0), (base) => g.mul(b).mul(base.pow(b.sub(1))));
    const toExponent = () => unless(a.equal(0).and(b.greaterEqual(0)), (base) => g.mul(a.pow(b)).mul(base.log()));
    return [a.requiresGrad ? toBase() : null, b.requiresGrad ? toExponent() : null];
  }
}
/** {@linkcode EWisePow} as `Tensor` calls it. */
export const pow: EWisePow = new EWisePow();

/** a + s. */
export class AddScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.addScalar;
  /** g. */
  gradient(g: Tensor): Adjoints {
    return g;
  }
}

/** a s. */
export class MulScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.mulScalar;
  /** g s. */
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a / s. */
export class DivScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.divScalar;
  /** g / s. */
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** a^s. */
export class PowerScalar extends ScalarOp {
  /** @ignore */ readonly row: MapInfo = rows.powScalar;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** g s a^(s-1); exactly zero for s = 0 and g for s = 1, where a may be 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    if (this.scalar === 0) return g.zerosLike();
    if (this.scalar === 1) return g;
    return g.mul(new PowerScalar(this.scalar - 1).call(y.inputs[0]!).mul(this.scalar));
  }
}

/** -a. TypeError for bools, as in PyTorch. */
export class Negate extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.negate;
  /** @ignore */ override get bools(): "refused" {
    return "refused";
  }
  /** @ignore */
  override get action(): string {
    return "neg";
  }
  /** -g. */
  gradient(g: Tensor): Adjoints {
    return g.neg();
  }
}
/** {@linkcode Negate} as `Tensor` calls it. */
export const neg: Negate = new Negate();

/** 1 / a. */
export class Reciprocal extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.reciprocal;
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** -g y². */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.square()).neg();
  }
}
/** {@linkcode Reciprocal} as `Tensor` calls it. */
export const reciprocal: Reciprocal = new Reciprocal();

/** a². Bools give int32. */
export class Square extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.square;
  /** @ignore */ override get bools(): "int32" {
    return "int32";
  }
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** 2 g a. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.mul(2));
  }
}
/** {@linkcode Square} as `Tensor` calls it. */
export const square: Square = new Square();

/** ⌊a / b⌋ of the exact quotient, as in Python; of integers 0 where b is 0. */
export class FloorDiv extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.floorDiv;
  /** Throws an Error: the quotient moves in steps in a and in b. */
  gradient(): never {
    notDifferentiable(this);
  }
}
/** {@linkcode FloorDiv} as `Tensor` calls it. */
export const floorDiv: FloorDiv = new FloorDiv();

/** a - b ⌊a / b⌋: the sign is b's, as in Python. */
export class Mod extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.mod;
  /** [g, -g ⌊a / b⌋]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    // The quotient as the remainder has it: a / b may be rounded up to the next integer.
    return [g, b.requiresGrad ? g.mul(a.detach().floorDiv(b.detach())).neg() : null];
  }
}
/** {@linkcode Mod} as `Tensor` calls it. */
export const mod: Mod = new Mod();

/** The remainder of the quotient that is rounded toward 0: the sign is a's, as in C; of integers 0 where b is 0. */
export class Fmod extends CompoundOp {
  /** @ignore */ override get precision(): Precision {
    return "given";
  }
  /** Of floats |a| mod |b| with a's sign, which is exact; of integers mod(a, b), which is b too much if it has b's sign. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => {
      if (isFloat(a.dtype)) {
        return map("mul", [map("mod", [map("abs", [a]), map("abs", [b])]), map("sign", [a])]);
      }
      const rest = map("mod", [a, b]), zero = constantLike(a, 0);
      const differ = map("notEqual", [map("less", [a, zero]), map("less", [b, zero])]);
      const isAbove = map("and", [differ, map("notEqual", [rest, zero])]);
      return map("where", [isAbove, map("sub", [rest, b]), rest], undefined, a.dtype);
    });
  }
  /** [g, -g times the quotient rounded toward 0]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor];
    if (!b.requiresGrad) return [g, null];
    const [above, below] = [a.detach(), b.detach()], sign = above.sign().mul(below.sign());
    return [g, g.mul(above.abs().floorDiv(below.abs()).mul(sign)).neg()];
  }
}
/** {@linkcode Fmod} as `Tensor` calls it. */
export const fmod: Fmod = new Fmod();

/** √(a² + b²), in which no square overflows. Infinite where one operand is. */
export class Hypot extends CompoundOp {
  /** m √(1 + (n/m)²), where m is the larger and n the smaller magnitude. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => {
      const x = map("abs", [a]), y = map("abs", [b]), most = map("max", [x, y]), infinite = constantLike(a, Infinity);
      const ratio = map("div", [map("min", [x, y]), most]);
      const root = map("sqrt", [map("addScalar", [map("square", [ratio])], { s: 1 })]);
      const length = map("where", [most, map("mul", [most, root]), most]);
      const isInfinite = map("or", [map("equal", [x, infinite]), map("equal", [y, infinite])]);
      return map("where", [isInfinite, infinite, length], undefined, a.dtype);
    });
  }
  /** [g a / y, g b / y], NaN where both operands are 0. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return (y.inputs as [Tensor, Tensor]).map((x) => x.requiresGrad ? g.mul(x.div(y)) : null);
  }
}
/** {@linkcode Hypot} as `Tensor` calls it. */
export const hypot: Hypot = new Hypot();
