/** Modules, layers and losses. */
export * from "./activation.ts";
export * from "./affine.ts";
export * from "./container.ts";
export * from "./dropout.ts";
export * from "./layer_scale.ts";
export * from "./linear.ts";
export * from "./loss.ts";
/** Whole nets: residual multi-layer perceptrons. */
export * as models from "./models/mod.ts";
export * from "./module.ts";
export * from "./norm.ts";
export * from "./parameter.ts";
