/**
 * keep: what outlives its scope.
 */
import { checkTensor } from "./value.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Moves a tensor to the enclosing scope, or to none, so that it outlives this one. Returns it.
 *
 * @example
 * ```ts
 * import { keep, ones, scope } from "deneb";
 *
 * function four() {
 *   using _ = scope();
 *   return keep(ones([2, 2]).sum());
 * }
 * if (four().item() !== 4) throw new Error("freed");
 * ```
 */
export function keep<T extends Tensor>(tensor: T): T {
  checkTensor("keep", tensor);
  return tensor.keep();
}
