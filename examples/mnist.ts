/**
 * Handwritten digits from start to end: data, model, training, test, saving, loading, prediction.
 *
 *     deno run -A examples/mnist.ts
 *
 * `deno task train` does this with flags, checkpoints and a live view: see `tools/train/`.
 */
import { data, io, manualSeed, nn, noGrad, optim, scope, train } from "../mod.ts";
import { openImages, percent } from "./images.ts";

const defaults = {
  /** "mnist", or "digits": drawn by code, which needs no download. */
  data: "mnist",
  /** The number of images to train on, the first ones; 0 is all. */
  limit: 0,
  /** Rounds through the training set. */
  epochs: 3,
  batchSize: 128,
  /** The learning rate at first; from there it falls along a cosine. */
  lr: 3e-3,
  /** Features between the blocks, and the number of blocks. */
  width: 128,
  depth: 3,
  /** The seed of weights, dropout, the order of the images and their shifts. */
  seed: 0,
  /** The file of the trained model. */
  path: "mnist.safetensors",
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** Trains a model, saves it, loads it into a new one, tests that and asks it for a prediction. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { limit, epochs, batchSize, lr, width, depth, seed, path, say, ...chosen } = { ...defaults, ...options };
  manualSeed(seed);

  // Data: images float32 [1, 28, 28] in 0..1 with labels 0..9, in batches, each image moved by up to a pixel.
  const [trainSet, testSet] = await openImages(chosen.data, limit);
  const loader = new data.DataLoader(trainSet, {
    batchSize,
    seed,
    shuffle: true,
    dropLast: true,
    augment: [data.randomCrop(1)],
  });
  const testLoader = new data.DataLoader(testSet, { batchSize: 500 });

  // Model: a residual multi-layer perceptron, and what trains it.
  const model = new nn.models.MLPResNet({ width, depth });
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const scheduler = new optim.CosineDecay(optimizer, { steps: epochs * loader.length });

  // Training: a run tells of each step and epoch.
  const losses: number[] = [];
  const settings = { loss: new nn.CrossEntropyLoss(), optimizer, scheduler, epochs, validation: testLoader };
  for await (const event of train.run(model, loader, { ...settings, metrics: ["accuracy"] })) {
    if (event.kind !== "epoch") continue;
    losses.push(event.loss);
    say(`epoch ${event.epoch}  loss ${event.loss.toFixed(4)}  test ${percent(event.validation!.accuracy as number)}`);
  }

  // Saving, and loading into a new model.
  await io.save(path, model.stateDict());
  const reread = new nn.models.MLPResNet({ width, depth });
  reread.loadStateDict(await io.load(path));

  // Test.
  const accuracy = await train.evaluate(reread, testLoader);
  say(`test accuracy ${percent(accuracy)}`);

  // Prediction for one image.
  const [image, label] = await testSet.get(0);
  using _ = scope();
  reread.eval();
  const guess = noGrad(() => reread.call(image.reshape([1, 1, 28, 28]))).argmax({ axis: 1 }).item() as number;
  say(`the first test image shows ${label.item()}, and the model says ${guess}`);
  return { losses, accuracy, guess, path };
}

if (import.meta.main) await main();
