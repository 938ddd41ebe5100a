/** Schedules that fall along half a cosine. */
import { checkCount, checkOptions, checkRange } from "../../core/internal.ts";
import type { Optimizer } from "../optimizer.ts";
import { cosine } from "./options.ts";
import { Scheduler } from "./scheduler.ts";

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
  override formula(steps: number, baseLr: number): number {
    return cosine(baseLr, this.etaMin, steps / this.steps);
  }
  /**
   * What lies above the lowest rate by the factor of this step; where the cosine comes from 0, as far as its own rate rises.
   * Where others have brought the rate below the lowest, the factor would take it below 0, and it stays there.
   */
  override chained(lr: number, steps: number, baseLr: number): number {
    if (steps === 0) return lr;
    const { etaMin } = this, share = (at: number) => cosine(1, 0, at / this.steps);
    if ((steps - 1) % (2 * this.steps) === this.steps) return lr + this.formula(steps, baseLr) - etaMin;
    return Math.max(0, etaMin + (lr - etaMin) * (share(steps) / share(steps - 1)));
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
  override formula(steps: number, baseLr: number): number {
    let length = this.t0, left = steps;
    if (this.tMult === 1) left %= length;
    else {
      while (left >= length) {
        left -= length;
        length *= this.tMult;
      }
    }
    return cosine(baseLr, this.etaMin, left / length);
  }
  /** The rate of its own, whatever other schedules make of it. */
  override chained(_lr: number, steps: number, baseLr: number): number {
    return this.formula(steps, baseLr);
  }
}
