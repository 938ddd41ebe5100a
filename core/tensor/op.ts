/**
 * TensorOp: an op whose inputs and result are tensors; TensorTupleOp: one with several results.
 *
 * Ops import nothing of Tensor but its type: the result is made by the first input, so the catalogue of ops stands
 * below the class that offers them as methods.
 */
import { autocastType } from "../ambient/modes.ts";
import { type DType, isFloat, isHalf, promote } from "../pure/dtype.ts";
import type { NDArray } from "../array/ndarray.ts";
import type { Tensor } from "./tensor.ts";
import { noValues, Op } from "./value.ts";

/** What `gradient` answers: one adjoint for each input, or null where nothing flows; a single one for a single input. */
export type Adjoints = readonly (Tensor | null)[] | Tensor;

/**
 * An operation on tensors.
 *
 * @example An op of one's own
 * ```ts
 * import { gradCheck, randn, type Tensor, TensorOp, MulScalar } from "deneb";
 *
 * class Double extends TensorOp {
 *   compute(a: Parameters<MulScalar["compute"]>[0]) {
 *     return new MulScalar(2).compute(a);
 *   }
 *   gradient(outGrad: Tensor) {
 *     return outGrad.mul(2);
 *   }
 * }
 * gradCheck((x) => new Double().call(x).sum(), [randn([3], { dtype: "float64" })]);
 * ```
 */
export abstract class TensorOp extends Op {
  /** The result's array from the inputs' arrays. It may share the memory of an input, but must not change it. */
  abstract override compute(...inputs: NDArray[]): NDArray;
  /**
   * The adjoint of each input, from that of the result `node`; linear in `outGrad`. The inputs are at hand as `node.inputs`,
   * what {@linkcode TensorOp.record} was given beside them as `node.saved`.
   *
   * `null` for an input says that nothing flows to it; an op without a gradient throws instead.
   */
  abstract gradient(outGrad: Tensor, node: Tensor): Adjoints;

  /** Applies the op: computes at once, and records it where an input requires a gradient. */
  override call(...inputs: Tensor[]): Tensor {
    if (inputs.length === 0) throw new TypeError(`Cannot ${this.name}: it takes at least one tensor`);
    return this.record(inputs);
  }

  /**
   * Computes the result from the inputs, and from `saved` behind them, and records it where an input requires a gradient.
   * `saved` is what the gradient reads again: tensors on no graph, whose dependence on the inputs `gradient` accounts for.
   */
  protected record(inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): Tensor {
    return inputs[0]!.derive(this, inputs, saved);
  }
}

/**
 * An operation with several results, as the lecture's ops on tuples.
 *
 * @example
 * ```ts
 * import { Cos, gradCheck, randn, Sin, type Tensor, TensorTupleOp } from "deneb";
 *
 * class SinCos extends TensorTupleOp {
 *   compute(a: Parameters<Sin["compute"]>[0]) {
 *     return [new Sin().compute(a), new Cos().compute(a)];
 *   }
 *   gradient([toSin, toCos]: readonly (Tensor | null)[], [sin, cos]: readonly Tensor[]) {
 *     const fromSin = toSin?.mul(cos!), fromCos = toCos?.mul(sin!).neg();
 *     return fromSin && fromCos ? fromSin.add(fromCos) : (fromSin ?? fromCos)!;
 *   }
 * }
 * gradCheck((x) => {
 *   const [sin, cos] = new SinCos().call(x);
 *   return sin!.mul(cos!).sum();
 * }, [randn([3], { dtype: "float64" })]);
 * ```
 */
export abstract class TensorTupleOp extends Op {
  /** The results' arrays from the inputs' arrays, in order. They may share the memory of an input, but must not change it. */
  abstract override compute(...inputs: NDArray[]): readonly NDArray[];
  /**
   * The adjoint of each input, from those of the results; linear in them. A result to which nothing flows has null in place
   * of its adjoint, at least one has not. Inputs and what was saved are at hand as `results[0].inputs` and
   * `results[0].saved`.
   */
  abstract gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints;

  /** Applies the op: computes at once, and records each float result where an input requires a gradient. */
  override call(...inputs: Tensor[]): readonly Tensor[] {
    if (inputs.length === 0) throw new TypeError(`Cannot ${this.name}: it takes at least one tensor`);
    return this.record(inputs);
  }

  /** As {@linkcode TensorOp}'s. */
  protected record(inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): readonly Tensor[] {
    return inputs[0]!.deriveAll(this, inputs, saved);
  }
}

/** An op of several steps, between which halves would lose too much: it is computed in float32 where they are given. */
export abstract class WideOp extends TensorOp {
  /** With halves, the result has their common type, or float32 under autocast. */
  override call(...inputs: Tensor[]): Tensor {
    return inFloat32(inputs, (...wide) => super.call(...wide));
  }
}

/**
 * The result of `call`, which is given halves as float32. It has the type that the floats among the inputs have together,
 * or, under autocast, float32.
 */
export function inFloat32(inputs: readonly Tensor[], call: (...wide: Tensor[]) => Tensor): Tensor {
  if (!inputs.some((input) => isHalf(input.dtype))) return call(...inputs);
  const types = inputs.map((input) => input.dtype).filter(isFloat), type = types.reduce(promote);
  const result = call(...inputs.map(widened));
  return isHalf(type) && autocastType() === null ? result.cast(type) : result;
}

function widened(tensor: Tensor): Tensor {
  return isHalf(tensor.dtype) ? tensor.cast("float32") : tensor;
}

/** The tensor, a half under autocast as float32. */
export function wideInAutocast(tensor: Tensor): Tensor {
  return autocastType() === null ? tensor : widened(tensor);
}

/** The type in which operands are multiplied that would meet in `dtype`. */
export function productType(dtype: DType): DType {
  const type = autocastType();
  return type !== null && isFloat(dtype) && dtype !== "float64" ? type : dtype;
}

/** The result of `call`, which is given `known` beside its own inputs: where no graph was recorded, they are freed. */
export function callWith(call: () => Tensor, ...known: Tensor[]): Tensor {
  const result = call();
  if (result.op === null) { for (const each of known) each.dispose(); }
  return result;
}

/** Refuses a gradient that does not exist, naming the op. */
export function notDifferentiable(op: Op): never {
  throw new Error(`Cannot differentiate: ${op.name} has no derivative; detach its input`);
}
