/** What ops compute from the elements of tensors beside the graph: what they save, and checks of places. */
import { withGradients } from "../ambient/modes.ts";
import type { NDArray } from "../array/ndarray.ts";
import { notDifferentiable, TensorTupleOp } from "./op.ts";
import type { Tensor } from "./tensor.ts";
import { noValues } from "./value.ts";

/**
 * The arrays that `compute` gives for those of the inputs, as tensors on no graph. Inside `vmap` it is asked for each example,
 * whose arrays nobody else can see.
 */
export function aside(
  inputs: readonly Tensor[],
  compute: (...arrays: NDArray[]) => readonly NDArray[],
): readonly Tensor[] {
  const first = inputs[0]!;
  if (inputs.every(({ hasElements }) => hasElements)) {
    return compute(...inputs.map(({ array }) => array)).map((array) => first.wrap(array));
  }
  return withGradients(false, () => first.deriveAll(new Aside(compute), inputs, noValues));
}

class Aside extends TensorTupleOp {
  readonly #compute: (...arrays: NDArray[]) => readonly NDArray[];

  constructor(compute: (...arrays: NDArray[]) => readonly NDArray[]) {
    super();
    this.#compute = compute;
  }

  compute(...arrays: NDArray[]): readonly NDArray[] {
    return this.#compute(...arrays);
  }

  gradient(): never {
    return notDifferentiable(this);
  }
}
