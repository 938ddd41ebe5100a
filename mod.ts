/**
 * Deneb: tensors, automatic differentiation and neural networks for Deno.
 *
 * @example A whole training run: data, training, saving, loading, test
 * ```ts
 * import { data, io, manualSeed, nn, optim, train } from "deneb";
 *
 * const makeModel = () =>
 *   new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 32), new nn.ReLU(), new nn.Linear(32, 10));
 *
 * manualSeed(0);
 * const model = makeModel(), optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
 * const images = new data.DataLoader(data.digits({ train: 1000 }), { batchSize: 50, shuffle: true });
 * await train.fit(model, images, { loss: new nn.CrossEntropyLoss(), optimizer, epochs: 5 });
 *
 * const bytes = io.serialize(model.stateDict()); // io.save() writes them into a file.
 * const reread = makeModel();
 * reread.loadStateDict(io.deserialize(bytes));
 * const accuracy = await train.evaluate(reread, new data.DataLoader(data.digits({ test: 200 }), { batchSize: 50 }));
 * if (accuracy < 0.7) throw new Error(`${accuracy} of the digits were recognised`);
 * ```
 *
 * @module
 */
export * from "./core/mod.ts";
/** Modules, layers and losses. */
export * as nn from "./nn/mod.ts";
/** Optimizers, schedules and gradient clipping. */
export * as optim from "./optim/mod.ts";
/** Datasets, the loader that batches them, transforms, and the sets that are known by name. */
export * as data from "./data/mod.ts";
/** Tensors as safetensors files, and checkpoints of a whole training run. */
export * as io from "./io/mod.ts";
/** The training loop, its counterpart for a test set, progress and metrics. */
export * as train from "./train/mod.ts";
