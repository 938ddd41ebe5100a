/** The catalogue of ops, by family. */
export * from "./row.ts";
export * from "./arithmetic.ts";
export * from "./elementary.ts";
export * from "./steps.ts";
export * from "./activation.ts";
export * from "./compare.ts";
export * from "./views.ts";
export * from "./diagonal.ts";
export * from "./joins.ts";
export * from "./places.ts";
export * from "./reduce.ts";
export * from "./product.ts";
export * from "./linear.ts";
export * from "./softmax.ts";
export * from "./loss.ts";
export * from "./norm.ts";
