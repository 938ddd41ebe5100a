/** Numbers of the gamma distribution, and of those that are made of them. */
import { gradientsEnabled } from "../../ambient/modes.ts";
import { constantLike } from "../../array/constants.ts";
import { copy, map, type NDArray } from "../../array/ndarray.ts";
import type { Shape } from "../../pure/shape.ts";
import { isTensor, type Operand } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { normalBeside, step, uniformBeside } from "./random.ts";

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
function gammaFactors(concentration: Tensor): readonly [factor: Tensor, power: Tensor] {
  const { shape, dtype } = concentration, first = uniformBeside(concentration, shape, dtype);
  const [d, c, power, highest] = step([first], [concentration.detach(), first], beginning) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  let cube = highest;
  for (let k = 0; k < rounds; k++) {
    // A round is as the one before, and a GPU compiles the same kernels for it.
    const x = normalBeside(concentration, shape, dtype), unit = uniformBeside(concentration, shape, dtype);
    [cube] = step([x, unit, cube], [d, c, cube, x, unit], round) as [Tensor];
  }
  return [...step([d, c, cube], [d, cube], (d, cube) => [map("mul", [d, cube])]), power] as [Tensor, Tensor];
}

/** The logarithm of a uniform number, never infinite. */
function logOf(unit: NDArray): NDArray {
  return map("log1p", [map("negate", [unit])]);
}

/** d and c, the power of concentrations below 1, and 1 as the cube that no round has found yet. */
function beginning(a: NDArray, unit: NDArray): NDArray[] {
  const zero = constantLike(a, 0), isSmall = map("less", [a, constantLike(a, 1)]);
  const raised = map("where", [isSmall, map("addScalar", [a], { s: 1 }), a], undefined, a.dtype);
  const d = map("addScalar", [raised], { s: -1 / 3 }), c = map("rsqrt", [map("mulScalar", [d], { s: 9 })]);
  const power = map("where", [isSmall, map("div", [logOf(unit), a]), zero], undefined, a.dtype);
  const isPositive = map("greater", [a, zero]);
  return [map("where", [isPositive, d, constantLike(a, NaN)], undefined, a.dtype), c, power, copy(constantLike(a, 1))];
}

/** The cube of this round, or the one before where it is refused. A round that accepts counts, whichever it is. */
function round(d: NDArray, c: NDArray, cube: NDArray, x: NDArray, unit: NDArray): NDArray[] {
  const t = map("mul", [c, x]);
  // (1 + t)³ without the 1, of which small t would lose digits.
  const inner = map("addScalar", [map("mul", [map("addScalar", [t], { s: 3 }), t])], { s: 3 });
  const rise = map("mul", [inner, t]);
  const gap = map("sub", [map("mulScalar", [map("log1p", [t])], { s: 3 }), rise]);
  const bound = map("mulAdd", [d, gap, map("mulScalar", [map("square", [x])], { s: 0.5 })]);
  // The logarithm is NaN below t = -1, where nothing is accepted.
  const isAccepted = map("less", [logOf(unit), bound]);
  return [map("where", [isAccepted, map("addScalar", [rise], { s: 1 }), cube], undefined, d.dtype)];
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

/** The axis along which concentrations lie. */
export function lastAxis(action: string, shape: Shape): number {
  if (shape.length > 0) return shape.length - 1;
  throw new TypeError(`Cannot ${action}: concentrations must lie along an axis, there is none`);
}
