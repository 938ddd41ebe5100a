/** Adadelta. */
import { apply, checkShare, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode Adadelta}. */
export interface AdadeltaOptions extends OptimizerOptions {
  /** The learning rate; 1 by default. */
  lr?: number;
  /** ρ, the weight of the past in both means, in [0, 1]; 0.9 by default. */
  rho?: number;
  /** Added under both roots; 1e-6 by default. */
  eps?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode Adadelta}. */
export type AdadeltaSettings = SettingsOf<AdadeltaOptions>;
const settings: SettingsTable<AdadeltaSettings> = {
  lr: { value: 1, low: 0 },
  rho: { value: 0.9, check: (action, value) => checkShare(action, "rho", value) },
  eps: { value: 1e-6, low: 0 },
  weightDecay: { value: 0, low: 0 },
};

/**
 * v = ρ v + (1 - ρ) g²; d = √(a + eps) / √(v + eps) · g; a = ρ a + (1 - ρ) d²; p = p - lr d (Zeiler 2012).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Adadelta([x], { rho: 0, eps: 1 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - (4 - 8 / Math.sqrt(65))) > 1e-6) throw new Error(`${x.item()}`);
 * ```
 */
export class Adadelta extends Optimizer<AdadeltaSettings> {
  /** ρ, the weight of the past in both means. */
  declare rho: number;
  /** The number that is added under both roots. */
  declare eps: number;
  /** See {@linkcode AdadeltaOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #square: readonly (Tensor | null)[];
  readonly #delta: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<AdadeltaOptions>, options: AdadeltaOptions = {}) {
    super(params, options, settings);
    this.#square = this.slot("square");
    this.#delta = this.slot("delta");
  }

  /** Moves v, a and p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group }: Update<AdadeltaSettings>): void {
    const g = decayed(gradient, p, group), v = this.#square[place]!, a = this.#delta[place]!;
    const means = { s: () => group.rho, t: () => 1 - group.rho };
    const rooted = (x: Tensor) => apply("sqrt", [apply("addScalar", [x], { s: () => group.eps })]);
    update(v, "scaleAddSquare", [v, g], means);
    const d = apply("mul", [apply("div", [rooted(a), rooted(v)]), g]);
    update(a, "scaleAddSquare", [a, d], means);
    update(p, "addScaled", [p, d], { s: () => -group.lr });
  }
}
