/** What reductions are told: which axes they join. */
import { checkNames, checkOptions } from "./check.ts";
import { type Axes, countAlong, normalizeAxes, type Shape, showShape } from "./shape.ts";

/** Which axes a reduction joins, and whether they stay with length one. */
export interface ReduceOptions {
  /** One or several, negative ones counted from the end; all of them by default. */
  axes?: Axes | undefined;
  /** Leaves joined axes with length one, so that the result broadcasts against the input; false by default. */
  keepDims?: boolean;
}

/** Along which axis the place of an element is sought. */
export interface PlaceOptions {
  /** A negative one counts from the end; by default all axes, in row-major order. */
  axis?: number;
  /** Leaves joined axes with length one; false by default. */
  keepDims?: boolean;
}

/** The same with axes that are there, in order. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

const reduceNames = ["axes", "keepDims"], placeNames = ["axis", "keepDims"];

/** The axes of `shape` that the options name, all of them where they name none. `more` are names of other options. */
export function reductionOf(
  action: string,
  shape: Shape,
  options: ReduceOptions | undefined,
  more: readonly string[] = [],
): Reduction {
  const axes = options?.axes;
  // Options without axes may be none at all, such as the axis by itself.
  if (axes === undefined && options !== undefined) {
    checkNames(action, checkOptions(action, options, "{ axes: 0 }"), [...reduceNames, ...more]);
  }
  return { axes: normalizeAxes(action, axes, shape.length), keepDims: options?.keepDims ?? false };
}

/** As {@linkcode reductionOf}, for an op that chooses one of the elements. RangeError where there are none. */
export function choiceOf(action: string, shape: Shape, options: ReduceOptions | undefined): Reduction {
  const reduction = reductionOf(action, shape, options);
  if (countAlong(shape, reduction.axes) > 0) return reduction;
  throw new RangeError(`Cannot ${action}: tensor ${showShape(shape)} has no elements along axes [${reduction.axes}]`);
}

/** As {@linkcode choiceOf}, for an op that takes one axis or all of them. */
export function placeOf(action: string, shape: Shape, options: PlaceOptions = {}): Reduction {
  const { axis, keepDims = false } = checkOptions(action, options, "{ axis: 0 }");
  checkNames(action, options, placeNames);
  return choiceOf(action, shape, { axes: axis, keepDims });
}
