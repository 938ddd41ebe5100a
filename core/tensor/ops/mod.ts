/** The catalogue of ops, by family. */
export * from "./elementwise.ts";
export * from "./shapes.ts";
export * from "./reduce.ts";
export * from "./composite.ts";
export * from "./loss.ts";
export {
  InverseDeviation,
  type Moments,
  MomentsOp,
  Normalize,
  NormalizeGradient,
  type NormalizeOptions,
  NormalizeScaleShift,
} from "./norm.ts";
