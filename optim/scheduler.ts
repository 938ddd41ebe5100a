/**
 * Learning-rate schedules: PyTorch's, as closed formulas of the number of steps taken.
 */
import {
  checkCount,
  checkFunction,
  checkOptions,
  checkRange,
  checkShare,
  checkState,
  refuse,
  refuseRecording,
  shownList,
  summary,
} from "../core/internal.ts";
import { Optimizer } from "./optimizer.ts";

/** The state of a {@linkcode Scheduler}. */
export interface SchedulerState {
  /** The number of steps taken. */
  steps: number;
  /** The rate that the schedule changes. */
  baseLr?: number;
}

/**
 * A schedule of an optimizer's learning rate. Call `step()` after each of the optimizer's steps, or once an epoch: `steps`
 * counts these calls.
 *
 * A subclass writes `rate`, and calls `start()` in its constructor, which sets the optimizer's rate to that of step 0.
 *
 * @example A schedule of one's own
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * class InverseRoot extends optim.Scheduler {
 *   constructor(optimizer: optim.Optimizer) {
 *     super(optimizer);
 *     this.start();
 *   }
 *   override rate(steps: number): number {
 *     return this.baseLr / Math.sqrt(1 + steps);
 *   }
 * }
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new InverseRoot(optimizer);
 * for (let k = 0; k < 3; k++) schedule.step();
 * if (optimizer.lr !== 0.5) throw new Error(`${optimizer.lr}`);
 * ```
 */
export abstract class Scheduler {
  /** The optimizer whose rate the schedule sets. */
  readonly optimizer: Optimizer;
  #steps = 0;

  /**
   * The optimizer's present rate becomes the base, unless an earlier schedule or a restored state has given it one. TypeError
   * unless it is an optimizer.
   */
  constructor(optimizer: Optimizer) {
    if (!(optimizer instanceof Optimizer)) refuse(`make ${this.constructor.name}`, optimizer, "an optimizer");
    this.optimizer = optimizer;
  }

  /** The rate that the schedule changes: the optimizer's {@linkcode Optimizer.initialLr}. */
  get baseLr(): number {
    return this.optimizer.initialLr ?? this.optimizer.lr;
  }

  /** The learning rate after `steps` steps. */
  abstract rate(steps: number): number;

  /** Sets the optimizer's rate for the steps taken so far, and its base rate if there is none yet. */
  protected start(): void {
    const { baseLr } = this;
    this.optimizer.lr = this.rate(this.#steps);
    this.optimizer.initialLr ??= baseLr;
  }

  /**
   * Counts one step, and sets the optimizer's rate. Error inside a captured function; RangeError for a rate that the
   * optimizer refuses, which leaves the schedule where it was.
   */
  step(): void {
    refuseRecording("a schedule is stepped");
    this.optimizer.lr = this.rate(this.#steps + 1);
    this.#steps++;
  }

  /** The rate in force. */
  getLr(): number {
    return this.rate(this.#steps);
  }

  /** The class, where the schedule stands, and what it was made with: `StepDecay(step 3, lr: 0.1, ...)`. */
  toString(): string {
    const settings = Object.entries(this).filter(([name]) => name !== "optimizer");
    return summary(this.constructor.name, [`step ${this.#steps}`, ["lr", this.optimizer.lr], ...settings]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The number of steps taken, and the base rate. */
  stateDict(): SchedulerState {
    return { steps: this.#steps, baseLr: this.baseLr };
  }

  /**
   * Goes to the step of a state, and sets the optimizer's base rate, if the state has one, and its rate. The schedule's own
   * settings stay. Before anything is changed: RangeError for a count below 0, and for a rate that the optimizer refuses.
   */
  loadStateDict(state: SchedulerState): void {
    const { steps, baseLr = this.baseLr } = checkState("load schedule", state);
    checkCount("load schedule", "steps", steps, 0);
    checkRange("load schedule", "baseLr", baseLr, 0);
    const { optimizer } = this, before = optimizer.initialLr;
    optimizer.initialLr = baseLr;
    try {
      optimizer.lr = this.rate(steps);
    } catch (error) {
      optimizer.initialLr = before;
      throw error;
    }
    this.#steps = steps;
  }
}

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
  rate(steps: number): number {
    checkSteps(steps);
    return this.baseLr * this.gamma ** Math.floor(steps / this.stepSize);
  }
}

/** RangeError for a number of steps that is no count. */
function checkSteps(steps: number): void {
  checkCount("compute rate", "steps", steps, 0);
}

function cosine(from: number, to: number, part: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * part)) / 2;
}

/**
 * etaMin + (lr - etaMin) (1 + cos(π t / steps)) / 2 after t steps: half a cosine from lr to etaMin (Loshchilov and Hutter
 * 2017). After `steps` it goes up again, as PyTorch's `CosineAnnealingLR` does.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.CosineDecay(optimizer, { steps: 100 });
 * for (let k = 0; k < 50; k++) schedule.step();
 * if (Math.abs(optimizer.lr - 0.5) > 1e-6) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class CosineDecay extends Scheduler {
  /** The number of steps in which the rate falls. */
  readonly steps: number;
  /** The lowest rate; 0 by default. */
  readonly etaMin: number;
  /** RangeError unless `steps` is a positive integer and `etaMin` at least 0. */
  constructor(optimizer: Optimizer, options: { steps: number; etaMin?: number }) {
    super(optimizer);
    const action = "make CosineDecay";
    const { steps, etaMin = 0 } = checkOptions(action, options, "{ steps: 100 }", ["steps", "etaMin"]);
    this.steps = checkCount(action, "steps", steps, 1);
    this.etaMin = checkRange(action, "etaMin", etaMin, 0);
    this.start();
  }
  /** The rate after `steps` steps, on the cosine. */
  rate(steps: number): number {
    checkSteps(steps);
    return cosine(this.baseLr, this.etaMin, steps / this.steps);
  }
}

/**
 * Half cosines one after another, each from lr to etaMin: the first over t0 steps, each later one tMult times as long
 * (SGDR, Loshchilov and Hutter 2017).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.CosineDecayWithWarmRestarts(optimizer, { t0: 10, tMult: 2 });
 * for (let k = 0; k < 20; k++) schedule.step();
 * if (Math.abs(optimizer.lr - 0.5) > 1e-6) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class CosineDecayWithWarmRestarts extends Scheduler {
  /** The number of steps of the first half cosine. */
  readonly t0: number;
  /** The length of each half cosine divided by that of the one before: an integer, 1 by default. */
  readonly tMult: number;
  /** The lowest rate, which the schedule approaches before each restart; 0 by default. */
  readonly etaMin: number;
  /** RangeError unless `t0` and `tMult` are positive integers and `etaMin` is at least 0. */
  constructor(optimizer: Optimizer, options: { t0: number; tMult?: number; etaMin?: number }) {
    super(optimizer);
    const action = "make CosineDecayWithWarmRestarts";
    const { t0, tMult = 1, etaMin = 0 } = checkOptions(action, options, "{ t0: 10 }", ["t0", "tMult", "etaMin"]);
    this.t0 = checkCount(action, "t0", t0, 1);
    this.tMult = checkCount(action, "tMult", tMult, 1);
    this.etaMin = checkRange(action, "etaMin", etaMin, 0);
    this.start();
  }
  /** The rate of the half cosine into which `steps` falls. */
  rate(steps: number): number {
    checkSteps(steps);
    let length = this.t0, left = steps;
    if (this.tMult === 1) left %= length;
    else {
      while (left >= length) {
        left -= length;
        length *= this.tMult;
      }
    }
    return cosine(this.baseLr, this.etaMin, left / length);
  }
}

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
    this.startFactor = checkShare(action, "startFactor", startFactor);
    if (startFactor === 0) throw new RangeError(`Cannot ${action}: startFactor 0 must be more than 0`);
    this.start();
  }
  /** lr (startFactor + (1 - startFactor) min(1, t / steps)) after t steps. */
  rate(steps: number): number {
    checkSteps(steps);
    return this.baseLr * (this.startFactor + (1 - this.startFactor) * Math.min(1, steps / this.steps));
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
  rate(steps: number): number {
    checkSteps(steps);
    return steps < this.steps ? this.baseLr * this.factor : this.baseLr;
  }
}

/**
 * One schedule after another. Each counts its own steps, from the milestone at which it begins.
 *
 * The functions `make` are called with the optimizer at its base rate, so that all schedules have the same base.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.SequentialSchedule(optimizer, [
 *   (optimizer) => new optim.LinearWarmup(optimizer, { steps: 10 }),
 *   (optimizer) => new optim.CosineDecay(optimizer, { steps: 90 }),
 * ], { milestones: [10] });
 * for (let k = 0; k < 55; k++) schedule.step();
 * if (Math.abs(optimizer.lr - 0.5) > 1e-6) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class SequentialSchedule extends Scheduler {
  /** The steps at which the second schedule begins, the third, and so on. */
  readonly milestones: readonly number[];
  readonly #parts: Scheduler[];
  /**
   * RangeError unless there is one milestone less than there are schedules, and milestones are counts that do not fall. The
   * optimizer keeps its rate when one of the functions throws.
   */
  constructor(
    optimizer: Optimizer,
    make: readonly ((optimizer: Optimizer) => Scheduler)[],
    options: { milestones: readonly number[] },
  ) {
    super(optimizer);
    const action = "make SequentialSchedule";
    if (!Array.isArray(make) || make.length === 0) refuse(action, make, "a list of functions that make schedules");
    for (const part of make) checkFunction(action, part);
    const { milestones } = checkOptions(action, options, "{ milestones: [10] }", ["milestones"]);
    if (!Array.isArray(milestones)) refuse(action, milestones, "a list of milestones, such as [10]");
    if (make.length !== milestones.length + 1) {
      throw new RangeError(
        `Cannot ${action}: ${milestones.length} milestones, ${make.length} schedules need ${make.length - 1}`,
      );
    }
    this.milestones = Array.from(milestones, (milestone, k) => {
      checkCount(action, `milestones[${k}]`, milestone, 0);
      if (k === 0 || milestone >= milestones[k - 1]!) return milestone;
      throw new RangeError(`Cannot ${action}: milestones ${shownList(milestones)} must not fall`);
    });
    const { lr, initialLr } = optimizer;
    try {
      this.#parts = make.map((part) => {
        optimizer.lr = this.baseLr;
        const made = part(optimizer);
        return made instanceof Scheduler ? made : refuse(action, made, "a schedule");
      });
      this.start();
    } catch (error) {
      optimizer.lr = lr;
      optimizer.initialLr = initialLr;
      throw error;
    }
  }
  /** The rate of the schedule in force, for the steps since its milestone. */
  rate(steps: number): number {
    checkSteps(steps);
    let place = 0;
    while (place < this.milestones.length && steps >= this.milestones[place]!) place++;
    return this.#parts[place]!.rate(steps - (place === 0 ? 0 : this.milestones[place - 1]!));
  }
}
