/** RMSProp. */
import { apply, checkFlag, checkOptions, checkRange, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer } from "./optimizer.ts";
import { checkZero } from "./settings.ts";

/** Options of {@linkcode RMSProp}. */
export interface RMSPropOptions {
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
export class RMSProp extends Optimizer {
  /** See {@linkcode RMSPropOptions.alpha}. */
  declare alpha: number;
  /** The number that is added to the root. */
  declare eps: number;
  /** See {@linkcode RMSPropOptions.weightDecay}. */
  declare weightDecay: number;
  /** The share of the last update in the next one. It may be changed from step to step unless it was 0 at first. */
  declare momentum: number;
  readonly #square: Tensor[];
  readonly #mean: Tensor[];
  readonly #velocity: Tensor[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: Iterable<Tensor>, options: RMSPropOptions = {}) {
    const { lr = 1e-2, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false } = checkOptions(
      "make RMSProp",
      options,
      "{ lr: 0.1 }",
      ["lr", "alpha", "eps", "weightDecay", "momentum", "centered"],
    );
    super(params, lr);
    this.setting("alpha", alpha, 0);
    this.setting("eps", eps, 0);
    this.setting("weightDecay", weightDecay, 0);
    this.settingOf("momentum", momentum, (action, value) => {
      checkRange(action, "momentum", value, 0);
      return momentum === 0 ? checkZero(action, "momentum", value) : value;
    });
    checkFlag("make RMSProp", "centered", centered);
    this.#square = this.slot("square");
    this.#mean = centered ? this.slot("mean") : [];
    this.#velocity = momentum > 0 ? this.slot("velocity") : [];
  }

  /** Moves v, with `centered` the mean of g, with a momentum b, and then p. */
  protected override update(place: number, p: Tensor, gradient: Tensor): void {
    const g = decayed(gradient, p, this);
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
