/**
 * What the table of an optimizer's settings decides: which options there are and what they may be, now and when somebody
 * changes them later. And what groups are made of.
 */
import {
  checkFlag,
  checkOptions,
  checkRange,
  isFloat,
  isMeantToTrain,
  isPlain,
  refuse,
  shown,
  shownList,
  summary,
} from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";
import type { BaseSettings, GroupOptions, ParameterGroups, Setting, SettingsTable } from "./options.ts";

/** The line that shows an optimizer or a group: settings that differ between groups are lists, flags stand there if true. */
export function describe(kind: string, groups: readonly { readonly params: readonly Tensor[] }[]): string {
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
export function checkSetting(
  action: string,
  name: string,
  value: unknown,
  setting: Setting,
  group: object,
): unknown {
  const { check, low = -Infinity, high = Infinity } = setting;
  if (check !== undefined) return check(action, value, group as Record<string, unknown>);
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
    !(parameter instanceof Tensor) || !parameter.isLeaf() || !isFloat(parameter.dtype) ||
    !(parameter.requiresGrad || isMeantToTrain(parameter))
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
