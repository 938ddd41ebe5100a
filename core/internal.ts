/**
 * What the rooms above need of the core beyond its public names: in-place updates, groups and ownership.
 */
import type { MapRow } from "../kernels/instruction.ts";
import { autocastType, gradientsEnabled, innerScope, moveTo, outsideScopes } from "./ambient/scope.ts";
import { broadcastTo, copy, map, mapInto, NDArray, random, type Scalars } from "./array/ndarray.ts";
import { collect } from "./array/stream.ts";
import { momentsOf } from "./tensor/ops/norm.ts";
import { nextCounters } from "./array/counters.ts";
import { decided, eachTime, refuseRecording } from "./capture/recording.ts";
import { isHalf } from "./pure/dtype.ts";
import { sameShape } from "./pure/shape.ts";
import { inFloat32, wideInAutocast } from "./tensor/op.ts";
import { Tensor } from "./tensor/tensor.ts";

export {
  autocastType,
  decided,
  eachTime,
  inFloat32,
  momentsOf,
  NDArray,
  outsideScopes,
  refuseRecording,
  wideInAutocast,
};

/** Overwrites `target` with a row of `inputs`, which stretch to its shape. Records no graph. */
export function update(
  target: Tensor,
  row: MapRow,
  inputs: readonly Tensor[],
  { s = 0, t = 0, u = 0 }: Scalars = {},
): void {
  const out = target.array,
    views = inputs.map((input) => {
      const array = input.array;
      return sameShape(array.shape, out.shape) ? array : broadcastTo(array, out.shape);
    });
  mapInto(out, row, views, s, t, u);
  views.forEach((view, k) => {
    if (view !== inputs[k]!.array) view.dispose();
  });
}

/**
 * Runs `body` as one list of instructions, which the device may run tile by tile. The results have the same bits.
 *
 * Where no graph is recorded, tensors made inside and not returned are freed at its end.
 *
 * @example
 * ```ts
 * import { group, noGrad, ones } from "deneb";
 *
 * const y = noGrad(() => group(() => ones([4]).mul(2).add(1).sqrt()));
 * if (Math.abs(y.sum().item() - 4 * Math.sqrt(3)) > 1e-5) throw new Error("wrong");
 * ```
 */
export function group<T>(body: () => T): T {
  if (gradientsEnabled()) return collect(body);
  return collect(() => {
    const inner = innerScope("group()");
    try {
      const result = body();
      if (result instanceof Promise) throw new TypeError("Cannot group: the function must be synchronous");
      for (const kept of Array.isArray(result) ? result : [result]) {
        if (kept instanceof Tensor && kept.owner === inner) moveTo(kept, inner.parent);
      }
      return result;
    } finally {
      inner[Symbol.dispose]();
    }
  });
}

/** Takes a tensor out of every scope: its holder keeps it from now on. Returns it. */
export function adopt<T extends Tensor>(tensor: T): T {
  moveTo(tensor, null);
  return tensor;
}

/** Frees a tensor now. */
export function release(tensor: Tensor): void {
  tensor.dispose();
}

/** Uniform noise in [0, 1) beside `like`: its shape, type and device. Beside halves it is float32. */
export function noiseLike(like: Tensor): Tensor {
  const array = like.array, dtype = isHalf(array.dtype) ? "float32" : array.dtype;
  const { key, counter } = nextCounters(array.size, dtype);
  return like.wrap(random(array.storage.stream, array.shape, dtype, key, counter));
}

/** The elements of a tensor, in an array of their own. */
export function cloneOf(tensor: Tensor): NDArray {
  return copy(tensor.array);
}

/** A row of tensors of one shape and type, as a new tensor on no graph. */
export function apply(
  row: MapRow,
  inputs: readonly Tensor[],
  { s = 0, t = 0, u = 0 }: Scalars = {},
): Tensor {
  return inputs[0]!.wrap(
    map(row, inputs.map((input) => input.array), { s, t, u }),
  );
}
