/** The options of reductions: which axes they join. */
import { checkOptions } from "./check.ts";
import type { Axes } from "./shape.ts";

/** Which axes a reduction joins, and whether they stay with length one. */
export interface ReduceOptions {
  /** One or several, negative ones counted from the end; all of them by default. */
  axes?: Axes | undefined;
  /** Leaves joined axes with length one, so that the result broadcasts against the input; false by default. */
  keepDims?: boolean;
}

/** The options of a variance. */
export interface VarianceOptions extends ReduceOptions {
  /** How much is taken from the number of elements before the sum is divided by it: 1 by default, as in PyTorch. */
  correction?: number;
}

/** The options of `argmax` and `argmin`: along which axis the place of an element is sought. */
export interface PlaceOptions {
  /** The axis; a negative one counts from the end. By default all axes are taken as one, in row-major order. */
  axis?: number | undefined;
  /** Leaves joined axes with length one; false by default. */
  keepDims?: boolean;
}

const reduceNames = ["axes", "keepDims"] as const, placeNames = ["axis", "keepDims"] as const;

/** The options of a reduction. TypeError for a name that is neither theirs nor in `more`. */
export function checkReduceOptions(
  action: string,
  options: ReduceOptions,
  more: readonly string[],
): ReduceOptions {
  const names = more.length === 0 ? reduceNames : [...reduceNames, ...more] as typeof reduceNames[number][];
  return checkOptions(action, options, "{ axes: 0 }", names);
}

/** The options of an op that takes one axis or all of them. TypeError for other names. */
export function placeOptions(action: string, options: PlaceOptions = {}): ReduceOptions {
  checkOptions(action, options, "{ axis: 0 }", placeNames);
  return { axes: options.axis, keepDims: options.keepDims ?? false };
}
