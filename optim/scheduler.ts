/**
 * Learning-rate schedules: closed formulas of the number of steps taken, PyTorch's.
 */
import { refuseRecording } from "../core/internal.ts";
import type { Optimizer } from "./optimizer.ts";

/** A schedule. A subclass writes `rate`; making one sets the optimizer's rate to that of step 0. */
export abstract class Scheduler {
  readonly optimizer: Optimizer;
  /** The optimizer's rate when the schedule was made. */
  readonly baseLr: number;
  #steps = 0;

  constructor(optimizer: Optimizer) {
    this.optimizer = optimizer;
    this.baseLr = optimizer.lr;
  }

  /** The learning rate after `steps` steps. */
  abstract rate(steps: number): number;

  /** Sets the optimizer's rate for the steps taken so far. */
  protected start(): void {
    this.optimizer.lr = this.rate(this.#steps);
  }

  /** Moves on by one step. */
  step(): void {
    refuseRecording("a schedule is stepped");
    this.#steps++;
    this.start();
  }

  /** The rate in force. */
  getLr(): number {
    return this.rate(this.#steps);
  }

  /** The number of steps taken. */
  stateDict(): { steps: number } {
    return { steps: this.#steps };
  }

  /** Continues from a state. */
  loadStateDict({ steps }: { steps: number }): void {
    this.#steps = checkCount("load schedule", "steps", steps, 0);
    this.start();
  }
}

function checkCount(action: string, name: string, value: number, low = 1): number {
  if (!Number.isSafeInteger(value) || value < low) {
    throw new RangeError(`Cannot ${action}: ${name} ${value} must be an integer of at least ${low}`);
  }
  return value;
}

/** lr γ^⌊steps / stepSize⌋. */
export class StepDecay extends Scheduler {
  readonly stepSize: number;
  readonly gamma: number;
  constructor(optimizer: Optimizer, { stepSize, gamma = 0.1 }: { stepSize: number; gamma?: number }) {
    super(optimizer);
    this.stepSize = checkCount("make StepDecay", "stepSize", stepSize);
    this.gamma = gamma;
    this.start();
  }
  rate(steps: number): number {
    return this.baseLr * this.gamma ** Math.floor(steps / this.stepSize);
  }
}

function cosine(from: number, to: number, part: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * part)) / 2;
}

/** Half a cosine from lr to etaMin over `steps` steps (Loshchilov and Hutter 2017). */
export class CosineDecay extends Scheduler {
  readonly steps: number;
  readonly etaMin: number;
  constructor(optimizer: Optimizer, { steps, etaMin = 0 }: { steps: number; etaMin?: number }) {
    super(optimizer);
    this.steps = checkCount("make CosineDecay", "steps", steps);
    this.etaMin = etaMin;
    this.start();
  }
  rate(steps: number): number {
    return cosine(this.baseLr, this.etaMin, steps / this.steps);
  }
}

/** Half cosines one after another: the first over t0 steps, each later one tMult times as long (SGDR, 2017). */
export class CosineDecayWithWarmRestarts extends Scheduler {
  readonly t0: number;
  readonly tMult: number;
  readonly etaMin: number;
  constructor(optimizer: Optimizer, { t0, tMult = 1, etaMin = 0 }: { t0: number; tMult?: number; etaMin?: number }) {
    super(optimizer);
    this.t0 = checkCount("make CosineDecayWithWarmRestarts", "t0", t0);
    this.tMult = checkCount("make CosineDecayWithWarmRestarts", "tMult", tMult);
    this.etaMin = etaMin;
    this.start();
  }
  rate(steps: number): number {
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

/** From startFactor lr to lr in a straight line over `steps` steps. */
export class LinearWarmup extends Scheduler {
  readonly steps: number;
  readonly startFactor: number;
  constructor(optimizer: Optimizer, { steps = 5, startFactor = 1 / 3 }: { steps?: number; startFactor?: number } = {}) {
    super(optimizer);
    this.steps = checkCount("make LinearWarmup", "steps", steps);
    this.startFactor = startFactor;
    this.start();
  }
  rate(steps: number): number {
    return this.baseLr * (this.startFactor + (1 - this.startFactor) * Math.min(1, steps / this.steps));
  }
}

/** factor lr for the first `steps` steps, then lr. */
export class ConstantFactor extends Scheduler {
  readonly steps: number;
  readonly factor: number;
  constructor(optimizer: Optimizer, { steps = 5, factor = 1 / 3 }: { steps?: number; factor?: number } = {}) {
    super(optimizer);
    this.steps = checkCount("make ConstantFactor", "steps", steps);
    this.factor = factor;
    this.start();
  }
  rate(steps: number): number {
    return steps < this.steps ? this.baseLr * this.factor : this.baseLr;
  }
}

/**
 * One schedule after another: each counts its own steps from the milestone where it begins.
 *
 * `make` are called with the optimizer at its base rate.
 */
export class SequentialSchedule extends Scheduler {
  readonly milestones: readonly number[];
  readonly #parts: Scheduler[];
  constructor(
    optimizer: Optimizer,
    make: readonly ((optimizer: Optimizer) => Scheduler)[],
    { milestones }: { milestones: readonly number[] },
  ) {
    super(optimizer);
    if (make.length !== milestones.length + 1) {
      throw new RangeError(
        `Cannot make SequentialSchedule: ${make.length} schedules need ${make.length - 1} milestones`,
      );
    }
    this.milestones = milestones;
    this.#parts = make.map((part) => {
      optimizer.lr = this.baseLr;
      return part(optimizer);
    });
    this.start();
  }
  rate(steps: number): number {
    let place = 0;
    while (place < this.milestones.length && steps >= this.milestones[place]!) place++;
    return this.#parts[place]!.rate(steps - (place === 0 ? 0 : this.milestones[place - 1]!));
  }
}
