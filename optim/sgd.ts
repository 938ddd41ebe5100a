/** Stochastic gradient descent, and the same with decoupled weight decay. */
import { apply, checkRange, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { decayed } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode SGD}. */
export interface SGDOptions extends OptimizerOptions {
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
  /** Shrinks the parameter itself rather than adding to its gradient, as SGDW does; false by default. */
  decoupledWeightDecay?: boolean;
}

/** The settings of groups of {@linkcode SGD}. */
export type SGDSettings = SettingsOf<SGDOptions>;
const settings: SettingsTable<SGDSettings> = {
  lr: { value: 1e-3, low: 0 },
  nesterov: { value: false, fixed: true },
  momentum: {
    value: 0,
    needsState: true,
    check: (action, value, { nesterov }) => {
      if (checkRange(action, "momentum", value, 0) === 0 && nesterov) refuseNesterov(action);
      return value;
    },
  },
  dampening: {
    value: 0,
    check: (action, value, { nesterov }) => {
      if (checkRange(action, "dampening", value, -Infinity) !== 0 && nesterov) refuseNesterov(action);
      return value;
    },
  },
  weightDecay: { value: 0, low: 0 },
  decoupledWeightDecay: { value: false, fixed: true },
};

function refuseNesterov(action: string): never {
  throw new RangeError(`Cannot ${action}: nesterov needs a momentum and no dampening`);
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
export class SGD extends Optimizer<SGDSettings> {
  /** The share of the last update in the next one. It may be changed from step to step unless it was 0 at first. */
  declare momentum: number;
  /** See {@linkcode SGDOptions.dampening}. */
  declare dampening: number;
  /** See {@linkcode SGDOptions.weightDecay}. */
  declare weightDecay: number;
  /** Whether the momentum is Nesterov's. */
  declare readonly nesterov: boolean;
  readonly #velocity: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, and for `nesterov` without a momentum or with dampening: also when they are
   * assigned later. TypeError for an option that does not exist.
   */
  constructor(
    params: ParameterGroups<SGDOptions>,
    options: SGDOptions = {},
    /** The settings of a subclass, whose defaults differ. */
    table: SettingsTable<SGDSettings> = settings,
  ) {
    super(params, options, table);
    this.#velocity = this.slot("velocity", (p, { momentum }) => momentum > 0 ? p.zerosLike() : null);
  }

  /** Moves b, if there is a momentum, and then p. */
  protected override update(p: Tensor, gradient: Tensor, { place, group, step }: Update<SGDSettings>): void {
    let d = decayed(gradient, p, group);
    const velocity = this.#velocity[place]!;
    if (velocity !== null) {
      // The first step takes the whole gradient. A scalar says so rather than a branch, so that a replay needs no new
      // recording.
      const t = () => step() === 1 ? 1 : 1 - group.dampening;
      update(velocity, "scaleAddScaled", [velocity, d], { s: () => group.momentum, t });
      d = group.nesterov ? apply("addScaled", [d, velocity], { s: () => group.momentum }) : velocity;
    }
    update(p, "addScaled", [p, d], { s: () => -group.lr });
  }
}

/** Options of {@linkcode SGDW}: those of {@linkcode SGD}, whose `weightDecay` is 1e-2 by default and always decoupled. */
export type SGDWOptions = Omit<SGDOptions, "decoupledWeightDecay">;

const settingsW: SettingsTable<SGDSettings> = {
  ...settings,
  weightDecay: { value: 1e-2, low: 0 },
  decoupledWeightDecay: { value: true, fixed: true },
};

/**
 * SGD whose weight decay acts on the parameter itself: p = p (1 - lr weightDecay) first (Loshchilov and Hutter 2019).
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.SGDW([x], { lr: 0.5, momentum: 0.9, weightDecay: 0.1 });
 * x.mul(2).sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 2.8) > 1e-6) throw new Error(`${x.item()}, not 4 (1 - 0.5 · 0.1) - 0.5 · 2`);
 * ```
 */
export class SGDW extends SGD {
  /** As SGD, with a weight decay of 1e-2 by default. */
  constructor(params: ParameterGroups<SGDWOptions>, options: SGDWOptions = {}) {
    super(params, options, settingsW);
  }
}
