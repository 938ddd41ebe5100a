/** Optimizers, schedules and gradient clipping. */
export * from "./adagrad.ts";
export * from "./adam.ts";
export * from "./clip.ts";
export * from "./optimizer.ts";
export * from "./rmsprop.ts";
export * from "./scheduler.ts";
export * from "./sgd.ts";
