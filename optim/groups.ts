/** Groups of parameters, each with hyperparameters of its own. */
import { shown } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { BaseSettings, Setting, SettingsTable } from "./options.ts";
import { checkSetting, describe } from "./settings.ts";

/** A group of parameters and its hyperparameters, which may be changed between steps. */
export type Group<S extends BaseSettings = BaseSettings> = S & ParameterGroup;

/**
 * Parameters that share hyperparameters. An optimizer makes it, with a property for each of its settings.
 *
 * @example
 * ```ts
 * import { nn, optim } from "deneb";
 *
 * const layer = new nn.Linear(2, 1);
 * const optimizer = new optim.SGD([{ params: [layer.weight], weightDecay: 0.1 }, { params: [layer.bias!], lr: 0.5 }]);
 * optimizer.groups[1]!.lr = 0.25;
 * if (`${optimizer.groups.map(({ lr }) => lr)}` !== "0.001,0.25") throw new Error(`${optimizer}`);
 * ```
 */
export class ParameterGroup {
  /** The parameters of the group. */
  readonly params: readonly Tensor[];
  /** The learning rate. RangeError when a value outside [0, Infinity) is assigned. */
  declare lr: number;
  /**
   * The rate before the first schedule, which all schedules of the optimizer take as their base, PyTorch's `initial_lr`; null
   * as long as there was none. It is part of the state, so that a schedule made after the state was restored has this base too.
   */
  declare initialLr: number | null;
  /** Whether steps climb the gradient. */
  declare readonly maximize: boolean;

  /** @ignore The first action is that of an error now, the second that of one when a value is assigned later. */
  constructor(
    params: readonly Tensor[],
    given: Readonly<Record<string, unknown>>,
    table: SettingsTable<Record<string, unknown>>,
    [making, changing]: readonly [making: string, changing: string],
  ) {
    this.params = params;
    for (const [name, setting] of Object.entries(table)) {
      const made = checkSetting(making, name, given[name] === undefined ? setting.value : given[name], setting, this);
      if (setting.fixed) Object.defineProperty(this, name, { value: made, enumerable: true });
      else this.#make(name, made, setting, changing);
    }
  }

  /** Makes the property of a setting. */
  #make(name: string, made: unknown, setting: Setting, action: string): void {
    let inForce = made;
    Object.defineProperty(this, name, {
      enumerable: true,
      get: () => inForce,
      set: (value: unknown) => {
        const checked = checkSetting(action, name, value, setting, this);
        if (setting.needsState && made === 0 && checked !== 0) {
          throw new RangeError(
            `Cannot ${action}: ${name} ${shown(checked)}, the optimizer was made without and it must stay 0`,
          );
        }
        inForce = checked;
      },
    });
  }

  /** The number of parameters and the hyperparameters: `ParameterGroup(4 parameters, lr: 0.1, momentum: 0)`. */
  toString(): string {
    return describe(this.constructor.name, [this]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
