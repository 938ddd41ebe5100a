/** Modules, layers and losses. */
export * from "./container.ts";
export * from "./layers/mod.ts";
export * from "./losses/mod.ts";
/** Whole nets: residual multi-layer perceptrons. */
export * as models from "./models/mod.ts";
export * from "./module.ts";
export * from "./parameter.ts";
