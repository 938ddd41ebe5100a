/**
 * Groups of parameters, each with hyperparameters of its own. A table says what an optimizer's hyperparameters are: it gives
 * the options their defaults and their ranges, when a group is made and when somebody changes them later.
 */
import { shown } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkSetting, describe } from "./settings.ts";

/** A hyperparameter of an optimizer: its default, and what else it may be. */
export interface Setting<T = unknown> {
  /** The default. A number takes finite numbers of the range below, a boolean takes booleans. */
  readonly value: T;
  /** The least number; none by default. */
  readonly low?: number;
  /** The number that it must stay below; none by default. */
  readonly high?: number;
  /**
   * In place of the range: returns the value to use, or throws an error of that action. The group has the values of the
   * settings that stand before this one in the table.
   */
  // deno-lint-ignore no-explicit-any -- the values of a group have as many types as there are settings.
  check?(action: string, value: T, group: Readonly<Record<string, any>>): T;
  /** Whether it stays what it was when its group was made; false by default. */
  readonly fixed?: boolean;
  /** Whether a group that is made with 0 has no state for other values, so that 0 it stays; false by default. */
  readonly needsState?: boolean;
}

/** The hyperparameters of an optimizer by name, in the order in which they are checked and shown. */
export type SettingsTable<S> = { readonly [name in keyof S]-?: Setting<S[name]> };

/** The hyperparameters that every optimizer has. */
export interface BaseSettings {
  /** The learning rate. RangeError when a value outside [0, Infinity) is assigned. */
  lr: number;
}

/** The options that every optimizer has beside those of its own. */
export interface OptimizerOptions {
  /** Climbs the gradient rather than descending it; false by default. */
  maximize?: boolean;
}

/** The settings behind options: all of them, each with its value. */
export type SettingsOf<Options> = Required<Omit<Options, keyof OptimizerOptions>>;

/** A group as it is given: parameters, and options that differ from those of the optimizer. */
export type GroupOptions<Options> = Options & {
  /** The parameters of the group. */
  params: Iterable<Tensor>;
};

/** What an optimizer trains: parameters, or groups of them. */
export type ParameterGroups<Options> = Iterable<Tensor> | Iterable<GroupOptions<Options>>;

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
