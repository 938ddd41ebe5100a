/** Losses: modules that compare a prediction with what was wanted. */
export * from "./losses.ts";
