/** Whole nets: residual multi-layer perceptrons. */
export * from "./mlp_resnet.ts";
export * from "./norm.ts";
export * from "./res_mlp.ts";
