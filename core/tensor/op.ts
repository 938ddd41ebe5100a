/**
 * TensorOp: an op whose inputs and result are tensors; TensorTupleOp: one with several results.
 *
 * Ops import nothing of Tensor but its type, since their first input makes the result. So the catalogue of ops stands below
 * the class that offers the ops as methods. An op owns its operands: `call` checks them and brings them into the types and
 * shapes that `compute` takes, so that it does not matter whether a method or a user calls the op.
 */
import type { NDArray } from "../array/ndarray.ts";
import { checkOperands } from "./operands.ts";
import { inPrecision, narrowed, type Precision } from "./precision.ts";
import type { Tensor } from "./tensor.ts";
import { noValues, Op } from "./value.ts";

/** The answer of `gradient`: an adjoint for each input, or null if nothing flows there. For a single input, the adjoint. */
export type Adjoints = readonly (Tensor | null)[] | Tensor;

/** The base of ops with one result and of ops with several: it checks and converts operands. */
export abstract class OperandOp extends Op {
  /** The types in which the op computes: by default those of its operands. */
  get precision(): Precision {
    return "given";
  }

  /** The op's name in messages: that of the method that applies it. */
  get action(): string {
    return this.name.replace(/^[A-Z]+$|^[A-Z]/, (capitals) => capitals.toLowerCase());
  }

  /** The number of operands: as many as `compute` names. 0 stands for any number. */
  get arity(): number {
    return this.compute.length;
  }

  /**
   * Checks the operands and gives them the types and shapes that `compute` takes. Operands that fit are returned as the very
   * list. An override must promote, cast and stretch by Tensor's methods, so that gradients flow back through these steps.
   */
  protected prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, this.arity);
    return inPrecision(this.precision, inputs);
  }
}

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
export abstract class TensorOp extends OperandOp {
  /** The result's array from the inputs' arrays. It may share the memory of an input, but must not change it. */
  abstract override compute(...inputs: NDArray[]): NDArray;
  /**
   * The adjoint of each input, from the adjoint `outGrad` of the result `node`. It must be linear in `outGrad`. The op's
   * inputs are `node.inputs`; the tensors that {@linkcode TensorOp.record} saved are `node.saved`. An adjoint of another type
   * than its input's is cast, one of another shape or on another device is refused.
   *
   * Null for an input means that nothing flows to it. An op without a gradient throws instead.
   */
  abstract gradient(outGrad: Tensor, node: Tensor): Adjoints;

  /**
   * The tangent of the result `node` from those of its inputs, null where there is none; it must be linear in them. Without
   * this method forward mode derives the rule from `gradient`.
   */
  jvp?(tangents: readonly (Tensor | null)[], node: Tensor): Tensor;

  /** Applies the op: computes the result at once, and records a graph if an input requires a gradient. */
  override call(...inputs: Tensor[]): Tensor {
    const ready = this.prepare(inputs), result = ready[0]!.derive(this, ready);
    return ready === inputs ? result : this.finish(result, inputs);
  }

  /** Turns the result for prepared operands into the result of `call`, whose operands were `given` and had to be changed. */
  protected finish(result: Tensor, given: readonly Tensor[]): Tensor {
    return this.precision === "wide" ? narrowed(result, given) : result;
  }

  /**
   * Computes the result, and records a graph if an input requires a gradient. `compute` is given the inputs and, after them,
   * the tensors `saved`, which the gradient reads again. They are on no graph: if they depend on the inputs, `gradient` must
   * include what flows through them.
   */
  protected record(inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): Tensor {
    return saved.length === 0 ? inputs[0]!.derive(this, inputs) : inputs[0]!.deriveSaving(this, inputs, saved);
  }
}

/**
 * An operation on tensors with several results.
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
export abstract class TensorTupleOp extends OperandOp {
  /** The results' arrays from the inputs' arrays, in order. They may share the memory of an input, but must not change it. */
  abstract override compute(...inputs: NDArray[]): readonly NDArray[];
  /**
   * The adjoint of each input, from the adjoints `outGrads` of the results, in which it must be linear. A result to which
   * nothing flows has null as its adjoint; at least one result has another. The inputs are `results[0].inputs`, the saved
   * tensors `results[0].saved`.
   */
  abstract gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints;

  /** As `jvp` of {@linkcode TensorOp}, for all results. */
  jvp?(tangents: readonly (Tensor | null)[], results: readonly Tensor[]): readonly Tensor[];

  /** Applies the op: computes all results at once, and records each float result if an input requires a gradient. */
  override call(...inputs: Tensor[]): readonly Tensor[] {
    const ready = this.prepare(inputs), results = this.record(ready);
    return ready === inputs ? results : this.finish(results, inputs);
  }

  /** As `finish` of {@linkcode TensorOp}, for all results. */
  protected finish(results: readonly Tensor[], given: readonly Tensor[]): readonly Tensor[] {
    return this.precision === "wide" ? results.map((result) => narrowed(result, given)) : results;
  }

  /** As `record` of {@linkcode TensorOp}, for all results. */
  protected record(inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): readonly Tensor[] {
    return inputs[0]!.deriveAll(this, inputs, saved);
  }
}

/** An op of several steps. Halves would lose too many digits between the steps, so the op computes in float32. */
export abstract class WideOp extends TensorOp {
  /** The result has the operands' common half type, or float32 under autocast; integers and bools give float32. */
  override get precision(): Precision {
    return "wide";
  }
}

/** The result of `call`, which may save the tensors `known`. They are freed at once if no graph was recorded. */
export function callWith(call: () => Tensor, ...known: Tensor[]): Tensor {
  const result = call();
  if (result.op === null) { for (const each of known) each.dispose(); }
  return result;
}

/** Throws the error of an op that has no gradient. */
export function notDifferentiable(op: { readonly name: string }): never {
  throw new Error(`Cannot differentiate: ${op.name} has no derivative; detach its input`);
}
