/**
 * XOR, the smallest problem that needs a hidden layer: four points, a net of two layers, the plain training loop.
 *
 *     deno run examples/xor.ts
 */
import { manualSeed, nn, noGrad, optim, scope, tensor } from "../mod.ts";

const defaults = {
  /** The number of training steps, each on all four points. */
  steps: 500,
  /** Hidden units. */
  width: 8,
  lr: 0.05,
  seed: 0,
};

/** Trains the net. Returns the losses of all steps, and the net's predictions for the four points. */
export function main(options: Partial<typeof defaults> = {}): { losses: number[]; predictions: number[] } {
  const { steps, width, lr, seed } = { ...defaults, ...options };
  manualSeed(seed);
  const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
  const y = tensor([[0], [1], [1], [0]]);

  const net = new nn.Sequential(new nn.Linear(2, width), new nn.Tanh(), new nn.Linear(width, 1), new nn.Sigmoid());
  const lossOf = new nn.BinaryCrossEntropyLoss();
  const optimizer = new optim.Adam(net.parameters(), { lr });

  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    using _ = scope(); // Frees the tensors that the step makes, save gradients and the optimizer's state.
    const loss = lossOf.call(net.call(x), y);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.item() as number);
  }
  const predictions = noGrad(() => net.call(x).flatten().toArray<number[]>());
  return { losses, predictions };
}

if (import.meta.main) {
  const { losses, predictions } = main();
  console.log(`loss ${losses[0]!.toFixed(4)} before, ${losses.at(-1)!.toFixed(4)} after ${losses.length} steps`);
  for (const [k, p] of predictions.entries()) {
    console.log(`${k >> 1} xor ${k & 1} = ${Math.round(p)}   (${p.toFixed(3)})`);
  }
}
