/**
 * Parameter and Buffer: the tensors that belong to a module. A Parameter is trained, a Buffer is not. No scope owns
 * either, so that both live as long as their module.
 */
import { adopt, checkCount, checkFlag, checkOptions, cloneOf, meantToTrain } from "../core/internal.ts";
import { type NDArray, scope, Tensor, type TensorOptions, type TensorSource } from "../core/mod.ts";

/** Options of a {@linkcode Parameter}. */
export interface ParameterOptions extends Omit<TensorOptions, "requiresGrad"> {
  /**
   * The axis of a weight along which its outputs lie. 0, the default, is that of weights [out, in, ...] as PyTorch has them; 1
   * is that of matrices [in, out] such as {@linkcode Linear}'s. `init` counts fans by it, and norms of weights take their axis
   * from it.
   */
  outAxis?: 0 | 1;
}

/** Options of a {@linkcode Buffer}. */
export interface BufferOptions extends Omit<TensorOptions, "requiresGrad"> {
  /** Whether the buffer is part of the module's state; true by default. */
  persistent?: boolean;
}

/** What the constructor of a tensor makes of `values`: a tensor's elements are copied, in the shape, type and place asked for. */
function held(
  values: TensorSource | Tensor,
  options: Omit<TensorOptions, "requiresGrad">,
  requiresGrad: boolean,
): [TensorSource | NDArray, TensorOptions] {
  const { device, dtype, shape } = options;
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
  /** The axis along which the outputs lie; see {@linkcode ParameterOptions.outAxis}. */
  readonly outAxis: 0 | 1;

  /**
   * No scope owns the new tensor: `dispose()` or the garbage collector frees it. TypeError for an option that does not exist.
   */
  constructor(values: TensorSource | Tensor, options: ParameterOptions = {}) {
    const { outAxis = 0, ...rest } = checkOptions("make Parameter", options, '{ dtype: "float64" }', [
      "device",
      "dtype",
      "shape",
      "outAxis",
    ]);
    checkCount("make Parameter", "outAxis", outAxis, 0, 1);
    super(...held(values, rest, true));
    this.outAxis = outAxis;
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
  /** Whether the buffer is part of the module's state. */
  readonly persistent: boolean;

  /**
   * No scope owns the new tensor: `dispose()` or the garbage collector frees it. TypeError for an option that does not exist.
   */
  constructor(values: TensorSource | Tensor, options: BufferOptions = {}) {
    const { persistent = true, ...rest } = checkOptions("make Buffer", options, '{ dtype: "float64" }', [
      "device",
      "dtype",
      "shape",
      "persistent",
    ]);
    checkFlag("make Buffer", "persistent", persistent);
    super(...held(values, rest, false));
    this.persistent = persistent;
    adopt(this);
  }
}
