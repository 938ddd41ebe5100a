/**
 * Random numbers of many distributions, from parameters that are numbers or tensors.
 *
 * All come from the generator that `manualSeed` sets, by steps that are the same on every device: the same seed gives the same
 * numbers, but for the last digits where a device has logarithms and exponentials of its own. A captured function draws anew
 * at each replay.
 */
import { streamOf } from "../../array/devices.ts";
import { groupResult } from "../../array/group.ts";
import { map } from "../../array/ndarray.ts";
import { normalNumbers, uniformNumbers } from "../../array/random.ts";
import { checkCount, checkOptions, refuse, shown } from "../../pure/check.ts";
import { checkDType, type DType, isFloat, isHalf, rangeOf } from "../../pure/dtype.ts";
import { checkShape, type Shape, showShape, stretches } from "../../pure/shape.ts";
import { erf } from "../../../kernels/reference/functions.ts";
import { lastAxis, logGamma, refuseGradient, standardGamma } from "../composites/gamma.ts";
import { chance, checkParameter, type Condition, notNegative, positive } from "../composites/random.ts";
import { checkOperands, commonShape, isTensor, numberOrTensor, type Operand } from "../operands.ts";
import { commonType } from "../precision.ts";
import { Tensor } from "../tensor.ts";

/** What is drawn from a distribution, beside its parameters. */
export interface DrawOptions {
  /** The shape of the result, to which the parameters stretch; their own common shape by default. */
  shape?: Shape;
  /** The float type of the result: by default that of the parameters, float32 for numbers and integers. */
  dtype?: DType;
  /** The device, for parameters that are all numbers; the default device when absent. */
  device?: string;
}

/** A draw that was checked: the parameters in the type that is computed in, and noise in the shape of the result. */
interface Draw<Parameters extends readonly Operand[]> {
  readonly parameters: { readonly [K in keyof Parameters]: Parameters[K] };
  readonly shape: Shape;
  /** A parameter in the shape of the result. */
  stretched(parameter: Operand): Tensor;
  uniform(): Tensor;
  normal(): Tensor;
  /** What was computed, in the type of the result. */
  result(x: Tensor): Tensor;
}

function checkFloat(action: string, dtype: DType): void {
  checkDType(action, dtype);
  if (!isFloat(dtype)) throw new TypeError(`Cannot ${action}: type ${dtype} must be a float type`);
}

/** What every distribution checks: options, the kinds of the parameters and their values. */
function drawing<Parameters extends readonly Operand[]>(
  action: string,
  parameters: Parameters,
  conditions: Readonly<Record<string, Condition>>,
  options: DrawOptions,
): Draw<Parameters> {
  const given = checkOptions(action, options, "{ shape: [2, 3] }", ["shape", "dtype", "device"]);
  const owner = { action, arity: parameters.length, precision: "given" } as const;
  checkOperands(owner, parameters, parameters.length, numberOrTensor);
  const tensors = (parameters as readonly Operand[]).filter(isTensor), first = tensors[0];
  const natural = first === undefined || !isFloat(commonType(tensors)) ? "float32" : commonType(tensors);
  const dtype = given.dtype ?? natural;
  checkFloat(action, dtype);
  const stream = first === undefined || given.device !== undefined
    ? streamOf(given.device)
    : first.facts.storage.stream;
  if (first !== undefined && first.facts.storage.stream !== stream) {
    throw new TypeError(
      `Cannot ${action}: parameters on ${first.device}, device ${shown(given.device)} must be the same`,
    );
  }
  const common = first === undefined ? [] : commonShape(owner, tensors);
  if (given.shape !== undefined) checkShape(action, given.shape);
  const shape = given.shape?.slice() ?? common, wide = isHalf(dtype) ? "float32" : dtype;
  if (!stretches(common, shape)) {
    throw new TypeError(
      `Cannot ${action}: parameters ${showShape(common)} do not stretch to shape ${showShape(shape)}`,
    );
  }
  Object.entries(conditions).forEach(([name, condition], k) => checkParameter(action, name, parameters[k]!, condition));
  const wrap = (array: ConstructorParameters<typeof Tensor>[0]) => new Tensor(array, { requiresGrad: false });
  const cast = parameters.map((each) => isTensor(each) ? each.cast(wide) : each);
  return {
    parameters: cast as unknown as Parameters,
    shape,
    stretched: (each) =>
      isTensor(each)
        ? each.broadcastTo(shape)
        : new Tensor(each, { dtype: wide, device: stream.device.name }).broadcastTo(shape),
    uniform: () => wrap(uniformNumbers(stream, shape, wide)),
    normal: () => wrap(normalNumbers(stream, shape, wide)),
    result: (x) => x.cast(dtype),
  };
}

const number: Condition = { holds: (x) => !Number.isNaN(x), wanted: "be a number" };

/**
 * Uniform numbers in [low, high). RangeError for bounds that are NaN. Gradients flow to the bounds.
 *
 * @example
 * ```ts
 * import { tensor, uniform } from "deneb";
 *
 * const x = uniform(tensor([0, 10]), tensor([1, 20]), { shape: [100, 2] });
 * if (x.shape.join() !== "100,2" || x.min().item() < 0 || x.max().item() > 20) throw new Error("wrong");
 * ```
 */
export function uniform(low: Operand = 0, high: Operand = 1, options: DrawOptions = {}): Tensor {
  const draw = drawing("uniform", [low, high] as const, { low: number, high: number }, options);
  const [from, to] = draw.parameters, width = isTensor(to) ? to.sub(from) : isTensor(from) ? from.rsub(to) : to - from;
  return draw.result(draw.uniform().mul(width).add(from));
}

/**
 * Normal numbers by mean and standard deviation. RangeError for a deviation below 0. Gradients flow to both.
 *
 * @example
 * ```ts
 * import { manualSeed, normal } from "deneb";
 *
 * manualSeed(0);
 * const mean = normal(5, 0.1, { shape: [1000] }).mean().item();
 * if (Math.abs(mean - 5) > 0.02) throw new Error(`${mean}`);
 * ```
 */
export function normal(mean: Operand = 0, std: Operand = 1, options: DrawOptions = {}): Tensor {
  const draw = drawing("normal", [mean, std] as const, { mean: number, std: notNegative }, options);
  const [centre, spread] = draw.parameters;
  return draw.result(draw.normal().mul(spread).add(centre));
}

/**
 * e to the power of normal numbers, whose mean and standard deviation are given. Gradients flow to both.
 *
 * @example
 * ```ts
 * import { logNormal } from "deneb";
 *
 * if (logNormal(0, 1, { shape: [10] }).min().item() <= 0) throw new Error("wrong");
 * ```
 */
export function logNormal(mean: Operand = 1, std: Operand = 2, options: DrawOptions = {}): Tensor {
  const draw = drawing("logNormal", [mean, std] as const, { mean: number, std: notNegative }, options);
  const [centre, spread] = draw.parameters;
  return draw.result(draw.normal().mul(spread).add(centre).exp());
}

/** Options of {@linkcode truncatedNormal}. */
export interface TruncatedNormalOptions extends Omit<DrawOptions, "shape"> {
  /** The mean before numbers are left out: 0 by default. */
  mean?: number;
  /** The standard deviation before numbers are left out: 1 by default. */
  std?: number;
  /** The least number: -2 by default. */
  low?: number;
  /** The largest number: 2 by default. */
  high?: number;
}

/**
 * Normal numbers between two bounds, as PyTorch's `nn.init.trunc_normal_` fills a tensor: by the inverse of the distribution
 * function, computed in float64. RangeError for bounds that hold less than 10^-9 of the distribution.
 *
 * @example
 * ```ts
 * import { truncatedNormal } from "deneb";
 *
 * const x = truncatedNormal([100], { std: 0.02, low: -0.04, high: 0.04 });
 * if (x.abs().max().item() > 0.04) throw new Error("beyond");
 * ```
 */
export function truncatedNormal(shape: Shape, options: TruncatedNormalOptions = {}): Tensor {
  const action = "truncatedNormal", names = ["mean", "std", "low", "high", "dtype", "device"] as const;
  const { mean = 0, std = 1, low = -2, high = 2, ...rest } = checkOptions(action, options, "{ std: 0.02 }", names);
  for (const [name, value] of Object.entries({ mean, std, low, high })) {
    if (typeof value !== "number") refuse(action, value, "a number");
    checkParameter(action, name, value, name === "std" ? positive : number);
  }
  const { device, dtype = "float32" } = rest, stream = streamOf(device);
  checkShape(action, shape);
  checkFloat(action, dtype);
  const [from, to] = [low, high].map((bound) => erf((bound - mean) / std / Math.SQRT2)) as [number, number];
  if (!(to - from >= 2e-9)) {
    throw new RangeError(`Cannot ${action}: [${low}, ${high}] holds less than 10^-9 of the distribution`);
  }
  // At -1 and 1 the inverse of erf is infinite.
  const edge = 1 - 2 ** -53;
  return new Tensor(
    groupResult(() => {
      const unit = uniformNumbers(stream, shape.slice(), "float64");
      const places = map("clip", [map("addScalar", [map("mulScalar", [unit], { s: to - from })], { s: from })], {
        s: -edge,
        t: edge,
      });
      const spread = map("mulScalar", [map("erfinv", [places])], { s: std * Math.SQRT2 });
      return map("clip", [map("addScalar", [spread], { s: mean })], { s: low, t: high });
    }),
    { requiresGrad: false },
  ).cast(dtype);
}

/**
 * Exponential numbers, whose mean is 1 / rate. RangeError for a rate that is not above 0. Gradients flow to the rate.
 *
 * @example
 * ```ts
 * import { exponential, manualSeed } from "deneb";
 *
 * manualSeed(0);
 * const mean = exponential(4, { shape: [1000] }).mean().item();
 * if (Math.abs(mean - 0.25) > 0.03) throw new Error(`${mean}`);
 * ```
 */
export function exponential(rate: Operand = 1, options: DrawOptions = {}): Tensor {
  const draw = drawing(
    "exponential",
    [rate] as const,
    { rate: { holds: (x) => x > 0, wanted: "be above 0" } },
    options,
  );
  return draw.result(draw.uniform().neg().log1p().neg().div(draw.parameters[0]));
}

/**
 * Numbers of the Cauchy distribution by median and scale. RangeError for a scale that is not above 0. Gradients flow to both.
 *
 * @example
 * ```ts
 * import { cauchy } from "deneb";
 *
 * if (cauchy(0, 1, { shape: [2, 3] }).shape.join() !== "2,3") throw new Error("wrong shape");
 * ```
 */
export function cauchy(median: Operand = 0, scale: Operand = 1, options: DrawOptions = {}): Tensor {
  const draw = drawing("cauchy", [median, scale] as const, { median: number, scale: positive }, options);
  const [centre, spread] = draw.parameters;
  return draw.result(draw.uniform().sub(0.5).mul(Math.PI).tan().mul(spread).add(centre));
}

/**
 * How many trials there are up to the first success, which has the probability `p` each time: 1, 2, 3, ... as floats, as
 * PyTorch's `geometric_`. RangeError for a probability outside (0, 1]. The result is on no graph.
 *
 * @example
 * ```ts
 * import { geometric, manualSeed } from "deneb";
 *
 * manualSeed(0);
 * const mean = geometric(0.25, { shape: [1000] }).mean().item();
 * if (Math.abs(mean - 4) > 0.5) throw new Error(`${mean}`);
 * ```
 */
export function geometric(p: Operand, options: DrawOptions = {}): Tensor {
  const draw = drawing("geometric", [p] as const, { p: chance }, options), [share] = draw.parameters;
  const failure = isTensor(share) ? share.detach().neg().log1p() : Math.log1p(-share);
  return draw.result(draw.uniform().neg().log1p().div(failure).floor().add(1));
}

/**
 * Numbers of the gamma distribution by concentration and rate, whose mean is concentration / rate. RangeError for parameters
 * that are not above 0. Gradients flow to the rate; a concentration that requires one is refused.
 *
 * They are drawn in a fixed number of steps (Marsaglia and Tsang 2000, six proposals), so that captured functions draw them
 * too: one of 10^8 is a number that none of the proposals gave. Where devices round logarithms in another way, one of some
 * million draws may be that of another proposal.
 *
 * @example
 * ```ts
 * import { gamma, manualSeed } from "deneb";
 *
 * manualSeed(0);
 * const mean = gamma(3, 2, { shape: [1000] }).mean().item();
 * if (Math.abs(mean - 1.5) > 0.15) throw new Error(`${mean}`);
 * ```
 */
export function gamma(concentration: Operand, rate: Operand = 1, options: DrawOptions = {}): Tensor {
  const conditions = { concentration: positive, rate: positive };
  const draw = drawing("gamma", [concentration, rate] as const, conditions, options), [a, by] = draw.parameters;
  refuseGradient("gamma", "concentration", a);
  return draw.result(standardGamma(draw.stretched(a)).div(by));
}

/**
 * Numbers of the beta distribution in [0, 1], whose mean is a / (a + b). RangeError for parameters that are not above 0, and
 * Error for one that requires a gradient.
 *
 * @example
 * ```ts
 * import { beta, manualSeed } from "deneb";
 *
 * manualSeed(0);
 * const mean = beta(1, 3, { shape: [1000] }).mean().item();
 * if (Math.abs(mean - 0.25) > 0.03) throw new Error(`${mean}`);
 * ```
 */
export function beta(a: Operand, b: Operand, options: DrawOptions = {}): Tensor {
  const draw = drawing("beta", [a, b] as const, { a: positive, b: positive }, options),
    [first, second] = draw.parameters;
  refuseGradient("beta", "a", first);
  refuseGradient("beta", "b", second);
  return draw.result(logGamma(draw.stretched(first)).sub(logGamma(draw.stretched(second))).sigmoid());
}

/**
 * Shares of the Dirichlet distribution, which add up to 1 along the last axis, by concentrations along that axis. RangeError
 * for concentrations that are not above 0, and Error for those that require a gradient.
 *
 * @example
 * ```ts
 * import { dirichlet, tensor } from "deneb";
 *
 * const shares = dirichlet(tensor([1, 2, 3]), { shape: [5, 3] });
 * if (shares.sum(-1).sub(1).abs().max().item() > 1e-6) throw new Error("wrong sum");
 * ```
 */
export function dirichlet(concentration: Tensor, options: DrawOptions = {}): Tensor {
  if (!isTensor(concentration)) refuse("dirichlet", concentration, "a tensor");
  const draw = drawing("dirichlet", [concentration] as const, { concentration: positive }, options);
  refuseGradient("dirichlet", "concentration", concentration);
  return draw.result(logGamma(draw.stretched(draw.parameters[0])).softmax(lastAxis("dirichlet", draw.shape)));
}

/**
 * The integers from 0 to n - 1 in a random order: int32, unless another type is asked for. RangeError where the type does not
 * have them.
 *
 * @example
 * ```ts
 * import { randperm } from "deneb";
 *
 * const order = randperm(4).toArray<number[]>();
 * if (order.sort().join() !== "0,1,2,3") throw new Error("wrong");
 * ```
 */
export function randperm(n: number, options: Omit<DrawOptions, "shape"> = {}): Tensor {
  const { dtype = "int32", device } = checkOptions("randperm", options, '{ dtype: "int32" }', ["dtype", "device"]);
  checkDType("randperm", dtype);
  checkCount("randperm", "n", n, 0, Math.min(2 ** 31, rangeOf(dtype)[1] + 1));
  // So many digits that hardly two numbers are the same.
  const noise = new Tensor(uniformNumbers(streamOf(device), [n], "float64"), { requiresGrad: false });
  return noise.argsort(0).cast(dtype);
}
