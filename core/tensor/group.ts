/**
 * group: several ops as one list of instructions, which a device may run tile by tile.
 */
import { innerScope, moveTo } from "../ambient/scope.ts";
import { gradientsEnabled } from "../ambient/modes.ts";
import { collect } from "../array/stream.ts";
import { Tensor } from "./tensor.ts";

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
