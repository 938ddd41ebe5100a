/** Optimizers, schedules and gradient clipping. */
export * from "./adagrad.ts";
export * from "./adam.ts";
export * from "./clip.ts";
export type {
  BaseSettings,
  Group,
  GroupOptions,
  OptimizerOptions,
  ParameterGroup,
  ParameterGroups,
  Setting,
  SettingsOf,
  SettingsTable,
} from "./groups.ts";
export * from "./optimizer.ts";
export * from "./rmsprop.ts";
export * from "./schedules/mod.ts";
export * from "./sgd.ts";
