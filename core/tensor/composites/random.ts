/** Random numbers beside a tensor, and what those who draw check. */
import { groupResult, groupResults } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { normalNumbers, uniformIntegers, uniformNumbers } from "../../array/random.ts";
import { checkCount, checkFlag, checkOptions, checkRange, shown } from "../../pure/check.ts";
import { type DType, isFloat, isHalf, rangeOf } from "../../pure/dtype.ts";
import { normalizeAxis, type Shape, showShape } from "../../pure/shape.ts";
import { aside } from "../aside.ts";
import type { Operand } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { promptValues } from "../update.ts";
import { numbersAlong } from "./numbers.ts";
import { searchSorted } from "./search.ts";

/** RangeError unless [low, high) is a range of integers that the type has. */
export function checkIntegerRange(action: string, low: number, high: number, dtype: DType): void {
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high) {
    throw new RangeError(`Cannot ${action}: [${shown(low)}, ${shown(high)}) must be a range of integers`);
  }
  const [least, largest] = rangeOf(dtype);
  if (low >= least && high - 1 <= largest) return;
  throw new RangeError(`Cannot ${action}: [${low}, ${high}) must lie in [${least}, ${largest}], the range of ${dtype}`);
}

/** A condition for parameters, and its words. */
export interface Condition {
  readonly holds: (value: number) => boolean;
  readonly wanted: string;
}
export const positive: Condition = { holds: (x) => x > 0 && x < Infinity, wanted: "be above 0, and finite" };
export const notNegative: Condition = { holds: (x) => x >= 0 && x < Infinity, wanted: "be at least 0, and finite" };
export const probability: Condition = { holds: (x) => x >= 0 && x <= 1, wanted: "lie in [0, 1]" };
export const chance: Condition = { holds: (x) => x > 0 && x <= 1, wanted: "lie in (0, 1]" };

/** RangeError for a parameter against the condition: a number, or an element that can be looked at without waiting for it. */
export function checkParameter(action: string, name: string, given: Operand, { holds, wanted }: Condition): void {
  const values = typeof given === "number" ? [given] : given.hasElements ? promptValues(given) ?? [] : [];
  // A loop, since `find` calls a function for each element.
  for (let k = 0; k < values.length; k++) {
    if (!holds(values[k]!)) throw new RangeError(`Cannot ${action}: ${name} ${values[k]} must ${wanted}`);
  }
}

/** Uniform numbers in [0, 1) on the device of a tensor. */
export function uniformBeside(beside: Tensor, shape: Shape, dtype: DType): Tensor {
  return beside.wrap(uniformNumbers(beside.facts.storage.stream, shape, dtype));
}

/** Standard normal numbers on the device of a tensor. */
export function normalBeside(beside: Tensor, shape: Shape, dtype: DType): Tensor {
  return beside.wrap(normalNumbers(beside.facts.storage.stream, shape, dtype));
}

/**
 * What `body` makes of the inputs' arrays, on no graph. Nobody needs the tensors `spent` afterwards. Noise is drawn outside,
 * so that it is the same for all examples of `vmap`.
 */
export function step(
  spent: readonly Tensor[],
  inputs: readonly Tensor[],
  body: (...arrays: NDArray[]) => readonly NDArray[],
): readonly Tensor[] {
  const found = aside(inputs, (...arrays) => groupResults(() => body(...arrays)));
  for (const tensor of spent) tensor.dispose();
  return found;
}

function checkFloat(action: string, { dtype }: Tensor): void {
  if (!isFloat(dtype)) throw new TypeError(`Cannot ${action}: type ${dtype} must be a float type`);
}

/** Uniform numbers in the shape and type of a tensor. */
export function randLike(x: Tensor): Tensor {
  checkFloat("randLike", x);
  return uniformBeside(x, x.shape, x.dtype);
}

/** Standard normal numbers in the shape and type of a tensor. */
export function randnLike(x: Tensor): Tensor {
  checkFloat("randnLike", x);
  return normalBeside(x, x.shape, x.dtype);
}

/** Integers in [low, high) in the shape and type of a tensor. */
export function randintLike(x: Tensor, low: number, high: number): Tensor {
  checkIntegerRange("randintLike", low, high, x.dtype);
  return x.wrap(uniformIntegers(x.facts.storage.stream, x.shape, x.dtype, low, high));
}

/** 1 with a probability for each element, or with one for all, else 0. */
export function bernoulli(x: Tensor, p: number | undefined): Tensor {
  if (p === undefined) checkFloat("bernoulli", x);
  const chances = p ?? x.detach();
  checkParameter("bernoulli", "probability", chances, probability);
  const dtype = x.dtype === "float64" ? "float64" : "float32";
  return uniformBeside(x, x.shape, dtype).less(chances).cast(x.dtype);
}

/** Exponential noise of float64, which distinguishes the smallest of very many numbers. */
function exponentialNoise(beside: Tensor, shape: Shape): Tensor {
  return beside.wrap(groupResult(() => {
    const noise = uniformNumbers(beside.facts.storage.stream, shape, "float64");
    return map("negate", [map("log1p", [map("negate", [noise])])]);
  }));
}

/** Noise of the Gumbel distribution, whose largest element after a sum with logits is drawn by their softmax. */
function gumbelNoise(x: Tensor): Tensor {
  const noise = exponentialNoise(x, x.shape).clip(2 ** -60, Infinity).log().neg();
  return noise.cast(x.dtype === "float64" ? "float64" : "float32");
}

/** One place of each row along an axis, with the probabilities of a softmax. */
export function categorical(x: Tensor, axis: number): Tensor {
  checkFloat("categorical", x);
  const along = normalizeAxis("categorical", axis, x.shape.length);
  checkPlaces("categorical", x, along);
  return x.detach().add(gumbelNoise(x)).argmax(along);
}

function checkPlaces(action: string, { shape }: Tensor, axis: number): void {
  if (shape[axis]! > 0) return;
  throw new TypeError(`Cannot ${action}: axis ${axis} of shape ${showShape(shape)} has no places to draw from`);
}

/** Options of `gumbelSoftmax`. */
export interface GumbelSoftmaxOptions {
  /** The temperature: 1 by default. Nearer to 0, the result is nearer to a one among zeros. */
  tau?: number;
  /** Whether the result is a one among zeros, with the gradient of the softmax; false by default. */
  hard?: boolean;
  /** The axis, the last one by default. */
  axis?: number;
}

/** The softmax of (x + noise) / tau: a draw that can be differentiated (Jang et al. 2017, Maddison et al. 2017). */
export function gumbelSoftmax(x: Tensor, options: GumbelSoftmaxOptions): Tensor {
  const action = "gumbelSoftmax", names = ["tau", "hard", "axis"] as const;
  const { tau = 1, hard = false, axis = -1 } = checkOptions(action, options, "{ hard: true }", names);
  checkFlag(action, "hard", hard);
  if (checkRange(action, "tau", tau, 0) === 0) throw new RangeError(`Cannot ${action}: tau 0 must be above 0`);
  checkFloat(action, x);
  const along = normalizeAxis(action, axis, x.shape.length);
  const noise = gumbelNoise(x), sum = isHalf(x.dtype) ? x.cast("float32").add(noise) : x.add(noise);
  const soft = sum.div(tau).softmax(along).cast(x.dtype);
  if (!hard || x.shape[along] === 0) return soft;
  const behind = x.shape.length - 1 - along;
  const line = numbersAlong(x, Array.from({ length: x.shape[along]! }, (_, k) => k), "int32", behind);
  const chosen = soft.detach().argmax({ axes: along, keepDims: true }).equal(line).cast(x.dtype);
  // The difference is zeros: the value is the choice alone.
  return chosen.add(soft.sub(soft.detach()));
}

/** Options of `multinomial`. */
export interface MultinomialOptions {
  /** Whether a place may be drawn more than once; false by default. */
  replacement?: boolean;
}

/**
 * Places of each row, with probabilities that are proportional to the weights. With replacement, uniform numbers among the
 * running sums. Without, of exponential numbers, each divided by its weight, the least has the place that is drawn first, the
 * next one the second (Efraimidis and Spirakis 2006).
 */
export function multinomial(x: Tensor, count: number, options: MultinomialOptions): Tensor {
  const action = "multinomial", { shape } = x;
  const { replacement = false } = checkOptions(action, options, "{ replacement: true }", ["replacement"]);
  checkFlag(action, "replacement", replacement);
  checkFloat(action, x);
  const last = normalizeAxis(action, -1, shape.length), n = shape[last]!, before = shape.slice(0, last);
  checkCount(action, "count", count, 1);
  checkPlaces(action, x, last);
  if (!replacement && count > n) {
    throw new RangeError(`Cannot ${action}: ${count} of ${n} places without replacement, count must be at most ${n}`);
  }
  checkWeights(action, x, replacement ? 1 : count);
  const weights = x.detach().cast("float64");
  if (replacement) {
    const sums = weights.cumsum(-1), points = uniformBeside(x, [...before, count], "float64");
    return searchSorted(action, sums, points.mul(sums.narrow(-1, n - 1, 1)), { right: true });
  }
  const waits = weights.greater(0).where(exponentialNoise(x, shape).div(weights), Infinity);
  return waits.topk(count, -1, { largest: false }).indices;
}

/** RangeError for weights that can be looked at without waiting for them, if a row has too few that are above 0. */
function checkWeights(action: string, x: Tensor, least: number): void {
  checkParameter(action, "weight", x, notNegative);
  const values = x.hasElements ? promptValues(x) : null, n = x.shape.at(-1)!;
  if (values === null) return;
  for (let start = 0; start < values.length; start += n) {
    let found = 0;
    for (let k = 0; k < n; k++) if (values[start + k]! > 0) found++;
    if (found >= least) continue;
    throw new RangeError(`Cannot ${action}: ${found} weights of a row are above 0, there must be at least ${least}`);
  }
}
