/** Layers: modules that compute one thing, most of them with parameters. */
export * from "./activation.ts";
export * from "./adaptive_pooling.ts";
export * from "./affine.ts";
export * from "./avg_pooling.ts";
export * from "./batch_norm.ts";
export * from "./convolution.ts";
export * from "./convolution_transpose.ts";
export * from "./dropout.ts";
export * from "./layer_scale.ts";
export * from "./linear.ts";
export * from "./max_pooling.ts";
export * from "./norm.ts";
export * from "./placement.ts";
