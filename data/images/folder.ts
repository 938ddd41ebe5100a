/**
 * Folders of images by class, as torchvision's `ImageFolder` has them. All images are decoded when the folder is opened and
 * kept as bytes: a broken one is found before a training begins, and batches need no file.
 */
import { checkFunction, checkOptions, checkText, readWhole, shown, showShape, sizeOf } from "../../core/internal.ts";
import { mayRead } from "../../kernels/native/environment.ts";
import { ArrayDataset } from "../dataset.ts";
import { decodeImage } from "./decode.ts";
import { checkImageOptions, type Image, type ImageOptions, toImage } from "./read.ts";

/** Options of {@linkcode imageFolder}. */
export interface ImageFolderOptions extends ImageOptions {
  /** The part of a folder that has several: FOLDER/train, or FOLDER/test, for which FOLDER/val may stand. */
  split?: "train" | "test";
  /** Called after each image with the number of images read and of all. */
  progress?: (read: number, total: number) => void;
}

/** The images of a folder: x float32 [channels, height, width] in 0..1, y int32, the number of the class. */
export interface ImageFolder extends ArrayDataset {
  /** The names of the classes: label k means `classes[k]`. */
  readonly classes: readonly string[];
  /** The file of each sample. */
  readonly files: readonly string[];
}

/** Names of folders that are parts of a set rather than classes. */
const parts = ["train", "test", "val", "valid", "validation"];
/** Files that are images by their names; all others are passed over. */
const imageName = /\.(png|jpe?g)$/i;
/** The most bytes of pixels that are kept. */
const bytesMost = 2 ** 32;
/** Files that are read ahead of the one that is decoded. */
const readAhead = 8;

/**
 * The images of FOLDER/CLASS/*.png, *.jpg and *.jpeg as a dataset; with `split`, those of FOLDER/train/CLASS or
 * FOLDER/test/CLASS (else FOLDER/val/CLASS).
 *
 * The classes are the folders' names in order, also those of the training part for the other. Folders in a class belong to it,
 * links are followed, names that begin with a dot and files of other kinds are passed over. Images are read as
 * {@linkcode readImage} does. All must be of one size, unless `size` is given. They are decoded now, asynchronously, and stay in
 * memory as one byte a sample: 50,000 colour images of 32 x 32 take 154 MB.
 *
 * Error for a folder that is missing or may not be read, RangeError for one without classes, for a class without images or
 * unknown to the training part, and for more than 4 GiB of pixels; SyntaxError for a broken image; TypeError for images of
 * different sizes. Each names the file or folder.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 * import { imageFolder } from "deneb/images";
 *
 * async function flowers(folder: string) {
 *   const set = await imageFolder(folder, { split: "train", size: [32, 32] });
 *   console.log(set.classes); // ["rose", "tulip"] of flowers/train/rose/1.jpg and so on
 *   return new data.DataLoader(set, { batchSize: 32, shuffle: true });
 * }
 * await flowers("no such folder").catch((error) => console.log(error.message));
 * ```
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const action = "read image folder";
  checkText(action, "path", path);
  checkImageOptions(
    action,
    checkOptions(action, options, '{ split: "train" }', ["channels", "size", "split", "progress"]),
  );
  const { split, progress } = options;
  if (split !== undefined && split !== "train" && split !== "test") {
    throw new RangeError(`Cannot ${action}: split ${shown(split)} must be "train" or "test"`);
  }
  if (progress !== undefined) checkFunction(action, progress);
  const { files, labels, classes } = await list(path, split);
  if (options.size !== undefined) checkBytes(path, files.length, [options.channels ?? 3, ...options.size]);
  let pixels: Uint8Array<ArrayBuffer> | null = null, shape: Image["shape"] = [0, 0, 0], done = 0;
  for await (const image of images(files, options)) {
    const size = image.data.length;
    if (pixels === null) {
      shape = image.shape;
      checkBytes(path, files.length, shape);
      pixels = new Uint8Array(files.length * size);
    } else if (showShape(image.shape) !== showShape(shape)) {
      const [here, first] = [image, { shape }].map(({ shape: [, height, width] }) => `${width} x ${height}`);
      throw new TypeError(
        `Cannot read ${files[done]}: it has ${here} pixels and ${
          files[0]
        } has ${first}; give { size: [height, width] }`,
      );
    }
    pixels.set(image.data, done * size);
    done++;
    progress?.(done, files.length);
  }
  const x = { data: pixels!, shape: [files.length, ...shape] },
    y = { data: Int32Array.from(labels), shape: [files.length] };
  return Object.assign(new ArrayDataset(x, y, { divisor: 255 }), { classes, files });
}

/** RangeError for more pixels than are kept. */
function checkBytes(path: string, count: number, shape: Image["shape"]): void {
  if (count * sizeOf(shape) <= bytesMost) return;
  const all = `${count} images ${showShape(shape)}`;
  throw new RangeError(`Cannot read ${path}: ${all} take more than ${bytesMost} bytes; give a smaller size`);
}

/** The images of files in their order. Some files are read ahead, none that is not needed after an error. */
async function* images(files: readonly string[], options: ImageOptions): AsyncGenerator<Image> {
  const ahead: Promise<Uint8Array<ArrayBuffer>>[] = [];
  let asked = 0;
  for (const file of files) {
    for (; asked < files.length && ahead.length < readAhead; asked++) {
      const bytes = readWhole(files[asked]!);
      // A failure is thrown when it is the file's turn. Until then it must not count as unhandled.
      bytes.catch(() => {});
      ahead.push(bytes);
    }
    yield toImage(await decodeImage(await ahead.shift()!, file), options);
  }
}

/** The files of a folder in order, with the number of the class of each. */
async function list(path: string, split: "train" | "test" | undefined) {
  const names = (await entries(path)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (split === undefined && names.length > 0 && names.every((name) => parts.includes(name))) {
    throw new RangeError(`Cannot read ${path}: it holds ${names.join(", ")}; give { split: "train" } or "test"`);
  }
  const part = split === "test" && !names.includes("test") && names.includes("val") ? "val" : split;
  const home = part === undefined ? path : `${path}/${part}`;
  const found = await classesOf(home);
  const classes = split === "test" && names.includes("train") ? await classesOf(`${path}/train`) : found;
  const files: string[] = [], labels: number[] = [];
  for (const name of found) {
    const label = classes.indexOf(name), folder = `${home}/${name}`;
    if (label < 0) {
      throw new RangeError(`Cannot read ${folder}: ${path}/train has no such class, only ${classes.join(", ")}`);
    }
    const inClass = await imagesIn(folder);
    files.push(...inClass);
    labels.push(...inClass.map(() => label));
  }
  return { files, labels, classes };
}

async function classesOf(folder: string): Promise<string[]> {
  const names = (await entries(folder)).filter(({ isFolder }) => isFolder).map(({ name }) => name);
  if (names.length > 0) return names;
  throw new RangeError(`Cannot read ${folder}: it holds no folders, it must hold one for each class`);
}

/** The images in a folder and in the folders in it, in order. */
async function imagesIn(folder: string): Promise<string[]> {
  const found: string[] = [], passed = new Set<string>();
  const open = [folder], seen = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    // Links may lead round in a circle.
    const { dev, ino } = await Deno.stat(path), identity = `${dev} ${ino ?? path}`;
    if (seen.has(identity)) continue;
    seen.add(identity);
    for (const { name, isFolder } of await entries(path)) {
      if (isFolder) open.push(`${path}/${name}`);
      else if (imageName.test(name)) found.push(`${path}/${name}`);
      else passed.add(/\.[^.]+$/.exec(name)?.[0] ?? name);
    }
  }
  if (found.length > 0) return found.sort();
  const others = passed.size === 0 ? "it is empty" : `it holds no image, only ${[...passed].slice(0, 4).join(", ")}`;
  throw new RangeError(`Cannot read ${folder}: ${others}; a class must hold *.png, *.jpg or *.jpeg`);
}

/** The files and folders in a folder by name, without hidden ones. Links are what they lead to, or left out if to nothing. */
async function entries(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  if (!mayRead(folder)) {
    throw new Error(`Cannot read ${folder}: reading it is not permitted (--allow-read=${folder})`);
  }
  try {
    const found: { name: string; isFolder: boolean }[] = [];
    for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
      if (name.startsWith(".")) continue;
      const isFolder = isSymlink ? await linked(`${folder}/${name}`) : isDirectory;
      if (isFolder !== null) found.push({ name, isFolder });
    }
    return found.sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such folder" : (cause as Error).message;
    throw new Error(`Cannot read ${folder}: ${reason}`, { cause });
  }
}

/** Whether a link leads to a folder; null if it leads nowhere. */
async function linked(path: string): Promise<boolean | null> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) return null;
    throw error;
  }
}
