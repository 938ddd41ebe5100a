/**
 * A GRU that goes on with a curve (Cho et al. 2014): it reads 48 noisy points of a sum of two waves, and says the next 24 without
 * the noise. The periods, heights and phases are others in every curve, so that it must find them in what it reads. Beside it
 * stand the last point said again, and the best linear map from 48 points to 24, by least squares.
 *
 *     deno run examples/gru_series.ts
 *     deno run -A examples/gru_series.ts series.svg   # also draws a curve
 */
import {
  arange,
  capture,
  concat,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randn,
  scope,
  type Tensor,
} from "../mod.ts";
import { plots } from "./picture.ts";

const defaults = {
  /** The number of training steps, each on curves that were never seen before. */
  steps: 1500,
  batchSize: 64,
  /** Points that are read, and points that are said. */
  past: 48,
  future: 24,
  /** Features of the hidden state. */
  hidden: 64,
  lr: 5e-3,
  /** The deviation of the points from the curve. */
  noise: 0.1,
  /** Curves that measure the models, and curves that the linear map is fitted to. */
  tests: 500,
  fitted: 5000,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** Curves [count, steps]: two waves of 8 to 32 points and of heights from 0.3 to 1. */
function curves(count: number, steps: number): Tensor {
  const wave = () => {
    const period = rand([count, 1]).mul(24).add(8),
      phase = rand([count, 1]),
      height = rand([count, 1]).mul(0.7).add(0.3);
    return arange(steps).div(period).add(phase).mul(2 * Math.PI).sin().mul(height);
  };
  return wave().add(wave());
}

/** Reads points and says the next ones: [batch, past] to [batch, future]. */
class Forecaster extends nn.Module<[points: Tensor]> {
  readonly gru: nn.GRU;
  readonly head: nn.Linear;

  constructor(hidden: number, future: number) {
    super();
    this.gru = new nn.GRU(1, hidden, { batchFirst: true });
    this.head = new nn.Linear(hidden, future);
  }

  override forward(points: Tensor): Tensor {
    const [features] = this.gru.call(points.unsqueeze(2));
    return this.head.call(features.at(":, -1"));
  }
}

/** Trains the net. Returns the losses, the mean distances (root of the mean square) of all models, and a curve to draw. */
export function main(options: Partial<typeof defaults> = {}) {
  const { steps, batchSize, past, future, hidden, lr, noise, ...others } = { ...defaults, ...options };
  const { tests, fitted, seed, say } = others;
  manualSeed(seed);
  /** Noisy points [count, past] and the curve behind them [count, future]. */
  const sample = (count: number): [points: Tensor, next: Tensor] => {
    const all = curves(count, past + future), next = all.narrow(1, past, future);
    return [all.narrow(1, 0, past).add(randn([count, past]).mul(noise)), next];
  };

  const net = new Forecaster(hidden, future), lossOf = new nn.MSELoss();
  const optimizer = new optim.Adam(net.parameters(), { lr }), schedule = new optim.CosineDecay(optimizer, { steps });
  const step = capture(() => {
    const [points, next] = sample(batchSize), loss = lossOf.call(net.call(points), next);
    optimizer.resetGrad();
    loss.backward();
    optim.clipGradNorm(net.parameters(), 1);
    optimizer.step();
    return loss;
  });
  const losses: number[] = [];
  for (let k = 0; k < steps; k++) {
    using _ = scope();
    losses.push(step().item() as number);
    schedule.step();
    if (k === 0 || (k + 1) % Math.ceil(steps / 5) === 0) say(`step ${k + 1}  loss ${losses[k]!.toFixed(4)}`);
  }

  using _ = scope();
  const [points, next] = sample(tests);
  const [known, wanted] = sample(fitted), withOne = (x: Tensor) => concat([x, ones([x.shape[0]!, 1])], 1);
  const map = withOne(known).lstsq(wanted);
  const guesses = {
    gru: noGrad(() => net.eval().call(points)),
    linear: withOne(points).matmul(map),
    last: points.narrow(1, past - 1, 1).expand([tests, future]),
  };
  const distance = (guess: Tensor) => Math.sqrt(guess.sub(next).square().mean().item() as number);
  const distances = { gru: distance(guesses.gru), linear: distance(guesses.linear), last: distance(guesses.last) };
  const rowOf = (all: Tensor) => all.at(0).toArray<number[]>();
  const curve = { points: rowOf(points), next: rowOf(next), gru: rowOf(guesses.gru), linear: rowOf(guesses.linear) };
  return { losses, distances, curve };
}

/** A curve, what the net read of it, and what was said, as the text of an SVG file. */
export async function draw({ curve }: ReturnType<typeof main>): Promise<string> {
  const { chart } = await plots();
  const { points, next, gru, linear } = curve;
  const from = (start: number, values: readonly number[]) => values.map((y, k) => [start + k, y] as const);
  const series = [
    { name: "points that are read", points: from(0, points) },
    { name: "the curve", points: from(points.length, next), kind: "line" as const },
    { name: "the GRU", points: from(points.length, gru), kind: "line" as const },
    { name: "the best linear map", points: from(points.length, linear), kind: "line" as const },
  ];
  const title = "A sum of two waves: noisy points, how it goes on, and what a GRU and a linear map say";
  return chart(series, { title, x: "time", y: "value", width: 720, height: 300 });
}

if (import.meta.main) {
  const result = main(), { gru, linear, last } = result.distances, [path] = Deno.args;
  console.log(
    `distance from the curve: ${gru.toFixed(3)} by the GRU, ${linear.toFixed(3)} by the best linear map, ${
      last.toFixed(3)
    } by the last point`,
  );
  if (path !== undefined) await Deno.writeTextFile(path, await draw(result));
}
