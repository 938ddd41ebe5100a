/** RAdam: Adam whose first steps are rectified. */
import { update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode RAdam}. */
export interface RAdamOptions extends OptimizerOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** β₁ and β₂, the weights of the past in the means of g and of g², each in [0, 1); 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** Added to the root, so that the divisor is never zero; 1e-8 by default. */
  eps?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** Shrinks the parameter itself rather than adding to its gradient, as AdamW does; false by default. */
  decoupledWeightDecay?: boolean;
}

/** The settings of groups of {@linkcode RAdam}. */
export type RAdamSettings = SettingsOf<RAdamOptions>;
const settings: SettingsTable<RAdamSettings> = {
  lr: { value: 1e-3, low: 0 },
  betas: listOf("betas", [0.9, 0.999], 0, 1),
  eps: { value: 1e-8, low: 0 },
  weightDecay: { value: 0, low: 0 },
  decoupledWeightDecay: { value: false, fixed: true },
};

/**
 * Adam's m and v; p = p - lr r m̂ / (√v + eps) · √(1 - β₂ᵗ), where r grows from 0 to 1 as v comes to know the variance of
 * gradients; p = p - lr m̂ in the first steps, where it knows too little (Liu et al. 2020).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.RAdam([x], { lr: 0.25 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 2) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.25 · 8`);
 * ```
 */
export class RAdam extends Optimizer<RAdamSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode RAdamOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #first: readonly (Tensor | null)[];
  readonly #second: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<RAdamOptions>, options: RAdamOptions = {}) {
    super(params, options, settings);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
  }

  /** Moves m, v and p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<RAdamSettings>): void {
    const g = decayed(gradient, p, group), m = this.#first[place]!, v = this.#second[place]!;
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[0] });
    update(v, "scaleAddSquare", [v, g], { s: () => group.betas[1], t: () => 1 - group.betas[1] });
    const rectified = () => rectification(group.betas[1], step()), root = () => Math.sqrt(1 - group.betas[1] ** step());
    // Divided by infinity, v does not matter. A scalar says so rather than a branch, so that a replay needs no new recording.
    update(p, "adaptiveStep", [p, m, v], {
      s: () => group.lr * (rectified() ?? 1) / (1 - group.betas[0] ** step()),
      t: () => rectified() === null ? Infinity : root(),
      u: () => rectified() === null ? 1 : group.eps / root(),
    });
  }
}

/** r, or null in the first steps. ρ is the number of gradients that v is a mean of, as far as it counts. */
function rectification(beta: number, step: number): number | null {
  const most = 2 / (1 - beta) - 1, rho = most - 2 * step * beta ** step / (1 - beta ** step);
  return rho > 5 ? Math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) : null;
}
