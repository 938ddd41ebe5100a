/** One training step, for loops of one's own. */
import { checkTensor } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { Module } from "../nn/mod.ts";
import { checkStep } from "./check.ts";
import type { StepOptions } from "./options.ts";

/**
 * One training step: forward, loss, backward, update. Returns the loss. A scope around the step frees the tensors that it
 * makes.
 *
 * TypeError for an argument of another kind, before anything is computed.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, optim, scope, tensor, train } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Linear(1, 1), x = tensor([[0], [1]]), y = tensor([[1], [3]]);
 * const options = { loss: new nn.MSELoss(), optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) };
 * let last = Infinity;
 * for (let step = 0; step < 100; step++) {
 *   using _ = scope();
 *   last = train.trainStep(model, x, y, options).item();
 * }
 * if (last > 0.1) throw new Error(`the loss is ${last}`);
 * ```
 */
export function trainStep(model: Module, x: Tensor, y: Tensor, options: StepOptions): Tensor {
  const action = "train", { loss, optimizer } = checkStep(action, model, options);
  checkTensor(action, x);
  checkTensor(action, y);
  const value = loss.call(model.call(x), y);
  optimizer.resetGrad();
  value.backward();
  optimizer.step();
  return value;
}
