/**
 * The base of learning-rate schedules: PyTorch's, as closed formulas of the number of steps taken.
 */
import { checkCount, checkRange, checkState, refuse, refuseRecording, shown, summary } from "../../core/internal.ts";
import { Optimizer } from "../optimizer.ts";
import { baseOf, setMomentum, wholly } from "./rates.ts";

/** A value for all groups of an optimizer, or a list with one for each. */
export type PerGroup<T> = T | readonly T[];

/** The name of a curve of annealing: half a cosine, or a straight line. */
export type Curve = "cos" | "linear";

/** The state of a {@linkcode Scheduler}. */
export interface SchedulerState {
  /** The number of steps taken. */
  steps: number;
  /** The rate of the first group that the schedule changes. */
  baseLr?: number;
  /** Those of all groups, if there are several. */
  baseLrs?: readonly number[];
}

/**
 * A schedule of an optimizer's learning rates: each of its groups has a base rate of its own. Call `step()` after each of the
 * optimizer's steps, or once an epoch: `steps` counts these calls.
 *
 * A subclass writes `formula`, and calls `start()` in its constructor, which sets the optimizer's rates to those of step 0.
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
 *   override formula(steps: number, baseLr: number): number {
 *     return baseLr / Math.sqrt(1 + steps);
 *   }
 * }
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new InverseRoot(optimizer);
 * for (let k = 0; k < 3; k++) schedule.step();
 * if (optimizer.lr !== 0.5) throw new Error(`${optimizer.lr}`);
 * ```
 */
export abstract class Scheduler {
  /** The optimizer whose rates the schedule sets. */
  readonly optimizer: Optimizer;
  #steps = 0;

  /**
   * The optimizer's present rates become the bases, unless an earlier schedule or a restored state has given it some.
   * TypeError unless it is an optimizer.
   */
  constructor(optimizer: Optimizer) {
    if (!(optimizer instanceof Optimizer)) refuse(`make ${this.constructor.name}`, optimizer, "an optimizer");
    this.optimizer = optimizer;
  }

  /** The rate of the first group that the schedule changes: the optimizer's {@linkcode Optimizer.initialLr}. */
  get baseLr(): number {
    return baseOf(this.optimizer.groups[0]!);
  }

  /** The number of steps taken. */
  protected get taken(): number {
    return this.#steps;
  }

  /**
   * The learning rate after `steps` steps, which is at least 0, of the group at that place, whose rate without a schedule
   * were `baseLr`.
   */
  abstract formula(steps: number, baseLr: number, place: number): number;

  /**
   * The rate that the step to `steps` makes of `lr`, which other schedules have moved as well, as {@linkcode ChainedSchedule}
   * asks for it: `lr` times the factor of this step. A schedule whose steps are no factors overrides it.
   */
  chained(lr: number, steps: number, baseLr: number, place: number): number {
    const before = steps === 0 ? baseLr : this.formula(steps - 1, baseLr, place);
    const now = this.formula(steps, baseLr, place);
    return now === before ? lr : before === 0 ? now : lr * (now / before);
  }

  /** The momentum after `steps` steps of the group at that place; null, as here, from schedules that leave it alone. */
  momentum(_steps: number, _place: number): number | null {
    return null;
  }

  /** The learning rate after `steps` steps of a group, the first one by default. RangeError for what is no count. */
  rate(steps: number, place = 0): number {
    checkCount("compute rate", "steps", steps, 0);
    const group = this.optimizer.groups[place];
    if (group === undefined) {
      const count = this.optimizer.groups.length;
      throw new RangeError(`Cannot compute rate: place ${shown(place)}, the optimizer has ${count} groups`);
    }
    return this.formula(steps, baseOf(group), place);
  }

  /** Sets the optimizer's rates for the steps taken so far, and its base rates where there are none yet. */
  protected start(): void {
    const bases = this.optimizer.groups.map(baseOf);
    this.#set(this.#steps);
    this.optimizer.groups.forEach((group, place) => group.initialLr ??= bases[place]!);
  }

  /** Sets the rates, and momenta, of all groups. If one refuses its own, all have what they had. */
  #set(steps: number): void {
    wholly(this.optimizer, () => {
      for (const [place, group] of this.optimizer.groups.entries()) {
        const lr = this.rate(steps, place), momentum = this.momentum(steps, place);
        group.lr = lr;
        if (momentum !== null) setMomentum(group, momentum);
      }
    });
  }

  /**
   * Counts one step, and sets the optimizer's rates. Error inside a captured function; RangeError for a rate that the
   * optimizer refuses, which leaves the schedule where it was.
   */
  step(): void {
    refuseRecording("a schedule is stepped");
    this.#set(this.#steps + 1);
    this.#steps++;
  }

  /** The rate in force, of the first group. */
  getLr(): number {
    return this.rate(this.#steps);
  }

  /** The rates in force, of all groups. */
  getLrs(): number[] {
    return this.optimizer.groups.map((_, place) => this.rate(this.#steps, place));
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

  /** The number of steps taken, and the base rates. */
  stateDict(): SchedulerState {
    const bases = this.optimizer.groups.map(baseOf);
    return { steps: this.#steps, baseLr: bases[0]!, ...bases.length > 1 ? { baseLrs: bases } : {} };
  }

  /**
   * Goes to the step of a state, and sets the optimizer's base rates, if the state has some, and its rates. The schedule's own
   * settings stay. Before anything is changed: RangeError for a count below 0, for another number of base rates than there are
   * groups, and for a rate that the optimizer refuses.
   */
  loadStateDict(state: SchedulerState): void {
    const { groups } = this.optimizer, present = groups.map(baseOf);
    const { steps, baseLr = present[0]!, baseLrs = [baseLr, ...present.slice(1)] } = checkState("load schedule", state);
    checkCount("load schedule", "steps", steps, 0);
    if (!Array.isArray(baseLrs)) refuse("load schedule", baseLrs, "a list of base rates");
    if (baseLrs.length !== groups.length) {
      throw new RangeError(`Cannot load schedule: ${baseLrs.length} base rates, there are ${groups.length} groups`);
    }
    baseLrs.forEach((base, place) => checkRange("load schedule", place === 0 ? "baseLr" : "baseLrs", base, 0));
    wholly(this.optimizer, () => {
      groups.forEach((group, place) => group.initialLr = baseLrs[place]!);
      this.#set(steps);
    });
    this.#steps = steps;
  }
}
