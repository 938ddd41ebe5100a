/** The check of a module's input. */
import { checkTensor } from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";

/** The input itself. TypeError, in the name of the module, for what is no tensor. */
export function checkInput(module: object, x: Tensor): Tensor {
  if (!(x instanceof Tensor)) checkTensor(`apply ${module.constructor.name}`, x);
  return x;
}
