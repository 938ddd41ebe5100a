/** A small training run with everything in it that a step changes: weights, running statistics, dropout, state of an optimizer. */
import { data, manualSeed, nn, optim, rand, type Tensor, tensor, train } from "../../mod.ts";
import { values } from "../support.ts";

/** Five features, three classes; 26 samples make three batches of 8 and one of 2. */
const features = 5, classes = 3, samples = 26;

/** Made from the seed alone. */
export interface Setup {
  model: nn.Sequential;
  loader: data.DataLoader;
  validation: data.DataLoader;
  options: train.TrainOptions;
}

/** Samples whose class is the largest of their first features. */
export function samplesOf(count: number): data.ArrayDataset {
  const x = rand([count, features]);
  return new data.ArrayDataset(x, x.at(`:, :${classes}`).argmax({ axis: 1 }));
}

/** A run of three epochs, ready to begin. The same at each call. */
export function setup(extra: Partial<train.TrainOptions> = {}): Setup {
  manualSeed(7);
  const set = samplesOf(samples), held = samplesOf(10);
  const model = new nn.Sequential(
    new nn.Linear(features, 6),
    new nn.BatchNorm1d(6),
    new nn.ReLU(),
    new nn.Dropout(0.2),
    new nn.Linear(6, classes),
  );
  const loader = new data.DataLoader(set, { batchSize: 8, shuffle: true, seed: 3 });
  const validation = new data.DataLoader(held, { batchSize: 4 });
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.05 });
  const scheduler = new optim.CosineDecay(optimizer, { steps: 12 });
  const options = { loss: new nn.CrossEntropyLoss(), optimizer, scheduler, epochs: 3, ...extra };
  return { model, loader, validation, options };
}

/** All numbers of a model. */
export function numbersOf(model: nn.Module): Record<string, number[]> {
  return Object.fromEntries(Object.entries(model.stateDict()).map(([name, value]) => [name, values(value)]));
}

/** The events of a run. */
export async function eventsOf({ model, loader, options }: Setup): Promise<train.TrainEvent[]> {
  return await Array.fromAsync(train.run(model, loader, options));
}

/** An event without the times, which no two runs share. */
export function timeless(event: train.TrainEvent): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== "seconds"));
}

/** Labels as int32. */
export function ints(...numbers: number[]): Tensor {
  return tensor(Int32Array.from(numbers));
}
