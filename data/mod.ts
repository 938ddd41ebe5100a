/** Data: datasets, the loader that batches them, transforms, augmentations, and the sets that are known by name. */
export * from "./contract.ts";
export * from "./dataset.ts";
export * from "./loader.ts";
export * from "./samplers.ts";
export * from "./batch_samplers.ts";
export * from "./collate.ts";
export * from "./random.ts";
export * from "./transforms.ts";
export * from "./augmentations.ts";
export * from "./augment/kinds.ts";
export * from "./statistics.ts";
export * from "./remote_file.ts";
export * from "./mnist.ts";
export * from "./cifar10.ts";
export * from "./digits.ts";
export * from "./folders.ts";
export type { ProgressListener } from "../core/internal.ts";
