/**
 * keep: lets a tensor outlive its scope.
 */
import { checkTensor } from "./value.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Moves a tensor from its scope to the enclosing one, or out of all scopes, so that it outlives its scope. Returns the
 * tensor.
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
