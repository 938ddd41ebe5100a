/** The common norm of gradients, and clipping by it. */
import { checkTensor, refuse, shown, update, widened } from "../core/internal.ts";
import { noGrad, type Tensor } from "../core/mod.ts";

/**
 * Scales all gradients so that their common norm is at most `max` (Pascanu, Mikolov and Bengio 2013). Returns the norm before
 * clipping as a scalar tensor, which is not read: the call does not wait for the device.
 *
 * RangeError if no parameter has a gradient, or `max` is negative or no number; TypeError for what is no tensor.
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
export function clipGradNorm(params: Iterable<Tensor>, max: number): Tensor {
  const gradients = gradientsOf("clipGradNorm", params);
  if (typeof max !== "number" || !(max >= 0)) {
    throw new RangeError(`Cannot clipGradNorm: max ${shown(max)} must be a number of at least 0`);
  }
  return noGrad(() => {
    const norm = normOf(gradients);
    // 1e-6, as PyTorch has it, keeps the division from a norm of zero.
    const scale = norm.add(1e-6).reciprocal().mul(max).minimum(1);
    for (const gradient of gradients) update(gradient, "mul", [gradient, scale]);
    return norm;
  });
}

/**
 * The common L2 norm of all gradients as a scalar tensor, which is not read: PyTorch's `get_total_norm`.
 *
 * RangeError if no parameter has a gradient; TypeError for what is no tensor.
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
export function gradNorm(params: Iterable<Tensor>): Tensor {
  const gradients = gradientsOf("gradNorm", params);
  return noGrad(() => normOf(gradients));
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

function normOf(gradients: readonly Tensor[]): Tensor {
  // The squares are computed in float32: many would leave the range of halves.
  return gradients.map((gradient) => widened(gradient).square().sum()).reduce((sum, part) => sum.add(part)).sqrt();
}
