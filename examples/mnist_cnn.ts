/**
 * A small convolutional net that reads handwritten digits: three convolutions, shifted images, and one cycle of the learning
 * rate, which rises to its top and falls to almost nothing.
 *
 *     deno run -A examples/mnist_cnn.ts
 *
 * MNIST is read from `$DENEB_DATA/mnist` or the cache folder, and downloaded once where it is missing.
 */
import { data, manualSeed, nn, optim, train } from "../mod.ts";
import { openImages, percent } from "./images.ts";

const defaults = {
  /** "mnist", or "digits": drawn by code, which needs no download. */
  data: "mnist",
  /** The number of images to train on, the first ones; 0 is all. */
  limit: 0,
  /** Rounds through the training set. */
  epochs: 3,
  batchSize: 128,
  /** The highest learning rate. */
  lr: 0.01,
  /** Features behind the first convolution; each further one doubles them. */
  width: 16,
  /** By how many pixels an image may move each way. */
  shift: 2,
  /** The seed of weights, the order of the images and their shifts. */
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/**
 * [batch, 1, 28, 28] to the logits [batch, 10]. The largest of four pixels is taken before norm and ReLU, not behind them: this
 * leaves the two a quarter of the work.
 */
export function convolutional(width: number): nn.Sequential {
  const block = (from: number, to: number, size: number, padding: number) => [
    new nn.Conv2d(from, to, size, { padding, bias: false }),
    new nn.MaxPool2d(2),
    new nn.BatchNorm2d(to),
    new nn.ReLU(),
  ];
  return new nn.Sequential(
    ...block(1, width, 5, 0), // 12 x 12 places.
    ...block(width, 2 * width, 5, 2), // 6 x 6.
    ...block(2 * width, 4 * width, 3, 1), // 3 x 3.
    new nn.Flatten(),
    new nn.Linear(4 * width * 9, 10),
  );
}

/** Trains the net and tests it after each epoch. Returns the model, the losses of the epochs and the accuracy at the end. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { limit, epochs, batchSize, lr, width, shift, seed, say, ...chosen } = { ...defaults, ...options };
  manualSeed(seed);
  const [trainSet, testSet] = await openImages(chosen.data, limit);
  const augment = [data.randomCrop(shift)];
  const loader = new data.DataLoader(trainSet, { batchSize, seed, shuffle: true, dropLast: true, augment });
  const validation = new data.DataLoader(testSet, { batchSize: 500 });

  const model = convolutional(width), optimizer = new optim.AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  const scheduler = new optim.OneCycle(optimizer, { maxLr: lr, steps: epochs * loader.length });
  const settings = { loss: new nn.CrossEntropyLoss(), optimizer, scheduler, epochs, validation };
  const start = performance.now(), losses: number[] = [];
  let accuracy = 0;
  for await (const event of train.run(model, loader, { ...settings, metrics: ["accuracy"] })) {
    if (event.kind !== "epoch") continue;
    losses.push(event.loss);
    accuracy = event.validation!.accuracy as number;
    const seconds = (performance.now() - start) / 1000;
    say(
      `epoch ${event.epoch}  loss ${event.loss.toFixed(4)}  test ${percent(accuracy)}  after ${seconds.toFixed(0)} s`,
    );
  }
  return { model, losses, accuracy };
}

if (import.meta.main) await main();
