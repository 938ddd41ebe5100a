/** Deneb: tensors, automatic differentiation and neural networks for Deno. */
export * from "./core/mod.ts";
/** Modules, layers and losses. */
export * as nn from "./nn/mod.ts";
/** Optimizers, schedules and gradient clipping. */
export * as optim from "./optim/mod.ts";
/** Datasets, the loader that batches them, transforms, and the sets that are known by name. */
export * as data from "./data/mod.ts";
/** Tensors as safetensors files, and checkpoints of a whole training run. */
export * as io from "./io/mod.ts";
/** The training loop, its counterpart for a test set, progress and metrics. */
export * as train from "./train/mod.ts";
