/** Layers: modules that compute one thing, most of them with parameters. */
export * from "./activation.ts";
export * from "./affine.ts";
export * from "./dropout.ts";
export * from "./layer_scale.ts";
export * from "./linear.ts";
export * from "./norm.ts";
