/**
 * Tensor: a node of the computation graph, with every op as a method.
 *
 * The methods stand in `methods/`, a file for each family, in classes that extend one another. A method is one line, since
 * the op itself checks its operands and converts them to one type and shape.
 */
import { gradientsEnabled } from "../ambient/modes.ts";
import type { NestedArray, TensorOptions, TensorSource } from "../array/elements.ts";
import type { NDArray } from "../array/ndarray.ts";
import { checkOptions } from "../pure/check.ts";
import { type DType, isFloat } from "../pure/dtype.ts";
import type { AxesOptions, NormOptions, ReduceOptions, VarianceOptions } from "../pure/reduce_options.ts";
import type { IndexRange } from "../pure/index.ts";
import type { Index } from "./composites/indexing.ts";
import { FourierMethods } from "./methods/fourier.ts";
import type { TensorOp, TensorTupleOp } from "./op.ts";
import * as ops from "./ops/mod.ts";
import { noValues, type Op, type Value } from "./value.ts";
import { witness } from "./witness.ts";

export type {
  AxesOptions,
  Index,
  IndexRange,
  NestedArray,
  NormOptions,
  ReduceOptions,
  TensorOptions,
  TensorSource,
  VarianceOptions,
};

/**
 * An n-dimensional array that remembers how it was made.
 *
 * @example
 * ```ts
 * import { Tensor } from "deneb";
 *
 * const x = new Tensor([1, 2, 3]);
 * x.mul(x).sum().backward();
 * if (x.grad!.toArray().join() !== "2,4,6") throw new Error("wrong gradient");
 * ```
 */
export class Tensor extends FourierMethods {
  /** A leaf that takes over `data`. */
  static override makeConst(data: NDArray, options: { requiresGrad?: boolean } = {}): Tensor {
    const { requiresGrad = false } = checkOptions("make tensor", options, "{ requiresGrad: true }", ["requiresGrad"]);
    return new Tensor(data, { requiresGrad });
  }

  /** The same as `op.call(...inputs)`, under the lecture's name. */
  static override makeFromOp(op: Op, inputs: readonly Value[]): Tensor {
    return (op as TensorOp).call(...(inputs as Tensor[]));
  }

  /**
   * The result of `op` for `inputs`, with a graph if one of them requires a gradient. {@linkcode TensorOp} calls it on the
   * first input.
   */
  derive(op: TensorOp, inputs: readonly Tensor[]): Tensor {
    if (witness !== null) {
      const apart = witness.derive?.(op, inputs, noValues) ?? null;
      if (apart !== null) return apart[0] as Tensor;
    }
    let requiresGrad = false;
    let result: NDArray;
    if (inputs.length === 1) {
      result = op.compute(this.array);
      requiresGrad = this.requiresGrad;
    } else if (inputs.length === 2) {
      const other = inputs[1]!;
      result = op.compute(this.array, other.array);
      requiresGrad = this.requiresGrad || other.requiresGrad;
    } else {
      result = op.compute(...arraysOf(inputs));
      requiresGrad = inputs.some((input) => input.requiresGrad);
    }
    const node = requiresGrad && gradientsEnabled() && isFloat(result.dtype)
      ? new Tensor(result, recorded, op, inputs)
      : new Tensor(result, unrecorded);
    if (witness !== null) witness.made?.(node, op, inputs);
    return node;
  }

  /** As {@linkcode Tensor.derive}; `saved` are further arguments of `compute`, which stay with the result for `gradient`. */
  deriveSaving(op: TensorOp, inputs: readonly Tensor[], saved: readonly Tensor[]): Tensor {
    if (witness !== null) {
      const apart = witness.derive?.(op, inputs, saved) ?? null;
      if (apart !== null) return apart[0] as Tensor;
    }
    const result = op.compute(...arraysOf(inputs), ...arraysOf(saved));
    const isRecorded = gradientsEnabled() && inputs.some((input) => input.requiresGrad);
    const node = isRecorded ? new Tensor(result, recorded, op, inputs) : new Tensor(result, unrecorded);
    if (isRecorded) node.saved = saved;
    if (witness !== null) witness.made?.(node, op, inputs);
    return node;
  }

  /**
   * As {@linkcode Tensor.derive}, for an op with several results. Results of a float type have a graph. `arrays` are the
   * results of an op that has computed them already.
   */
  deriveAll(
    op: TensorTupleOp,
    inputs: readonly Tensor[],
    saved: readonly Tensor[],
    arrays: readonly NDArray[] | null = null,
  ): readonly Tensor[] {
    if (witness !== null && arrays === null) {
      const apart = witness.derive?.(op, inputs, saved) ?? null;
      if (apart !== null) return apart as readonly Tensor[];
    }
    arrays ??= op.compute(...arraysOf(inputs), ...arraysOf(saved));
    const isRecorded = gradientsEnabled() && inputs.some((input) => input.requiresGrad);
    const results: readonly Tensor[] = arrays.map((array) =>
      isRecorded && isFloat(array.dtype) ? new Tensor(array, recorded, op, inputs) : new Tensor(array, unrecorded)
    );
    for (const result of results) {
      if (result.op === null) continue;
      result.saved = saved;
      result.siblings = results;
    }
    if (witness !== null) { for (const result of results) witness.made?.(result, op, inputs); }
    return results;
  }

  /** A leaf around `array`, on no graph. */
  override wrap(array: NDArray): Tensor {
    return new Tensor(array, unrecorded);
  }

  /** The same values in another type. */
  cast(dtype: DType): Tensor {
    return new ops.Cast(dtype).call(this);
  }

  /** The same values on another device, such as `cpu` or `opencl:1`. Returns this tensor if it is on the device already. */
  to(device: string): Tensor {
    return new ops.ToDevice(device).call(this);
  }
}

/** The data of each tensor. */
function arraysOf(tensors: readonly Tensor[]): NDArray[] {
  return tensors.map((tensor) => tensor.array);
}

const recorded: TensorOptions = { requiresGrad: true };
const unrecorded: TensorOptions = { requiresGrad: false };
