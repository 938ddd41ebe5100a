/** Running statistics of weights that no training step has seen, such as an average. */
import { refuse } from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";
import { type AnyModule, Module } from "../nn/mod.ts";
import { checkLoader } from "./check.ts";
import { restore } from "./measure.ts";

/** A norm that keeps running statistics. */
interface Tracking {
  momentum: number | null;
  runningMean: Tensor;
  runningVar: Tensor;
  numBatchesTracked?: Tensor | null;
}

/** Batches of inputs, alone or in front of their targets. */
export type Inputs = Iterable<Tensor | readonly Tensor[]> | AsyncIterable<Tensor | readonly Tensor[]>;

/**
 * Computes the running mean and variance of all batch norms anew, as the means over all batches of a loader: for weights that
 * were averaged, whose activations no step has seen. PyTorch's `torch.optim.swa_utils.update_bn`.
 *
 * The model runs in training mode and without gradients; afterwards each of its parts is in its former mode. TypeError for
 * what is no module, and for batches that are neither tensors nor lists that begin with one.
 *
 * @example
 * ```ts
 * import { nn, tensor, train } from "deneb";
 *
 * const model = new nn.Sequential(new nn.BatchNorm1d(1), new nn.Linear(1, 1));
 * await train.updateBatchNorm(model, [tensor([[1], [3]]), tensor([[5], [7]])]);
 * const norm = model.modules()[1] as nn.BatchNorm1d;
 * if (norm.runningMean!.item() !== 4) throw new Error(`${norm.runningMean}`);
 * ```
 */
export async function updateBatchNorm(model: Module, loader: Inputs): Promise<void> {
  const action = "updateBatchNorm";
  if (!(model instanceof Module)) refuse(action, model, "a module");
  checkLoader(action, loader);
  const norms = model.modules().filter(isTracking);
  if (norms.length === 0) return;
  const modes = model.modules().map((module): [AnyModule, boolean] => [module, module.training]);
  const momenta = norms.map(({ momentum }) => momentum);
  {
    using _ = scope();
    for (const { runningMean, runningVar, numBatchesTracked } of norms) {
      runningMean.data = runningMean.zerosLike();
      runningVar.data = runningVar.onesLike();
      if (numBatchesTracked) numBatchesTracked.data = numBatchesTracked.zerosLike();
    }
  }
  try {
    model.train();
    let count = 0;
    for await (const batch of loader) {
      const x = batch instanceof Tensor ? batch : Array.isArray(batch) ? batch[0] : undefined;
      if (!(x instanceof Tensor)) refuse(action, batch, "a tensor, or a list that begins with one");
      count++;
      // The mean of k batches is that of k - 1, moved by 1 / k of the way towards the last.
      for (const norm of norms) if (norm.momentum !== null) norm.momentum = 1 / count;
      using _ = scope();
      noGrad(() => void model.call(x));
    }
  } finally {
    norms.forEach((norm, place) => norm.momentum = momenta[place]!);
    restore(modes);
  }
}

function isTracking(module: AnyModule): module is AnyModule & Tracking {
  const { momentum, runningMean, runningVar } = module as unknown as Partial<Tracking>;
  return momentum !== undefined && runningMean instanceof Tensor && runningVar instanceof Tensor;
}
