/** Schedules of the learning rate. */
export * from "./compose.ts";
export * from "./cosine.ts";
export * from "./cycles.ts";
export * from "./decays.ts";
export * from "./factors.ts";
export * from "./lambda.ts";
export * from "./plateau.ts";
export * from "./scheduler.ts";
export * from "./swa.ts";
