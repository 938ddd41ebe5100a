/**
 * Functions that make tensors: from values, of constants, ranges and random numbers. No tensor requires a gradient unless its
 * options ask for one.
 */
import { streamOf } from "../array/devices.ts";
import { checkDType, type DType, elementOf, isFloat, makeTypedArray, rangeOf } from "../pure/dtype.ts";
import { asking, checkCount, checkOptions, refuse, shown } from "../pure/check.ts";
import { groupResult } from "../array/group.ts";
import { copy, empty, filled, fromTypedArray, mapInto, type NDArray } from "../array/ndarray.ts";
import { normalNumbers, uniformIntegers, uniformNumbers } from "../array/random.ts";
import type { Stream } from "../array/stream.ts";
import { checkShape, type Shape, showShape } from "../pure/shape.ts";
import { checkTensorOptions, type TensorOptions, type TensorSource, wholeNumbers } from "../array/elements.ts";
import { lerp } from "./composites/pointwise.ts";
import { checkIntegerRange } from "./composites/random.ts";
import { checkOperands, isTensor, numberOrTensor, type Operand } from "./operands.ts";
import { pow as powerOf } from "./ops/mod.ts";
import { Tensor } from "./tensor.ts";

/** {@linkcode TensorOptions} without a shape, which the functions take as an argument. */
export type FactoryOptions = Omit<TensorOptions, "shape">;

function finish(array: NDArray, requiresGrad: boolean): Tensor {
  return new Tensor(array, { requiresGrad });
}

/** What stands for options that were left out, which need no check. */
const noOptions: FactoryOptions = {};
const defaults = { device: undefined, dtype: "float32" as DType, requiresGrad: false };

/** The options with what they leave out. TypeError for a gradient of integers. */
function settingsOf(action: string, options: FactoryOptions, natural: DType = "float32") {
  if (options === noOptions && natural === "float32") return defaults;
  const { device, dtype = natural, requiresGrad = false } = checkTensorOptions(action, options);
  checkDType(action, dtype);
  if (requiresGrad && !isFloat(dtype)) {
    throw new TypeError(`Cannot ${action}: requiresGrad with type ${dtype}, it must be a float type`);
  }
  return { device, dtype, requiresGrad };
}

/**
 * A tensor that records no gradient by default. Numbers give float32, booleans bool, typed arrays their own type.
 *
 * @example
 * ```ts
 * import { tensor } from "deneb";
 *
 * if (tensor([[1, 2], [3, 4]]).shape.join() !== "2,2") throw new Error("wrong shape");
 * ```
 */
export function tensor(source: TensorSource, options: TensorOptions = {}): Tensor {
  return new Tensor(source, { requiresGrad: false, ...checkOptions("make tensor", options, '{ dtype: "int32" }') });
}

/**
 * A tensor of one number everywhere: float32, unless another type is asked for. RangeError for a negative length, and for a
 * number that the type does not have; an integer type takes a fraction without its digits after the point.
 *
 * @example
 * ```ts
 * import { full } from "deneb";
 *
 * if (full([2, 2], 7).sum().item() !== 28) throw new Error("wrong");
 * ```
 */
export function full(shape: Shape, value: number, options: FactoryOptions = noOptions): Tensor {
  return constant("make full", shape, value, options);
}

/** A tensor of one number everywhere, by the name of the function that makes it. */
function constant(action: string, shape: Shape, value: number, options: FactoryOptions): Tensor {
  const { device, dtype, requiresGrad } = settingsOf(action, options);
  checkShape(action, shape);
  if (typeof value !== "number") refuse(action, value, "a number");
  return finish(filled(streamOf(device), shape.slice(), dtype, elementOf(action, dtype, value)), requiresGrad);
}

/**
 * A tensor of zeros: float32, unless another type is asked for.
 *
 * @example
 * ```ts
 * import { zeros } from "deneb";
 *
 * if (zeros([2, 3]).shape.join() !== "2,3") throw new Error("wrong shape");
 * ```
 */
export function zeros(shape: Shape, options: FactoryOptions = noOptions): Tensor {
  return constant("make zeros", shape, 0, options);
}

/**
 * A tensor of ones: float32, unless another type is asked for.
 *
 * @example
 * ```ts
 * import { ones } from "deneb";
 *
 * if (ones([4], { dtype: "int32" }).sum().item() !== 4) throw new Error("wrong");
 * ```
 */
export function ones(shape: Shape, options: FactoryOptions = noOptions): Tensor {
  return constant("make ones", shape, 1, options);
}

/**
 * `arange(stop)`, or `arange(start, stop, step)`: evenly spaced numbers, the stop excluded. RangeError for a step of 0, and
 * for numbers that the type does not have: of an integer type, start and step must be integers.
 *
 * @example
 * ```ts
 * import { arange } from "deneb";
 *
 * if (arange(3).toArray().join() !== "0,1,2") throw new Error("wrong");
 * if (arange(2, 0, -0.5).toArray().join() !== "2,1.5,1,0.5") throw new Error("wrong");
 * ```
 */
export function arange(
  start: number,
  stop?: number | FactoryOptions,
  step?: number | FactoryOptions,
  options?: FactoryOptions,
): Tensor {
  // Options may stand where a number is left out.
  const split = [stop, step].findIndex((each) => typeof each === "object");
  const settings = (split < 0 ? options : [stop, step][split]) as FactoryOptions | undefined;
  const end = split === 0 ? undefined : stop as number | undefined, by = (split < 0 ? step ?? 1 : 1) as number;
  for (const each of [start, end ?? 0, by]) if (typeof each !== "number") refuse("arange", each, "a number");
  const { device, dtype, requiresGrad } = settingsOf("arange", settings ?? {});
  const from = end === undefined ? 0 : start, to = end ?? start, count = Math.max(0, Math.ceil((to - from) / by));
  if (!Number.isSafeInteger(count)) throw new RangeError(`Cannot arange: step ${by} from ${from} to ${to} never ends`);
  if (!isFloat(dtype)) checkIntegers(dtype, from, by, count);
  const out = empty(streamOf(device), [count], dtype);
  mapInto(out, "arange", [], from, by);
  return finish(out, requiresGrad);
}

/** RangeError unless an integer type has all the numbers of a range. */
function checkIntegers(dtype: DType, from: number, by: number, count: number): void {
  const [least, largest] = rangeOf(dtype), last = from + Math.max(0, count - 1) * by;
  const inside = (value: number) => value >= least && value <= largest;
  if (Number.isInteger(from) && Number.isInteger(by) && inside(from) && inside(last)) return;
  throw new RangeError(
    `Cannot arange: numbers from ${from} to ${last} by ${by} must be integers in [${least}, ${largest}], the range of ${dtype}`,
  );
}

/**
 * `steps` numbers evenly spaced from `start` to `end`, both of which are among them to the bit; `start` alone for one step. Of
 * an integer type, digits after the point are cut off. Ends that are tensors have no axes, and get gradients.
 *
 * @example
 * ```ts
 * import { linspace } from "deneb";
 *
 * if (linspace(0, 1, 5).toArray().join() !== "0,0.25,0.5,0.75,1") throw new Error("wrong");
 * ```
 */
export function linspace(start: Operand, end: Operand, steps: number, options: FactoryOptions = noOptions): Tensor {
  if (isTensor(start) || isTensor(end)) return betweenTensors("linspace", start, end, steps, options);
  const { from, to, device, dtype, requiresGrad } = lineSettings("linspace", start, end, steps, options);
  const stream = streamOf(device);
  if (isFloat(dtype)) return finish(evenly(stream, from, to, steps, dtype), requiresGrad);
  return finish(groupResult(() => copy(evenly(stream, from, to, steps, "float64"), dtype)), requiresGrad);
}

/** Numbers between ends of which one is a tensor without axes, or both, on its device; `each` makes the result of them. */
function betweenTensors(
  action: string,
  start: Operand,
  end: Operand,
  steps: number,
  options: FactoryOptions,
  each?: (x: Tensor) => Tensor,
): Tensor {
  const beside = isTensor(start) ? start : end as Tensor;
  checkCount(action, "steps", steps, 0);
  const { device = beside.device, dtype, requiresGrad } = settingsOf(action, options);
  if (requiresGrad) {
    throw new TypeError(`Cannot ${action}: requiresGrad is for ends that are numbers; tensors have theirs`);
  }
  if (device !== beside.device) {
    throw new TypeError(`Cannot ${action}: device ${shown(device)} and an end on ${beside.device}, they must be one`);
  }
  checkOperands({ action, arity: 2, precision: "given" }, [start, end], 2, numberOrTensor);
  // Powers need more digits of their exponents than they have themselves.
  const wide = isFloat(dtype) && each === undefined ? dtype : "float64";
  const [from, to] = [start, end].map((each) => {
    if (typeof each === "number") each = beside.wrap(filled(beside.facts.storage.stream, [], "float64", each));
    if (each.shape.length > 0) {
      throw new TypeError(`Cannot ${action}: an end of shape ${showShape(each.shape)}, it must have no axes`);
    }
    return (isFloat(dtype) ? each : each.cast(dtype)).cast(wide);
  }) as [Tensor, Tensor];
  const shares = linspace(0, 1, steps, { device, dtype: wide });
  // Of one step it is the start alone.
  const numbers = lerp(from, steps === 1 ? from : to, shares);
  return (each?.(numbers) ?? numbers).cast(dtype);
}

/** The settings of numbers from a start to an end, which an integer type takes without their digits after the point. */
function lineSettings(action: string, start: number, end: number, steps: number, options: FactoryOptions) {
  for (const each of [start, end]) if (typeof each !== "number") refuse(action, each, "a number");
  checkCount(action, "steps", steps, 0);
  const settings = settingsOf(action, options), { dtype } = settings;
  const [from, to] = isFloat(dtype) ? [start, end] : [start, end].map((each) => elementOf(action, dtype, each));
  return { ...settings, from: from!, to: to! };
}

/** Numbers that are counted from either end to the middle, so that both ends are exact. */
function evenly(stream: Stream, start: number, end: number, steps: number, dtype: DType): NDArray {
  if (steps < 2) return filled(stream, [steps], dtype, start);
  const out = empty(stream, [steps], dtype), half = Math.floor(steps / 2), step = (end - start) / (steps - 1);
  const first = out.view([half], [1]), last = out.view([steps - half], [-1], steps - 1);
  try {
    mapInto(first, "arange", [], start, step);
    mapInto(last, "arange", [], end, -step);
    return out;
  } finally {
    first.dispose();
    last.dispose();
  }
}

/** The options of {@linkcode logspace}. */
export interface LogspaceOptions extends FactoryOptions {
  /** The number whose powers are taken, 10 by default. */
  base?: number;
}

/**
 * The powers of a base, 10 by default, whose exponents are evenly spaced from `start` to `end`. Of an integer type, digits
 * after the point are cut off. Ends that are tensors have no axes, and get gradients.
 *
 * @example
 * ```ts
 * import { logspace } from "deneb";
 *
 * if (logspace(0, 3, 4).toArray().join() !== "1,10,100,1000") throw new Error("wrong");
 * if (logspace(0, 3, 4, { base: 2 }).toArray().join() !== "1,2,4,8") throw new Error("wrong");
 * ```
 */
export function logspace(start: Operand, end: Operand, steps: number, options: LogspaceOptions = {}): Tensor {
  const { base = 10, ...rest } = checkOptions("logspace", options, "{ base: 2 }");
  if (typeof base !== "number") refuse("logspace", base, "a number");
  if (isTensor(start) || isTensor(end)) {
    return betweenTensors("logspace", start, end, steps, rest, (exponents) => powerOf.call(base, exponents));
  }
  const { from, to, device, dtype, requiresGrad } = lineSettings("logspace", start, end, steps, rest);
  const step = steps < 2 ? 0 : (to - from) / (steps - 1),
    half = Math.floor(steps / 2),
    powers = makeTypedArray(dtype, steps);
  for (let k = 0; k < steps; k++) {
    const exponent = k < half || steps === 1 ? from + k * step : to - (steps - 1 - k) * step;
    powers[k] = elementOf("logspace", dtype, base ** exponent);
  }
  return finish(fromTypedArray(streamOf(device), powers, [steps], dtype), requiresGrad);
}

/**
 * The identity matrix [size, size]: ones on the diagonal, zeros elsewhere.
 *
 * @example
 * ```ts
 * import { eye } from "deneb";
 *
 * if (eye(2).toArray().join() !== "1,0,0,1") throw new Error("wrong");
 * ```
 */
export function eye(size: number, options: FactoryOptions = {}): Tensor {
  const { device, dtype, requiresGrad } = settingsOf("make eye", options);
  checkCount("make eye", "size", size, 0);
  const line = arange(size, { ...(device === undefined ? {} : { device }), dtype: "int32" });
  const result = line.reshape([size, 1]).equal(line).cast(dtype);
  result.requiresGrad = requiresGrad;
  return result;
}

/** The shape, as it is now. TypeError for a type that is no float type. */
function floatShape(action: string, shape: Shape, dtype: DType): Shape {
  checkShape(action, shape);
  if (!isFloat(dtype)) throw new TypeError(`Cannot ${action}: type ${dtype} must be a float type`);
  return shape.slice();
}

/**
 * Uniform random numbers in [0, 1), the same on every device after {@linkcode manualSeed}. TypeError for an integer type.
 *
 * @example
 * ```ts
 * import { manualSeed, rand } from "deneb";
 *
 * manualSeed(0);
 * const mean = rand([1000]).mean().item();
 * if (mean < 0.45 || mean > 0.55) throw new Error(`${mean}`);
 * ```
 */
export function rand(shape: Shape, options: FactoryOptions = noOptions): Tensor {
  const { device, dtype, requiresGrad } = settingsOf("make rand", options);
  const out = floatShape("make rand", shape, dtype);
  return finish(uniformNumbers(streamOf(device), out, dtype), requiresGrad);
}

/**
 * Random numbers of the standard normal distribution, by Box and Muller 1958. TypeError for an integer type.
 *
 * @example
 * ```ts
 * import { manualSeed, randn } from "deneb";
 *
 * manualSeed(0);
 * const variance = randn([1000]).variance().item();
 * if (variance < 0.8 || variance > 1.2) throw new Error(`${variance}`);
 * ```
 */
export function randn(shape: Shape, options: FactoryOptions = noOptions): Tensor {
  const { device, dtype, requiresGrad } = settingsOf("make randn", options);
  const out = floatShape("make randn", shape, dtype);
  return finish(normalNumbers(streamOf(device), out, dtype), requiresGrad);
}

/**
 * Uniform random integers in [low, high): int32, unless another type is asked for. RangeError for an empty range, and for
 * numbers that the type does not have.
 *
 * @example
 * ```ts
 * import { randint } from "deneb";
 *
 * const dice = randint(1, 7, [100]);
 * if (dice.min().item() < 1 || dice.max().item() > 6) throw new Error("loaded");
 * ```
 */
export function randint(
  low: number,
  high: number,
  shape: Shape,
  options: FactoryOptions = {},
): Tensor {
  const { device, dtype, requiresGrad } = settingsOf("make randint", options, "int32");
  checkIntegerRange("make randint", low, high, dtype);
  checkShape("make randint", shape);
  return finish(uniformIntegers(streamOf(device), shape.slice(), dtype, low, high), requiresGrad);
}

/**
 * Labels [...], integers of any type, as rows of zeros with a one: [..., classes]. RangeError for fractions and for labels
 * out of range.
 *
 * @example
 * ```ts
 * import { oneHot } from "deneb";
 *
 * if (oneHot([2, 0], 3).toArray().join() !== "0,0,1,1,0,0") throw new Error("wrong");
 * ```
 */
export function oneHot(
  labels: Tensor | readonly number[],
  classes: number,
  options: FactoryOptions = {},
): Tensor {
  const { device, dtype, requiresGrad } = settingsOf("oneHot", options);
  checkCount("oneHot", "classes", classes, 1);
  const index = labels instanceof Tensor
    ? labels
    : tensor(wholeNumbers("oneHot", labels), device === undefined ? {} : { device });
  const rows = asking("oneHot", () => eye(classes, { dtype, device: index.device }).take(index));
  rows.requiresGrad = requiresGrad;
  return rows;
}
