/** The optimizer of a run, and the course of its learning rate: up along a line at first, then as the config's schedule says. */
import { type nn, optim } from "../../mod.ts";
import type { Config } from "./config.ts";

/** Makes an optimizer of parameters for each name. */
const optimizers: Record<Config["optimizer"], (params: Iterable<nn.Parameter>, config: Config) => optim.Optimizer> = {
  sgd: (params, { lr, weightDecay, momentum }) => new optim.SGD(params, { lr, weightDecay, momentum }),
  adam: (params, { lr, weightDecay }) => new optim.Adam(params, { lr, weightDecay }),
  adamw: (params, { lr, weightDecay }) => new optim.AdamW(params, { lr, weightDecay }),
  nadam: (params, { lr, weightDecay }) => new optim.NAdam(params, { lr, weightDecay }),
  radam: (params, { lr, weightDecay }) => new optim.RAdam(params, { lr, weightDecay }),
  lion: (params, { lr, weightDecay }) => new optim.Lion(params, { lr, weightDecay }),
  lamb: (params, { lr, weightDecay }) => new optim.LAMB(params, { lr, weightDecay }),
};

/** The optimizer of a model's parameters. */
export function makeOptimizer(model: nn.Module, config: Config): optim.Optimizer {
  return optimizers[config.optimizer](model.parameters(), config);
}

type MakeSchedule = (optimizer: optim.Optimizer, steps: number) => optim.Scheduler;

/** The schedules behind the warm-up, over so many steps. */
const schedules: Record<Config["schedule"], MakeSchedule> = {
  cosine: (optimizer, steps) => new optim.CosineDecay(optimizer, { steps }),
  constant: (optimizer, steps) => new optim.ConstantFactor(optimizer, { steps, factor: 1 }),
  // A tenth of the rate in the second third, a hundredth in the last.
  step: (optimizer, steps) => new optim.StepDecay(optimizer, { stepSize: Math.ceil(steps / 3), gamma: 0.1 }),
  linear: (optimizer, steps) => new optim.PolynomialDecay(optimizer, { steps }),
  // A thousandth of the rate at the end.
  exponential: (optimizer, steps) => new optim.ExponentialDecay(optimizer, { gamma: 1e-3 ** (1 / steps) }),
};

/** The part of the learning rate with which the warm-up begins. */
const startFactor = 0.05;

/** The schedule of a run of so many steps. */
export function makeSchedule(optimizer: optim.Optimizer, config: Config, steps: number): optim.Scheduler {
  const warmup = config.warmup === 0 ? 0 : Math.max(1, Math.floor(steps * config.warmup));
  const rest = Math.max(1, steps - warmup), make = schedules[config.schedule];
  if (warmup === 0) return make(optimizer, rest);
  return new optim.SequentialSchedule(optimizer, [
    (optimizer) => new optim.LinearWarmup(optimizer, { steps: warmup, startFactor }),
    (optimizer) => make(optimizer, rest),
  ], { milestones: [warmup] });
}
