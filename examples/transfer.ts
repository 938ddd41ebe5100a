/**
 * What a net has learnt elsewhere helps where there is little to learn from: weights of PyTorch, trained on the digits 0 to 4, are
 * given a new head for the digits 5 to 9, of which three images each are known. Beside it, the same net from scratch.
 *
 *     deno run -A examples/transfer.ts
 *
 * `tests/fixtures/transfer.py` trained and saved the weights, with the names of torchvision's ResNet: those of a larger one are read
 * in the same way. MNIST is read from `$DENEB_DATA/mnist` or the cache folder, and downloaded once where it is missing.
 */
import { capture, data, io, manualSeed, nn, optim, scope, type Tensor, train } from "../mod.ts";
import { loadPytorch } from "../io/pytorch/mod.ts";
import { openImages, percent } from "./images.ts";

const defaults = {
  /** "mnist", or "digits": drawn by code, which needs no download. */
  data: "mnist",
  /** The number of images to choose from, the first ones; 0 is all. */
  limit: 0,
  /** PyTorch's weights. */
  weights: new URL("../tests/fixtures/digits_0_to_4.pt", import.meta.url).pathname,
  /** Images of each of the digits 5 to 9 to train on. */
  samples: 3,
  /** Rounds through these images, all of them at once. */
  epochs: 200,
  lr: 0.01,
  /** The seed of weights and shifts. */
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** A residual net for images of one channel. */
const make = () =>
  new nn.models.ResNet({ block: "basic", blocks: [1, 1, 1], width: 8, stem: "small", channels: 1, classes: 5 });

/** Trains nets in three ways. Returns the accuracy of PyTorch's own weights, and of each of the three on the new digits. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { limit, weights, samples, epochs, lr, seed, say, ...chosen } = { ...defaults, ...options };
  const [trainSet, testSet] = await openImages(chosen.data, limit);
  const loader = (set: data.Dataset) => new data.DataLoader(set, { batchSize: 500 });
  const known = await only(testSet, 0), unknown = await only(testSet, 5), few = await only(trainSet, 5, samples);

  // PyTorch's names and its order of weights become the net's; what has no place would be told in `left`.
  const given = make();
  const { state } = io.convert(await loadPytorch(weights), { from: "pytorch" }, given);
  given.loadStateDict(state);
  const before = await train.evaluate(given, loader(known));
  say(`PyTorch's weights read ${percent(before)} of the digits 0 to 4 that they were trained on`);
  // The head knows the digits 0 to 4. All else goes on.
  const body = Object.fromEntries(Object.entries(state).filter(([name]) => !name.startsWith("head.")));

  /** The accuracy of a net that has learnt the new digits from few images. */
  const accuracyOf = async (hasBody: boolean, isFrozen: boolean) => {
    manualSeed(seed);
    const net = make();
    if (hasBody) net.loadStateDict(body, { strict: false });
    if (isFrozen) {
      net.requiresGrad(false);
      net.head.requiresGrad(true);
    }
    // The norms of a frozen body go by what they have seen in all, not by the few images.
    net.train(!isFrozen);
    const optimizer = new optim.Adam((isFrozen ? net.head : net).parameters(), { lr });
    const schedule = new optim.CosineDecay(optimizer, { steps: epochs });
    const lossOf = new nn.CrossEntropyLoss();
    const step = capture((x: Tensor, y: Tensor) => {
      const loss = lossOf.call(net.call(x), y);
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const shifted = new data.DataLoader(few, { batchSize: few.length, seed, augment: [data.randomCrop(2)] });
    for (let epoch = 0; epoch < epochs; epoch++) {
      for await (const [x, y] of shifted) {
        using _ = scope();
        step(x, y);
      }
      schedule.step();
    }
    return await train.evaluate(net, loader(unknown));
  };

  say(`the digits 5 to 9 after ${few.length} images of them, tested on ${unknown.length}:`);
  const head = await accuracyOf(true, true);
  say(`  a new head on PyTorch's body  ${percent(head)}`);
  const all = await accuracyOf(true, false);
  say(`  a body that learns on, too    ${percent(all)}`);
  const scratch = await accuracyOf(false, false);
  say(`  all weights from scratch      ${percent(scratch)}`);
  return { before, head, all, scratch };
}

/** The images of five digits from `first` on, at most so many of each, with labels from 0 on. */
async function only(set: data.Dataset, first: number, most = Infinity): Promise<data.Dataset> {
  const rows: number[] = [], counts = [0, 0, 0, 0, 0];
  let place = 0;
  for await (const [, y] of new data.DataLoader(set, { batchSize: 1000 })) {
    for (const label of y.toArray<number[]>()) {
      const count = counts[label - first];
      if (count !== undefined && count < most) {
        counts[label - first] = count + 1;
        rows.push(place);
      }
      place++;
    }
    if (counts.every((count) => count >= most)) break;
  }
  for await (const [x, y] of new data.DataLoader(data.subset(set, rows), { batchSize: rows.length })) {
    return new data.ArrayDataset(x, y.sub(first));
  }
  throw new RangeError(`Cannot find digits from ${first} on: there are none`);
}

if (import.meta.main) await main();
