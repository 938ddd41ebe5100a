/** What reductions are told: which axes they join. */
import { checkNames, checkOptions } from "./check.ts";
import type { Axes } from "./shape.ts";

/** Which axes a reduction joins, and whether they stay with length one. */
export interface ReduceOptions {
  /** One or several, negative ones counted from the end; all of them by default. */
  axes?: Axes | undefined;
  /** Leaves joined axes with length one, so that the result broadcasts against the input; false by default. */
  keepDims?: boolean;
}

/** What a variance is told. */
export interface VarianceOptions extends ReduceOptions {
  /** What is taken from the number of elements before it divides: 1 by default, as in PyTorch. */
  correction?: number;
}

/** Along which axis the place of an element is sought. */
export interface PlaceOptions {
  /** A negative one counts from the end; by default all axes, in row-major order. */
  axis?: number | undefined;
  /** Leaves joined axes with length one; false by default. */
  keepDims?: boolean;
}

const reduceNames = ["axes", "keepDims"], placeNames = ["axis", "keepDims"];

/** The options themselves. TypeError for a name that is none of theirs, or of `more`. */
export function checkReduceOptions(
  action: string,
  options: ReduceOptions,
  more: readonly string[],
): ReduceOptions {
  checkNames(action, checkOptions(action, options, "{ axes: 0 }"), [...reduceNames, ...more]);
  return options;
}

/** The same for an op that takes one axis or all of them. */
export function placeOptions(action: string, options: PlaceOptions = {}): ReduceOptions {
  checkNames(action, checkOptions(action, options, "{ axis: 0 }"), placeNames);
  return { axes: options.axis, keepDims: options.keepDims ?? false };
}
