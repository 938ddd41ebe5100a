/** Losses: modules that compare a prediction with what was wanted. */
export * from "./binary.ts";
export * from "./classes.ts";
export * from "./ctc.ts";
export * from "./dice.ts";
export * from "./focal.ts";
export * from "./info_nce.ts";
export * from "./likelihood.ts";
export * from "./loss.ts";
export * from "./margin.ts";
export * from "./multi_label.ts";
export * from "./ranking.ts";
export * from "./regression.ts";
