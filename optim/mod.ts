/** Optimizers, schedules and gradient clipping. */
export * from "./adadelta.ts";
export * from "./adafactor.ts";
export * from "./adagrad.ts";
export * from "./adam.ts";
export * from "./adamax.ts";
export * from "./asgd.ts";
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
export * from "./lamb.ts";
export * from "./lars.ts";
export * from "./lion.ts";
export * from "./muon.ts";
export * from "./nadam.ts";
export * from "./optimizer.ts";
export * from "./radam.ts";
export * from "./rmsprop.ts";
export * from "./rprop.ts";
export * from "./schedules/mod.ts";
export * from "./sgd.ts";
