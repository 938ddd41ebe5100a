/** Nets for sequences: recurrent layers and their cells, attention, positions, and transformers. */
export * from "./attention.ts";
export * from "./cache.ts";
export * from "./cells.ts";
export * from "./padding.ts";
export * from "./positions.ts";
export * from "./recurrent.ts";
export * from "./rotary.ts";
export * from "./transformer.ts";
export * from "./transformer_layers.ts";
export * from "./transformer_options.ts";
