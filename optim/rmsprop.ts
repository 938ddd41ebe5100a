/** RMSProp. */
import { apply, decided, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkRange, Optimizer } from "./optimizer.ts";

/** Options of {@linkcode RMSProp}. */
export interface RMSPropOptions {
  lr?: number;
  alpha?: number;
  eps?: number;
  weightDecay?: number;
  momentum?: number;
  centered?: boolean;
}

/**
 * v = α v + (1 - α) g²; p = p - lr g / (√v + eps) (Tieleman and Hinton 2012). Centred, v is less the square of the mean
 * gradient (Graves 2013); with momentum, the quotients are gathered before they are subtracted.
 */
export class RMSProp extends Optimizer {
  alpha: number;
  eps: number;
  weightDecay: number;
  momentum: number;
  readonly #square: Tensor[];
  readonly #mean: Tensor[];
  readonly #velocity: Tensor[];

  constructor(
    params: Iterable<Tensor>,
    { lr = 1e-2, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false }: RMSPropOptions = {},
  ) {
    super(params, lr);
    this.alpha = checkRange("RMSProp", "alpha", alpha, 0);
    this.eps = checkRange("RMSProp", "eps", eps, 0);
    this.weightDecay = checkRange("RMSProp", "weightDecay", weightDecay, 0);
    this.momentum = checkRange("RMSProp", "momentum", momentum, 0);
    this.#square = this.slot("square");
    this.#mean = centered ? this.slot("mean") : [];
    this.#velocity = momentum > 0 ? this.slot("velocity") : [];
  }

  protected override update(place: number, p: Tensor, gradient: Tensor): void {
    const g = decided(() => this.weightDecay === 0)
      ? gradient
      : apply("addScaled", [gradient, p], { s: () => this.weightDecay });
    const square = this.#square[place]!, mean = this.#mean[place], velocity = this.#velocity[place];
    let spread = square;
    update(square, "scaleAddSquare", [square, g], { s: () => this.alpha, t: () => 1 - this.alpha });
    if (mean !== undefined) {
      update(mean, "lerp", [mean, g], { s: () => 1 - this.alpha });
      spread = apply("scaleAddSquare", [square, mean], { s: 1, t: -1 });
    }
    const u = () => this.eps;
    if (velocity === undefined) return update(p, "adaptiveStep", [p, g, spread], { s: () => this.lr, t: 1, u });
    update(velocity, "mulScalar", [velocity], { s: () => this.momentum });
    update(velocity, "adaptiveStep", [velocity, g, spread], { s: -1, t: 1, u });
    update(p, "addScaled", [p, velocity], { s: () => -this.lr });
  }
}
