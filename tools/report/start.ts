/**
 * What a run begins with, for another program that is to train beside it: the weights before the first step, the images of
 * each batch in their order, and the learning rate of each step.
 */
import { data, io, manualSeed, tensor } from "../../mod.ts";
import type { Config } from "../train/config.ts";
import { openData } from "../train/data.ts";
import { buildModel } from "../train/model.ts";
import { makeOptimizer, makeSchedule } from "../train/optimizer.ts";
import { writeText } from "./files.ts";

/** Writes start.json and start.safetensors into a folder: see docs/report/pytorch.py. */
export async function writeStart(config: Config, folder: string): Promise<void> {
  const { epochs, batchSize, seed } = config;
  manualSeed(seed);
  const sets = await openData(config, () => {}), { statistics } = sets;
  const model = await buildModel(config, sets);
  const order = await orderOf(sets.train.length, config), batches = Math.floor(sets.train.length / batchSize);
  const state = {
    ...model.stateDict(),
    order: tensor(order).reshape([epochs, batches * batchSize]),
    lr: tensor(new Float64Array(ratesOf(model, config, epochs * batches))),
  };
  await writeText(`${folder}/start.json`, JSON.stringify({ config, statistics }, null, 2) + "\n");
  await io.save(`${folder}/start.safetensors`, state);
}

/** The numbers of the samples that a loader gives in all epochs, as the loader itself tells them of a set of numbers. */
async function orderOf(length: number, { batchSize, seed, epochs }: Config): Promise<Int32Array<ArrayBuffer>> {
  const numbers: data.Dataset = {
    length,
    get: (index) => [tensor([0]), tensor(index, { dtype: "int32" })],
    batch(indices) {
      const count = indices.length;
      return [{ data: new Float32Array(count), shape: [count, 1] }, { data: Int32Array.from(indices), shape: [count] }];
    },
  };
  const loader = new data.DataLoader(numbers, { batchSize, seed, shuffle: true, dropLast: true });
  const order: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const [, y] of loader) order.push(...y.toTypedArray() as Int32Array);
  }
  return Int32Array.from(order);
}

/** The learning rate of each step. */
function ratesOf(model: Awaited<ReturnType<typeof buildModel>>, config: Config, steps: number): number[] {
  const optimizer = makeOptimizer(model, config), schedule = makeSchedule(optimizer, config, steps);
  return Array.from({ length: steps }, () => {
    const { lr } = optimizer;
    schedule.step();
    return lr;
  });
}
