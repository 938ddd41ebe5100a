/** Initialisers: they fill a tensor in place, by the numbers that `manualSeed` fixes. */
export * from "./fans.ts";
export * from "./scaled.ts";
export * from "./simple.ts";
