/** Adam, and Adam with decoupled weight decay. */
import { checkFlag, checkOptions, checkRange, decided, shown, shownList, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer } from "./optimizer.ts";

/** Options of {@linkcode Adam} and {@linkcode AdamW}. */
export interface AdamOptions {
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
}

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
export class Adam extends Optimizer {
  /** β₁ and β₂: a list that cannot be changed, but replaced. */
  declare betas: readonly [number, number];
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode AdamOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #first: Tensor[];
  readonly #second: Tensor[];
  readonly #highest: Tensor[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: Iterable<Tensor>, options: AdamOptions = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false } = checkAdam(
      "make Adam",
      options,
    );
    super(params, lr);
    this.settingOf("betas", betas, checkBetas);
    this.setting("eps", eps, 0);
    this.setting("weightDecay", weightDecay, 0);
    checkFlag(`make ${this.constructor.name}`, "amsgrad", amsgrad);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
    this.#highest = amsgrad ? this.slot("highest") : [];
  }

  /** Applies the weight decay: Adam adds it to the gradient, AdamW shrinks the parameter. Returns the gradient to use. */
  protected decay(p: Tensor, gradient: Tensor): Tensor {
    return decayed(gradient, p, this);
  }

  /** Moves m, v and p, after the weight decay. */
  protected override update(place: number, p: Tensor, gradient: Tensor, step: () => number): void {
    const g = this.decay(p, gradient),
      m = this.#first[place]!,
      v = this.#second[place]!,
      highest = this.#highest[place];
    update(m, "lerp", [m, g], { s: () => 1 - this.betas[0] });
    update(v, "scaleAddSquare", [v, g], { s: () => this.betas[1], t: () => 1 - this.betas[1] });
    if (highest !== undefined) update(highest, "max", [highest, v]);
    update(p, "adaptiveStep", [p, m, highest ?? v], {
      s: () => this.lr / (1 - this.betas[0] ** step()),
      t: () => Math.sqrt(1 - this.betas[1] ** step()),
      u: () => this.eps,
    });
  }
}

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
  constructor(params: Iterable<Tensor>, options: AdamOptions = {}) {
    const { weightDecay = 1e-2, ...others } = checkAdam("make AdamW", options);
    super(params, { weightDecay, ...others });
  }

  /** Shrinks the parameter before the step, and leaves the gradient as it is. */
  protected override decay(p: Tensor, gradient: Tensor): Tensor {
    if (decided(() => this.weightDecay !== 0)) update(p, "mulScalar", [p], { s: () => 1 - this.lr * this.weightDecay });
    return gradient;
  }
}

function checkAdam(action: string, options: AdamOptions): AdamOptions {
  return checkOptions(action, options, "{ lr: 0.1 }", ["lr", "betas", "eps", "weightDecay", "amsgrad"]);
}

/** A copy of β₁ and β₂ that cannot be changed past this check. */
function checkBetas(action: string, betas: readonly [number, number]): readonly [number, number] {
  if (!Array.isArray(betas) || betas.length !== 2) {
    const given = Array.isArray(betas) ? shownList(betas) : shown(betas);
    throw new TypeError(`Cannot ${action}: betas ${given} must be two numbers, such as [0.9, 0.999]`);
  }
  betas.forEach((beta, k) => checkRange(action, `betas[${k}]`, beta, 0, 1));
  return Object.freeze([...betas] as [number, number]);
}
