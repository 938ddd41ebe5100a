/** Training: `run` and its events, `fit`, `evaluate`, metrics and progress. */
export * from "./events.ts";
export * from "./options.ts";
export * from "./run.ts";
export * from "./fit.ts";
export * from "./step.ts";
export * from "./evaluate.ts";
export * from "./batch_norm.ts";
export * from "./flip_averaged.ts";
export * from "./metrics.ts";
export * from "./class_metrics.ts";
export * from "./auroc.ts";
export * from "./number_metrics.ts";
export * from "./perplexity.ts";
export * from "./accuracy.ts";
export * from "./non_finite.ts";
export * from "./log.ts";
export * from "./progress.ts";
