/** Adam, and Adam with decoupled weight decay. */
import { update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode Adam}. */
export interface AdamOptions extends OptimizerOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** β₁ and β₂, the weights of the past in the means of g and of g², each in [0, 1); 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** Added to the root, so that the divisor is never zero; 1e-8 by default. */
  eps?: number;
  /** The share of each parameter that decays: 0 by default in Adam, 1e-2 in AdamW. */
  weightDecay?: number;
  /** Divides by the root of the largest v̂ so far rather than the latest; false by default. */
  amsgrad?: boolean;
  /** Shrinks the parameter itself rather than adding to its gradient, as AdamW does; false by default. */
  decoupledWeightDecay?: boolean;
}

/** The settings of groups of {@linkcode Adam}. */
export type AdamSettings = SettingsOf<AdamOptions>;
const settings: SettingsTable<AdamSettings> = {
  lr: { value: 1e-3, low: 0 },
  betas: listOf("betas", [0.9, 0.999], 0, 1),
  eps: { value: 1e-8, low: 0 },
  weightDecay: { value: 0, low: 0 },
  amsgrad: { value: false, fixed: true },
  decoupledWeightDecay: { value: false, fixed: true },
};

/**
 * m = β₁ m + (1 - β₁) g; v = β₂ v + (1 - β₂) g²; p = p - lr m̂ / (√v̂ + eps), with m̂ = m / (1 - β₁ᵗ) and
 * v̂ = v / (1 - β₂ᵗ) (Kingma and Ba 2015). With `amsgrad`, v̂ never falls (Reddi et al. 2018).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Adam([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * // The first step is as long as the rate, whatever the gradient's size.
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}`);
 * ```
 */
export class Adam extends Optimizer<AdamSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode AdamOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #first: readonly (Tensor | null)[];
  readonly #second: readonly (Tensor | null)[];
  readonly #highest: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(
    params: ParameterGroups<AdamOptions>,
    options: AdamOptions = {},
    /** The settings of a subclass, whose defaults differ. */
    table: SettingsTable<AdamSettings> = settings,
  ) {
    super(params, options, table);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
    this.#highest = this.slot("highest", (p, { amsgrad }) => amsgrad ? p.zerosLike() : null);
  }

  /** Moves m, v and p, after the weight decay. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<AdamSettings>): void {
    const g = decayed(gradient, p, group),
      m = this.#first[place]!,
      v = this.#second[place]!,
      highest = this.#highest[place]!;
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[0] });
    update(v, "scaleAddSquare", [v, g], { s: () => group.betas[1], t: () => 1 - group.betas[1] });
    if (highest !== null) update(highest, "max", [highest, v]);
    update(p, "adaptiveStep", [p, m, highest ?? v], {
      s: () => group.lr / (1 - group.betas[0] ** step()),
      t: () => Math.sqrt(1 - group.betas[1] ** step()),
      u: () => group.eps,
    });
  }
}

/** Options of {@linkcode AdamW}: those of {@linkcode Adam}, whose `weightDecay` is 1e-2 by default and always decoupled. */
export type AdamWOptions = Omit<AdamOptions, "decoupledWeightDecay">;

const settingsW: SettingsTable<AdamSettings> = {
  ...settings,
  weightDecay: { value: 1e-2, low: 0 },
  decoupledWeightDecay: { value: true, fixed: true },
};

/**
 * Adam whose weight decay acts on the parameter itself: p = p (1 - lr weightDecay) first (Loshchilov and Hutter 2019).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.AdamW([x], { lr: 0.5, weightDecay: 0.1 });
 * x.mul(0).sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3.8) > 1e-6) throw new Error(`${x.item()}, not 4 (1 - 0.5 · 0.1)`);
 * ```
 */
export class AdamW extends Adam {
  /** As Adam, with a weight decay of 1e-2 by default. */
  constructor(params: ParameterGroups<AdamWOptions>, options: AdamWOptions = {}) {
    super(params, options, settingsW);
  }
}
