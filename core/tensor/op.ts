/**
 * TensorOp: an op whose inputs and result are tensors; TensorTupleOp: one with several results.
 *
 * Ops import nothing of Tensor but its type: the result is made by the first input, so the catalogue of ops stands
 * below the class that offers them as methods. An op owns its operands: `call` checks them and brings them to what
 * `compute` takes, so that it does not matter whether a method calls the op or a user does.
 */
import type { NDArray } from "../array/ndarray.ts";
import { checkOperands } from "./operands.ts";
import { inPrecision, narrowed, type Precision } from "./precision.ts";
import type { Tensor } from "./tensor.ts";
import { noValues, Op } from "./value.ts";

/** What `gradient` answers: one adjoint for each input, or null where nothing flows; a single one for a single input. */
export type Adjoints = readonly (Tensor | null)[] | Tensor;

/** What ops of one and of several results share: each owns its operands. */
export abstract class OperandOp extends Op {
  /** In which types it computes: in those of its operands, unless an op says otherwise. */
  readonly precision: Precision = "given";

  /** What messages call it: the name of the method that applies it. */
  get action(): string {
    return this.name.replace(/^[A-Z]+$|^[A-Z]/, (capitals) => capitals.toLowerCase());
  }

  /** How many operands it takes: as many as `compute` names, or any number where it names none. */
  get arity(): number {
    return this.compute.length;
  }

  /**
   * The operands as `compute` takes them, checked, and in types and shapes that fit. Where they fit as they are, it is the
   * very list. Whoever overrides it promotes, casts and stretches by Tensor's methods: what flows back goes the same way.
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
   * The adjoint of each input, from that of the result `node`; linear in `outGrad`. The inputs are at hand as `node.inputs`,
   * what {@linkcode TensorOp.record} was given beside them as `node.saved`.
   *
   * `null` for an input says that nothing flows to it; an op without a gradient throws instead.
   */
  abstract gradient(outGrad: Tensor, node: Tensor): Adjoints;

  /** Applies the op: computes at once, and records it where an input requires a gradient. */
  override call(...inputs: Tensor[]): Tensor {
    const ready = this.prepare(inputs), result = ready[0]!.derive(this, ready);
    return ready === inputs ? result : this.finish(result, inputs);
  }

  /** What `call` gives, of what was computed from prepared operands in place of those that were `given`. */
  protected finish(result: Tensor, given: readonly Tensor[]): Tensor {
    return this.precision === "wide" ? narrowed(result, given) : result;
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
export abstract class TensorTupleOp extends OperandOp {
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
    const ready = this.prepare(inputs), results = this.record(ready);
    return ready === inputs ? results : this.finish(results, inputs);
  }

  /** As {@linkcode TensorOp}'s, for all results. */
  protected finish(results: readonly Tensor[], given: readonly Tensor[]): readonly Tensor[] {
    return this.precision === "wide" ? results.map((result) => narrowed(result, given)) : results;
  }

  /** As {@linkcode TensorOp}'s. */
  protected record(inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): readonly Tensor[] {
    return inputs[0]!.deriveAll(this, inputs, saved);
  }
}

/** An op of several steps, between which halves would lose too much: it is computed in float32 where they are given. */
export abstract class WideOp extends TensorOp {
  /** With halves, the result has their common type, or float32 under autocast; integers and bools become float32. */
  override readonly precision: Precision = "wide";
}

/** The result of `call`, which is given `known` beside its own inputs: where no graph was recorded, they are freed. */
export function callWith(call: () => Tensor, ...known: Tensor[]): Tensor {
  const result = call();
  if (result.op === null) { for (const each of known) each.dispose(); }
  return result;
}

/** Refuses a gradient that does not exist, naming the op. */
export function notDifferentiable(op: { readonly name: string }): never {
  throw new Error(`Cannot differentiate: ${op.name} has no derivative; detach its input`);
}
