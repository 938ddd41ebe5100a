/** Modules, layers and losses. */
export * from "./activation.ts";
export * from "./container.ts";
export * from "./dropout.ts";
export * from "./linear.ts";
export * from "./loss.ts";
export * from "./module.ts";
export * from "./norm.ts";
export * from "./parameter.ts";
