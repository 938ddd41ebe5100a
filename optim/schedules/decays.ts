/** Schedules whose rate falls from the base towards 0. */
import { checkCount, checkOptions, checkRange } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { checkMilestones } from "./options.ts";
import { Scheduler } from "./scheduler.ts";

/**
 * lr γ^⌊t / stepSize⌋ after t steps.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.StepDecay(optimizer, { stepSize: 2 });
 * for (let k = 0; k < 4; k++) schedule.step();
 * if (Math.abs(optimizer.lr - 0.01) > 1e-6) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class StepDecay extends Scheduler {
  /** The number of steps between two changes of the rate. */
  readonly stepSize: number;
  /** γ, by which the rate is multiplied at each change; 0.1 by default. */
  readonly gamma: number;
  /** RangeError unless `stepSize` is a positive integer and `gamma` at least 0. */
  constructor(optimizer: Optimizer, options: { stepSize: number; gamma?: number }) {
    super(optimizer);
    const action = "make StepDecay";
    const { stepSize, gamma = 0.1 } = checkOptions(action, options, "{ stepSize: 30 }", ["stepSize", "gamma"]);
    this.stepSize = checkCount(action, "stepSize", stepSize, 1);
    this.gamma = checkRange(action, "gamma", gamma, 0);
    this.start();
  }
  /** The rate after `steps` steps: γ once for each `stepSize` of them. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * this.gamma ** Math.floor(steps / this.stepSize);
  }
}

/**
 * lr γⁿ after t steps, where n is the number of milestones up to t.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.MultiStepDecay(optimizer, { milestones: [2, 6], gamma: 0.5 });
 * const rates = [1, 2, 5, 6].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "1,0.5,0.5,0.25") throw new Error(`${rates}`);
 * ```
 */
export class MultiStepDecay extends Scheduler {
  /** The steps at which the rate changes. */
  readonly milestones: readonly number[];
  /** γ, by which the rate is multiplied at each milestone; 0.1 by default. */
  readonly gamma: number;
  /** RangeError unless milestones are counts that do not fall, and `gamma` is at least 0. */
  constructor(optimizer: Optimizer, options: { milestones: readonly number[]; gamma?: number }) {
    super(optimizer);
    const action = "make MultiStepDecay", example = "{ milestones: [30, 60] }";
    const { milestones, gamma = 0.1 } = checkOptions(action, options, example, ["milestones", "gamma"]);
    this.milestones = checkMilestones(action, milestones);
    this.gamma = checkRange(action, "gamma", gamma, 0);
    this.start();
  }
  /** The rate after `steps` steps: γ once for each milestone that they have reached. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * this.gamma ** this.milestones.filter((milestone) => milestone <= steps).length;
  }
}

/**
 * lr γᵗ after t steps.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.ExponentialDecay(optimizer, { gamma: 0.5 });
 * if (schedule.rate(3) !== 0.125) throw new Error(`${schedule.rate(3)}`);
 * ```
 */
export class ExponentialDecay extends Scheduler {
  /** γ, by which the rate is multiplied at each step. */
  readonly gamma: number;
  /** RangeError unless `gamma` is at least 0. */
  constructor(optimizer: Optimizer, options: { gamma: number }) {
    super(optimizer);
    const action = "make ExponentialDecay", { gamma } = checkOptions(action, options, "{ gamma: 0.95 }", ["gamma"]);
    this.gamma = checkRange(action, "gamma", gamma, 0);
    this.start();
  }
  /** lr γᵗ. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * this.gamma ** steps;
  }
}

/**
 * lr (1 - t / steps)^power after t steps, and 0 from `steps` on: a line, for a power of 1.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.PolynomialDecay(optimizer, { steps: 4, power: 2 });
 * const rates = [0, 2, 4, 5].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "1,0.25,0,0") throw new Error(`${rates}`);
 * ```
 */
export class PolynomialDecay extends Scheduler {
  /** The number of steps in which the rate falls to 0; 5 by default. */
  readonly steps: number;
  /** The exponent; 1 by default. */
  readonly power: number;
  /** RangeError unless `steps` is a positive integer and `power` at least 0. */
  constructor(optimizer: Optimizer, options: { steps?: number; power?: number } = {}) {
    super(optimizer);
    const action = "make PolynomialDecay";
    const { steps = 5, power = 1 } = checkOptions(action, options, "{ steps: 100 }", ["steps", "power"]);
    this.steps = checkCount(action, "steps", steps, 1);
    this.power = checkRange(action, "power", power, 0);
    this.start();
  }
  /** The rate after `steps` steps, which never rises. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * (1 - Math.min(steps, this.steps) / this.steps) ** this.power;
  }
}

/**
 * lr min(n / warmup, √(warmup / n)) for the n-th update: a line up to lr in `warmup` updates, then the inverse square root
 * (Vaswani et al. 2017, where lr is 1 / √(width · warmup); known as Noam's schedule).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.InverseSquareRootDecay(optimizer, { warmup: 4 });
 * const rates = [0, 3, 15].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "0.25,1,0.5") throw new Error(`${rates}`);
 * ```
 */
export class InverseSquareRootDecay extends Scheduler {
  /** The number of updates at whose end the rate is lr; 1 by default, which is no warm-up. */
  readonly warmup: number;
  /** RangeError unless `warmup` is a positive integer. */
  constructor(optimizer: Optimizer, options: { warmup?: number } = {}) {
    super(optimizer);
    const action = "make InverseSquareRootDecay";
    const { warmup = 1 } = checkOptions(action, options, "{ warmup: 4000 }", ["warmup"]);
    this.warmup = checkCount(action, "warmup", warmup, 1);
    this.start();
  }
  /** The rate after `steps` steps: that of the update after them. */
  override formula(steps: number, baseLr: number): number {
    const n = steps + 1;
    return baseLr * Math.min(n / this.warmup, Math.sqrt(this.warmup / n));
  }
}
