/**
 * Means and deviations of arrays, as the ops of reductions and of normalisation need them.
 */
import { groupResults } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { fold } from "../../array/skeletons.ts";
import { broadcastTo } from "../../array/views.ts";
import { countAlong, reducedShape, type Shape } from "../../pure/shape.ts";
import { aside } from "../aside.ts";
import type { Tensor } from "../tensor.ts";

/** The mean over `axes` (sorted), in the shape `out` that drops them or keeps them as ones. */
export function meanOf(a: NDArray, axes: readonly number[], out: Shape): NDArray {
  return map("divScalar", [fold("sum", [a], axes, out)], { s: countAlong(a.shape, axes) });
}

/**
 * The mean, with the joined axes kept at length one, to as many digits of the deviations as of the mean itself: the sum is of
 * differences from the first element, so that the mean of equal elements is that element.
 */
function centreOf(a: NDArray, axes: readonly number[]): NDArray {
  const kept = reducedShape(a.shape, axes, true), count = countAlong(a.shape, axes);
  if (count === 0) return meanOf(a, axes, kept);
  const first = a.view(kept, a.strides);
  const sum = fold("sumDifference", [a, broadcastTo(first, a.shape)], axes, kept);
  return map("addScaled", [first, sum], { s: 1 / count });
}

/** The sum of squared deviations from the mean, with arguments as {@linkcode meanOf}. */
export function squaresOf(a: NDArray, axes: readonly number[], out: Shape): NDArray {
  const mean = centreOf(a, axes);
  return fold("sumSquaredDeviation", [a, broadcastTo(mean, a.shape)], axes, out);
}

/** The mean, the sum of squared deviations and the inverse deviation, each with the joined axes kept at length one. */
export function moments(x: NDArray, axes: readonly number[], eps: number) {
  const kept = reducedShape(x.shape, axes, true);
  const mean = centreOf(x, axes);
  const squares = fold("sumSquaredDeviation", [x, broadcastTo(mean, x.shape)], axes, kept);
  return { mean, squares, inverse: map("inverseDeviation", [squares], { s: 1 / countAlong(x.shape, axes), t: eps }) };
}

/** The statistics of x over `axes`, as `Moments` of the normalising ops describes them. */
export function momentsOf(
  x: Tensor,
  { axes, eps = 1e-5 }: { readonly axes: readonly number[]; readonly eps?: number },
): { mean: Tensor; squares: Tensor; inverse: Tensor } {
  const compute = (x: NDArray) =>
    groupResults(() => {
      const found = moments(x, axes, eps);
      return [found.mean, found.squares, found.inverse];
    });
  const [mean, squares, inverse] = aside([x], compute) as [Tensor, Tensor, Tensor];
  return { mean, squares, inverse };
}
