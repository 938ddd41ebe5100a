/** Modules, layers and losses. */
export * from "./activation.ts";
export * from "./container.ts";
export * from "./dropout.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export * from "./loss.ts";
export * from "./module.ts";
export * from "./norm.ts";
export { Buffer, Parameter } from "./parameter.ts";
