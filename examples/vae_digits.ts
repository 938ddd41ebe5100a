/**
 * A variational autoencoder (Kingma and Welling 2014) with two latent numbers: a plane on which each digit has its place, and
 * from which each place makes a digit.
 *
 *     deno run -A examples/vae_digits.ts
 *     deno run -A examples/vae_digits.ts pictures/   # also draws the plane, vae_latent.svg and vae_manifold.png
 *
 * MNIST is read from `$DENEB_DATA/mnist` or the cache folder, and downloaded once where it is missing.
 */
import { capture, data, manualSeed, nn, noGrad, optim, scope, type Tensor, tensor } from "../mod.ts";
import { openImages } from "./images.ts";
import { plots } from "./picture.ts";

const defaults = {
  /** "mnist", or "digits": drawn by code, which needs no download. */
  data: "mnist",
  /** The number of images to train on, the first ones; 0 is all. */
  limit: 0,
  /** Rounds through the training set. */
  epochs: 20,
  batchSize: 128,
  /** The highest learning rate. */
  lr: 3e-3,
  /** Features of the hidden layers. */
  hidden: 400,
  /** The seed of weights, samples and the order of the images. */
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** The points of a plane that are shown, and the images along each side of the plane. */
const shown = 2000, side = 11;

/** Trains the net. Returns it, the bound in nats per test image, and test images on the plane: [x, y] and label. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { limit, epochs, batchSize, lr, hidden, seed, say, ...chosen } = { ...defaults, ...options };
  manualSeed(seed);
  const [trainSet, testSet] = await openImages(chosen.data, limit);
  const loader = new data.DataLoader(trainSet, { batchSize, seed, shuffle: true, dropLast: true });
  const testLoader = new data.DataLoader(testSet, { batchSize: 500 });

  const net = new nn.models.VAE({ hidden, latent: 2 }), optimizer = new optim.Adam(net.parameters(), { lr });
  const schedule = new optim.OneCycle(optimizer, { maxLr: lr, steps: epochs * loader.length });
  const step = capture((x: Tensor) => {
    const loss = net.loss(net.call(x), x);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  // In training mode, in which the net draws its samples, as the bound is defined.
  const measure = capture((x: Tensor) => noGrad(() => net.loss(net.call(x), x)));
  const bound = async () => {
    let sum = 0;
    for await (const [x] of testLoader) {
      using _ = scope();
      sum += (measure(x).item() as number) * x.shape[0]!;
    }
    return sum / testSet.length;
  };

  const start = performance.now();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for await (const [x] of loader) {
      using _ = scope();
      step(x);
      schedule.step();
    }
    if (epoch > 1 && epoch % Math.ceil(epochs / 6) !== 0) continue;
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    say(`epoch ${epoch}  at most ${(await bound()).toFixed(1)} nats for a test image  after ${seconds} s`);
  }

  const places: { at: [x: number, y: number]; label: number }[] = [];
  net.eval();
  for await (const [x, y] of testLoader) {
    using _ = scope();
    const means = noGrad(() => net.call(x)).mean.toArray<[number, number][]>(), labels = y.toArray<number[]>();
    means.forEach((at, k) => places.push({ at, label: labels[k]! }));
  }
  net.train();
  return { net, bound: await bound(), places };
}

/** Draws where the test images lie, and what each place stands for. */
export async function draw({ net, places }: Awaited<ReturnType<typeof main>>, folder: string): Promise<void> {
  const { chart, grid } = await plots();
  const series = Array.from({ length: 10 }, (_, digit) => ({
    name: String(digit),
    points: places.slice(0, shown).filter(({ label }) => label === digit).map(({ at }) => at),
  }));
  const title = `Where ${shown} test images of ten digits lie on the latent plane`;
  const options = { title, x: "first latent number", y: "second latent number", isNamedInside: true };
  // Places at even shares of the normal distribution that the latent numbers are drawn from.
  const shares = Array.from({ length: side }, (_, k) => (k + 0.5) / side);
  using _ = scope();
  const steps = tensor(shares.map((share) => 2 * share - 1)).erfinv().mul(Math.SQRT2).toArray<number[]>();
  const plane = steps.toReversed().flatMap((y) => steps.map((x) => [x, y]));
  const images = noGrad(() => net.decode(tensor(plane))).toArray<number[][]>();
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/vae_latent.svg`, chart(series, { ...options, width: 520, height: 520 }));
  await Deno.writeFile(`${folder}/vae_manifold.png`, grid(images, side, [28, 28]));
}

if (import.meta.main) {
  const result = await main();
  const [folder] = Deno.args;
  if (folder !== undefined) await draw(result, folder);
}
