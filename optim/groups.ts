/**
 * Groups of parameters, each with hyperparameters of its own. A table says what an optimizer's hyperparameters are: it gives
 * the options their defaults and their ranges, when a group is made and when somebody changes them later.
 */
import {
  checkFlag,
  checkOptions,
  checkRange,
  isFloat,
  isPlain,
  refuse,
  shown,
  shownList,
  summary,
} from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";

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

/** The line that shows an optimizer or a group: settings that differ between groups are lists, flags stand there if true. */
export function describe(kind: string, groups: readonly ParameterGroup[]): string {
  const count = groups.reduce((sum, { params }) => sum + params.length, 0);
  const parameters = `${count} parameter${count === 1 ? "" : "s"}`;
  const settings = Object.keys(groups[0]!).filter((name) => name !== "params").map((name): [string, unknown] => {
    const values = groups.map((group) => (group as unknown as Record<string, unknown>)[name]);
    return [name, values.every((value) => Object.is(value, values[0])) ? values[0] : values];
  });
  return summary(kind, [
    groups.length === 1 ? parameters : `${parameters} in ${groups.length} groups`,
    ...settings.filter(([, value]) => value !== null && value !== false),
  ]);
}

/** The value to use. An error of the action for one that the setting does not take. */
function checkSetting(action: string, name: string, value: unknown, setting: Setting, group: ParameterGroup): unknown {
  const { check, low = -Infinity, high = Infinity } = setting;
  if (check !== undefined) return check(action, value, group as unknown as Record<string, unknown>);
  if (typeof setting.value === "boolean") return checkFlag(action, name, value as boolean);
  return checkRange(action, name, value as number, low, high);
}

/** The settings of each optimizer around those of its own. */
export function completed(
  { lr, ...others }: SettingsTable<BaseSettings>,
): SettingsTable<Record<string, unknown>> {
  const initialLr: Setting<number | null> = {
    value: null,
    check: (action, value) => value === null ? value : checkRange(action, "initialLr", value, 0),
  };
  const table = { lr, initialLr, ...others, maximize: { value: false, fixed: true } };
  return table as unknown as SettingsTable<Record<string, unknown>>;
}

/** The names of the options that a table has: all settings but the base of schedules, which is no option. */
export function optionNames(table: SettingsTable<Record<string, unknown>>): string[] {
  return Object.keys(table).filter((name) => name !== "initialLr");
}

/** The groups that are given, checked but for their options. A list of parameters is one group. */
export function groupsOf(
  action: string,
  given: ParameterGroups<object>,
  names: readonly string[],
): GroupOptions<Record<string, unknown>>[] {
  const known = new Set<Tensor>(), groups: GroupOptions<Record<string, unknown>>[] = [], loose: Tensor[] = [];
  // One after another: a list of nothing, which may be endless, is refused at its first place.
  for (const item of checkIterable<unknown>(action, given)) {
    if (loose.length === 0 && isPlain(item)) groups.push(checkGroup(action, item, names, known, groups.length));
    else if (groups.length > 0) refuse(`${action}, group ${groups.length}`, item, "an object such as { params, lr }");
    else loose.push(checkParameter(action, item, loose.length, known));
  }
  if (groups.length > 0) return groups;
  if (loose.length === 0) throw new RangeError(`Cannot ${action}: no parameters, there must be one at least`);
  return [{ params: loose }];
}

/** A group as it is given, with a list of its parameters, which are noted among those that are known. */
export function checkGroup(
  action: string,
  given: object,
  names: readonly string[],
  known: Set<Tensor>,
  place: number,
): GroupOptions<Record<string, unknown>> {
  const inGroup = `${action}, group ${place}`, example = "{ params, lr: 0.1 }";
  const all = ["params", ...names] as (keyof GroupOptions<Record<string, unknown>> & string)[];
  const options = checkOptions(inGroup, given as GroupOptions<Record<string, unknown>>, example, all);
  const params: Tensor[] = [];
  for (const parameter of checkIterable(inGroup, options.params)) {
    params.push(checkParameter(inGroup, parameter, params.length, known));
  }
  if (params.length === 0) throw new RangeError(`Cannot ${inGroup}: no parameters, there must be one at least`);
  return { ...options, params };
}

function checkIterable<T>(action: string, given: Iterable<T>): Iterable<T> {
  if (typeof given?.[Symbol.iterator] === "function" && !ArrayBuffer.isView(given)) return given;
  throw new TypeError(`Cannot ${action}: parameters of type ${typeof given}, pass model.parameters()`);
}

function checkParameter(action: string, parameter: unknown, place: number, known: Set<Tensor>): Tensor {
  if (
    !(parameter instanceof Tensor) || !parameter.isLeaf() || !parameter.requiresGrad || !isFloat(parameter.dtype)
  ) {
    throw new TypeError(`Cannot ${action}: parameter ${place} must be a leaf that requires a gradient`);
  }
  if (known.has(parameter)) {
    throw new RangeError(`Cannot ${action}: a parameter is there twice, each must be there once`);
  }
  known.add(parameter);
  return parameter;
}

/** A setting of so many numbers as the default has, each in [low, high). Its list cannot be changed, but replaced. */
export function listOf<T extends readonly number[]>(
  name: string,
  value: T,
  low = -Infinity,
  high = Infinity,
): Setting<T> {
  const check = (action: string, given: T) => {
    if (!Array.isArray(given) || given.length !== value.length) {
      const text = Array.isArray(given) ? shownList(given) : shown(given), count = ["no", "one", "two", "three"];
      throw new TypeError(
        `Cannot ${action}: ${name} ${text} must be ${count[value.length]} numbers, such as ${shownList(value)}`,
      );
    }
    given.forEach((number, k) => checkRange(action, `${name}[${k}]`, number, low, high));
    return Object.freeze([...given]) as unknown as T;
  };
  return { value, check };
}
