/**
 * CIFAR-10: 50,000 training and 10,000 test colour images in ten classes, in the binary version's files: records of
 * one label byte and 32 x 32 pixels of red, then green, then blue.
 */
import { checkOptions, readWhole, shown } from "../core/internal.ts";
import { ArrayDataset } from "./dataset.ts";
import { mayRead } from "../kernels/native/environment.ts";
import { dataFolder, MissingDataError } from "./folders.ts";
import { checkLabels } from "./labels.ts";

/** Options of {@linkcode cifar10}. */
export interface Cifar10Options {
  /** 50,000 images to train on, or 10,000 to test with. */
  split: "train" | "test";
  /** The folder that holds `cifar-10-batches-bin/`; by default `DENEB_DATA`, else the cache folder. */
  folder?: string;
}

const filesOf = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ["test_batch.bin"],
};
const imageBytes = 3 * 32 * 32, recordBytes = 1 + imageBytes;

/** The names of the classes: label k means `cifar10Names[k]`. */
export const cifar10Names: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/**
 * CIFAR-10 as a dataset: x float32 [3, 32, 32] in 0..1, y int32 in 0..9.
 *
 * Reads `<folder>/cifar-10-batches-bin/*.bin` and downloads nothing. MissingDataError for a file that is missing or may
 * not be read, SyntaxError for a damaged one.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * try {
 *   const set = await data.cifar10({ split: "test" });
 *   const [x, y] = set.get(0);
 *   if (x.shape.join() !== "3,32,32" || data.cifar10Names[y.item()] !== "cat") throw new Error("another image");
 * } catch (error) {
 *   if (!(error instanceof data.MissingDataError)) throw error; // It says what to put where.
 * }
 * ```
 */
export async function cifar10(options: Cifar10Options): Promise<ArrayDataset> {
  const { split, folder } = checkOptions("read CIFAR-10", options, '{ split: "train" }', ["split", "folder"]);
  if (split !== "train" && split !== "test") {
    throw new RangeError(`Cannot read CIFAR-10: split ${shown(split)} must be "train" or "test"`);
  }
  const home = `${dataFolder(folder)}/cifar-10-batches-bin`;
  const parts = [];
  for (const name of filesOf[split]) parts.push(await readRecords(`${home}/${name}`));
  const count = parts.reduce((sum, part) => sum + part.length / recordBytes, 0);
  const pixels = new Uint8Array(count * imageBytes), labels = new Int32Array(count);
  let image = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += recordBytes, image++) {
      labels[image] = part[at]!;
      pixels.set(part.subarray(at + 1, at + recordBytes), image * imageBytes);
    }
  }
  return new ArrayDataset({ data: pixels, shape: [count, 3, 32, 32] }, { data: labels, shape: [count] }, {
    divisor: 255,
  });
}

async function readRecords(path: string): Promise<Uint8Array> {
  if (!mayRead(path)) throw new MissingDataError(`Cannot read ${path}: it needs --allow-read=${path}`);
  let bytes: Uint8Array;
  try {
    bytes = await readWhole(path);
  } catch (error) {
    if (!((error as Error).cause instanceof Deno.errors.NotFound)) throw error;
    throw new MissingDataError(
      `${
        (error as Error).message
      }; unpack the binary version of CIFAR-10 (cifar-10-binary.tar.gz) into the data folder`,
    );
  }
  if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
    throw new SyntaxError(
      `Cannot read ${path}: it holds ${bytes.length} bytes, which must be a multiple of ${recordBytes}`,
    );
  }
  checkLabels(Uint8Array.from({ length: bytes.length / recordBytes }, (_, image) => bytes[image * recordBytes]!), path);
  return bytes;
}
