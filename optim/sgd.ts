/** Stochastic gradient descent. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkRange, Optimizer } from "./optimizer.ts";

/** Options of {@linkcode SGD}. */
export interface SGDOptions {
  lr?: number;
  momentum?: number;
  dampening?: number;
  weightDecay?: number;
  nesterov?: boolean;
}

/**
 * d = g + weightDecay p; b = momentum b + (1 - dampening) d, with b = d at first; p = p - lr b, or with Nesterov's
 * momentum p - lr (d + momentum b). Sutskever et al. 2013, in PyTorch's form.
 */
export class SGD extends Optimizer {
  momentum: number;
  dampening: number;
  weightDecay: number;
  readonly nesterov: boolean;
  readonly #velocity: Tensor[];

  constructor(
    params: Iterable<Tensor>,
    { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false }: SGDOptions = {},
  ) {
    super(params, lr);
    this.momentum = checkRange("SGD", "momentum", momentum, 0);
    this.dampening = dampening;
    this.weightDecay = checkRange("SGD", "weightDecay", weightDecay, 0);
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new RangeError("Cannot make SGD: nesterov needs a momentum and no dampening");
    }
    this.nesterov = nesterov;
    this.#velocity = momentum === 0 ? [] : this.slot("velocity");
  }

  protected override update(place: number, p: Tensor, gradient: Tensor, step: () => number): void {
    let d = decided(() => this.weightDecay === 0)
      ? gradient
      : apply("addScaled", [gradient, p], { s: () => this.weightDecay });
    const velocity = this.#velocity[place];
    if (velocity !== undefined) {
      // The first step takes the whole gradient: a scalar says so, not a branch.
      const t = () => step() === 1 ? 1 : 1 - this.dampening;
      update(velocity, "scaleAddScaled", [velocity, d], { s: () => this.momentum, t });
      d = this.nesterov ? apply("addScaled", [d, velocity], { s: () => this.momentum }) : velocity;
    }
    update(p, "addScaled", [p, d], { s: () => -this.lr });
  }
}
