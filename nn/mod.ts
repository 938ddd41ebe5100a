/** Modules, layers and losses. */
export * from "./collections.ts";
export * from "./container.ts";
export * from "./dictionary.ts";
export * from "./hookable.ts";
export * from "./hooks.ts";
/** Initialisers of parameters. */
export * as init from "./init/mod.ts";
export * from "./layers/mod.ts";
export * from "./list.ts";
export * from "./losses/mod.ts";
/** Whole nets: residual multi-layer perceptrons. */
export * as models from "./models/mod.ts";
export * from "./module.ts";
export * from "./parameter.ts";
export * from "./parametrization.ts";
export * from "./parametrizations.ts";
export * from "./parametrize.ts";
export * from "./sequence/mod.ts";
export * from "./summary.ts";
