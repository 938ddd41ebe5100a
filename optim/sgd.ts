/** Stochastic gradient descent. */
import { apply, checkFlag, checkOptions, checkRange, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer } from "./optimizer.ts";
import { checkZero } from "./settings.ts";

/** Options of {@linkcode SGD}. */
export interface SGDOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** The share of the last update in the next one, at least 0 (the default); 0.9 is usual. */
  momentum?: number;
  /** The share of the gradient that does not enter the momentum; 0 by default. */
  dampening?: number;
  /** The share of each parameter that is added to its gradient; 0 by default. */
  weightDecay?: number;
  /** Nesterov's momentum, which needs a momentum and no dampening; false by default. */
  nesterov?: boolean;
}

/**
 * d = g + weightDecay p; b = momentum b + (1 - dampening) d, with b = d at first; p = p - lr b, or with Nesterov's
 * momentum p - lr (d + momentum b). Sutskever et al. 2013, in PyTorch's form.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.SGD([x], { lr: 0.25 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.item() !== 2) throw new Error(`${x.item()}, not 4 - 0.25 · 2 · 4`);
 * ```
 */
export class SGD extends Optimizer {
  /** The share of the last update in the next one. It may be changed from step to step unless it was 0 at first. */
  declare momentum: number;
  /** See {@linkcode SGDOptions.dampening}. */
  declare dampening: number;
  /** See {@linkcode SGDOptions.weightDecay}. */
  declare weightDecay: number;
  /** Whether the momentum is Nesterov's. */
  readonly nesterov: boolean;
  readonly #velocity: Tensor[];

  /**
   * RangeError for settings out of their range, and for `nesterov` without a momentum or with dampening: also when they are
   * assigned later. TypeError for an option that does not exist.
   */
  constructor(params: Iterable<Tensor>, options: SGDOptions = {}) {
    const { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = checkOptions(
      "make SGD",
      options,
      "{ lr: 0.1 }",
      ["lr", "momentum", "dampening", "weightDecay", "nesterov"],
    );
    super(params, lr);
    this.nesterov = checkFlag("make SGD", "nesterov", nesterov);
    const refuse = (action: string): never => {
      throw new RangeError(`Cannot ${action}: nesterov needs a momentum and no dampening`);
    };
    this.settingOf("momentum", momentum, (action, value) => {
      if (checkRange(action, "momentum", value, 0) === 0 && nesterov) refuse(action);
      return momentum === 0 ? checkZero(action, "momentum", value) : value;
    });
    this.settingOf("dampening", dampening, (action, value) => {
      if (checkRange(action, "dampening", value, -Infinity) !== 0 && nesterov) refuse(action);
      return value;
    });
    this.setting("weightDecay", weightDecay, 0);
    this.#velocity = momentum === 0 ? [] : this.slot("velocity");
  }

  /** Moves b, if there is a momentum, and then p. */
  protected override update(place: number, p: Tensor, gradient: Tensor, step: () => number): void {
    let d = decayed(gradient, p, this);
    const velocity = this.#velocity[place];
    if (velocity !== undefined) {
      // The first step takes the whole gradient. A scalar says so rather than a branch, so that a replay needs no new
      // recording.
      const t = () => step() === 1 ? 1 : 1 - this.dampening;
      update(velocity, "scaleAddScaled", [velocity, d], { s: () => this.momentum, t });
      d = this.nesterov ? apply("addScaled", [d, velocity], { s: () => this.momentum }) : velocity;
    }
    update(p, "addScaled", [p, d], { s: () => -this.lr });
  }
}
