/**
 * group: several ops as one list of instructions, which a device may run tile by tile.
 */
import { gradientsEnabled, synchronous } from "../ambient/modes.ts";
import { innerScope, moveTo } from "../ambient/scope.ts";
import { asGroup } from "../array/group.ts";
import { checkFunction } from "../pure/check.ts";
import { mapLeaves } from "../pure/nested.ts";
import { Tensor } from "./tensor.ts";

/**
 * Runs `body` as one list of instructions, which the device may run tile by tile. The results have the same bits.
 *
 * Under `noGrad`, tensors that `body` makes are freed at its end, save those that it returns, also in arrays and plain
 * objects. TypeError if `body` returns a promise: instructions after an `await` would be outside the group.
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
  checkFunction("group", body);
  return asGroup(() => {
    if (gradientsEnabled()) return synchronous("group", body());
    const inner = innerScope("group()");
    try {
      return mapLeaves("group", synchronous("group", body()), (leaf) => {
        if (leaf instanceof Tensor && leaf.owner === inner) moveTo(leaf, inner.parent);
        return leaf;
      }) as T;
    } finally {
      inner[Symbol.dispose]();
    }
  });
}
