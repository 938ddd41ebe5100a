/**
 * Parameter and Buffer: the tensors that belong to a module. A Parameter is trained, a Buffer is not. No scope owns
 * either, so that both live as long as their module.
 */
import { adopt, checkOptions, cloneOf, meantToTrain } from "../core/internal.ts";
import { type NDArray, scope, Tensor, type TensorOptions, type TensorSource } from "../core/mod.ts";

type Options = Omit<TensorOptions, "requiresGrad">;

/** What the constructor of a tensor makes of `values`: a tensor's elements are copied, in the shape, type and place asked for. */
function held(
  kind: string,
  values: TensorSource | Tensor,
  options: Options,
  requiresGrad: boolean,
): [TensorSource | NDArray, TensorOptions] {
  const names = ["device", "dtype", "shape"] as const;
  const { device, dtype, shape } = checkOptions(`make ${kind}`, options, '{ dtype: "float64" }', names);
  if (!(values instanceof Tensor)) return [values, { ...options, requiresGrad }];
  using _ = scope();
  let source = values.detach();
  if (dtype !== undefined) source = source.cast(dtype);
  if (shape !== undefined) source = source.reshape(shape);
  if (device !== undefined) source = source.to(device);
  return [cloneOf(source), { requiresGrad }];
}

/**
 * A tensor that is trained: it requires a gradient, and a module that holds it in a field lists it.
 *
 * It is made from the same sources as a Tensor, or from a tensor, whose values are copied.
 *
 * @example
 * ```ts
 * import { nn, scope } from "deneb";
 *
 * const weight = (() => {
 *   using _ = scope();
 *   return new nn.Parameter([1, 2]);
 * })();
 * if (!weight.requiresGrad || weight.toArray()[1] !== 2) throw new Error("lost");
 * ```
 */
export class Parameter extends Tensor {
  /**
   * No scope owns the new tensor: `dispose()` or the garbage collector frees it. TypeError for an option that does not exist.
   */
  constructor(values: TensorSource | Tensor, options: Omit<TensorOptions, "requiresGrad"> = {}) {
    super(...held("Parameter", values, options, true));
    adopt(this);
    meantToTrain(this);
  }
}

/**
 * A tensor that is kept and saved with its module but not trained, such as BatchNorm's running statistics.
 *
 * @example
 * ```ts
 * import { nn, type Tensor, zeros } from "deneb";
 *
 * class Counter extends nn.Module {
 *   readonly calls = new nn.Buffer(zeros([]));
 *
 *   override forward(x: Tensor): Tensor {
 *     this.calls.data = this.calls.add(1);
 *     return x;
 *   }
 * }
 * const counter = new Counter();
 * counter.call(zeros([2]));
 * if (counter.stateDict()["calls"]!.item() !== 1) throw new Error("not counted");
 * ```
 */
export class Buffer extends Tensor {
  /**
   * No scope owns the new tensor: `dispose()` or the garbage collector frees it. TypeError for an option that does not exist.
   */
  constructor(values: TensorSource | Tensor, options: Omit<TensorOptions, "requiresGrad"> = {}) {
    super(...held("Buffer", values, options, false));
    adopt(this);
  }
}
