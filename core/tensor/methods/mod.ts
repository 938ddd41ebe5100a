/** The classes from which {@linkcode Tensor} inherits its methods, one for each family. */
export * from "./activations.ts";
export * from "./fourier.ts";
export * from "./indexing.ts";
export * from "./linear.ts";
export * from "./pointwise.ts";
export * from "./random.ts";
export * from "./reductions.ts";
export * from "./scans.ts";
export * from "./shapes.ts";
export * from "./sorting.ts";
export * from "./special.ts";
export * from "./windows.ts";
