/** Training loops, progress and metrics: `fit`, `evaluate`, `Progress`, `accuracy`. */
export * from "./fit.ts";
export * from "./metrics.ts";
export * from "./progress.ts";
