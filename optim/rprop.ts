/** Rprop: steps by the sign of the gradient, each element with a size of its own. */
import { apply, shownList, update } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** Options of {@linkcode Rprop}. */
export interface RpropOptions extends OptimizerOptions {
  /** The size of the first steps; 1e-2 by default. */
  lr?: number;
  /** η⁻ and η⁺, by which a size shrinks or grows: 0 < η⁻ < 1 < η⁺; 0.5 and 1.2 by default. */
  etas?: readonly [number, number];
  /** The smallest and the largest size; 1e-6 and 50 by default. */
  stepSizes?: readonly [number, number];
}

/** The settings of groups of {@linkcode Rprop}. */
export type RpropSettings = SettingsOf<RpropOptions>;
const pair = listOf<readonly [number, number]>("etas", [0.5, 1.2]);
const settings: SettingsTable<RpropSettings> = {
  lr: { value: 1e-2, low: 0 },
  etas: {
    value: [0.5, 1.2],
    check: (action, value) => {
      const etas = pair.check!(action, value, {});
      if (etas[0] > 0 && etas[0] < 1 && etas[1] > 1) return etas;
      throw new RangeError(`Cannot ${action}: etas ${shownList(etas)} must be below and above 1, and more than 0`);
    },
  },
  stepSizes: listOf("stepSizes", [1e-6, 50], 0),
};

/**
 * Where g has the sign that it had, s = η⁺ s; where the sign changed, s = η⁻ s and g counts as 0; s stays within its bounds;
 * p = p - s sign(g) (Riedmiller and Braun 1993). It is made for gradients of the whole data.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Rprop([x], { lr: 0.5 });
 * for (let k = 0; k < 2; k++) {
 *   optimizer.resetGrad();
 *   x.square().sum().backward();
 *   optimizer.step();
 * }
 * if (Math.abs(x.item() - 2.9) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.5 - 0.6`);
 * ```
 */
export class Rprop extends Optimizer<RpropSettings> {
  /** η⁻ and η⁺: a list that cannot be changed, but replaced. */
  declare etas: readonly [number, number];
  /** The bounds of sizes: a list that cannot be changed, but replaced. */
  declare stepSizes: readonly [number, number];
  readonly #previous: readonly (Tensor | null)[];
  readonly #size: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<RpropOptions>, options: RpropOptions = {}) {
    super(params, options, settings);
    this.#previous = this.slot("previous");
    this.#size = this.slot("size");
  }

  /** Moves the sizes, p, and the gradient that is remembered. */
  protected override update(p: Tensor, g: Tensor, { place, group, step }: Update<RpropSettings>): void {
    const previous = this.#previous[place]!, size = this.#size[place]!;
    const sign = apply("sign", [apply("mul", [g, previous])]);
    // 1 where the sign is the same, or else 0, and 1 where it changed.
    const same = apply("relu", [sign]), changed = apply("relu", [apply("negate", [sign])]);
    const grown = apply("addScalar", [apply("mulScalar", [same], { s: () => group.etas[1] - 1 })], { s: 1 });
    const factor = apply("addScaled", [grown, changed], { s: () => group.etas[0] - 1 });
    update(size, "mul", [size, factor]);
    // Sizes are 0 before the first step.
    update(size, "addScalar", [size], { s: () => step() === 1 ? group.lr : 0 });
    update(size, "clip", [size], { s: () => group.stepSizes[0], t: () => group.stepSizes[1] });
    update(previous, "reluGradient", [g, apply("subFromScalar", [changed], { s: 1 })]);
    update(p, "mulAdd", [apply("negate", [apply("sign", [previous])]), size, p]);
  }
}
