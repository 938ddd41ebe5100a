/** LARS: SGD whose steps are as long as the parameter asks. */
import { apply, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { lengthOf, ratioOf } from "./trust.ts";

/** Options of {@linkcode LARS}. */
export interface LARSOptions extends OptimizerOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** The share of the last update in the next one; 0.9 by default. */
  momentum?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** η, the part of a parameter's length that a step of rate 1 may have; 1e-3 by default. */
  trustCoefficient?: number;
  /** Added to the length of the gradient; 1e-8 by default. */
  eps?: number;
}

/** The settings of groups of {@linkcode LARS}. */
export type LARSSettings = SettingsOf<LARSOptions>;
const settings: SettingsTable<LARSSettings> = {
  lr: { value: 1e-3, low: 0 },
  momentum: { value: 0.9, low: 0 },
  weightDecay: { value: 0, low: 0 },
  trustCoefficient: { value: 1e-3, low: 0 },
  eps: { value: 1e-8, low: 0 },
};

/**
 * λ = η |p| / (|g| + weightDecay |p| + eps), or 1 if |p| or |g| is 0; b = momentum b + lr λ (g + weightDecay p); p = p - b
 * (You, Gitman and Ginsburg 2017). It is made for large batches.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.LARS([x], { lr: 1, trustCoefficient: 0.125 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.125 · 4`);
 * ```
 */
export class LARS extends Optimizer<LARSSettings> {
  /** The share of the last update in the next one. */
  declare momentum: number;
  /** See {@linkcode LARSOptions.weightDecay}. */
  declare weightDecay: number;
  /** See {@linkcode LARSOptions.trustCoefficient}. */
  declare trustCoefficient: number;
  /** The number that is added to the length of the gradient. */
  declare eps: number;
  readonly #velocity: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<LARSOptions>, options: LARSOptions = {}) {
    super(params, options, settings);
    this.#velocity = this.slot("velocity");
  }

  /** Moves b and p. */
  protected override update(p: Tensor, g: Tensor, { place, group }: Update<LARSSettings>): void {
    const velocity = this.#velocity[place]!, length = lengthOf(p), slope = lengthOf(g);
    const divisor = apply("addScaled", [slope, length], { s: () => group.weightDecay });
    const ratio = ratioOf(
      apply("mulScalar", [length], { s: () => group.trustCoefficient }),
      apply("addScalar", [divisor], { s: () => group.eps }),
      [length, slope],
    );
    const d = apply("addScaled", [g, p], { s: () => group.weightDecay });
    update(velocity, "mulScalar", [velocity], { s: () => group.momentum });
    update(velocity, "mulAdd", [d, apply("mulScalar", [ratio], { s: () => group.lr }).cast(p.dtype), velocity]);
    update(p, "sub", [p, velocity]);
  }
}
