/**
 * ResNet-20 (He et al. 2016) on CIFAR-10: convolutions with shortcuts, images that are shifted and mirrored at random, and a
 * learning rate that rises and falls, by epochs or by the clock.
 *
 *     deno run -A examples/cifar_resnet.ts --epochs 3
 *     deno run -A examples/cifar_resnet.ts --seconds 60
 *     deno run -A examples/cifar_resnet.ts --epochs 1 --limit 12800
 *
 * CIFAR-10 is read from `$DENEB_DATA/cifar-10-batches-bin` or the cache folder.
 */
import { parseArgs } from "node:util";
import { data, manualSeed, nn, optim, train } from "../mod.ts";
import { openImages, percent } from "./images.ts";

const defaults = {
  /** "cifar10", or "digits": drawn by code, which needs no download. */
  data: "cifar10",
  /** The number of images to train on, the first ones; 0 is all. */
  limit: 0,
  /** Rounds through the training set. */
  epochs: 3,
  /** How long to train instead, not counting the test; 0 goes by the epochs. */
  seconds: 0,
  batchSize: 32,
  /** The highest learning rate. */
  lr: 0.05,
  momentum: 0.9,
  weightDecay: 5e-4,
  /** The seed of weights, the order of the images, their shifts and reflections. */
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** The part of the highest rate when a share of the work is done: it rises for a fifth of the time, and falls in a line. */
function curve(share: number): number {
  return Math.max(0, Math.min((share + 0.01) / 0.2, (1 - share) / 0.8));
}

/** Trains the net, and tests it at the end. Returns the model, the losses of the steps, their images and seconds, and the accuracy. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { limit, seconds, batchSize, lr, momentum, weightDecay, seed, say, ...chosen } = { ...defaults, ...options };
  manualSeed(seed);
  const [trainSet, testSet] = await openImages(chosen.data, limit), isColoured = chosen.data === "cifar10";
  const normalize = isColoured
    ? data.normalize([0.491, 0.482, 0.447], [0.247, 0.243, 0.262])
    : data.normalize(0.1, 0.3);
  const augment = [normalize, data.randomCrop(4), data.randomFlip()];
  const loader = new data.DataLoader(trainSet, { batchSize, seed, shuffle: true, dropLast: true, augment });
  const testLoader = new data.DataLoader(testSet, { batchSize: 250, augment: [normalize] });

  const model = nn.models.resnet20({ channels: isColoured ? 3 : 1 });
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum, weightDecay, nesterov: true });
  const epochs = seconds > 0 ? 1000 : chosen.epochs, start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const scheduler = new optim.LambdaSchedule(optimizer, {
    factor: (step) => curve(seconds > 0 ? elapsed() / seconds : step / (epochs * loader.length)),
  });
  const stop = new AbortController(), losses: number[] = [];
  const settings = { loss: new nn.CrossEntropyLoss(), optimizer, scheduler, epochs, signal: stop.signal };
  let told = 0;
  for await (const event of train.run(model, loader, settings)) {
    if (event.kind !== "step") continue;
    losses.push(event.loss);
    if (seconds > 0 && elapsed() >= seconds) stop.abort();
    if (elapsed() < told) continue;
    say(`image ${event.seen}  loss ${event.loss.toFixed(3)}  rate ${event.lr.toFixed(3)}  ${elapsed().toFixed(0)} s`);
    told = elapsed() + Math.max(10, seconds / 6);
  }
  const trained = elapsed(), images = losses.length * batchSize, accuracy = await train.evaluate(model, testLoader);
  say(`${images} images in ${trained.toFixed(0)} s`);
  say(`test accuracy ${percent(accuracy)}`);
  return { model, losses, images, seconds: trained, accuracy };
}

if (import.meta.main) {
  const number = { type: "string" } as const;
  const { values } = parseArgs({ options: { epochs: number, seconds: number, limit: number } });
  const numbers = Object.entries(values).map(([name, word]): [string, number] => {
    const value = Number(word);
    if (!(value > 0)) throw new RangeError(`Cannot read --${name}: ${word} must be a number above 0`);
    return [name, value];
  });
  await main(Object.fromEntries(numbers));
}
