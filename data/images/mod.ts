/**
 * Images and tables from files as datasets: PNG and JPEG files, folders of them, and CSV. An entry point of its own, since its
 * decoders are packages of npm, and all of `mod.ts` depends on nothing.
 *
 * @module
 */
export { type Image, type ImageOptions, readImage } from "./read.ts";
export { type ImageFolder, imageFolder, type ImageFolderOptions } from "./folder.ts";
export { csv, type CsvDataset, type CsvOptions } from "./csv.ts";
