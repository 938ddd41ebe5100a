/** The modules, and the schedules of several parts, of `fixtures/pytorch.json` by their names there. */
import { nn, optim } from "../mod.ts";

export const makers: Record<string, () => nn.Module> = {
  Linear: () => new nn.Linear(3, 4),
  "Linear without bias": () => new nn.Linear(3, 4, { bias: false }),
  "Linear on three axes": () => new nn.Linear(3, 2),
  Flatten: () => new nn.Flatten(),
  Identity: () => new nn.Identity(),
  ReLU: () => new nn.ReLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  GELU: () => new nn.GELU(),
  Softmax: () => new nn.Softmax(-1),
  BatchNorm1d: () => new nn.BatchNorm1d(3),
  "BatchNorm1d with options": () => new nn.BatchNorm1d(3, { eps: 1e-3, momentum: 0.4 }),
  "BatchNorm1d on three axes": () => new nn.BatchNorm1d(3),
  LayerNorm1d: () => new nn.LayerNorm1d(5),
  "LayerNorm1d on three axes": () => new nn.LayerNorm1d(5),
  Affine: () => new nn.Affine(5),
  LayerScale: () => new nn.LayerScale(5),
  "Dropout of nothing": () => new nn.Dropout(0),
  Sequential: () => new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 2)),
  ResMLP: () =>
    new nn.models.ResMLP({ image: [3, 4, 6], patch: 2, width: 5, depth: 2, expansion: 3, classes: 4, layerScale: 1 }),
  Residual: () => new nn.Residual(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 3)),
};

export const schedules: Record<string, (o: optim.Optimizer) => optim.Scheduler> = {
  "warm-up, then cosine": (o) =>
    new optim.SequentialSchedule(o, [
      (o) => new optim.LinearWarmup(o, { steps: 8, startFactor: 0.1 }),
      (o) => new optim.CosineDecay(o, { steps: 32, etaMin: 0.001 }),
    ], { milestones: [8] }),
  "warm-up, restarts, then steps": (o) =>
    new optim.SequentialSchedule(o, [
      (o) => new optim.LinearWarmup(o, { steps: 4, startFactor: 0.2 }),
      (o) => new optim.CosineDecayWithWarmRestarts(o, { t0: 6 }),
      (o) => new optim.StepDecay(o, { stepSize: 3, gamma: 0.7 }),
    ], { milestones: [4, 20] }),
};
