/** Numbers of the Poisson distribution. */
import { constantLike } from "../../array/constants.ts";
import { groupResults } from "../../array/group.ts";
import { copy, map, type NDArray } from "../../array/ndarray.ts";
import { uniformNumbers } from "../../array/random.ts";
import { isFloat } from "../../pure/dtype.ts";
import { aside } from "../aside.ts";
import type { Tensor } from "../tensor.ts";
import { checkParameter, notNegative } from "./random.ts";

/** Rates below are counted by adding up probabilities, of as many numbers as have one above 10^-12. */
const largeRate = 10, countsMost = 40;
/** How many of them one group adds up: a divisor of all. */
const countsEach = 4;
/** How many numbers are proposed for each element with a large rate. */
const rounds = 6;

/** A count for each rate, as a float. Captured calls draw anew, in a fixed number of steps. */
export function poisson(x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new TypeError(`Cannot poisson: type ${x.dtype} must be a float type`);
  checkParameter("poisson", "rate", x, notNegative);
  const units = x.wrap(uniformNumbers(x.facts.storage.stream, [1 + 2 * rounds, ...x.shape], "float64"));
  // Probabilities of large counts are differences of numbers that float32 does not hold.
  const found = aside([x.detach().cast("float64"), units], (rate, units) => [countsOf(rate, units)]);
  units.dispose();
  return found[0]!.cast(x.dtype);
}

/** What `body` makes of arrays that nobody needs afterwards. */
function next<Arrays extends readonly NDArray[]>(spent: readonly NDArray[], body: () => Arrays): Arrays {
  const found = groupResults<NDArray>(body) as unknown as Arrays;
  for (const array of spent) array.dispose();
  return found;
}

// Each turn of a loop is a group of its own, and a GPU compiles the same kernel for all of them.
function countsOf(rate: NDArray, units: NDArray): NDArray {
  const row = (k: number) =>
    units.view(units.shape.slice(1), units.strides.slice(1), units.offset + k * units.strides[0]!);
  const [isSmall, below, above] = groupResults(() => {
    const least = constantLike(rate, largeRate);
    return [map("less", [rate, least]), map("min", [rate, least]), map("max", [rate, least])];
  }) as [NDArray, NDArray, NDArray];
  const small = countUp(below, row), large = propose(above, row);
  const [found] = next([small, large, isSmall, below, above], () => {
    const chosen = map("where", [isSmall, small, large], undefined, "float64");
    const isRate = map("greaterEqual", [rate, constantLike(rate, 0)]);
    return [map("where", [isRate, chosen, constantLike(rate, NaN)], undefined, "float64")];
  });
  return found!;
}

/** How many of the probabilities of 0, 1, 2, ... add up to no more than the uniform number. */
function countUp(rate: NDArray, row: (k: number) => NDArray): NDArray {
  let [chance, rest, count] = groupResults(() => {
    const chance = map("exp", [map("negate", [rate])]), rest = map("sub", [row(0), chance]);
    const isPassed = map("greaterEqual", [rest, constantLike(rate, 0)]);
    return [chance, rest, copy(isPassed, "float64")];
  }) as [NDArray, NDArray, NDArray];
  for (let from = 1; from <= countsMost; from += countsEach) {
    [chance, rest, count] = next([chance, rest, count], () => {
      const zero = constantLike(rate, 0);
      let [p, left, sum] = [chance, rest, count];
      for (let k = from; k < from + countsEach; k++) {
        p = map("divScalar", [map("mul", [p, rate])], { s: k });
        left = map("sub", [left, p]);
        sum = map("add", [sum, map("greaterEqual", [left, zero])]);
      }
      return [p, left, sum];
    });
  }
  for (const array of [chance, rest]) array.dispose();
  return count;
}

/**
 * The first of several proposals that is accepted, by Hörmann's transformed rejection (PTRS, 1993) without its shortcuts. At
 * least three of four are; where none is, once in 4000 draws of the least rate and in 30000 of rates above 30, the count is
 * that of an approximation which is wrong by less than one in a thousand.
 */
function propose(rate: NDArray, row: (k: number) => NDArray): NDArray {
  const [logRate, a, b, scale, near] = groupResults(() => {
    const root = map("sqrt", [rate]), b = map("addScalar", [map("mulScalar", [root], { s: 2.53 })], { s: 0.931 });
    const a = map("addScalar", [map("mulScalar", [b], { s: 0.02483 })], { s: -0.059 });
    const inverse = map("reciprocal", [map("addScalar", [b], { s: -3.4 })]);
    const scale = map("addScalar", [map("mulScalar", [inverse], { s: 1.1328 })], { s: 1.1239 });
    return [map("log", [rate]), a, b, scale, nearNormal(rate, root, row(0))];
  }) as [NDArray, NDArray, NDArray, NDArray, NDArray];
  let found = near;
  for (let k = rounds - 1; k >= 0; k--) {
    [found] = next([found], () => {
      const zero = constantLike(rate, 0);
      const u = map("addScalar", [row(1 + 2 * k)], { s: -0.5 });
      const edge = map("subFromScalar", [map("abs", [u])], { s: 0.5 });
      const slope = map("mulScalar", [map("div", [a, edge])], { s: 2 });
      const place = map("addScalar", [map("mulAdd", [map("add", [slope, b]), u, rate])], { s: 0.43 });
      const count = map("floor", [place]);
      const [bound, product] = factorialParts(map("max", [count, zero]));
      // One logarithm for all factors.
      const hat = map("mul", [map("add", [map("div", [a, map("square", [edge])]), b]), product]);
      const noise = map("log", [
        map("div", [map("mul", [map("subFromScalar", [row(2 + 2 * k)], { s: 1 }), scale]), hat]),
      ]);
      const chance = map("sub", [map("sub", [map("mul", [count, logRate]), rate]), bound]);
      const isFound = map("and", [map("greaterEqual", [count, zero]), map("lessEqual", [noise, chance])]);
      return [map("where", [isFound, count, found], undefined, "float64")];
    });
  }
  for (const array of [logRate, a, b, scale]) array.dispose();
  return found;
}

/** The count by the quantile of the normal distribution, with terms for the skewness (Cornish and Fisher 1938). */
function nearNormal(rate: NDArray, root: NDArray, unit: NDArray): NDArray {
  const centred = map("addScalar", [map("mulScalar", [unit], { s: 2 })], { s: -1 });
  const z = map("clip", [map("mulScalar", [map("erfinv", [centred])], { s: Math.SQRT2 })], { s: -8, t: 8 });
  const square = map("square", [z]);
  const first = map("addScalar", [map("mulScalar", [square], { s: 1 / 6 })], { s: 1 / 3 });
  const second = map("div", [
    map("mul", [z, map("addScalar", [map("mulScalar", [square], { s: -1 / 72 })], { s: -1 / 36 })]),
    root,
  ]);
  const place = map("add", [map("mulAdd", [root, z, rate]), map("add", [first, second])]);
  return map("max", [map("floor", [place]), constantLike(rate, 0)]);
}

/** ln k! by Stirling's series at k + 5: it is the first number less the logarithm of the second. */
function factorialParts(count: NDArray): [whole: NDArray, product: NDArray] {
  const at = (s: number) => map("addScalar", [count], { s });
  const product = map("mul", [map("mul", [at(1), at(2)]), map("mul", [at(3), at(4)])]), z = at(5);
  const inverse = map("reciprocal", [z]), square = map("square", [inverse]);
  const tail = map("addScalar", [map("mulScalar", [square], { s: 1 / 1260 })], { s: -1 / 360 });
  const series = map("mul", [map("addScalar", [map("mul", [tail, square])], { s: 1 / 12 }), inverse]);
  const main = map("sub", [map("mul", [map("addScalar", [z], { s: -0.5 }), map("log", [z])]), z]);
  return [map("addScalar", [map("add", [main, series])], { s: 0.5 * Math.log(2 * Math.PI) }), product];
}
