/** Adam, and Adam with decoupled weight decay. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkRange, Optimizer } from "./optimizer.ts";

/** Options of {@linkcode Adam} and {@linkcode AdamW}. */
export interface AdamOptions {
  lr?: number;
  betas?: readonly [number, number];
  eps?: number;
  weightDecay?: number;
  amsgrad?: boolean;
}

/**
 * m = β₁ m + (1 - β₁) g; v = β₂ v + (1 - β₂) g²; p = p - lr m̂ / (√v̂ + eps), with m̂ = m / (1 - β₁ᵗ) and
 * v̂ = v / (1 - β₂ᵗ) (Kingma and Ba 2015). With `amsgrad`, v̂ never falls (Reddi et al. 2018).
 */
export class Adam extends Optimizer {
  betas: readonly [number, number];
  eps: number;
  weightDecay: number;
  readonly #first: Tensor[];
  readonly #second: Tensor[];
  readonly #highest: Tensor[];

  constructor(
    params: Iterable<Tensor>,
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false }: AdamOptions = {},
  ) {
    super(params, lr);
    const name = this.constructor.name;
    betas.forEach((beta, k) => checkRange(name, `betas[${k}]`, beta, 0, 1));
    this.betas = betas;
    this.eps = checkRange(name, "eps", eps, 0);
    this.weightDecay = checkRange(name, "weightDecay", weightDecay, 0);
    this.#first = this.slot("first");
    this.#second = this.slot("second");
    this.#highest = amsgrad ? this.slot("highest") : [];
  }

  /** Where the decay goes: here into the gradient, in AdamW into the parameter. */
  protected decay(p: Tensor, gradient: Tensor): Tensor {
    return decided(() => this.weightDecay === 0)
      ? gradient
      : apply("addScaled", [gradient, p], { s: () => this.weightDecay });
  }

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

/** Adam whose weight decay acts on the parameter itself: p = p (1 - lr weightDecay) first (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(params: Iterable<Tensor>, { weightDecay = 1e-2, ...options }: AdamOptions = {}) {
    super(params, { weightDecay, ...options });
  }

  protected override decay(p: Tensor, gradient: Tensor): Tensor {
    if (decided(() => this.weightDecay !== 0)) update(p, "mulScalar", [p], { s: () => 1 - this.lr * this.weightDecay });
    return gradient;
  }
}
