/** Schedules that go up and down between rates of their own, and move the momentum the other way. */
import { checkCount, checkFlag, checkFunction, checkOptions, checkRange, checkShare } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { checkChoice, checkPerGroup, curves, ofGroup } from "./options.ts";
import { momentumOf } from "./rates.ts";
import { type Curve, type PerGroup, Scheduler } from "./scheduler.ts";

/** The options of cycles that are about momentum. */
export interface MomentumOptions {
  /** Whether the momentum, or β₁ where there is none, goes down as the rate goes up; true by default. */
  cycleMomentum?: boolean;
  /** The momentum at the highest rate, also as a list for groups: 0.85 by default in OneCycle, 0.8 in Cyclic. */
  baseMomentum?: PerGroup<number>;
  /** The momentum at the lowest rate, also as a list for groups: 0.95 by default in OneCycle, 0.9 in Cyclic. */
  maxMomentum?: PerGroup<number>;
}

/** The least and the greatest of rates or momenta. */
interface Bounds {
  readonly low: PerGroup<number>;
  readonly high: PerGroup<number>;
}

/** The bounds of the momentum, or null if it is left alone. RangeError for an optimizer that has none. */
function momentumBounds(
  action: string,
  optimizer: Optimizer,
  { cycleMomentum = true, baseMomentum, maxMomentum }: MomentumOptions,
  [low, high]: readonly [low: number, high: number],
): Bounds | null {
  const check = (name: string, value: number) => checkRange(action, name, value, 0, 1), { length } = optimizer.groups;
  const bounds = {
    low: checkPerGroup(action, "baseMomentum", baseMomentum ?? low, length, check),
    high: checkPerGroup(action, "maxMomentum", maxMomentum ?? high, length, check),
  };
  if (!checkFlag(action, "cycleMomentum", cycleMomentum)) return null;
  if (optimizer.groups.some((group) => (momentumOf(group) ?? 0) === 0)) {
    throw new RangeError(`Cannot ${action}: the optimizer has no momentum; cycleMomentum: false leaves it alone`);
  }
  return bounds;
}

/** The options of {@linkcode OneCycle}. */
export interface OneCycleOptions extends MomentumOptions {
  /** The highest rate, also as a list for groups. */
  maxLr: PerGroup<number>;
  /** The number of steps of the cycle, PyTorch's `total_steps`. */
  steps: number;
  /** The share of the steps in which the rate rises; 0.3 by default. */
  pctStart?: number;
  /** The curve between two rates; "cos" by default. */
  annealStrategy?: Curve;
  /** The first rate is `maxLr` divided by this; 25 by default. */
  divFactor?: number;
  /** The last rate is the first one divided by this; 1e4 by default. */
  finalDivFactor?: number;
  /** Goes down to the first rate as fast as it rose, and only then to the last; false by default. */
  threePhase?: boolean;
}

/**
 * One cycle: the rate rises from maxLr / divFactor to maxLr, and falls to a small part of the first rate (Smith and Topin
 * 2018). The momentum falls and rises meanwhile. The optimizer's own rate does not matter.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])], { momentum: 0.9 });
 * const schedule = new optim.OneCycle(optimizer, { maxLr: 1, steps: 100 });
 * for (let k = 0; k < 29; k++) schedule.step();
 * if (optimizer.lr !== 1 || optimizer.momentum !== 0.85) throw new Error(`${optimizer}`);
 * ```
 */
export class OneCycle extends Scheduler {
  /** The highest rate, also as a list for groups. */
  readonly maxLr: PerGroup<number>;
  /** The number of steps of the cycle. */
  readonly steps: number;
  readonly #momentum: Bounds | null;
  readonly #curve: (from: number, to: number, part: number) => number;
  readonly #divFactor: number;
  readonly #finalDivFactor: number;
  /** The step at which each phase ends, and where it leads: at the rate's start, its top or its end. */
  readonly #phases: readonly { until: number; from: Level; to: Level }[];

  /** RangeError for options out of their range, and for an optimizer without a momentum that is to be cycled. */
  constructor(optimizer: Optimizer, options: OneCycleOptions) {
    super(optimizer);
    const action = "make OneCycle", given = checkOptions(action, options, "{ maxLr: 0.1, steps: 1000 }", oneCycleNames);
    const { steps, pctStart = 0.3, annealStrategy = "cos", divFactor = 25, finalDivFactor = 1e4 } = given;
    this.steps = checkCount(action, "steps", steps, 1);
    const checkRate = (name: string, value: number) => checkRange(action, name, value, 0);
    this.maxLr = checkPerGroup(action, "maxLr", given.maxLr, optimizer.groups.length, checkRate);
    checkShare(action, "pctStart", pctStart);
    this.#curve = curves[checkChoice(action, "annealStrategy", annealStrategy, Object.keys(curves) as Curve[])];
    this.#divFactor = checkPositive(action, "divFactor", divFactor);
    this.#finalDivFactor = checkPositive(action, "finalDivFactor", finalDivFactor);
    const rise = pctStart * steps - 1, last = steps - 1;
    this.#phases = checkFlag(action, "threePhase", given.threePhase ?? false)
      ? [
        { until: rise, from: "start", to: "top" },
        { until: 2 * rise, from: "top", to: "start" },
        { until: last, from: "start", to: "end" },
      ]
      : [{ until: rise, from: "start", to: "top" }, { until: last, from: "top", to: "end" }];
    this.#momentum = momentumBounds(action, optimizer, given, [0.85, 0.95]);
    this.start();
  }

  /** The rate after `steps` steps. RangeError for more steps than the cycle has. */
  override formula(steps: number, _baseLr: number, place: number): number {
    const top = ofGroup("maxLr", this.maxLr, place), start = top / this.#divFactor;
    return this.#between(steps, { start, top, end: start / this.#finalDivFactor });
  }
  /** The rate of its own, whatever other schedules make of it. */
  override chained(_lr: number, steps: number, baseLr: number, place: number): number {
    return this.formula(steps, baseLr, place);
  }
  /** The momentum after `steps` steps, which is lowest where the rate is highest. */
  override momentum(steps: number, place: number): number | null {
    if (this.#momentum === null) return null;
    const start = ofGroup("maxMomentum", this.#momentum.high, place);
    return this.#between(steps, { start, top: ofGroup("baseMomentum", this.#momentum.low, place), end: start });
  }
  #between(steps: number, levels: Readonly<Record<Level, number>>): number {
    if (steps > this.steps) {
      throw new RangeError(`Cannot compute rate: step ${steps}, the cycle has ${this.steps} steps`);
    }
    let k = 0;
    while (k < this.#phases.length - 1 && steps > this.#phases[k]!.until) k++;
    const { until, from, to } = this.#phases[k]!, since = k === 0 ? 0 : this.#phases[k - 1]!.until;
    // A phase of no length is over.
    return this.#curve(levels[from], levels[to], until === since ? 1 : (steps - since) / (until - since));
  }
}

type Level = "start" | "top" | "end";
const oneCycleNames = [
  "maxLr",
  "steps",
  "pctStart",
  "annealStrategy",
  "divFactor",
  "finalDivFactor",
  "threePhase",
  "cycleMomentum",
  "baseMomentum",
  "maxMomentum",
] as const;

function checkPositive(action: string, name: string, value: number): number {
  if (checkRange(action, name, value, 0) > 0) return value;
  throw new RangeError(`Cannot ${action}: ${name} 0 must be more than 0`);
}

/** The options of {@linkcode Cyclic}. */
export interface CyclicOptions extends MomentumOptions {
  /** The lowest rate, at which each cycle begins, also as a list for groups. */
  baseLr: PerGroup<number>;
  /** The highest rate of the first cycle, also as a list for groups. */
  maxLr: PerGroup<number>;
  /** The number of steps in which the rate rises; 2000 by default. */
  stepSizeUp?: number;
  /** The number of steps in which it falls; `stepSizeUp` by default. */
  stepSizeDown?: number;
  /** What becomes of the height of cycles: the same, half of the one before, or γ^steps; "triangular" by default. */
  mode?: "triangular" | "triangular2" | "expRange";
  /** γ of `"expRange"`; 1 by default. */
  gamma?: number;
  /** A function that gives the height's factor, in place of a mode. */
  scale?: (count: number) => number;
  /** What `scale` counts: cycles from 1, or steps; "cycle" by default. */
  scaleMode?: "cycle" | "iterations";
}

/**
 * Cycles: the rate goes from baseLr to maxLr and back in straight lines, over and over (Smith 2017). The momentum falls and
 * rises meanwhile. The optimizer's own rate does not matter.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const optimizer = new optim.SGD([new Tensor([0])]);
 * const options = { baseLr: 0, maxLr: 1, stepSizeUp: 2, mode: "triangular2", cycleMomentum: false } as const;
 * const schedule = new optim.Cyclic(optimizer, options);
 * const rates = [0, 1, 2, 3, 4, 5, 6].map((steps) => schedule.rate(steps));
 * if (`${rates}` !== "0,0.5,1,0.5,0,0.25,0.5") throw new Error(`${rates}`);
 * ```
 */
export class Cyclic extends Scheduler {
  /** The number of steps in which the rate rises. */
  readonly stepSizeUp: number;
  /** The number of steps in which it falls. */
  readonly stepSizeDown: number;
  readonly #rates: Bounds;
  readonly #momentum: Bounds | null;
  readonly #scale: (count: number) => number;
  readonly #countsCycles: boolean;

  /** RangeError for options out of their range, and for an optimizer without a momentum that is to be cycled. */
  constructor(optimizer: Optimizer, options: CyclicOptions) {
    super(optimizer);
    const action = "make Cyclic", given = checkOptions(action, options, "{ baseLr: 0.01, maxLr: 0.1 }", cyclicNames);
    const { baseLr, maxLr, stepSizeUp = 2000, mode = "triangular", gamma = 1, scaleMode = "cycle" } = given;
    const check = (name: string, value: number) => checkRange(action, name, value, 0), { length } = optimizer.groups;
    this.#rates = {
      low: checkPerGroup(action, "baseLr", baseLr, length, check),
      high: checkPerGroup(action, "maxLr", maxLr, length, check),
    };
    this.stepSizeUp = checkCount(action, "stepSizeUp", stepSizeUp, 1);
    this.stepSizeDown = checkCount(action, "stepSizeDown", given.stepSizeDown ?? stepSizeUp, 1);
    checkRange(action, "gamma", gamma, 0);
    checkChoice(action, "mode", mode, ["triangular", "triangular2", "expRange"]);
    checkChoice(action, "scaleMode", scaleMode, ["cycle", "iterations"]);
    if (given.scale !== undefined) checkFunction(action, given.scale);
    this.#scale = given.scale ?? {
      triangular: () => 1,
      triangular2: (cycle: number) => 1 / 2 ** (cycle - 1),
      expRange: (steps: number) => gamma ** steps,
    }[mode];
    this.#countsCycles = given.scale === undefined ? mode !== "expRange" : scaleMode === "cycle";
    this.#momentum = momentumBounds(action, optimizer, given, [0.8, 0.9]);
    this.start();
  }

  /** The rate after `steps` steps, between the bounds. */
  override formula(steps: number, _baseLr: number, place: number): number {
    const low = ofGroup("baseLr", this.#rates.low, place), high = ofGroup("maxLr", this.#rates.high, place);
    return low + (high - low) * this.#height(steps);
  }
  /** The rate of its own, whatever other schedules make of it. */
  override chained(_lr: number, steps: number, baseLr: number, place: number): number {
    return this.formula(steps, baseLr, place);
  }
  /** The momentum after `steps` steps, which is lowest where the rate is highest. */
  override momentum(steps: number, place: number): number | null {
    if (this.#momentum === null) return null;
    const low = ofGroup("baseMomentum", this.#momentum.low, place);
    const high = ofGroup("maxMomentum", this.#momentum.high, place);
    return high - (high - low) * this.#height(steps);
  }
  /** How high on the way from the lower to the upper bound. */
  #height(steps: number): number {
    const total = this.stepSizeUp + this.stepSizeDown,
      cycle = Math.floor(steps / total),
      within = steps - cycle * total;
    const part = within <= this.stepSizeUp ? within / this.stepSizeUp : (total - within) / this.stepSizeDown;
    return part * this.#scale(this.#countsCycles ? cycle + 1 : steps);
  }
}

const cyclicNames = [
  "baseLr",
  "maxLr",
  "stepSizeUp",
  "stepSizeDown",
  "mode",
  "gamma",
  "scale",
  "scaleMode",
  "cycleMomentum",
  "baseMomentum",
  "maxMomentum",
] as const;
