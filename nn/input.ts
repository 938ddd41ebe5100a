/** The checks of a module's input. */
import { checkTensor, showShape } from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";

/** The input itself. TypeError, in the name of the module, for what is no tensor. */
export function checkInput(module: object, x: Tensor): Tensor {
  if (!(x instanceof Tensor)) checkTensor(`apply ${module.constructor.name}`, x);
  return x;
}

/** The input itself. TypeError, in the name of the module, for what is no tensor or has another length along its last axis. */
export function checkLastAxis(module: object, x: Tensor, length: number): Tensor {
  if (checkInput(module, x).shape.at(-1) === length) return x;
  throw new TypeError(
    `Cannot apply ${module.constructor.name}: input of shape ${showShape(x.shape)}, its last axis must be ${length}`,
  );
}
