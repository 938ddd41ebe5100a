/** Adamax: Adam by the largest gradient. */
import { apply, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode Adamax}. */
export interface AdamaxOptions extends OptimizerOptions {
  /** The learning rate; 2e-3 by default. */
  lr?: number;
  /** β₁ and β₂, the weights of the past in the mean of g and in the largest |g|, each in [0, 1); 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** Added to |g|, so that the divisor is never zero; 1e-8 by default. */
  eps?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode Adamax}. */
export type AdamaxSettings = SettingsOf<AdamaxOptions>;
const settings: SettingsTable<AdamaxSettings> = {
  lr: { value: 2e-3, low: 0 },
  betas: listOf("betas", [0.9, 0.999], 0, 1),
  eps: { value: 1e-8, low: 0 },
  weightDecay: { value: 0, low: 0 },
};

/**
 * m = β₁ m + (1 - β₁) g; u = max(β₂ u, |g| + eps); p = p - lr / (1 - β₁ᵗ) · m / u (Kingma and Ba 2015, section 7).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Adamax([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * // The first step is as long as the rate, whatever the gradient's size.
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}`);
 * ```
 */
export class Adamax extends Optimizer<AdamaxSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to |g|. */
  declare eps: number;
  /** See {@linkcode AdamaxOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #first: readonly (Tensor | null)[];
  readonly #largest: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<AdamaxOptions>, options: AdamaxOptions = {}) {
    super(params, options, settings);
    this.#first = this.slot("first");
    this.#largest = this.slot("largest");
  }

  /** Moves m, u and p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<AdamaxSettings>): void {
    const g = decayed(gradient, p, group), m = this.#first[place]!, largest = this.#largest[place]!;
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[0] });
    update(largest, "mulScalar", [largest], { s: () => group.betas[1] });
    const size = apply("addScalar", [apply("abs", [g])], { s: () => group.eps });
    update(largest, "max", [largest, size]);
    update(p, "addScaled", [p, apply("div", [m, largest])], { s: () => -group.lr / (1 - group.betas[0] ** step()) });
  }
}
