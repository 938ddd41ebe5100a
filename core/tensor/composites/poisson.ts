/** Numbers of the Poisson distribution. */
import { constantLike } from "../../array/constants.ts";
import { copy, map, type NDArray } from "../../array/ndarray.ts";
import { isFloat } from "../../pure/dtype.ts";
import type { Tensor } from "../tensor.ts";
import { checkParameter, notNegative, step, uniformBeside } from "./random.ts";

/** Rates below are counted by adding up probabilities, of as many numbers as have one above 10^-12. */
const largeRate = 10, countsMost = 40;
/** How many numbers are proposed for each element with a large rate. */
const rounds = 6;

/** A count for each rate, as a float. Captured calls draw anew, in a fixed number of steps. */
export function poisson(x: Tensor): Tensor {
  if (!isFloat(x.dtype)) throw new TypeError(`Cannot poisson: type ${x.dtype} must be a float type`);
  checkParameter("poisson", "rate", x, notNegative);
  // Probabilities of large counts are differences of numbers that float32 does not hold.
  const rate = x.detach().cast("float64"), unit = uniformBeside(x, x.shape, "float64");
  const [small, near] = step([unit], [rate, unit], approached) as [Tensor, Tensor];
  const about = step([], [rate], hat);
  let large = near;
  for (let k = 0; k < rounds; k++) {
    // A round is as the one before, and a GPU compiles the same kernels for it.
    const [u, v] = [1, 2].map(() => uniformBeside(x, x.shape, "float64")) as [Tensor, Tensor];
    [large] = step([u, v, large], [large, u, v, ...about], round) as [Tensor];
  }
  const [found] = step([small, large, ...about], [rate, small, large], chosen) as [Tensor];
  return found.cast(x.dtype);
}

/** The count of a rate that is small, and about that of one that is large. */
function approached(rate: NDArray, unit: NDArray): NDArray[] {
  const least = constantLike(rate, largeRate);
  return [countUp(map("min", [rate, least]), unit), nearNormal(map("max", [rate, least]), unit)];
}

function chosen(rate: NDArray, small: NDArray, large: NDArray): NDArray[] {
  const isSmall = map("less", [rate, constantLike(rate, largeRate)]);
  const found = map("where", [isSmall, small, large], undefined, "float64");
  const isRate = map("greaterEqual", [rate, constantLike(rate, 0)]);
  return [map("where", [isRate, found, constantLike(rate, NaN)], undefined, "float64")];
}

/** How many of the probabilities of 0, 1, 2, ... add up to no more than the uniform number: e^-rate rate^k / k!. */
function countUp(rate: NDArray, unit: NDArray): NDArray {
  const zero = constantLike(rate, 0);
  let power = map("exp", [map("negate", [rate])]), rest = map("sub", [unit, power]), factorial = 1;
  let count = copy(map("greaterEqual", [rest, zero]), "float64");
  for (let k = 1; k <= countsMost; k++) {
    factorial *= k;
    power = map("mul", [power, rate]);
    rest = map("addScaled", [rest, power], { s: -1 / factorial });
    count = map("add", [count, map("greaterEqual", [rest, zero])]);
  }
  return count;
}

/** The numbers by which proposals for a large rate are made: the rate, its logarithm, and a, b and 1 / α of Hörmann. */
function hat(given: NDArray): NDArray[] {
  const rate = map("max", [given, constantLike(given, largeRate)]), root = map("sqrt", [rate]);
  const b = map("addScalar", [map("mulScalar", [root], { s: 2.53 })], { s: 0.931 });
  const a = map("addScalar", [map("mulScalar", [b], { s: 0.02483 })], { s: -0.059 });
  const inverse = map("reciprocal", [map("addScalar", [b], { s: -3.4 })]);
  const scale = map("addScalar", [map("mulScalar", [inverse], { s: 1.1328 })], { s: 1.1239 });
  return [rate, map("log", [rate]), a, b, scale];
}

/**
 * A proposal if it is accepted, else what was found before: Hörmann's transformed rejection (PTRS, 1993) without its
 * shortcuts. At least three of four are; where none is, once in 4000 draws of the least rate and in 30000 of rates above 30,
 * the count is that of an approximation which is wrong by less than one in a thousand.
 */
function round(
  found: NDArray,
  first: NDArray,
  second: NDArray,
  rate: NDArray,
  logRate: NDArray,
  a: NDArray,
  b: NDArray,
  scale: NDArray,
): NDArray[] {
  const zero = constantLike(rate, 0), u = map("addScalar", [first], { s: -0.5 });
  const edge = map("subFromScalar", [map("abs", [u])], { s: 0.5 });
  const slope = map("mulScalar", [map("div", [a, edge])], { s: 2 });
  const count = map("floor", [map("addScalar", [map("mulAdd", [map("add", [slope, b]), u, rate])], { s: 0.43 })]);
  const [bound, product] = factorialParts(map("max", [count, zero]));
  // One logarithm for all factors.
  const height = map("mul", [map("add", [map("div", [a, map("square", [edge])]), b]), product]);
  const noise = map("log", [map("div", [map("mul", [map("subFromScalar", [second], { s: 1 }), scale]), height])]);
  const chance = map("sub", [map("sub", [map("mul", [count, logRate]), rate]), bound]);
  const isFound = map("and", [map("greaterEqual", [count, zero]), map("lessEqual", [noise, chance])]);
  return [map("where", [isFound, count, found], undefined, "float64")];
}

/** The count by the quantile of the normal distribution, with terms for the skewness (Cornish and Fisher 1938). */
function nearNormal(rate: NDArray, unit: NDArray): NDArray {
  const root = map("sqrt", [rate]);
  const centred = map("addScalar", [map("mulScalar", [unit], { s: 2 })], { s: -1 });
  const z = map("clip", [map("mulScalar", [map("erfinv", [centred])], { s: Math.SQRT2 })], { s: -8, t: 8 });
  const square = map("square", [z]);
  const first = map("addScalar", [map("mulScalar", [square], { s: 1 / 6 })], { s: 1 / 3 });
  const bend = map("mul", [z, map("addScalar", [map("mulScalar", [square], { s: -1 / 72 })], { s: -1 / 36 })]);
  const place = map("add", [map("mulAdd", [root, z, rate]), map("add", [first, map("div", [bend, root])])]);
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
