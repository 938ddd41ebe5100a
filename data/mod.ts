/** Data: datasets, the loader that batches them, transforms, and the sets that are known by name. */
export { ArrayDataset, type ArrayDatasetOptions, type Dataset, type Samples, subset } from "./dataset.ts";
export { DataLoader, type DataLoaderOptions, type LoaderState } from "./loader.ts";
export type { RandomStream } from "./random.ts";
export { compose, flatten, normalize, randomFlip, randomShift, type Transform } from "./transforms.ts";
export { mnist, type MnistFiles, type MnistOptions } from "./mnist.ts";
export { cifar10, cifar10Names, type Cifar10Options } from "./cifar10.ts";
export { digits, type DigitsOptions } from "./digits.ts";
export { dataFolder, MissingDataError } from "./folders.ts";
export type { ProgressListener } from "../core/internal.ts";
export type { RemoteFile } from "./download.ts";
