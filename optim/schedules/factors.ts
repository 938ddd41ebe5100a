/** Schedules that multiply the base rate by a factor for some steps: warm-ups above all. */
import { checkCount, checkOptions, checkShare } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { Scheduler } from "./scheduler.ts";

/**
 * From startFactor lr to lr in a straight line over `steps` steps, and lr from then on.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.LinearWarmup(optimizer, { steps: 10, startFactor: 0.5 });
 * for (let k = 0; k < 5; k++) schedule.step();
 * if (Math.abs(optimizer.lr - 0.75) > 1e-6) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class LinearWarmup extends Scheduler {
  /** The number of steps in which the rate rises; 5 by default. */
  readonly steps: number;
  /** The share of lr at which the rate begins; 1/3 by default. */
  readonly startFactor: number;
  /** RangeError unless `steps` is a positive integer and `startFactor` lies above 0 and is at most 1. */
  constructor(optimizer: Optimizer, options: { steps?: number; startFactor?: number } = {}) {
    super(optimizer);
    const action = "make LinearWarmup";
    const { steps = 5, startFactor = 1 / 3 } = checkOptions(action, options, "{ steps: 5 }", ["steps", "startFactor"]);
    this.steps = checkCount(action, "steps", steps, 1);
    this.startFactor = checkStart(action, startFactor);
    this.start();
  }
  /** lr (startFactor + (1 - startFactor) min(1, t / steps)) after t steps. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * (this.startFactor + (1 - this.startFactor) * Math.min(1, steps / this.steps));
  }
}

/**
 * factor lr for the first `steps` steps, then lr.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.ConstantFactor(optimizer, { steps: 2, factor: 0.5 });
 * const rates = [0, 1, 2].map((steps) => schedule.rate(steps));
 * if (rates.join() !== "0.5,0.5,1") throw new Error(`${rates}`);
 * ```
 */
export class ConstantFactor extends Scheduler {
  /** The number of steps before the rate becomes lr; 5 by default. */
  readonly steps: number;
  /** The share of lr during the first steps; 1/3 by default. */
  readonly factor: number;
  /** RangeError unless `steps` is a positive integer and `factor` lies in [0, 1]. */
  constructor(optimizer: Optimizer, options: { steps?: number; factor?: number } = {}) {
    super(optimizer);
    const action = "make ConstantFactor";
    const { steps = 5, factor = 1 / 3 } = checkOptions(action, options, "{ steps: 5 }", ["steps", "factor"]);
    this.steps = checkCount(action, "steps", steps, 1);
    this.factor = checkShare(action, "factor", factor);
    this.start();
  }
  /** factor lr before `this.steps`, lr from then on. */
  override formula(steps: number, baseLr: number): number {
    return steps < this.steps ? baseLr * this.factor : baseLr;
  }
}

/**
 * From startFactor lr to endFactor lr in a straight line over `steps` steps, and there from then on.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.LinearFactor(optimizer, { steps: 2, startFactor: 1, endFactor: 0.5 });
 * const rates = [0, 1, 2, 3].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "1,0.75,0.5,0.5") throw new Error(`${rates}`);
 * ```
 */
export class LinearFactor extends Scheduler {
  /** The number of steps in which the rate changes; 5 by default. */
  readonly steps: number;
  /** The share of lr at which the rate begins; 1/3 by default. */
  readonly startFactor: number;
  /** The share of lr at which it ends; 1 by default. */
  readonly endFactor: number;
  /** RangeError unless `steps` is a positive integer, and `startFactor` above 0 and `endFactor` at most 1. */
  constructor(optimizer: Optimizer, options: { steps?: number; startFactor?: number; endFactor?: number } = {}) {
    super(optimizer);
    const action = "make LinearFactor", example = "{ steps: 5, endFactor: 0.1 }";
    const given = checkOptions(action, options, example, ["steps", "startFactor", "endFactor"]);
    const { steps = 5, startFactor = 1 / 3, endFactor = 1 } = given;
    this.steps = checkCount(action, "steps", steps, 1);
    this.startFactor = checkStart(action, startFactor);
    this.endFactor = checkShare(action, "endFactor", endFactor);
    this.start();
  }
  /** lr (startFactor + (endFactor - startFactor) min(1, t / steps)) after t steps. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * (this.startFactor + (this.endFactor - this.startFactor) * Math.min(1, steps / this.steps));
  }
}

/**
 * From startFactor lr to lr over `steps` steps, by the same factor at each, and lr from then on.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.ExponentialWarmup(optimizer, { steps: 2, startFactor: 0.25 });
 * const rates = [0, 1, 2, 3].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "0.25,0.5,1,1") throw new Error(`${rates}`);
 * ```
 */
export class ExponentialWarmup extends Scheduler {
  /** The number of steps in which the rate rises; 5 by default. */
  readonly steps: number;
  /** The share of lr at which the rate begins; 1/3 by default. */
  readonly startFactor: number;
  /** RangeError unless `steps` is a positive integer and `startFactor` lies above 0 and is at most 1. */
  constructor(optimizer: Optimizer, options: { steps?: number; startFactor?: number } = {}) {
    super(optimizer);
    const action = "make ExponentialWarmup";
    const { steps = 5, startFactor = 1 / 3 } = checkOptions(action, options, "{ steps: 5 }", ["steps", "startFactor"]);
    this.steps = checkCount(action, "steps", steps, 1);
    this.startFactor = checkStart(action, startFactor);
    this.start();
  }
  /** lr startFactor^(1 - t / steps) after t steps, as long as they are fewer than `this.steps`. */
  override formula(steps: number, baseLr: number): number {
    return baseLr * this.startFactor ** Math.max(0, 1 - steps / this.steps);
  }
}

/** The factor itself. RangeError unless it lies above 0 and is at most 1. */
function checkStart(action: string, startFactor: number): number {
  checkShare(action, "startFactor", startFactor);
  if (startFactor === 0) throw new RangeError(`Cannot ${action}: startFactor 0 must be more than 0`);
  return startFactor;
}
