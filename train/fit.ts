/** Training without a look at its steps: the events of a run, of which those of epochs are kept. */
import type { PairLoader } from "../data/mod.ts";
import type { Module } from "../nn/mod.ts";
import type { EpochEvent } from "./events.ts";
import type { TrainOptions } from "./options.ts";
import { run } from "./run.ts";

/**
 * Trains `model` on the batches of `loader` for `epochs` rounds, and leaves it in training mode. It is {@linkcode run} to its
 * end, with its options and errors.
 *
 * Returns the event of each epoch that was trained.
 *
 * @example
 * ```ts
 * import { data, manualSeed, nn, optim, train } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ train: 200 }), { batchSize: 20, shuffle: true });
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
 * const epochs = await train.fit(model, loader, { loss: new nn.CrossEntropyLoss(), optimizer, epochs: 2 });
 * if (epochs[1]!.loss > epochs[0]!.loss) throw new Error("it does not learn");
 * ```
 */
export async function fit(model: Module, loader: PairLoader, options: TrainOptions): Promise<EpochEvent[]> {
  const epochs: EpochEvent[] = [];
  for await (const event of run(model, loader, options)) if (event.kind === "epoch") epochs.push(event);
  return epochs;
}
