/**
 * A net that solves the heat equation, told nothing but the equation: a physics-informed neural network (Raissi, Perdikaris and
 * Karniadakis 2019). Its loss holds second derivatives of the net's output, and training differentiates these once more.
 *
 *     deno run examples/pinn.ts
 *     deno run -A examples/pinn.ts heat.svg   # also draws the solution
 *
 * u_t = u_xx / π² for 0 < x < 1 and 0 < t < 1, with u(x, 0) = sin(π x) and u(0, t) = u(1, t) = 0, of which the solution is
 * exp(-t) sin(π x).
 */
import { capture, concat, grad, manualSeed, nn, noGrad, optim, rand, type Tensor, tensor } from "../mod.ts";
import { plots } from "./picture.ts";

const defaults = {
  /** The number of training steps, each on points of its own. */
  steps: 2000,
  /** Points inside for each step, and as many on the sides. */
  points: 128,
  /** Features of each of the three hidden layers. */
  width: 32,
  lr: 3e-3,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** Trains the net. Returns the losses, the largest and the mean distance from the solution on a grid, and the net. */
export function main(options: Partial<typeof defaults> = {}) {
  const { steps, points, width, lr, seed, say } = { ...defaults, ...options };
  manualSeed(seed);
  const net = new nn.Sequential(
    new nn.Linear(2, width),
    new nn.Tanh(),
    new nn.Linear(width, width),
    new nn.Tanh(),
    new nn.Linear(width, width),
    new nn.Tanh(),
    new nn.Linear(width, 1),
  );
  const u = (x: Tensor, t: Tensor) => net.call(concat([x, t], 1));
  // Each point's output depends on that point alone, so that the gradient of their sum has the derivatives of all.
  const total = (x: Tensor, t: Tensor) => u(x, t).sum();
  const slope = (x: Tensor, t: Tensor) => (grad(total, { argnums: 0 })(x, t) as Tensor).sum();
  const inT = grad(total, { argnums: 1 }), inXTwice = grad(slope, { argnums: 0 });

  const optimizer = new optim.Adam(net.parameters(), { lr });
  const schedule = new optim.CosineDecay(optimizer, { steps });
  const step = capture(() => {
    const x = rand([points, 1]), t = rand([points, 1]), side = rand([points, 1]).round();
    const left = (inT(x, t) as Tensor).sub((inXTwice(x, t) as Tensor).div(Math.PI ** 2));
    const atStart = u(x, t.mul(0)).sub(x.mul(Math.PI).sin()), atSides = u(side, t);
    const loss = left.square().mean().add(atStart.square().mean().add(atSides.square().mean()).mul(10));
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });

  const losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    const loss = step();
    losses.push(loss.item() as number);
    loss.dispose();
    schedule.step();
    if (k === 0 || (k + 1) % Math.ceil(steps / 5) === 0) say(`step ${k + 1}  loss ${losses[k]!.toExponential(2)}`);
  }

  const places = Array.from({ length: 21 }, (_, k) => k / 20);
  const grid = places.flatMap((t) => places.map((x) => [x, t] as const));
  const found = noGrad(() => net.call(tensor(grid))).toTypedArray() as Float32Array;
  const errors = grid.map(([x, t], k) => Math.abs(found[k]! - Math.exp(-t) * Math.sin(Math.PI * x)));
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return { losses, largest: Math.max(...errors), mean, net };
}

/** The net's temperatures along the rod at some times, over the solution's, as the text of an SVG file. */
export async function draw({ net }: ReturnType<typeof main>): Promise<string> {
  const { chart } = await plots();
  const times = [0, 0.25, 0.5, 1], places = Array.from({ length: 101 }, (_, k) => k / 100);
  const lines = times.map((t) => {
    const found = noGrad(() => net.call(tensor(places.map((x) => [x, t])))).toArray<number[][]>();
    return { name: `net, t = ${t}`, kind: "line", points: places.map((x, k) => [x, found[k]![0]!] as const) } as const;
  });
  const exact = times.flatMap((t) =>
    places.filter((_, k) => k % 4 === 0).map((x) => [x, Math.exp(-t) * Math.sin(Math.PI * x)] as const)
  );
  const series = [...lines, { name: "exact", points: exact }];
  const title = "The net's solution of the heat equation as lines, the exact one as dots";
  return chart(series, { title, x: "x", y: "u", width: 560 });
}

if (import.meta.main) {
  const result = main(), { largest, mean } = result, [path] = Deno.args;
  console.log(`distance from exp(-t) sin(π x): ${mean.toFixed(4)} on average, ${largest.toFixed(4)} at most`);
  if (path !== undefined) await Deno.writeTextFile(path, await draw(result));
}
