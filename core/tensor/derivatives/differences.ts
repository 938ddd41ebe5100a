/** Derivatives by difference quotients, and the check of gradients against them. */
import { noGrad } from "../../ambient/modes.ts";
import { innerScope } from "../../ambient/scope.ts";
import { streamOf } from "../../array/devices.ts";
import { contiguous, fromTypedArray } from "../../array/ndarray.ts";
import { checkFunction, checkOptions, checkRange, shown } from "../../pure/check.ts";
import { isFloat, isHalf } from "../../pure/dtype.ts";
import type { Shape } from "../../pure/shape.ts";
import { Tensor } from "../tensor.ts";
import { checkTensor, checkTensors } from "../value.ts";
import { Linearized } from "./linearized.ts";
import { unitLike } from "./unit.ts";
import { listOf, type TensorFunction, type Tensors } from "./variables.ts";

/** The difference quotients: from x to x + h, from x - h to x, or from x - h to x + h, which is one order more accurate. */
export type DifferenceScheme = "forward" | "backward" | "central";

/** Options of {@linkcode numericGrad}. */
export interface NumericOptions {
  /** The quotient; `central` by default. */
  scheme?: DifferenceScheme;
  /** The step; by default the one that balances truncation against rounding for the scheme and the type. */
  step?: number;
}

/**
 * The gradient of a scalar function by difference quotients, one element at a time.
 *
 * Forward: (f(x+h) - f(x)) / h; backward: (f(x) - f(x-h)) / h; central: (f(x+h) - f(x-h)) / 2h. TypeError for halves.
 *
 * @example
 * ```ts
 * import { numericGrad, tensor } from "deneb";
 *
 * const slope = numericGrad((x) => x.sin().sum(), tensor([0], { dtype: "float64" }), { scheme: "forward" });
 * if (Math.abs(slope.item() - 1) > 1e-6) throw new Error(`${slope.item()}, not cos 0`);
 * ```
 */
export function numericGrad(f: TensorFunction, x: Tensor, options: NumericOptions = {}): Tensor {
  checkFunction("numericGrad", f);
  refuseHalf("numericGrad", x);
  const { scheme = "central", step } = checkOptions(
    "numericGrad",
    options,
    '{ scheme: "forward" }',
    ["scheme", "step"],
  );
  if (!["central", "forward", "backward"].includes(scheme)) {
    throw new RangeError(`Cannot numericGrad: scheme ${shown(scheme)} must be forward, backward or central`);
  }
  if (step !== undefined) checkStep("numericGrad", step);
  const precision = x.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  const h = step ?? (scheme === "central" ? Math.cbrt(precision) : Math.sqrt(precision));
  const move = differing(f, [x], 0);
  const at = (index: number, by: number) => {
    const found = move(index, by);
    if (found.length === 1) return found[0]!;
    throw new TypeError(`Cannot numericGrad: the function returned ${found.length} elements, it must return one`);
  };
  const here = scheme === "central" ? 0 : at(0, 0);
  const values = new Float64Array(x.size);
  for (let k = 0; k < values.length; k++) {
    if (scheme === "central") values[k] = (at(k, h) - at(k, -h)) / (2 * h);
    else if (scheme === "forward") values[k] = (at(k, h) - here) / h;
    else values[k] = (here - at(k, -h)) / h;
  }
  return new Tensor(values, { dtype: x.dtype, shape: x.shape, device: x.device, requiresGrad: false });
}

/** RangeError for a step from which no difference comes. */
function checkStep(action: string, step: number): void {
  if (Number.isFinite(step) && step > 0) return;
  throw new RangeError(`Cannot ${action}: step ${shown(step)} must be a positive number`);
}

/** TypeError for halves: their rounding is so coarse that no step gives a useful quotient. */
function refuseHalf(action: string, input: Tensor): void {
  checkTensor(action, input);
  if (isHalf(input.dtype)) {
    throw new TypeError(
      `Cannot ${action}: an input is ${input.dtype}, it must be float32 or float64; cast inside the function`,
    );
  }
}

/** Options of {@linkcode gradCheck}. */
export interface GradCheckOptions {
  /** 2 to check second derivatives as well; 1 by default. */
  order?: 1 | 2;
  /** By how much each element is moved up and down; 1e-6 by default. */
  step?: number;
  /** The allowed difference, as a share of the larger of both numbers; 1e-5 by default. */
  relative?: number;
  /** Added to the allowed difference, for gradients near zero; 1e-7 by default. */
  absolute?: number;
}

/**
 * Compares the derivatives of a function with central differences. Inputs should be float64.
 *
 * The function returns a tensor, or a list of tensors: all of their elements are checked. Of order 2, the gradients are
 * differentiated once more, also by the adjoint that they come from. Returns true, or throws an Error that names the input,
 * the index and both numbers. With the default step of 1e-6 a quotient has about nine good digits in float64, so that 1e-5
 * leaves room for badly scaled functions. TypeError for halves.
 *
 * @example
 * ```ts
 * import { gradCheck, randn, type Tensor } from "deneb";
 *
 * const x = randn([3, 4], { dtype: "float64" }), w = randn([4, 2], { dtype: "float64" });
 * gradCheck((x: Tensor, w: Tensor) => x.matmul(w).tanh(), [x, w], { order: 2 });
 * ```
 */
export function gradCheck(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => Tensors,
  inputs: readonly Tensor[],
  options: GradCheckOptions = {},
): true {
  checkFunction("gradCheck", f);
  checkTensors("gradCheck", inputs);
  const { order = 1, step = 1e-6, relative = 1e-5, absolute = 1e-7 } = checkOptions(
    "gradCheck",
    options,
    "{ step: 1e-6 }",
    ["order", "step", "relative", "absolute"],
  );
  if (order !== 1 && order !== 2) throw new RangeError(`Cannot gradCheck: order ${shown(order)} must be 1 or 2`);
  checkStep("gradCheck", step);
  checkRange("gradCheck", "relative", relative, 0);
  checkRange("gradCheck", "absolute", absolute, 0);
  for (const input of inputs) refuseHalf("gradCheck", input);
  const leaves = inputs.map((input) => input.detach()), limits = { step, relative, absolute };
  compare("", f, leaves, limits);
  if (order === 2) compareSecond(f, leaves, limits);
  return true;
}

type Limits = Required<Omit<GradCheckOptions, "order">>;

/** f as a function of the inputs that have derivatives, at their places. */
function smoothly<R>(f: (...inputs: Tensor[]) => R, inputs: readonly Tensor[]) {
  const places = inputs.flatMap((input, k) => isFloat(input.dtype) ? [k] : []);
  const inner = (...chosen: Tensor[]) => {
    const all = inputs.slice();
    places.forEach((place, k) => all[place] = chosen[k]!);
    return f(...all);
  };
  return { places, inner, chosen: places.map((place) => inputs[place]!) };
}

/** Compares all derivatives of f. `what` is f in messages. */
function compare(what: string, f: (...inputs: Tensor[]) => Tensors, inputs: readonly Tensor[], limits: Limits): void {
  const { step, relative, absolute } = limits, { places, inner, chosen } = smoothly(f, inputs);
  const linear = noGrad(() => new Linearized("gradCheck", inner, chosen)), isOne = totalSize(linear.outputs) === 1;
  // The derivatives of each element of the outputs by all inputs: [output, index, gradients].
  const rows = linear.outputs.flatMap((output, k) =>
    Array.from({ length: output.size }, (_, index) => {
      const gradients = noGrad(() =>
        linear.pull(linear.outputs.map((_, at) => at === k ? unitLike(output, index) : null))
      );
      return { where: isOne ? "" : ` of output ${k}, index ${index}`, gradients: gradients.map(contiguousValues) };
    })
  );
  places.forEach((place, k) => {
    const at = differing(f, inputs, place);
    for (let index = 0; index < chosen[k]!.size; index++) {
      const above = at(index, step), below = at(index, -step);
      rows.forEach(({ where, gradients }, row) => {
        const numeric = (above[row]! - below[row]!) / (2 * step), analytic = gradients[k]![index]!;
        const error = Math.abs(numeric - analytic);
        if (error <= absolute + relative * Math.max(Math.abs(numeric), Math.abs(analytic))) return;
        throw new Error(
          `Cannot gradCheck: ${what}input ${place}, index ${index}${where}: gradient ${analytic}, ` +
            `central difference ${numeric}`,
        );
      });
    }
  });
}

/** Compares the derivatives of f's gradients, by f's inputs and by the adjoints that the gradients come from. */
function compareSecond(f: (...inputs: Tensor[]) => Tensors, inputs: readonly Tensor[], limits: Limits): void {
  const { inner, chosen } = smoothly(f, inputs);
  const adjoints = noGrad(() => listOf("gradCheck", inner(...chosen)).map(adjointLike));
  const gradients = (...given: Tensor[]) => {
    const linear = new Linearized("gradCheck", inner, given.slice(0, chosen.length));
    return linear.pull(given.slice(chosen.length));
  };
  compare("second order, ", gradients, [...chosen, ...adjoints], limits);
}

function totalSize(tensors: readonly Tensor[]): number {
  return tensors.reduce((count, { size }) => count + size, 0);
}

/** Numbers between 1/2 and 3/2 of one shape, type and device with a result, none like the other. */
function adjointLike(result: Tensor): Tensor {
  const values = Float64Array.from({ length: result.size }, (_, k) => 1 + Math.sin(k + 1) / 2);
  const { dtype, shape, device } = result;
  return new Tensor(values, { dtype, shape, device, requiresGrad: false });
}

function contiguousValues(tensor: Tensor): ArrayLike<number> {
  const dense = contiguous(tensor.array), values = dense.read();
  dense.dispose();
  return values;
}

/** The elements of f's results as a function of one element of one input, moved by `by`. */
function differing(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => Tensors,
  inputs: readonly Tensor[],
  place: number,
): (index: number, by: number) => readonly number[] {
  const moved = inputs[place]!, flat = moved.toTypedArray();
  return (index, by) => {
    const inner = innerScope("gradCheck()");
    try {
      const copy = flat.slice();
      if (copy.length > 0) copy[index] = copy[index]! + by;
      const x = moved.wrap(fromTypedArray(streamOf(moved.device), copy, moved.shape as Shape, moved.dtype));
      const returned = noGrad(() => f(...inputs.map((input, k) => k === place ? x : input.detach())));
      return listOf("take differences", returned).flatMap((result) => Array.from(result.toTypedArray()));
    } finally {
      inner[Symbol.dispose]();
    }
  };
}
