/** Adagrad. */
import { checkOptions, checkRange, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer } from "./optimizer.ts";

/** Options of {@linkcode Adagrad}. */
export interface AdagradOptions {
  /** The learning rate of the first step; 1e-2 by default. */
  lr?: number;
  /** How fast the rate falls with the number of steps; 0 by default. */
  lrDecay?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** The value of n before the first step; 0 by default. */
  initialAccumulatorValue?: number;
  /** Added to the root, so that the divisor is never zero; 1e-10 by default. */
  eps?: number;
}

/**
 * n = n + g²; p = p - lr / (1 + (t - 1) lrDecay) · g / (√n + eps) (Duchi, Hazan and Singer 2011).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Adagrad([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.5 · 8 / √64`);
 * ```
 */
export class Adagrad extends Optimizer {
  /** See {@linkcode AdagradOptions.lrDecay}. */
  declare lrDecay: number;
  /** See {@linkcode AdagradOptions.weightDecay}. */
  declare weightDecay: number;
  /** The number that is added to the root. */
  declare eps: number;
  readonly #sum: Tensor[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: Iterable<Tensor>, options: AdagradOptions = {}) {
    const { lr = 1e-2, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, eps = 1e-10 } = checkOptions(
      "make Adagrad",
      options,
      "{ lr: 0.1 }",
      ["lr", "lrDecay", "weightDecay", "initialAccumulatorValue", "eps"],
    );
    super(params, lr);
    this.setting("lrDecay", lrDecay, 0);
    this.setting("weightDecay", weightDecay, 0);
    this.setting("eps", eps, 0);
    this.#sum = this.slot("sum", checkRange("make Adagrad", "initialAccumulatorValue", initialAccumulatorValue, 0));
  }

  /** Adds g² to n, then moves p. */
  protected override update(place: number, p: Tensor, gradient: Tensor, step: () => number): void {
    const g = decayed(gradient, p, this);
    const sum = this.#sum[place]!;
    update(sum, "scaleAddSquare", [sum, g], { s: 1, t: 1 });
    const s = () => this.lr / (1 + (step() - 1) * this.lrDecay);
    update(p, "adaptiveStep", [p, g, sum], { s, t: 1, u: () => this.eps });
  }
}
