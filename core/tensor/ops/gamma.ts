/**
 * The logarithm of the gamma function, and its derivatives of every order.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input. Gradients are
 * written in ops, so that they can be differentiated again.
 */
import { constantLike } from "../../array/constants.ts";
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type MapInfo, rows } from "../../array/rows.ts";
import { checkCount } from "../../pure/check.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { CompoundOp, RowOp } from "./row.ts";

/** ln |Γ(a)|: infinite at 0 and at negative integers. */
export class Lgamma extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.lgamma;
  /** g digamma(a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(y.inputs[0]!.digamma());
  }
}
/** {@linkcode Lgamma} as `Tensor` calls it. */
export const lgamma: Lgamma = new Lgamma();

/** The derivative of ln |Γ(a)|: infinite at 0, NaN at negative integers. */
export class Digamma extends RowOp {
  /** @ignore */ readonly row: MapInfo = rows.digamma;
  /** g polygamma(1, a). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(new Polygamma(1).call(y.inputs[0]!));
  }
}
/** {@linkcode Digamma} as `Tensor` calls it. */
export const digamma: Digamma = new Digamma();

/** B₂ⱼ / (2j)! for j from 1 on, where B are the numbers of Bernoulli. */
const bernoulli: readonly number[] = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
];

/** The terms of Hurwitz' sum that are added one by one. */
const termsMost = 10;

/** Σ (a + k)^-s over all k from 0 on, for a >= 0: the first terms, and the others by the formula of Euler and Maclaurin. */
function hurwitz(a: NDArray, s: number): NDArray {
  const plus = (x: NDArray, number: number) => map("addScalar", [x], { s: number });
  const times = (x: NDArray, number: number) => map("mulScalar", [x], { s: number });
  const power = (x: NDArray, exponent: number) => map("powScalar", [x], { s: exponent });
  const end = plus(a, termsMost), inverse = map("reciprocal", [end]), square = map("square", [inverse]);
  // s (s + 1) ... (s + 2j - 2), the factors that the derivatives of the summand bring along.
  let rising = s;
  const coefficients = bernoulli.map((each, j) => {
    if (j > 0) rising *= (s + 2 * j - 1) * (s + 2 * j);
    return each * rising;
  });
  let series = constantLike(a, coefficients.at(-1)!);
  for (const each of coefficients.slice(0, -1).reverse()) series = plus(map("mul", [series, square]), each);
  const correction = plus(map("mul", [series, inverse]), 0.5);
  let sum = map("add", [
    times(power(end, 1 - s), 1 / (s - 1)),
    map("mul", [power(end, -s), correction]),
  ]);
  for (let k = termsMost - 1; k >= 0; k--) sum = map("add", [sum, power(k === 0 ? a : plus(a, k), -s)]);
  return sum;
}

/**
 * The coefficients of the n-th derivative of -π cot(πx) as a polynomial of cot(πx): that of cot(πx) itself is
 * -π (1 + cot²(πx)). All have one sign, and every other one is 0.
 */
function cotangentDerivative(n: number): number[] {
  let polynomial = [0, -Math.PI];
  for (let order = 0; order < n; order++) {
    const slope = polynomial.slice(1).map((each, k) => -Math.PI * (k + 1) * each);
    polynomial = [...slope, 0, 0].map((each, k) => each + (slope[k - 2] ?? 0));
  }
  return polynomial;
}

/** The n-th derivative of digamma: (-1)^(n+1) n! Σ (a + k)^-(n+1) over all k from 0 on. */
export class Polygamma extends CompoundOp {
  /** RangeError unless `order` is an integer of at least 0; of 0 it is digamma. */
  constructor(/** How often digamma is differentiated. */ readonly order: number) {
    super();
    checkCount("polygamma", "order", order, 0);
  }
  /** Hurwitz' sum, of 1 - a below 0, from where the derivative of the cotangent leads back. */
  compute(a: NDArray): NDArray {
    if (this.order === 0) return map("digamma", [a]);
    const factors = Array.from({ length: this.order }, (_, k) => k + 1).reduce((product, each) => product * each);
    const sign = this.order % 2 === 0 ? -1 : 1;
    return groupResult(() => {
      const isBelow = map("less", [a, constantLike(a, 0)]), other = map("subFromScalar", [a], { s: 1 });
      const above = map("where", [isBelow, other, map("abs", [a])], undefined, a.dtype);
      const sum = map("mulScalar", [hurwitz(above, this.order + 1)], { s: sign * factors });
      const turned = map("mulScalar", [map("sub", [a, map("round", [a])])], { s: Math.PI });
      const cotangent = map("div", [map("cos", [turned]), map("sin", [turned])]);
      const polynomial = cotangentDerivative(this.order), isOdd = polynomial.length % 2 === 0;
      const [most, ...others] = polynomial.filter((_, k) => k % 2 === (isOdd ? 1 : 0)).reverse() as [
        number,
        ...number[],
      ];
      const square = map("square", [cotangent]);
      let pole = constantLike(a, most);
      for (const each of others) pole = map("addScalar", [map("mul", [pole, square])], { s: each });
      if (isOdd) pole = map("mul", [pole, cotangent]);
      return map("where", [isBelow, map(sign < 0 ? "add" : "sub", [pole, sum]), sum], undefined, a.dtype);
    });
  }
  /** g times the polygamma of the next order. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.mul(new Polygamma(this.order + 1).call(y.inputs[0]!));
  }
}
