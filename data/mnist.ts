/**
 * MNIST: 60,000 training and 10,000 test images of handwritten digits, read from the data folder, into which missing files
 * are downloaded once.
 */
import {
  checkFlag,
  checkFunction,
  checkOptions,
  type ProgressListener,
  readWhole,
  refuse,
  shown,
  showShape,
} from "../core/internal.ts";
import { ArrayDataset } from "./dataset.ts";
import { download } from "./download.ts";
import type { RemoteFile } from "./remote_file.ts";
import { mayRead } from "../kernels/native/environment.ts";
import { dataFolder, MissingDataError } from "./folders.ts";
import { gunzip } from "./gzip.ts";
import { type IdxArray, parseIdx } from "./idx.ts";
import { checkLabels } from "./labels.ts";

/** Options of {@linkcode mnist}. */
export interface MnistOptions {
  /** 60,000 images to train on, or 10,000 to test with. */
  split: "train" | "test";
  /** The folder that holds `mnist/`; by default `DENEB_DATA`, else the cache folder. */
  folder?: string;
  /** Called while missing files are downloaded. */
  progress?: ProgressListener;
  /** False makes missing files an error; true by default. */
  download?: boolean;
  /** The addresses of folders from which missing files are downloaded, tried in order; by default two that are known. */
  addresses?: readonly string[];
  /** The files by name, length and digest; by default those of MNIST. */
  files?: MnistFiles;
}

/** The files of images and labels of each split. */
export type MnistFiles = Readonly<Record<"train" | "test", { images: RemoteFile; labels: RemoteFile }>>;

const addressesKnown = [
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
];

const filesKnown: MnistFiles = {
  train: {
    images: {
      name: "train-images-idx3-ubyte",
      bytes: 47_040_016,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: {
      name: "train-labels-idx1-ubyte",
      bytes: 60_008,
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
  },
  test: {
    images: {
      name: "t10k-images-idx3-ubyte",
      bytes: 7_840_016,
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte",
      bytes: 10_008,
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
};

/** The largest unpacked file that is read: other data in this format may be larger than MNIST. */
const bytesMax = 2 ** 28;

/**
 * MNIST as a dataset: x float32 [1, 28, 28] in 0..1, y int32 in 0..9.
 *
 * Reads `<folder>/mnist/*-ubyte.gz`, or the same files unpacked. A missing file is downloaded, and kept only if the
 * SHA-256 of its unpacked bytes is right. MissingDataError if a file is neither there nor can be downloaded, SyntaxError
 * for a damaged one.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const set = await data.mnist({ split: "test", download: false }).catch((error) => {
 *   if (error instanceof data.MissingDataError) return data.digits({ test: 10_000 });
 *   throw error;
 * });
 * if (set.length !== 10_000) throw new Error(`${set.length} images`);
 * ```
 */
export async function mnist(options: MnistOptions): Promise<ArrayDataset> {
  const action = "read MNIST";
  const { split, files = filesKnown, download = true, progress } = checkOptions(action, options, '{ split: "train" }', [
    "split",
    "folder",
    "progress",
    "download",
    "addresses",
    "files",
  ]);
  if (split !== "train" && split !== "test") {
    throw new RangeError(`Cannot ${action}: split ${shown(split)} must be "train" or "test"`);
  }
  checkFlag(action, "download", download);
  const { images: imageFile, labels: labelFile } = checkFiles(action, files, split);
  const { addresses } = options;
  if (addresses !== undefined && !Array.isArray(addresses)) refuse(action, addresses, "a list of addresses");
  if (progress !== undefined) checkFunction(action, progress);
  const folder = `${dataFolder(options.folder)}/mnist`;
  const images = await readPart(imageFile, folder, options);
  const labels = await readPart(labelFile, folder, options);
  const [count, ...image] = images.array.shape;
  if (showShape(image) !== "[28, 28]" || !(images.array.data instanceof Uint8Array)) {
    throw new SyntaxError(
      `Cannot read ${images.source}: its shape ${showShape(images.array.shape)} must be [n, 28, 28] of bytes`,
    );
  }
  if (labels.array.shape.length !== 1 || labels.array.shape[0] !== count) {
    throw new SyntaxError(
      `Cannot read ${labels.source}: its shape ${showShape(labels.array.shape)} must be [${count}], one for each image`,
    );
  }
  checkLabels(labels.array.data, labels.source);
  return new ArrayDataset(
    { data: images.array.data as Uint8Array<ArrayBuffer>, shape: [count!, 1, 28, 28] },
    { data: Int32Array.from(labels.array.data), shape: [count!] },
    { divisor: 255 },
  );
}

/** The files of a split. TypeError unless both are described. */
function checkFiles(action: string, files: MnistFiles, split: "train" | "test"): MnistFiles["train"] {
  const found = files?.[split], described = [found?.images, found?.labels];
  if (described.every((file) => typeof file?.name === "string" && typeof file.sha256 === "string")) return found;
  return refuse(action, files, "the files of images and labels of each split, with name, sha256 and bytes");
}

async function readPart(
  file: RemoteFile,
  folder: string,
  options: MnistOptions,
): Promise<{ array: IdxArray; source: string }> {
  const plain = `${folder}/${file.name}`, packed = `${plain}.gz`;
  if (isThere(packed)) {
    return {
      array: parseIdx(await gunzip(await readWhole(packed), { bytesMax, source: packed }), packed),
      source: packed,
    };
  }
  if (isThere(plain)) return { array: parseIdx(await readWhole(plain), plain), source: plain };
  if (options.download === false) throw new MissingDataError(`Cannot read ${packed}: there is no such file`);
  const bytes = await download(file, folder, {
    addresses: options.addresses ?? addressesKnown,
    progress: options.progress,
  });
  return { array: parseIdx(bytes, packed), source: packed };
}

function isThere(path: string): boolean {
  if (!mayRead(path)) throw new MissingDataError(`Cannot read ${path}: it needs --allow-read=${path}`);
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw new Error(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
