/**
 * The arguments of reductions: which axes they join. An axis, a list of axes and an object of options may stand for one
 * another, so that `sum(0)`, `sum([0])` and `sum({ axes: 0 })` are the same.
 */
import { asItIs, checkFlag, checkOptions } from "./check.ts";
import type { Axes } from "./shape.ts";

/** Axes by name. */
export interface AxesOptions {
  /** One or several, negative ones counted from the end; all of them by default. */
  axes?: Axes | undefined;
  /** The same as `axes`. */
  axis?: Axes | undefined;
}

/** Which axes a reduction joins, and whether they stay with length one. */
export interface ReduceOptions extends AxesOptions {
  /** Leaves joined axes with length one, so that the result broadcasts against the input; false by default. */
  keepDims?: boolean;
}

/** The options of a variance. */
export interface VarianceOptions extends ReduceOptions {
  /** How much is taken from the number of elements before the sum is divided by it: 1 by default, as in PyTorch. */
  correction?: number;
}

/** The options of a norm. */
export interface NormOptions extends ReduceOptions {
  /**
   * The power: 2, the same as `"fro"`, by default. 0 counts elements that are not 0, the infinities choose one. `"nuc"` is the
   * sum of the singular values of matrices, along two axes.
   */
  p?: number | "fro" | "nuc";
}

const axesNames = ["axes", "axis"] as const, reduceNames = [...axesNames, "keepDims"] as const;

/** The axes and the flag of a reduction. TypeError for an option that is neither theirs nor in `more`. */
export function reduceOptions(
  action: string,
  given: Axes | ReduceOptions,
  more: readonly string[],
): { axes: Axes | undefined; keepDims: boolean } {
  if (isAxes(given)) return { axes: asItIs(given), keepDims: false };
  const names = more.length === 0 ? reduceNames : [...reduceNames, ...more] as typeof reduceNames[number][];
  const { axes, axis, keepDims = false } = checkOptions(action, given, "{ axes: 0 }", names);
  return { axes: oneOf(action, axes, axis), keepDims: checkFlag(action, "keepDims", keepDims) };
}

/** The axes that an op without other options is given, or undefined. */
export function axesOption(action: string, given: Axes | AxesOptions): Axes | undefined {
  if (isAxes(given)) return asItIs(given);
  const { axes, axis } = checkOptions(action, given, "{ axis: 0 }", axesNames);
  return oneOf(action, axes, axis);
}

function isAxes(given: unknown): given is Axes {
  return typeof given === "number" || Array.isArray(given);
}

function oneOf(action: string, axes: Axes | undefined, axis: Axes | undefined): Axes | undefined {
  const given = axes === undefined ? axis : axes;
  if (axes === undefined || axis === undefined) return typeof given === "number" ? given : asItIs(given);
  throw new TypeError(`Cannot ${action}: both axes and axis are given, they mean the same`);
}
