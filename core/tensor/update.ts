/**
 * Work beside the graph, for modules, losses and optimizers: updates in place, rows on no graph, and tensors that no scope
 * owns.
 */
import type { MapRow } from "../../kernels/instruction.ts";
import { moveTo } from "../ambient/scope.ts";
import { copy, map, type NDArray, overwrite, type Scalars } from "../array/ndarray.ts";
import { uniformNumbers } from "../array/random.ts";
import { isPrompt, recorder } from "../array/stream.ts";
import { broadcastTo } from "../array/views.ts";
import { isHalf, type TypedArray } from "../pure/dtype.ts";
import { sameShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";

/** Overwrites `target` with a row of `inputs`, which stretch to its shape. The scalars are s, t and u of the row. */
export function update(
  target: Tensor,
  row: MapRow,
  inputs: readonly Tensor[],
  { s = 0, t = 0, u = 0 }: Scalars = {},
): void {
  const out = target.writable,
    views = inputs.map((input) => {
      const array = input.array;
      return sameShape(array.shape, out.shape) ? array : broadcastTo(array, out.shape);
    });
  overwrite(out, row, views, s, t, u);
  views.forEach((view, k) => {
    if (view !== inputs[k]!.array) view.dispose();
  });
}

/**
 * The elements, where reading them does not wait for a device: null on a GPU, and inside a captured function, which has no
 * values of its own when it is replayed.
 */
export function promptValues(tensor: Tensor): TypedArray | null {
  return recorder === null && isPrompt(tensor.device) ? tensor.toTypedArray() : null;
}

/** Takes a tensor out of every scope, for a holder that keeps it from now on. Returns the tensor. */
export function adopt<T extends Tensor>(tensor: T): T {
  moveTo(tensor, null);
  return tensor;
}

/** Uniform noise in [0, 1) with the shape, type and device of `like`; float32 if `like` is a half. */
export function noiseLike(like: Tensor): Tensor {
  const array = like.array, dtype = isHalf(array.dtype) ? "float32" : array.dtype;
  return like.wrap(uniformNumbers(array.storage.stream, array.shape, dtype));
}

/** A copy of the elements of a tensor. */
export function cloneOf(tensor: Tensor): NDArray {
  return copy(tensor.array);
}

/** The tensor, or a copy of it if it shows the memory of `target`, which is about to be written in several steps. */
export function apartFrom(target: Tensor, tensor: Tensor): Tensor {
  return tensor.array.storage === target.array.storage ? tensor.wrap(cloneOf(tensor)) : tensor;
}

/** A row of tensors of one shape and type, as a new tensor on no graph. The scalars are s, t and u of the row. */
export function apply(
  row: MapRow,
  inputs: readonly Tensor[],
  { s = 0, t = 0, u = 0 }: Scalars = {},
): Tensor {
  return inputs[0]!.wrap(
    map(row, inputs.map((input) => input.array), { s, t, u }),
  );
}
