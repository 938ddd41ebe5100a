/** Sample predictions as a run logs them. */
import { data, nn, type Tensor, train } from "../../mod.ts";
import { sampleCount, SamplePredictions, samplesOf } from "../../tools/dashboard/samples.ts";
import { assertEquals, forEachDevice } from "../support.ts";

/** Samples of zeros, but for the first ones. */
function setOf(shape: readonly number[], first: readonly number[] = []): data.ArrayDataset {
  const x = new Float32Array(shape.reduce((product, size) => product * size, 1)), y = new Int32Array(shape[0]!);
  x.set(first);
  for (let k = 0; k < y.length; k++) y[k] = k % 3;
  return new data.ArrayDataset({ data: x, shape }, { data: y, shape: [y.length] });
}

forEachDevice("dashboard samples: images are bytes, and what is none is left out", async () => {
  const found = await samplesOf(setOf([2, 1, 1, 4], [0, 0.5, 1, 2, -1, 1 / 255]), ["a", "b", "c"]);
  assertEquals(found, {
    kind: "samples",
    shape: [1, 1, 4],
    images: [Uint8Array.of(0, 128, 255, 255).toBase64(), Uint8Array.of(0, 1, 0, 0).toBase64()],
    labels: [0, 1],
    classes: ["a", "b", "c"],
  });
  assertEquals((await samplesOf(setOf([20, 2, 2]), null))?.shape, [1, 2, 2]);
  assertEquals((await samplesOf(setOf([20, 3, 2, 2]), null))?.labels.length, sampleCount);
  for (const shape of [[3, 4], [3, 2, 2, 2], [3, 1, 2, 2, 2], [0, 1, 2, 2]]) {
    assertEquals(await samplesOf(setOf(shape), null), null);
  }
}, { on: ["wasm"] });

forEachDevice("dashboard samples: the metric has the first samples' likeliest classes, each time anew", async () => {
  /** Takes the input as logits. */
  class Echo extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  const set = setOf([20, 2], [0, Math.log(3), Math.log(4), 0, 7, 7]),
    loader = new data.DataLoader(set, { batchSize: 5 });
  const metrics = ["accuracy", new SamplePredictions()] as const;
  for (let epoch = 0; epoch < 2; epoch++) {
    const { samples } = await train.evaluate(new Echo(), loader, { metrics });
    assertEquals(samples, {
      predictions: [1, ...new Array(sampleCount - 1).fill(0)],
      probabilities: [0.75, 0.8, ...new Array(sampleCount - 2).fill(0.5)],
    });
  }
}, { on: ["wasm"] });
