/** The schedule of stochastic weight averaging. */
import { checkCount, checkOptions, checkRange, checkState, refuse } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { checkChoice, checkPerGroup, curves, ofGroup } from "./options.ts";
import { type Curve, type PerGroup, Scheduler, type SchedulerState } from "./scheduler.ts";

/** The options of {@linkcode SWASchedule}. */
export interface SWAScheduleOptions {
  /** The rate at which weights are averaged, PyTorch's `swa_lr`, also as a list for groups. */
  lr: PerGroup<number>;
  /** The number of steps on the way to it, PyTorch's `anneal_epochs`; 10 by default. */
  steps?: number;
  /** The curve of the way; "cos" by default. */
  annealStrategy?: Curve;
}

/** The state of a {@linkcode SWASchedule}. */
export interface SWAScheduleState extends SchedulerState {
  /** The rates of groups before the first step; null before it. */
  from?: readonly number[] | null;
}

/**
 * From the rate that the optimizer has at the first step to a fixed one, and there from then on: late in a training, another
 * schedule's steps end where those of this one begin, and the weights are averaged (Izmailov et al. 2018).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { lr: 1 });
 * const schedule = new optim.SWASchedule(optimizer, { lr: 0.5, steps: 2, annealStrategy: "linear" });
 * schedule.step();
 * if (optimizer.lr !== 0.75) throw new Error(`${optimizer.lr}`);
 * ```
 */
export class SWASchedule extends Scheduler {
  /** The number of steps on the way. */
  readonly steps: number;
  readonly #lr: PerGroup<number>;
  readonly #curve: (from: number, to: number, part: number) => number;
  #from: readonly number[] | null = null;

  /** RangeError for options out of their range. */
  constructor(optimizer: Optimizer, options: SWAScheduleOptions) {
    super(optimizer);
    const action = "make SWASchedule", given = checkOptions(action, options, "{ lr: 0.05 }", names);
    const check = (name: string, value: number) => checkRange(action, name, value, 0);
    this.#lr = checkPerGroup(action, "lr", given.lr, optimizer.groups.length, check);
    this.steps = checkCount(action, "steps", given.steps ?? 10, 0);
    const curve = checkChoice(action, "annealStrategy", given.annealStrategy ?? "cos", Object.keys(curves) as Curve[]);
    this.#curve = curves[curve];
    this.start();
  }

  /** The rate after `steps` steps; that of the optimizer, if there was none yet. */
  override formula(steps: number, _baseLr: number, place: number): number {
    const from = this.#from?.[place] ?? this.optimizer.groups[place]!.lr;
    const part = this.steps === 0 ? 1 : Math.min(1, steps / this.steps);
    return part === 0 ? from : this.#curve(from, ofGroup("lr", this.#lr, place), part);
  }

  /** As any schedule's; the first step takes down the rates that the optimizer has. */
  override step(): void {
    const before = this.#from;
    if (this.taken === 0) this.#from = this.optimizer.groups.map(({ lr }) => lr);
    try {
      super.step();
    } catch (error) {
      this.#from = before;
      throw error;
    }
  }

  /** The number of steps taken, the base rates, and the rates before the first step. */
  override stateDict(): SWAScheduleState {
    return { ...super.stateDict(), from: this.#from };
  }

  /** As any schedule's, with the rates before the first step. */
  override loadStateDict(state: SWAScheduleState): void {
    const { from = null, ...others } = checkState("load schedule", state), before = this.#from;
    if (from !== null) {
      if (!Array.isArray(from)) refuse("load schedule", from, "a list of rates");
      from.forEach((lr) => checkRange("load schedule", "from", lr, 0));
    }
    this.#from = from === null ? null : [...from];
    try {
      super.loadStateDict(others);
    } catch (error) {
      this.#from = before;
      throw error;
    }
  }
}

const names = ["lr", "steps", "annealStrategy"] as const;
