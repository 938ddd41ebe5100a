/**
 * Two nets against each other: a generator learns to put points on two rings, from a discriminator that learns to tell its points
 * from real ones (Goodfellow et al. 2014).
 *
 *     deno run examples/gan_rings.ts
 *     deno run -A examples/gan_rings.ts rings.svg   # also draws the points
 */
import { capture, concat, grad, manualSeed, nn, noGrad, ones, optim, rand, randn, type Tensor, zeros } from "../mod.ts";
import { plots } from "./picture.ts";

const defaults = {
  /** The number of training steps, each for both nets. */
  steps: 4000,
  /** Real points, and as many made ones, in each step. */
  batchSize: 256,
  /** Features of the hidden layers. */
  width: 64,
  /** Random numbers that a point is made of. */
  latent: 4,
  lr: 2e-3,
  /** The weight of the discriminator's squared slope at real points. */
  penalty: 0.002,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** The radii of the rings, and the deviation of real points from them. */
const radii = [0.5, 1] as const, deviation = 0.02;

/** Real points [count, 2], about half of them on each ring. */
function rings(count: number): Tensor {
  const angle = rand([count, 1]).mul(2 * Math.PI), outer = rand([count, 1]).round();
  const radius = outer.mul(radii[1] - radii[0]).add(radii[0]).add(randn([count, 1]).mul(deviation));
  return concat([angle.cos().mul(radius), angle.sin().mul(radius)], 1);
}

/** Trains both nets. Returns the share of made points near a ring, and the share of these that lie on the outer one. */
export function main(options: Partial<typeof defaults> = {}) {
  const { steps, batchSize, width, latent, lr, penalty, seed, say } = { ...defaults, ...options };
  manualSeed(seed);
  const perceptron = (inputs: number, outputs: number) =>
    new nn.Sequential(
      new nn.Linear(inputs, width),
      new nn.ReLU(),
      new nn.Linear(width, width),
      new nn.ReLU(),
      new nn.Linear(width, width),
      new nn.ReLU(),
      new nn.Linear(width, outputs),
    );
  const generator = perceptron(latent, 2), discriminator = perceptron(2, 1);
  const made = (count: number) => generator.call(randn([count, latent]));

  const lossOf = new nn.BinaryCrossEntropyLoss({ logits: true }), settings = { lr, betas: [0.5, 0.99] } as const;
  const forGenerator = new optim.Adam(generator.parameters(), settings);
  const forDiscriminator = new optim.Adam(discriminator.parameters(), settings);
  const schedules = [forGenerator, forDiscriminator].map((each) => new optim.CosineDecay(each, { steps }));
  const yes = ones([batchSize, 1]), no = zeros([batchSize, 1]);

  const tell = capture(() => {
    const points = noGrad(() => made(batchSize));
    const real = rings(batchSize), slope = grad((x: Tensor) => discriminator.call(x).sum())(real) as Tensor;
    const told = lossOf.call(discriminator.call(real), yes).add(lossOf.call(discriminator.call(points), no));
    // A discriminator that is flat where real points are lets the two nets settle (R1, Mescheder et al. 2018).
    const loss = told.add(slope.square().sum().mul(penalty / 2 / batchSize));
    forDiscriminator.resetGrad();
    loss.backward();
    forDiscriminator.step();
    return loss;
  });
  const fool = capture(() => {
    const loss = lossOf.call(discriminator.call(made(batchSize)), yes);
    forGenerator.resetGrad();
    loss.backward();
    forGenerator.step();
    return loss;
  });
  for (let k = 0; k < steps; k++) {
    const losses = [tell(), fool()];
    if (k === 0 || (k + 1) % Math.ceil(steps / 6) === 0) {
      const [told, fooled] = losses.map((loss) => loss.item() as number);
      say(`step ${k + 1}  discriminator ${told!.toFixed(3)}  generator ${fooled!.toFixed(3)}`);
    }
    for (const loss of losses) loss.dispose();
    for (const schedule of schedules) schedule.step();
  }

  const count = 2000, points = noGrad(() => made(count)).toArray<number[][]>();
  const distances = points.map(([x, y]) => radii.map((radius) => Math.abs(Math.hypot(x!, y!) - radius)));
  const near = distances.filter((each) => Math.min(...each) < 0.1),
    outer = near.filter(([inner, outer]) => outer! < inner!);
  return { near: near.length / count, outer: outer.length / near.length, points };
}

/** Real points and made ones, as the text of an SVG file. */
export async function draw({ points }: ReturnType<typeof main>): Promise<string> {
  const { chart } = await plots();
  const asPoints = (rows: number[][]) => rows.slice(0, 800).map(([x, y]) => [x!, y!] as const);
  const series = [
    { name: "real points", points: asPoints(rings(800).toArray<number[][]>()) },
    { name: "made points", points: asPoints(points) },
  ];
  const title = "Real points on two rings, and points that the generator made";
  return chart(series, { title, x: "x", y: "y", width: 420, height: 420 });
}

if (import.meta.main) {
  const result = main(), { near, outer } = result, [path] = Deno.args;
  console.log(
    `${(100 * near).toFixed(1)} % of the points lie within 0.1 of a ring, ${
      (100 * outer).toFixed(0)
    } % of these on the outer one`,
  );
  if (path !== undefined) await Deno.writeTextFile(path, await draw(result));
}
