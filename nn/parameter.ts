/**
 * Parameter and Buffer: the tensors that belong to a module. A Parameter is trained, a Buffer is not. No scope owns
 * either, so that both live as long as their module.
 */
import { adopt, cloneOf } from "../core/internal.ts";
import { Tensor, type TensorOptions, type TensorSource } from "../core/mod.ts";

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
  /** No scope owns the new tensor: `dispose()` or the garbage collector frees it. */
  constructor(values: TensorSource | Tensor, options: Omit<TensorOptions, "requiresGrad"> = {}) {
    super(values instanceof Tensor ? cloneOf(values) : values, { ...options, requiresGrad: true });
    adopt(this);
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
  /** No scope owns the new tensor: `dispose()` or the garbage collector frees it. */
  constructor(values: TensorSource | Tensor, options: Omit<TensorOptions, "requiresGrad"> = {}) {
    super(values instanceof Tensor ? cloneOf(values) : values, { ...options, requiresGrad: false });
    adopt(this);
  }
}
