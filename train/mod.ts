/** Training loops, progress and metrics: `fit`, `evaluate`, `Progress`, `accuracy`. */
export type * from "./events.ts";
export type * from "./options.ts";
export * from "./fit.ts";
export * from "./metrics.ts";
export * from "./progress.ts";
