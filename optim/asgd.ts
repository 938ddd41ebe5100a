/** Averaged stochastic gradient descent. */
import { eachTime, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode ASGD}. */
export interface ASGDOptions extends OptimizerOptions {
  /** The learning rate; 1e-2 by default. */
  lr?: number;
  /** λ, how fast the rate falls and parameters decay; 1e-4 by default. */
  lambd?: number;
  /** The power by which the rate falls; 0.75 by default. */
  alpha?: number;
  /** The step at which the averaging begins; 1e6 by default. */
  t0?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode ASGD}. */
export type ASGDSettings = SettingsOf<ASGDOptions>;
const settings: SettingsTable<ASGDSettings> = {
  lr: { value: 1e-2, low: 0 },
  lambd: { value: 1e-4, low: 0 },
  alpha: { value: 0.75, low: 0 },
  t0: { value: 1e6, low: -Infinity },
  weightDecay: { value: 0, low: 0 },
};

/**
 * p = p (1 - λ η) - η g, where η = lr / (1 + λ lr t)^alpha after t steps; beside it a = a + μ (p - a), where μ = 1 / (t - t0)
 * once t is past t0, and 1 before (Polyak and Juditsky 1992). The state has the averages as `average.0`.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.ASGD([x], { lr: 0.25, lambd: 0 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.item() !== 2) throw new Error(`${x.item()}, not 4 - 0.25 · 8`);
 * ```
 */
export class ASGD extends Optimizer<ASGDSettings> {
  /** λ, how fast the rate falls and parameters decay. */
  declare lambd: number;
  /** The power by which the rate falls. */
  declare alpha: number;
  /** The step at which the averaging begins. */
  declare t0: number;
  /** See {@linkcode ASGDOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #average: readonly (Tensor | null)[];
  /** η of the next step, but for the first one, whose is the rate at that time. */
  readonly #eta: number[];
  /** μ of the next step. */
  readonly #mu: number[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<ASGDOptions>, options: ASGDOptions = {}) {
    super(params, options, settings);
    this.#eta = this.number("eta", 0);
    this.#mu = this.number("mu", 1);
    this.#average = this.slot("average");
  }

  /** Moves p, a, and the rate and the weight of the next step. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<ASGDSettings>): void {
    const g = decayed(gradient, p, group), average = this.#average[place]!, etas = this.#eta, mus = this.#mu;
    const eta = () => step() === 1 ? group.lr : etas[place]!;
    update(p, "scaleAddScaled", [p, g], { s: () => 1 - group.lambd * eta(), t: () => -eta() });
    update(average, "scaleAddScaled", [average, p], { s: () => 1 - mus[place]!, t: () => mus[place]! });
    eachTime(() => {
      const { lr, lambd, alpha, t0 } = group;
      etas[place] = lr / (1 + lambd * lr * step()) ** alpha;
      mus[place] = 1 / Math.max(1, step() - t0);
    });
  }
}
