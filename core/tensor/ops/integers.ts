/** Integers and bools that devices compute in several steps, on no graph; among them indices of a float type. */
import { groupResult } from "../../array/group.ts";
import { copy, filled, map, type NDArray } from "../../array/ndarray.ts";
import { recorder } from "../../array/stream.ts";
import { notDifferentiable, TensorOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/**
 * Several steps as one op, so that `vmap` can take them for each example. Nobody else meets it: its results, which are no
 * floats, have no graph.
 */
class StepsToIntegers extends TensorOp {
  readonly #steps: (...inputs: NDArray[]) => NDArray;
  constructor(steps: (...inputs: NDArray[]) => NDArray) {
    super();
    this.#steps = steps;
  }
  override get action(): string {
    return "index";
  }
  compute(...inputs: NDArray[]): NDArray {
    return groupResult(() => this.#steps(...inputs));
  }
  gradient(): never {
    notDifferentiable(this);
  }
}

/** Integers or bools computed from tensors. */
export function integersOf(inputs: readonly Tensor[], steps: (...inputs: NDArray[]) => NDArray): Tensor {
  return new StepsToIntegers(steps).call(...inputs);
}

/**
 * What `use` makes of indices of a float type as int32, on no graph. RangeError for one that is no integer: it becomes
 * `nowhere`, which no axis has, so that the device refuses it.
 */
export function withIntegers(
  given: Tensor,
  what: `${string}: index` | "use label:",
  use: (integers: Tensor) => Tensor,
  nowhere = -1,
): Tensor {
  const integers = integersOf([given], (array) => {
    const isWhole = map("equal", [map("floor", [array]), array]);
    const none = filled(array.storage.stream, array.shape, array.dtype, nowhere);
    return copy(map("where", [isWhole, array, none], undefined, array.dtype), "int32");
  });
  try {
    return use(integers);
  } catch (cause) {
    // The device has named the number that stands for it. Inside a recording the numbers may not be read.
    const isReadable = cause instanceof RangeError && recorder === null && given.hasElements;
    const numbers = isReadable ? Array.from(given.toTypedArray()) : [];
    const fraction = numbers.find((number) => !Number.isInteger(number));
    throw fraction === undefined ? cause : new RangeError(`Cannot ${what} ${fraction} must be an integer`, { cause });
  }
}
