/** One example of many, as a function sees it that `vmap` runs for all of them at once. */
import { inScope, type Scope } from "../../ambient/scope.ts";
import { NDArray } from "../../array/ndarray.ts";
import { Storage } from "../../array/stream.ts";
import { stridesOf } from "../../pure/shape.ts";
import type { TensorOp, TensorTupleOp } from "../op.ts";
import { Tensor } from "../tensor.ts";
import { noValues } from "../value.ts";

/** One run of a function for all examples. */
export interface Run {
  /** Owns what is made of all examples. */
  readonly scope: Scope;
}

/** A tensor of one example's shape and type, that stands for all examples. It has no elements of its own. */
export class Example extends Tensor {
  /** The run of the function that it belongs to. */
  readonly level: Run;
  /** All examples, along axis 0. */
  readonly whole: Tensor;

  constructor(
    level: Run,
    whole: Tensor,
    requiresGrad: boolean,
    op: TensorOp | TensorTupleOp | null = null,
    inputs: readonly Tensor[] = noValues,
  ) {
    super(factsOf(whole), { requiresGrad }, op, inputs);
    this.level = level;
    this.whole = whole;
  }

  override get array(): NDArray {
    throw new Error(
      "Cannot vmap: the elements of single examples are asked for; inside the function, ops may be applied and no more",
    );
  }

  override get hasElements(): boolean {
    return false;
  }

  override detach(): Tensor {
    return new Example(this.level, inScope(this.level.scope, () => this.whole.detach()), false);
  }
}

/** An array that tells shape, type and device of one example, in memory that no instruction names. */
function factsOf({ facts }: Tensor): NDArray {
  const shape = facts.shape.slice(1);
  return new NDArray(new Storage(facts.storage.stream, 0, 0), shape, stridesOf(shape), 0, facts.dtype, true);
}
