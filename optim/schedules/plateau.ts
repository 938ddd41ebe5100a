/** A schedule that follows a metric rather than the number of steps. */
import {
  checkCount,
  checkOptions,
  checkRange,
  checkState,
  refuse,
  refuseRecording,
  shown,
  summary,
} from "../../core/internal.ts";
import { Optimizer } from "../optimizer.ts";
import { checkChoice, checkPerGroup, ofGroup } from "./options.ts";
import type { PerGroup } from "./scheduler.ts";

/** The options of {@linkcode ReduceOnPlateau}. */
export interface PlateauOptions {
  /** Whether a lower or a higher metric is better; "min" by default. */
  mode?: "min" | "max";
  /** What the rates are multiplied by, below 1; 0.1 by default. */
  factor?: number;
  /** How many steps without a better metric are borne before the rates fall; 10 by default. */
  patience?: number;
  /** By how much a metric must be better to count; 1e-4 by default. */
  threshold?: number;
  /** Whether the threshold is a share of the best metric or a difference from it; "rel" by default. */
  thresholdMode?: "rel" | "abs";
  /** How many steps after a fall are not counted; 0 by default. */
  cooldown?: number;
  /** The lowest rate, also as a list for groups; 0 by default. */
  minLr?: PerGroup<number>;
  /** A smaller fall than this is left out; 1e-8 by default. */
  eps?: number;
}

/** The state of {@linkcode ReduceOnPlateau}. */
export interface PlateauState {
  /** The number of steps taken. */
  steps: number;
  /** The best metric so far. */
  best: number;
  /** The number of steps since it was met. */
  badSteps: number;
  /** The number of steps that are not counted yet. */
  cooldown: number;
}

/**
 * Lowers the rates of an optimizer when a metric gets no better. Call `step(metric)` after each validation.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.ReduceOnPlateau(optimizer, { patience: 1, factor: 0.5 });
 * for (const loss of [3, 2, 2, 2]) schedule.step(loss);
 * if (optimizer.lr !== 0.5) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class ReduceOnPlateau {
  /** The optimizer whose rates the schedule lowers. */
  readonly optimizer: Optimizer;
  /** See {@linkcode PlateauOptions.mode}. */
  readonly mode: "min" | "max";
  /** See {@linkcode PlateauOptions.factor}. */
  readonly factor: number;
  /** See {@linkcode PlateauOptions.patience}. */
  readonly patience: number;
  readonly #threshold: number;
  readonly #isRelative: boolean;
  readonly #cooldown: number;
  readonly #minLr: PerGroup<number>;
  readonly #eps: number;
  #state: PlateauState;

  /** TypeError unless it is an optimizer, RangeError for options out of their range. */
  constructor(optimizer: Optimizer, options: PlateauOptions = {}) {
    const action = "make ReduceOnPlateau";
    if (!(optimizer instanceof Optimizer)) refuse(action, optimizer, "an optimizer");
    this.optimizer = optimizer;
    const given = checkOptions(action, options, "{ patience: 5 }", names);
    const { mode = "min", factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, minLr = 0 } = given;
    this.mode = checkChoice(action, "mode", mode, ["min", "max"]);
    this.factor = checkRange(action, "factor", factor, 0, 1);
    this.patience = checkCount(action, "patience", patience, 0);
    this.#threshold = checkRange(action, "threshold", threshold, 0);
    const thresholdMode = checkChoice(action, "thresholdMode", given.thresholdMode ?? "rel", ["rel", "abs"]);
    this.#isRelative = thresholdMode === "rel";
    this.#cooldown = checkCount(action, "cooldown", cooldown, 0);
    const check = (name: string, value: number) => checkRange(action, name, value, 0);
    this.#minLr = checkPerGroup(action, "minLr", minLr, optimizer.groups.length, check);
    this.#eps = checkRange(action, "eps", given.eps ?? 1e-8, 0);
    this.#state = { steps: 0, best: mode === "min" ? Infinity : -Infinity, badSteps: 0, cooldown: 0 };
  }

  /**
   * Takes in a metric, of which NaN is no better than any, and lowers the rates if it is time. TypeError for what is no
   * number, Error inside a captured function.
   */
  step(metric: number): void {
    refuseRecording("a schedule is stepped");
    if (typeof metric !== "number") refuse("step ReduceOnPlateau", metric, "a number");
    let { steps, best, badSteps, cooldown } = this.#state;
    const isBetter = this.#isBetter(metric, best);
    if (isBetter) best = metric;
    badSteps = isBetter ? 0 : badSteps + 1;
    if (cooldown > 0) {
      cooldown--;
      badSteps = 0;
    }
    if (badSteps > this.patience) {
      this.#reduce();
      cooldown = this.#cooldown;
      badSteps = 0;
    }
    this.#state = { steps: steps + 1, best, badSteps, cooldown };
  }

  #isBetter(metric: number, best: number): boolean {
    const share = this.#threshold, sign = this.mode === "min" ? -1 : 1;
    const bound = this.#isRelative ? best * (1 + sign * share) : best + sign * share;
    return this.mode === "min" ? metric < bound : metric > bound;
  }

  #reduce(): void {
    const floors = this.optimizer.groups.map((_, place) => ofGroup("minLr", this.#minLr, place));
    for (const [place, group] of this.optimizer.groups.entries()) {
      const lr = Math.max(group.lr * this.factor, floors[place]!);
      if (group.lr - lr > this.#eps) group.lr = lr;
    }
  }

  /** The rate in force, of the first group. */
  getLr(): number {
    return this.optimizer.lr;
  }

  /** The class, where the schedule stands, and what it was made with. */
  toString(): string {
    const { steps, best } = this.#state, { mode, factor, patience } = this;
    const settings = Object.entries({ lr: this.optimizer.lr, best, mode, factor, patience });
    return summary(this.constructor.name, [`step ${steps}`, ...settings]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Where the schedule stands. The rates belong to the state of the optimizer. */
  stateDict(): PlateauState {
    return { ...this.#state };
  }

  /** Goes to where a state stands. TypeError or RangeError for what is no such state, before anything is changed. */
  loadStateDict(state: PlateauState): void {
    const action = "load schedule", { steps, best, badSteps, cooldown } = checkState(action, state);
    if (typeof best !== "number") throw new TypeError(`Cannot ${action}: best ${shown(best)} must be a number`);
    checkCount(action, "steps", steps, 0);
    checkCount(action, "badSteps", badSteps, 0);
    checkCount(action, "cooldown", cooldown, 0);
    this.#state = { steps, best, badSteps, cooldown };
  }
}

const names = ["mode", "factor", "patience", "threshold", "thresholdMode", "cooldown", "minLr", "eps"] as const;
