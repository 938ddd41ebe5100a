/** Schedules made of schedules: one after another, behind a warm-up, or all at once. */
import { checkFunction, checkOptions, refuse } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { ConstantFactor, ExponentialWarmup, LinearWarmup } from "./factors.ts";
import { checkChoice, checkMilestones } from "./options.ts";
import { wholly } from "./rates.ts";
import { Scheduler } from "./scheduler.ts";

/** A function that makes a schedule of an optimizer. */
export type MakeSchedule = (optimizer: Optimizer) => Scheduler;

function checkMakers(action: string, makers: readonly MakeSchedule[]): void {
  if (!Array.isArray(makers) || makers.length === 0) refuse(action, makers, "a list of functions that make schedules");
  for (const make of makers) checkFunction(action, make);
}

/** The schedules, each made while the optimizer has its base rates. */
function madeBy(action: string, makers: readonly MakeSchedule[], optimizer: Optimizer): Scheduler[] {
  return makers.map((make) => {
    for (const group of optimizer.groups) group.lr = group.initialLr ?? group.lr;
    const made = make(optimizer);
    return made instanceof Scheduler ? made : refuse(action, made, "a schedule");
  });
}

/**
 * One schedule after another. Each counts its own steps, from the milestone at which it begins.
 *
 * The functions `make` are called with the optimizer at its base rates, so that all schedules have the same bases.
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
  readonly #parts: readonly Scheduler[];
  /**
   * RangeError unless there is one milestone less than there are schedules, and milestones are counts that do not fall. The
   * optimizer keeps its rates when one of the functions throws.
   */
  constructor(optimizer: Optimizer, make: readonly MakeSchedule[], options: { milestones: readonly number[] }) {
    super(optimizer);
    const action = `make ${this.constructor.name}`;
    checkMakers(action, make);
    const { milestones } = checkOptions(action, options, "{ milestones: [10] }", ["milestones"]);
    if (Array.isArray(milestones) && make.length !== milestones.length + 1) {
      throw new RangeError(
        `Cannot ${action}: ${milestones.length} milestones, ${make.length} schedules need ${make.length - 1}`,
      );
    }
    this.milestones = checkMilestones(action, milestones);
    this.#parts = wholly(optimizer, () => {
      const parts = madeBy(action, make, optimizer);
      // The parts have set the rates of the last one.
      for (const [place, group] of optimizer.groups.entries()) group.lr = parts[0]!.rate(0, place);
      return parts;
    });
    this.start();
  }
  /** The rate of the schedule in force, for the steps since its milestone. */
  override formula(steps: number, baseLr: number, place: number): number {
    const [part, since] = this.#inForce(steps);
    return part.formula(since, baseLr, place);
  }
  /** The rate by the schedule in force, which starts from the base rate where it takes over. */
  override chained(lr: number, steps: number, baseLr: number, place: number): number {
    const [part, since] = this.#inForce(steps);
    return since === 0 && steps > 0 ? part.formula(0, baseLr, place) : part.chained(lr, since, baseLr, place);
  }
  /** The momentum that the schedule in force sets, or null. */
  override momentum(steps: number, place: number): number | null {
    const [part, since] = this.#inForce(steps);
    return part.momentum(since, place);
  }
  #inForce(steps: number): [part: Scheduler, since: number] {
    let k = 0;
    while (k < this.milestones.length && steps >= this.milestones[k]!) k++;
    return [this.#parts[k]!, steps - (k === 0 ? 0 : this.milestones[k - 1]!)];
  }
}

/** How a warm-up rises to the base rate: in a straight line, all at once at its end, or by equal factors. */
export type WarmupKind = "linear" | "constant" | "exponential";

/** The options of {@linkcode WarmupSchedule}. */
export interface WarmupOptions {
  /** The number of steps of the warm-up. */
  steps: number;
  /** The share of the base rate at which it begins; 1/3 by default. */
  startFactor?: number;
  /** How it rises; "linear" by default. */
  kind?: WarmupKind;
}

const warmups: Record<WarmupKind, (optimizer: Optimizer, steps: number, startFactor: number) => Scheduler> = {
  linear: (optimizer, steps, startFactor) => new LinearWarmup(optimizer, { steps, startFactor }),
  constant: (optimizer, steps, factor) => new ConstantFactor(optimizer, { steps, factor }),
  exponential: (optimizer, steps, startFactor) => new ExponentialWarmup(optimizer, { steps, startFactor }),
};

/**
 * Any schedule behind a warm-up. It counts its steps from the warm-up's end on.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const decay = (optimizer: optim.Optimizer) => new optim.PolynomialDecay(optimizer, { steps: 4 });
 * const schedule = new optim.WarmupSchedule(optimizer, decay, { steps: 2, startFactor: 0.5 });
 * const rates = [0, 1, 2, 4].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "0.5,0.75,1,0.5") throw new Error(`${rates}`);
 * ```
 */
export class WarmupSchedule extends SequentialSchedule {
  /** Errors as those of the schedules; RangeError for another kind. */
  constructor(optimizer: Optimizer, make: MakeSchedule, options: WarmupOptions) {
    const action = "make WarmupSchedule";
    const given = checkOptions(action, options, "{ steps: 100 }", ["steps", "startFactor", "kind"]);
    const { steps, startFactor = 1 / 3, kind = "linear" } = given;
    checkChoice(action, "kind", kind, Object.keys(warmups) as WarmupKind[]);
    super(optimizer, [(each) => warmups[kind](each, steps, startFactor), make], { milestones: [steps] });
  }
}

/**
 * Several schedules at once: at each step each moves the rate that the one before it left, as PyTorch's `ChainedScheduler`
 * does. Schedules that multiply the rate thus give the product of their factors; those with rates of their own, such as
 * {@linkcode CosineDecayWithWarmRestarts}, take no notice of the ones before them.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.ChainedSchedule(optimizer, [
 *   (optimizer) => new optim.ConstantFactor(optimizer, { steps: 2, factor: 0.5 }),
 *   (optimizer) => new optim.ExponentialDecay(optimizer, { gamma: 0.5 }),
 * ]);
 * const rates = [0, 1, 2].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "0.5,0.25,0.25") throw new Error(`${rates}`);
 * ```
 */
export class ChainedSchedule extends Scheduler {
  readonly #parts: readonly Scheduler[];
  /** For each group the last number of steps, its rate, and the base from which it came. */
  readonly #last: { steps: number; lr: number; baseLr: number }[] = [];
  /** The optimizer keeps its rates when one of the functions throws. */
  constructor(optimizer: Optimizer, make: readonly MakeSchedule[]) {
    super(optimizer);
    const action = "make ChainedSchedule";
    checkMakers(action, make);
    this.#parts = wholly(optimizer, () => madeBy(action, make, optimizer));
    this.start();
  }
  /** The rate after all steps of all schedules in turn. */
  override formula(steps: number, baseLr: number, place: number): number {
    const last = this.#last[place], isBefore = last !== undefined && last.steps <= steps && last.baseLr === baseLr;
    let { steps: at, lr } = isBefore ? last : { steps: -1, lr: baseLr };
    while (at < steps) {
      at++;
      for (const part of this.#parts) lr = part.chained(lr, at, baseLr, place);
    }
    this.#last[place] = { steps, lr, baseLr };
    return lr;
  }
  /** The momentum of the last schedule that sets one, or null. */
  override momentum(steps: number, place: number): number | null {
    return this.#parts.reduce<number | null>((found, part) => part.momentum(steps, place) ?? found, null);
  }
}
