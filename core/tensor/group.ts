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
 * objects. If it returns anything else that might hold tensors, such as a Map or a function, all stay. TypeError if `body`
 * returns a promise: instructions after an `await` would be outside the group.
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
      const returned: Tensor[] = [];
      let isClear = true;
      const result = mapLeaves("group", synchronous("group", body()), (leaf) => {
        if (leaf instanceof Tensor) returned.push(leaf);
        else if (mayHold(leaf)) isClear = false;
        return leaf;
      }) as T;
      if (!isClear) inner.handOver(inner.parent);
      for (const tensor of returned) if (tensor.owner === inner) moveTo(tensor, inner.parent);
      return result;
    } finally {
      inner[Symbol.dispose]();
    }
  });
}

/** Whether tensors may be reached through a leaf of a result. */
function mayHold(leaf: unknown): boolean {
  return typeof leaf === "function" || (typeof leaf === "object" && leaf !== null && !ArrayBuffer.isView(leaf));
}
