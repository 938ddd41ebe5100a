/** Operators that are functions, since they take a list of tensors, or none. */
export * from "./shapes.ts";
export * from "./linear.ts";
export * from "./indexing.ts";
export * from "./windows.ts";
export * from "./random.ts";
export * from "./fourier.ts";
