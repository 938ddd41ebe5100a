/** The common norm of gradients, and clipping by it or by value. */
import { checkFlag, checkOptions, checkRange, checkTensor, refuse, shown, update, widened } from "../core/internal.ts";
import { noGrad, type Tensor } from "../core/mod.ts";

/** The options of {@linkcode gradNorm}. */
export interface GradNormOptions {
  /** The power p of the norm (Σ |g|ᵖ)^(1/p), above 0; Infinity stands for the largest |g|. 2 by default. */
  normType?: number;
}

/** The options of {@linkcode clipGradNorm}. */
export interface ClipGradNormOptions extends GradNormOptions {
  /** Throws an error for a norm that is not finite, which it reads: not inside a captured function. False by default. */
  errorIfNonfinite?: boolean;
}

/**
 * Scales all gradients so that their common norm is at most `max` (Pascanu, Mikolov and Bengio 2013). Returns the norm before
 * clipping as a scalar tensor, which is not read: the call does not wait for the device.
 *
 * RangeError if no parameter has a gradient, or `max` is negative or no number; TypeError for what is no tensor. Error for a
 * norm that is not finite, if it was asked for: the gradients stay.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([3, 4]);
 * x.square().sum().mul(0.5).backward();
 * if (optim.clipGradNorm([x], 1).item() !== 5) throw new Error("another norm");
 * if (Math.abs(x.grad!.toArray()[0] - 0.6) > 1e-6) throw new Error("not clipped");
 * ```
 */
export function clipGradNorm(params: Iterable<Tensor>, max: number, options: ClipGradNormOptions = {}): Tensor {
  const action = "clipGradNorm",
    gradients = gradientsOf(action, params),
    names = ["normType", "errorIfNonfinite"] as const;
  const { normType = 2, errorIfNonfinite = false } = checkOptions(action, options, "{ normType: 1 }", names);
  checkNormType(action, normType);
  checkFlag(action, "errorIfNonfinite", errorIfNonfinite);
  if (typeof max !== "number" || !(max >= 0)) {
    throw new RangeError(`Cannot clipGradNorm: max ${shown(max)} must be a number of at least 0`);
  }
  return noGrad(() => {
    const norm = normOf(gradients, normType);
    if (errorIfNonfinite && !Number.isFinite(norm.item())) {
      throw new Error(`Cannot ${action}: the norm is ${norm.item()}, it must be finite`);
    }
    // 1e-6, as PyTorch has it, keeps the division from a norm of zero.
    const scale = norm.add(1e-6).reciprocal().mul(max).minimum(1);
    for (const gradient of gradients) update(gradient, "mul", [gradient, scale]);
    return norm;
  });
}

/**
 * The common norm of all gradients, the Euclidean one by default, as a scalar tensor, which is not read: PyTorch's `get_total_norm`.
 *
 * RangeError if no parameter has a gradient, or for a power that is none; TypeError for what is no tensor.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([3, 4]);
 * x.square().sum().mul(0.5).backward();
 * if (optim.gradNorm([x]).item() !== 5) throw new Error("another norm");
 * ```
 */
export function gradNorm(params: Iterable<Tensor>, options: GradNormOptions = {}): Tensor {
  const gradients = gradientsOf("gradNorm", params);
  const { normType = 2 } = checkOptions("gradNorm", options, "{ normType: 1 }", ["normType"]);
  checkNormType("gradNorm", normType);
  return noGrad(() => normOf(gradients, normType));
}

/**
 * Brings all elements of gradients into [-value, value]; NaN stays.
 *
 * RangeError if no parameter has a gradient, or for a value below 0; TypeError for what is no tensor.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([3, -4]);
 * x.square().sum().mul(0.5).backward();
 * optim.clipGradValue([x], 3.5);
 * if (`${x.grad!.toArray()}` !== "3,-3.5") throw new Error(`${x.grad}`);
 * ```
 */
export function clipGradValue(params: Iterable<Tensor>, value: number): void {
  const gradients = gradientsOf("clipGradValue", params), bound = checkRange("clipGradValue", "value", value, 0);
  noGrad(() => {
    for (const gradient of gradients) update(gradient, "clip", [gradient], { s: -bound, t: bound });
  });
}

function checkNormType(action: string, power: number): void {
  if (typeof power === "number" && power > 0) return;
  throw new RangeError(`Cannot ${action}: normType ${shown(power)} must be a number above 0`);
}

function gradientsOf(action: string, params: Iterable<Tensor>): Tensor[] {
  if (typeof params?.[Symbol.iterator] !== "function" || ArrayBuffer.isView(params)) {
    refuse(action, params, "a list of parameters");
  }
  const gradients = Array.from(params, (parameter) => {
    checkTensor(action, parameter);
    return parameter.grad;
  }).filter((gradient) => gradient !== null);
  if (gradients.length === 0) throw new RangeError(`Cannot ${action}: no parameter has a gradient`);
  return gradients;
}

function normOf(gradients: readonly Tensor[], power: number): Tensor {
  // The powers are computed in float32: many would leave the range of halves.
  const wide = gradients.map(widened), total = (parts: Tensor[]) => parts.reduce((sum, part) => sum.add(part));
  if (power === Infinity) {
    const sizes = wide.map((gradient) => gradient.size === 0 ? gradient.sum() : gradient.abs().max());
    return sizes.reduce((most, size) => most.maximum(size));
  }
  if (power === 2) return total(wide.map((gradient) => gradient.square().sum())).sqrt();
  if (power === 1) return total(wide.map((gradient) => gradient.abs().sum()));
  return total(wide.map((gradient) => gradient.abs().pow(power).sum())).pow(1 / power);
}
