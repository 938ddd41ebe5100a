/**
 * The data of a run, by its config: sets that are known by name, a folder, or a CSV file of images. What a folder holds is
 * decoded by libraries of npm, which only such a run loads.
 */
import { data, type Tensor } from "../../mod.ts";
import type { Config } from "./config.ts";
import type { ImageInfo } from "./model.ts";

/** The sets of a run, and what their images look like. */
export interface RunData extends ImageInfo {
  /** The config's word for the data; of "auto", what it turned out to be. */
  readonly name: string;
  /** The data in words, for people. */
  readonly title: string;
  readonly train: data.Dataset;
  /** What is looked at after each epoch: images held out of the training set, else the test set. */
  readonly validation: data.Dataset;
  readonly test: data.Dataset;
}

/** Tells people what happens. */
export type Say = (line: string) => void;

/** Sets as they are read, before the config's limits and shares. */
interface Sets extends Pick<RunData, "name" | "title" | "image" | "classes" | "train" | "test"> {}

const digitNames = Array.from({ length: 10 }, (_, digit) => `${digit}`);
const digitShape = [1, 28, 28] as const;

/**
 * Opens the data that a config names. MissingDataError if they are not there, RangeError for a limit or a batch that they
 * are too few for.
 */
export async function openData(config: Config, say: Say): Promise<RunData> {
  const sets = await openSets(config, say), { batchSize } = config;
  const limited = config.limit === 0 ? sets.train : data.subset(sets.train, Math.min(config.limit, sets.train.length));
  const [train, validation] = held(limited, config.validation);
  if (validation?.length === 0) {
    throw new RangeError(
      `Cannot train: a validation share of ${config.validation} of ${limited.length} images is none`,
    );
  }
  if (train.length < batchSize) {
    throw new RangeError(
      `Cannot train: batchSize ${batchSize} must be at most ${train.length}, the images to train on`,
    );
  }
  if (sets.test.length === 0) throw new RangeError("Cannot train: there is no image to test with");
  const statistics = config.normalize ? await data.statistics(train) : null;
  const heldOut = validation === null ? "" : `, ${validation.length} to choose by`;
  const title = `${sets.title}, ${train.length} images to train on${heldOut} and ${sets.test.length} to test`;
  return { ...sets, title, train, validation: validation ?? sets.test, statistics };
}

/** The names of sets, and who opens them. */
const named: Readonly<Record<string, (config: Config, say: Say) => Promise<Sets>>> = {
  auto: async (config, say) => {
    try {
      return await openMnist(config, say);
    } catch (error) {
      if (!(error instanceof data.MissingDataError)) throw error;
      say(`MNIST is not here and cannot be fetched (${error.message}).`);
      return openDigits(config);
    }
  },
  mnist: openMnist,
  digits: (config) => Promise.resolve(openDigits(config)),
  cifar10: async () => ({
    name: "cifar10",
    title: "CIFAR-10",
    image: [3, 32, 32],
    classes: data.cifar10Names,
    train: await data.cifar10({ split: "train" }),
    test: await data.cifar10({ split: "test" }),
  }),
};

/** The names of sets that are not paths. */
export const setNames: readonly string[] = Object.keys(named);

async function openSets(config: Config, say: Say): Promise<Sets> {
  if (Object.hasOwn(named, config.data)) return await named[config.data]!(config, say);
  const path = config.data,
    about = await Deno.stat(path).catch((cause) => {
      throw new data.MissingDataError(`Cannot read data: there is no set, folder or file ${path}`, { cause });
    });
  // Nothing is downloaded into a folder that was named.
  const isMnist = about.isDirectory && (await Deno.stat(`${path}/mnist`).catch(() => null))?.isDirectory;
  return isMnist
    ? await openMnist(config, say, { folder: path, download: false })
    : await openImages(path, about.isFile, say);
}

async function openMnist(_: Config, say: Say, where: { folder?: string; download?: boolean } = {}): Promise<Sets> {
  const options = { ...where, progress: downloadProgress(say) };
  const train = await data.mnist({ ...options, split: "train" }),
    test = await data.mnist({ ...options, split: "test" });
  return { name: where.folder ?? "mnist", title: "MNIST", image: digitShape, classes: digitNames, train, test };
}

/** Digits are drawn when they are first asked for, so the first epoch is slower than the others. */
function openDigits({ limit, seed }: Config): Sets {
  const train = data.digits({ train: limit || 20_000, seed }), test = data.digits({ test: limit || 2000, seed });
  return { name: "digits", title: "Digits drawn by code", image: digitShape, classes: digitNames, train, test };
}

/** The share of a set without a test set of its own that becomes one. */
const testShare = 1 / 6;

type Images = typeof import("../../data/images/mod.ts");

/**
 * Images of a folder, or a table whose rows are images. The specifier is put together when it is needed, since Deno fetches the
 * packages that a literal one leads to before any program begins.
 */
async function openImages(path: string, isFile: boolean, say: Say): Promise<Sets> {
  const { href } = new URL("../../data/images/mod.ts", import.meta.url), images = await import(href) as Images;
  const { train, test } = isFile ? await openTables(images, path) : await openFolders(images, path, say);
  const title = path.split(/[\\/]/).findLast((part) => part !== "") ?? path;
  return { name: path, title, ...shapeOf(await train.get(0)), classes: train.classes, ...parted(train, test) };
}

/** A set whose classes have names, and the test set beside it; null where there is none. */
interface Found {
  readonly train: data.Dataset & { readonly classes: readonly string[] };
  readonly test: data.Dataset | null;
}

async function openFolders({ imageFolder }: Images, path: string, say: Say): Promise<Found> {
  const holds = async (part: string) => (await Deno.stat(`${path}/${part}`).catch(() => null))?.isDirectory ?? false;
  const progress = readingProgress(path, say);
  if (!await holds("train")) return { train: await imageFolder(path, { progress }), test: null };
  const train = await imageFolder(path, { split: "train", progress });
  const hasTest = await holds("test") || await holds("val");
  return { train, test: hasTest ? await imageFolder(path, { split: "test", progress }) : null };
}

async function openTables({ csv }: Images, path: string): Promise<Found> {
  const columns = (await csv(path)).columns.length, side = Math.sqrt(columns), sideOfThree = Math.sqrt(columns / 3);
  const shape = Number.isInteger(side)
    ? [1, side, side]
    : Number.isInteger(sideOfThree)
    ? [3, sideOfThree, sideOfThree]
    : null;
  const options = shape === null ? { shape: [1, 1, columns] } : { shape, divisor: 255 };
  const train = await csv(path, options), beside = path.replace(/train(?=[^\\/]*$)/, "test");
  const hasTest = beside !== path && (await Deno.stat(beside).catch(() => null))?.isFile;
  return { train, test: hasTest ? await csv(beside, { ...options, classes: train.classes }) : null };
}

/** A training set and a test set, which is held out of the first where there is none. */
function parted(set: data.Dataset, test: data.Dataset | null): Pick<Sets, "train" | "test"> {
  if (test !== null) return { train: set, test };
  const [train, heldOut] = held(set, testShare);
  return { train, test: heldOut! };
}

function shapeOf([x, y]: [x: Tensor, y: Tensor]): Pick<Sets, "image"> {
  const image = x.shape as [number, number, number];
  x.dispose();
  y.dispose();
  return { image };
}

/**
 * A set without the share that is held out, and that share, drawn once for all seeds: runs of other seeds are judged by the
 * same images.
 */
function held(set: data.Dataset, share: number): [train: data.Dataset, validation: data.Dataset | null] {
  if (share === 0) return [set, null];
  const order = Uint32Array.from({ length: set.length }, (_, index) => index);
  new data.RandomStream(0).shuffle(order);
  const count = Math.floor(set.length * share), sorted = (part: Uint32Array) => part.sort();
  return [
    data.subset(set, sorted(order.slice(count))),
    data.subset(set, sorted(order.slice(0, count))),
  ];
}

function downloadProgress(say: Say): data.ProgressListener {
  const seldom = makeSeldom();
  return ({ file, received, total }) => {
    if (!seldom() && received !== total) return;
    say(`Downloading ${file}: ${(received / 1e6).toFixed(1)} of ${total ? (total / 1e6).toFixed(1) : "?"} MB`);
  };
}

function readingProgress(path: string, say: Say): (read: number, total: number) => void {
  const seldom = makeSeldom(performance.now());
  return (read, total) => seldom() && say(`Reading ${path}: ${read} of ${total} images`);
}

/** A function that is true when it was not for two seconds. */
function makeSeldom(last = -Infinity): () => boolean {
  return () => {
    const now = performance.now(), isTime = now - last >= 2000;
    if (isTime) last = now;
    return isTime;
  };
}
