/** Adagrad. */
import { update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode Adagrad}. */
export interface AdagradOptions extends OptimizerOptions {
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

/** The settings of groups of {@linkcode Adagrad}. */
export type AdagradSettings = SettingsOf<AdagradOptions>;
const settings: SettingsTable<AdagradSettings> = {
  lr: { value: 1e-2, low: 0 },
  lrDecay: { value: 0, low: 0 },
  weightDecay: { value: 0, low: 0 },
  initialAccumulatorValue: { value: 0, low: 0, fixed: true },
  eps: { value: 1e-10, low: 0 },
};

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
export class Adagrad extends Optimizer<AdagradSettings> {
  /** See {@linkcode AdagradOptions.lrDecay}. */
  declare lrDecay: number;
  /** See {@linkcode AdagradOptions.weightDecay}. */
  declare weightDecay: number;
  /** The number that is added to the root. */
  declare eps: number;
  readonly #sum: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<AdagradOptions>, options: AdagradOptions = {}) {
    super(params, options, settings);
    this.#sum = this.slot("sum", (p, group) => p.zerosLike().add(group.initialAccumulatorValue));
  }

  /** Adds g² to n, then moves p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<AdagradSettings>): void {
    const g = decayed(gradient, p, group), sum = this.#sum[place]!;
    update(sum, "scaleAddSquare", [sum, g], { s: 1, t: 1 });
    const s = () => group.lr / (1 + (step() - 1) * group.lrDecay);
    update(p, "adaptiveStep", [p, g, sum], { s, t: 1, u: () => group.eps });
  }
}
