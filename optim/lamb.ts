/** LAMB: Adam whose steps are as long as the parameter asks. */
import { apply, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";
import { lengthOf, ratioOf } from "./trust.ts";

/** Options of {@linkcode LAMB}. */
export interface LAMBOptions extends OptimizerOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** β₁ and β₂, the weights of the past in the means of g and of g², each in [0, 1); 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** Added to the root, so that the divisor is never zero; 1e-6 by default. */
  eps?: number;
  /** The share of each parameter that is added to its direction; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode LAMB}. */
export type LAMBSettings = SettingsOf<LAMBOptions>;
const settings: SettingsTable<LAMBSettings> = {
  lr: { value: 1e-3, low: 0 },
  betas: listOf("betas", [0.9, 0.999], 0, 1),
  eps: { value: 1e-6, low: 0 },
  weightDecay: { value: 0, low: 0 },
};

/**
 * Adam's m̂ and v̂; d = m̂ / (√v̂ + eps) + weightDecay p; p = p - lr |p| / |d| · d, where the ratio is 1 if one of both lengths
 * is 0 (You et al. 2020). It is made for large batches.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.LAMB([x], { lr: 0.125 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.125 · 4`);
 * ```
 */
export class LAMB extends Optimizer<LAMBSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode LAMBOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #first: readonly (Tensor | null)[];
  readonly #second: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<LAMBOptions>, options: LAMBOptions = {}) {
    super(params, options, settings);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
  }

  /** Moves m, v and p. */
  protected override update(p: Tensor, g: Tensor, { place, group, step }: Update<LAMBSettings>): void {
    const m = this.#first[place]!, v = this.#second[place]!;
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[0] });
    update(v, "scaleAddSquare", [v, g], { s: () => group.betas[1], t: () => 1 - group.betas[1] });
    const d = apply("adaptiveStep", [apply("mulScalar", [p], { s: () => group.weightDecay }), m, v], {
      s: () => -1 / (1 - group.betas[0] ** step()),
      t: () => Math.sqrt(1 - group.betas[1] ** step()),
      u: () => group.eps,
    });
    const ratio = apply("mulScalar", [ratioOf(lengthOf(p), lengthOf(d))], { s: () => -group.lr });
    update(p, "mulAdd", [d, ratio.cast(p.dtype), p]);
  }
}
