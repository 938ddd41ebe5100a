/** The test images that a model is surest of, and wrong about. */
import { data, noGrad, scope } from "../../mod.ts";
import { openData } from "../train/data.ts";
import { openModel } from "../train/model.ts";
import { stripOf } from "./figures/mistakes.ts";
import type { Mistake } from "./results.ts";

/** How many are shown. */
const shown = 16;

/** What a model in a file gets wrong. */
export interface Mistaken {
  /** The surest mistakes, and their images beside each other as PNG. */
  readonly mistakes: Mistake[];
  readonly strip: Uint8Array;
  /** The share of test images that it gets right. */
  readonly accuracy: number;
}

/** Tries the model of a file on the test set of its run. */
export async function mistakesOf(path: string): Promise<Mistaken> {
  const { model, config, info } = await openModel(path), { test } = await openData(config, () => {});
  const { statistics, image } = info;
  const augment = statistics === null ? [] : [data.normalize(statistics.mean, statistics.deviation)];
  const all: Mistake[] = [];
  let index = 0;
  for await (const [x, y] of new data.DataLoader(test, { batchSize: 500, augment })) {
    using _ = scope();
    const probabilities = noGrad(() => model.call(x).softmax(-1)).toArray<number[][]>();
    const labels = y.toTypedArray();
    for (const [k, row] of probabilities.entries()) {
      const probability = Math.max(...row), guess = row.indexOf(probability), label = Number(labels[k]);
      if (guess !== label) all.push({ index: index + k, label, guess, probability });
    }
    index += labels.length;
  }
  const mistakes = all.sort((a, b) => b.probability - a.probability).slice(0, shown);
  const pixels = await Promise.all(mistakes.map(async ({ index }) => (await test.get(index))[0].toTypedArray()));
  return { mistakes, strip: stripOf(pixels as Float32Array[], image), accuracy: 1 - all.length / index };
}
