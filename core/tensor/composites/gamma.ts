/** Numbers of the gamma distribution, and of those that are made of them. */
import { constantLike } from "../../array/constants.ts";
import { groupResult, groupResults } from "../../array/group.ts";
import { copy, map, type NDArray } from "../../array/ndarray.ts";
import { normalNumbers, uniformNumbers } from "../../array/random.ts";
import type { Shape } from "../../pure/shape.ts";
import { gradientsEnabled } from "../../ambient/modes.ts";
import { aside } from "../aside.ts";
import { isTensor, type Operand } from "../operands.ts";
import type { Tensor } from "../tensor.ts";

/**
 * How many numbers are proposed for each element. A proposal is accepted with a probability of at least 0.95, so that none is
 * once in 10^8 draws: then the element is the density's highest place.
 */
const rounds = 6;

/** Error for a parameter that requires a gradient, which these numbers do not have. */
export function refuseGradient(action: string, name: string, given: Operand): void {
  if (!isTensor(given) || !given.requiresGrad || !gradientsEnabled()) return;
  throw new Error(`Cannot ${action}: the numbers have no derivative with respect to ${name}; detach it`);
}

/**
 * Numbers of the gamma distribution with rate 1, each as a factor and the logarithm of another, which may be far below the
 * least number of the type. By Marsaglia and Tsang 2000: d (1 + c x)³ for a normal x, in a fixed number of rounds; of a
 * concentration below 1, that of the concentration plus 1 times a power of a uniform number.
 */
export function gammaFactors(concentration: Tensor): readonly [factor: Tensor, power: Tensor] {
  const { shape, dtype } = concentration, { stream } = concentration.facts.storage;
  const wrap = (array: NDArray) => concentration.wrap(array);
  // Drawn beside the op, the numbers are the same for all examples of vmap, as those of other distributions are.
  const normals = wrap(normalNumbers(stream, [rounds, ...shape], dtype));
  const units = wrap(uniformNumbers(stream, [rounds + 1, ...shape], dtype));
  const found = aside([concentration.detach(), normals, units], factorsOf);
  normals.dispose();
  units.dispose();
  return found as [Tensor, Tensor];
}

function factorsOf(a: NDArray, normals: NDArray, units: NDArray): NDArray[] {
  const row = (all: NDArray, k: number) =>
    all.view(all.shape.slice(1), all.strides.slice(1), all.offset + k * all.strides[0]!);
  const logOf = (unit: NDArray) => map("log1p", [map("negate", [unit])]);
  const [d, c, power, highest] = groupResults(() => {
    const one = constantLike(a, 1), zero = constantLike(a, 0), isSmall = map("less", [a, one]);
    const raised = map("where", [isSmall, map("addScalar", [a], { s: 1 }), a], undefined, a.dtype);
    const d = map("addScalar", [raised], { s: -1 / 3 }), c = map("rsqrt", [map("mulScalar", [d], { s: 9 })]);
    const power = map("where", [isSmall, map("div", [logOf(row(units, rounds)), a]), zero], undefined, a.dtype);
    const isPositive = map("greater", [a, zero]), none = constantLike(a, NaN);
    return [map("where", [isPositive, d, none], undefined, a.dtype), c, power, copy(one)];
  }) as [NDArray, NDArray, NDArray, NDArray];
  let cube = highest;
  // Each round is a group of its own, and a GPU compiles the same kernel for all of them.
  for (let k = rounds - 1; k >= 0; k--) {
    const found = groupResult(() => {
      const x = row(normals, k), t = map("mul", [c, x]);
      // (1 + t)³ without the 1, of which small t would lose digits.
      const inner = map("addScalar", [map("mul", [map("addScalar", [t], { s: 3 }), t])], { s: 3 });
      const rise = map("mul", [inner, t]);
      const gap = map("sub", [map("mulScalar", [map("log1p", [t])], { s: 3 }), rise]);
      const bound = map("mulAdd", [d, gap, map("mulScalar", [map("square", [x])], { s: 0.5 })]);
      // The logarithm is NaN below t = -1, where nothing is accepted.
      const isAccepted = map("less", [logOf(row(units, k)), bound]);
      return map("where", [isAccepted, map("addScalar", [rise], { s: 1 }), cube], undefined, a.dtype);
    });
    cube.dispose();
    cube = found;
  }
  const factor = map("mul", [d, cube]);
  for (const array of [d, c, cube]) array.dispose();
  return [factor, power];
}

/** The least numbers with all digits of the types in which the gamma distribution is computed. */
const least = { float32: 2 ** -126, float64: 2 ** -1022 };

/** Numbers of the gamma distribution with rate 1, none of them 0. */
export function standardGamma(concentration: Tensor): Tensor {
  const [factor, power] = gammaFactors(concentration), dtype = concentration.dtype as keyof typeof least;
  return factor.mul(power.exp()).clip(least[dtype], Infinity);
}

/** The logarithms of numbers of the gamma distribution with rate 1. */
export function logGamma(concentration: Tensor): Tensor {
  const [factor, power] = gammaFactors(concentration);
  return factor.log().add(power);
}

/** The shape of the concentrations after those of the sample: they lie along the last axis. */
export function lastAxis(action: string, shape: Shape): number {
  if (shape.length > 0) return shape.length - 1;
  throw new TypeError(`Cannot ${action}: concentrations must lie along an axis, there is none`);
}
