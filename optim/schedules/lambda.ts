/** Schedules by functions of the number of steps. */
import { checkFunction, checkOptions } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { checkPerGroup, ofGroup } from "./options.ts";
import { type PerGroup, Scheduler } from "./scheduler.ts";

/** A function that gives the factor of the rate for a number of steps. */
export type Factor = (steps: number) => number;

/** The functions of an option. TypeError for what is no function, RangeError unless a list has one for each group. */
function checkFactors(action: string, optimizer: Optimizer, options: { factor: PerGroup<Factor> }): PerGroup<Factor> {
  const { factor } = checkOptions(action, options, "{ factor: (steps) => 0.95 ** steps }", ["factor"]);
  return checkPerGroup(action, "factor", factor, optimizer.groups.length, (_, each) => {
    checkFunction(action, each);
    return each;
  });
}

/**
 * lr factor(t) after t steps; a list has a function for each group.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.LambdaSchedule(optimizer, { factor: (steps) => 1 / (1 + steps) });
 * if (schedule.rate(3) !== 0.25) throw new Error(`${schedule.rate(3)}`);
 * ```
 */
export class LambdaSchedule extends Scheduler {
  readonly #factor: PerGroup<Factor>;
  /** TypeError for what is no function. RangeError for a factor that is no number of at least 0, at the step that it is for. */
  constructor(optimizer: Optimizer, options: { factor: PerGroup<Factor> }) {
    super(optimizer);
    this.#factor = checkFactors("make LambdaSchedule", optimizer, options);
    this.start();
  }
  /** lr factor(t). */
  override formula(steps: number, baseLr: number, place: number): number {
    return baseLr * ofGroup("factor", this.#factor, place)(steps);
  }
  /** lr factor(t), whatever other schedules make of it. */
  override chained(_lr: number, steps: number, baseLr: number, place: number): number {
    return this.formula(steps, baseLr, place);
  }
}

/**
 * lr factor(1) factor(2) ... factor(t) after t steps; a list has a function for each group. A function must give the same
 * factor whenever it is asked: after a state was loaded, all of them are multiplied anew.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.MultiplicativeSchedule(optimizer, { factor: (steps) => steps % 2 === 0 ? 0.5 : 1 });
 * if (schedule.rate(5) !== 0.25) throw new Error(`${schedule.rate(5)}`);
 * ```
 */
export class MultiplicativeSchedule extends Scheduler {
  readonly #factor: PerGroup<Factor>;
  /** For each group the last number of steps and its product, so that the next step takes one multiplication. */
  readonly #last: { steps: number; product: number }[] = [];
  /** TypeError for what is no function. RangeError for a factor that is no number of at least 0, at the step that it is for. */
  constructor(optimizer: Optimizer, options: { factor: PerGroup<Factor> }) {
    super(optimizer);
    this.#factor = checkFactors("make MultiplicativeSchedule", optimizer, options);
    this.start();
  }
  /** lr factor(1) ... factor(t). */
  override formula(steps: number, baseLr: number, place: number): number {
    const factor = ofGroup("factor", this.#factor, place), last = this.#last[place];
    let { steps: from, product } = last !== undefined && last.steps <= steps ? last : { steps: 0, product: 1 };
    while (from < steps) product *= factor(++from);
    this.#last[place] = { steps, product };
    return baseLr * product;
  }
  /** The rate by factor(t). */
  override chained(lr: number, steps: number, _baseLr: number, place: number): number {
    return steps === 0 ? lr : lr * ofGroup("factor", this.#factor, place)(steps);
  }
}
