/** RMSProp. */
import { apply, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode RMSProp}. */
export interface RMSPropOptions extends OptimizerOptions {
  /** The learning rate; 1e-2 by default. */
  lr?: number;
  /** α, the weight of the past in the mean of g²; 0.99 by default. */
  alpha?: number;
  /** Added to the root, so that the divisor is never zero; 1e-8 by default. */
  eps?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** The share of the last update in the next one; 0 by default. */
  momentum?: number;
  /** Divides by the standard deviation of the gradient rather than the root of its mean square; false by default. */
  centered?: boolean;
}

/** The settings of groups of {@linkcode RMSProp}. */
export type RMSPropSettings = SettingsOf<RMSPropOptions>;
const settings: SettingsTable<RMSPropSettings> = {
  lr: { value: 1e-2, low: 0 },
  alpha: { value: 0.99, low: 0 },
  eps: { value: 1e-8, low: 0 },
  weightDecay: { value: 0, low: 0 },
  momentum: { value: 0, low: 0, needsState: true },
  centered: { value: false, fixed: true },
};

/**
 * v = α v + (1 - α) g²; p = p - lr g / (√v + eps) (Tieleman and Hinton 2012). With `centered`, the square of the mean
 * gradient is subtracted from v under the root (Graves 2013). With `momentum`, b = momentum b + g / (√v + eps) and p = p
 * - lr b.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.RMSProp([x], { lr: 0.5, alpha: 0.75 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.5 · 8 / √(0.25 · 64)`);
 * ```
 */
export class RMSProp extends Optimizer<RMSPropSettings> {
  /** See {@linkcode RMSPropOptions.alpha}. */
  declare alpha: number;
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode RMSPropOptions.weightDecay}. */
  declare weightDecay: number;
  /** The share of the last update in the next one. It may be changed from step to step unless it was 0 at first. */
  declare momentum: number;
  readonly #square: readonly (Tensor | null)[];
  readonly #mean: readonly (Tensor | null)[];
  readonly #velocity: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<RMSPropOptions>, options: RMSPropOptions = {}) {
    super(params, options, settings);
    this.#square = this.slot("square");
    this.#mean = this.slot("mean", (p, { centered }) => centered ? p.zerosLike() : null);
    this.#velocity = this.slot("velocity", (p, { momentum }) => momentum > 0 ? p.zerosLike() : null);
  }

  /** Moves v, with `centered` the mean of g, with a momentum b, and then p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group }: Update<RMSPropSettings>): void {
    const g = decayed(gradient, p, group);
    const square = this.#square[place]!, mean = this.#mean[place]!, velocity = this.#velocity[place]!;
    let spread = square;
    update(square, "scaleAddSquare", [square, g], { s: () => group.alpha, t: () => 1 - group.alpha });
    if (mean !== null) {
      update(mean, "lerp", [mean, g], { s: () => 1 - group.alpha });
      spread = apply("scaleAddSquare", [square, mean], { s: 1, t: -1 });
    }
    const u = () => group.eps;
    if (velocity === null) return update(p, "adaptiveStep", [p, g, spread], { s: () => group.lr, t: 1, u });
    update(velocity, "mulScalar", [velocity], { s: () => group.momentum });
    update(velocity, "adaptiveStep", [velocity, g, spread], { s: -1, t: 1, u });
    update(p, "addScaled", [p, velocity], { s: () => -group.lr });
  }
}
