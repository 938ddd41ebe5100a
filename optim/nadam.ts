/** NAdam: Adam with Nesterov's momentum. */
import { eachTime, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode NAdam}. */
export interface NAdamOptions extends OptimizerOptions {
  /** The learning rate; 2e-3 by default. */
  lr?: number;
  /** β₁ and β₂, the weights of the past in the means of g and of g², each in [0, 1); 0.9 and 0.999 by default. */
  betas?: readonly [number, number];
  /** Added to the root, so that the divisor is never zero; 1e-8 by default. */
  eps?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** ψ, which says how fast the momentum rises to β₁; 4e-3 by default. */
  momentumDecay?: number;
  /** Shrinks the parameter itself rather than adding to its gradient, as AdamW does; false by default. */
  decoupledWeightDecay?: boolean;
}

/** The settings of groups of {@linkcode NAdam}. */
export type NAdamSettings = SettingsOf<NAdamOptions>;
const settings: SettingsTable<NAdamSettings> = {
  lr: { value: 2e-3, low: 0 },
  betas: listOf("betas", [0.9, 0.999], 0, 1),
  eps: { value: 1e-8, low: 0 },
  weightDecay: { value: 0, low: 0 },
  momentumDecay: { value: 4e-3, low: 0 },
  decoupledWeightDecay: { value: false, fixed: true },
};

/**
 * Adam's m and v; p = p - lr ((1 - μₜ) / (1 - μ₁ ... μₜ) g + μₜ₊₁ / (1 - μ₁ ... μₜ₊₁) m) / (√v̂ + eps), where
 * μₜ = β₁ (1 - 0.96^(t ψ) / 2) (Dozat 2016).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.NAdam([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (!(x.item() < 3.5)) throw new Error(`${x.item()}`);
 * ```
 */
export class NAdam extends Optimizer<NAdamSettings> {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode NAdamOptions.weightDecay}. */
  declare weightDecay: number;
  /** See {@linkcode NAdamOptions.momentumDecay}. */
  declare momentumDecay: number;
  readonly #first: readonly (Tensor | null)[];
  readonly #second: readonly (Tensor | null)[];
  /** μ₁ ... μₜ for each parameter. */
  readonly #muProduct: number[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<NAdamOptions>, options: NAdamOptions = {}) {
    super(params, options, settings);
    this.#muProduct = this.number("muProduct", 1);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
  }

  /** Moves m, v and p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<NAdamSettings>): void {
    const g = decayed(gradient, p, group), m = this.#first[place]!, v = this.#second[place]!;
    const mu = (step: number) => group.betas[0] * (1 - 0.5 * 0.96 ** (step * group.momentumDecay));
    const products = this.#muProduct;
    eachTime(() => products[place]! *= mu(step()));
    update(m, "lerp", [m, g], { s: () => 1 - group.betas[0] });
    update(v, "scaleAddSquare", [v, g], { s: () => group.betas[1], t: () => 1 - group.betas[1] });
    const t = () => Math.sqrt(1 - group.betas[1] ** step()), u = () => group.eps;
    update(p, "adaptiveStep", [p, g, v], { s: () => group.lr * (1 - mu(step())) / (1 - products[place]!), t, u });
    const s = () => {
      const next = mu(step() + 1);
      return group.lr * next / (1 - products[place]! * next);
    };
    update(p, "adaptiveStep", [p, m, v], { s, t, u });
  }
}
