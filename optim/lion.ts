/** Lion: steps of one size, in the direction of signs. */
import { apply, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { shrink } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode Lion}. */
export interface LionOptions extends OptimizerOptions {
  /** The learning rate; 1e-4 by default. */
  lr?: number;
  /** β₁, the weight of the past in the direction, and β₂, that in the mean of g, each in [0, 1); 0.9 and 0.99 by default. */
  betas?: readonly [number, number];
  /** The share of each parameter that decays, times the rate; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode Lion}. */
export type LionSettings = SettingsOf<LionOptions>;
const settings: SettingsTable<LionSettings> = {
  lr: { value: 1e-4, low: 0 },
  betas: listOf("betas", [0.9, 0.99], 0, 1),
  weightDecay: { value: 0, low: 0 },
};

/**
 * p = p (1 - lr weightDecay) - lr sign(β₁ m + (1 - β₁) g); then m = β₂ m + (1 - β₂) g (Chen et al. 2023).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4, -3]), optimizer = new optim.Lion([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (`${x.toArray()}` !== "3.5,-2.5") throw new Error(`${x}`);
 * ```
 */
export class Lion extends Optimizer<LionSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** See {@linkcode LionOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #mean: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<LionOptions>, options: LionOptions = {}) {
    super(params, options, settings);
    this.#mean = this.slot("mean");
  }

  /** Moves p, then m. */
  protected override update(p: Tensor, g: Tensor, { place, group }: Update<LionSettings>): void {
    const m = this.#mean[place]!;
    shrink(p, group);
    const direction = apply("sign", [apply("lerp", [m, g], { s: () => 1 - group.betas[0] })]);
    update(p, "addScaled", [p, direction], { s: () => -group.lr });
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[1] });
  }
}
