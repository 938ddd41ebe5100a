/** Nets for sequences: recurrent layers and their cells, attention, and positions. */
export * from "./attention.ts";
export * from "./cache.ts";
export * from "./cells.ts";
export * from "./padding.ts";
export * from "./recurrent.ts";
export * from "./rotary.ts";
