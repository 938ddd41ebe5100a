/** The types of what an optimizer is made with: the table of its settings, options, and groups of parameters. */
import type { Tensor } from "../core/mod.ts";

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

/** What weights are taken from: a module. */
export interface Weighted {
  /** The parameters with their names. */
  namedParameters(): [name: string, parameter: Tensor][];
  /** The buffers with their names. */
  namedBuffers(): [name: string, buffer: Tensor][];
}
