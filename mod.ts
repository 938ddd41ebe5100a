/** Deneb: tensors, automatic differentiation and neural networks for Deno. */
export * from "./core/mod.ts";
export * as nn from "./nn/mod.ts";
export * as optim from "./optim/mod.ts";
export * as data from "./data/mod.ts";
export * as io from "./io/mod.ts";
export * as train from "./train/mod.ts";
