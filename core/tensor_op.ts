/**
 * TensorOp: an op whose inputs and result are tensors.
 *
 * Ops import nothing of Tensor but its type: the result is made by the first input, so the catalogue of ops stands
 * below the class that offers them as methods.
 */
import type { NDArray } from "./ndarray.ts";
import type { Tensor } from "./tensor.ts";
import { Op } from "./value.ts";

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
  abstract override compute(...inputs: NDArray[]): NDArray;
  abstract override gradient(outGrad: Tensor, node: Tensor): Adjoints;

  /** Applies the op: computes at once, and records it where an input requires a gradient. */
  override call(...inputs: Tensor[]): Tensor {
    if (inputs.length === 0) throw new TypeError(`Cannot ${this.name}: it takes at least one tensor`);
    return inputs[0]!.derive(this, inputs);
  }
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
