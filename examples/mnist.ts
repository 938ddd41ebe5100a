/**
 * Handwritten digits from start to end: data, training, test, saving, loading, prediction.
 *
 *     deno task train --help
 */
import { parseArgs } from "node:util";
import {
  data,
  devices,
  io,
  manualSeed,
  nn,
  noGrad,
  optim,
  scope,
  setDefaultDevice,
  setThreads,
  train,
} from "../mod.ts";

const defaults = {
  /**
   * "mnist": MNIST, read from the data folder or downloaded into it. "digits": digits drawn by code. "auto": MNIST, or drawn
   * digits if MNIST cannot be had. Anything else: a folder that holds mnist/.
   */
  data: "auto",
  /** Rounds through the training set. */
  epochs: 8,
  batchSize: 128,
  /** The highest learning rate, reached after the warm-up; from there it falls along a cosine. */
  lr: 3e-3,
  /** Features between the blocks; inside a block there are half as many. */
  width: 128,
  blocks: 3,
  dropout: 0.1,
  /** "auto", "cpu", "opencl", "cuda", "wasm" or "reference"; "opencl:1" is the second OpenCL device. */
  device: "auto",
  /** The seed of weights, dropout, the order of the images and their shifts. */
  seed: 0,
  /** Threads of the native device; 0 is one for each core. */
  threads: 0,
  /** The folder into which settings.json and model.safetensors are written. */
  out: "runs/mnist",
  /** The number of images to train on, the first ones; 0 is all. */
  limit: 0,
  /** Prints nothing; errors are thrown all the same. */
  quiet: false,
};

/** Settings other than the defaults: the flags of `deno task train`. */
export type MnistTrainingOptions = Partial<typeof defaults>;

/** The result of a training run. */
export interface MnistTraining {
  /** The share of test images that the model, loaded from its file, classifies correctly. */
  accuracy: number;
  /** The mean loss of each epoch. */
  losses: number[];
  /** The seconds of the whole run. */
  seconds: number;
  device: string;
  /** The file of the saved model. */
  path: string;
}

/** Trains a model, tests and saves it, loads it into a new model and tests the new one. */
export async function main(options: MnistTrainingOptions = {}): Promise<MnistTraining> {
  const settings = { ...defaults, ...options };
  const { epochs, batchSize, lr, width, blocks, dropout, seed, threads, out, quiet } = settings;
  const begun = performance.now();
  const say = quiet ? () => {} : (line: string) => console.log(line);

  const device = await chooseDevice(settings.device, threads, say);
  const path = `${out}/model.safetensors`;
  // The settings are written first, so that a folder that cannot be written fails before the training, not after it.
  await writeSettings(out, { ...settings, device });
  const [trainSet, testSet] = await openData(settings.data, settings.limit, seed, say);

  manualSeed(seed);
  const model = new nn.models.MLPResNet({ width, depth: blocks, dropout });
  const count = model.parameters().reduce((sum, parameter) => sum + parameter.size, 0);
  say(
    `MLPResNet: ${blocks} blocks of width ${width}, ${count} parameters; ${trainSet.length} images, ${epochs} epochs`,
  );

  const loader = new data.DataLoader(trainSet, {
    batchSize,
    seed,
    shuffle: true,
    dropLast: trainSet.length >= batchSize, // A last batch of a few images would upset BatchNorm's statistics.
    augment: [data.randomCrop(1)],
    transform: data.flatten(),
  });
  const testLoader = new data.DataLoader(testSet, { batchSize: 500, transform: data.flatten() });
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const scheduler = warmupThenCosine(optimizer, epochs * loader.length);

  const perEpoch = loader.length * Math.min(batchSize, trainSet.length);
  const progress = quiet ? undefined : new train.Progress(epochs * perEpoch);
  const losses: number[] = [], loss = new nn.CrossEntropyLoss();
  const trained = { loss, optimizer, scheduler, epochs, validation: testLoader, metrics: ["accuracy"] as const };
  for await (const event of train.run(model, loader, trained)) {
    if (event.kind === "step") {
      progress?.update(event.seen, `epoch ${event.epoch}/${epochs}`, `loss ${event.loss.toFixed(4)}`);
    } else if (event.kind === "epoch") {
      const { epoch, loss, seconds, validation } = event;
      const share = percent(validation!.accuracy as number), rate = Math.round(perEpoch / seconds);
      losses.push(loss);
      progress?.line(`epoch ${epoch}/${epochs}  loss ${loss.toFixed(4)}  test ${share}  ${rate} images/s`);
    }
  }

  await io.save(path, model.stateDict());
  say(`Saved ${path}; reading it back into a new model.`);
  const reread = new nn.models.MLPResNet({ width, depth: blocks, dropout });
  reread.loadStateDict(await io.load(path));
  const accuracy = await train.evaluate(reread, testLoader);
  if (!quiet) await showPredictions(reread, testSet);
  const seconds = (performance.now() - begun) / 1000;
  say(`${seconds.toFixed(1)} s on ${device}`);
  say(`test accuracy ${percent(accuracy)}`);
  return { accuracy, losses, seconds, device, path };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** Opens the device, and prints which it is. */
async function chooseDevice(wanted: string, threads: number, say: (line: string) => void): Promise<string> {
  if (threads > 0) setThreads(threads);
  await setDefaultDevice(wanted);
  const found = devices().find(({ name, available }) => available && (wanted === "auto" || name === wanted));
  say(`Running on ${found?.name ?? wanted}: ${found?.description ?? ""}`);
  return found?.name ?? wanted;
}

async function writeSettings(folder: string, settings: unknown): Promise<void> {
  try {
    const { state } = await Deno.permissions.query({ name: "write", path: folder });
    if (state !== "granted") throw new Error(`it needs --allow-write=${folder}`);
    await Deno.mkdir(folder, { recursive: true });
    const text = JSON.stringify(settings, null, 2) + "\n";
    await io.writeWhole(`${folder}/settings.json`, new TextEncoder().encode(text));
  } catch (cause) {
    throw new Error(`Cannot write to ${folder}: ${(cause as Error).message}; --out names another folder`, { cause });
  }
}

/** The training and the test set. */
async function openData(
  wanted: string,
  limit: number,
  seed: number,
  say: (line: string) => void,
): Promise<[data.Dataset, data.Dataset]> {
  const drawn = (): [data.Dataset, data.Dataset] => {
    // Digits are drawn when they are first asked for, so the first epoch is slower than the others.
    say("Data: digits drawn by code.");
    return [data.digits({ train: limit || 20_000, seed }), data.digits({ test: limit || 2000, seed })];
  };
  if (wanted === "digits") return drawn();
  // Nothing is downloaded into a folder that was named: it would be made if its name were misspelt.
  const folder = wanted === "auto" || wanted === "mnist" ? {} : { folder: wanted, download: false };
  const options = { ...folder, progress: downloadProgress(say) };
  try {
    const trainSet = await data.mnist({ ...options, split: "train" });
    const testSet = await data.mnist({ ...options, split: "test" });
    say(`Data: MNIST, ${trainSet.length} images to train on and ${testSet.length} to test.`);
    return [limit ? data.subset(trainSet, Math.min(limit, trainSet.length)) : trainSet, testSet];
  } catch (error) {
    if (wanted !== "auto" || !(error instanceof data.MissingDataError)) throw error;
    say(`MNIST is not here and cannot be fetched (${error.message}).`);
    return drawn();
  }
}

function downloadProgress(say: (line: string) => void): data.ProgressListener {
  let shown = -Infinity;
  return ({ file, received, total }) => {
    const now = performance.now();
    if (now - shown < 2000 && received !== total) return;
    shown = now;
    say(`Downloading ${file}: ${(received / 1e6).toFixed(1)} of ${total ? (total / 1e6).toFixed(1) : "?"} MB`);
  };
}

/** A linear warm-up over the first sixteenth of all steps, then half a cosine down to nothing. */
function warmupThenCosine(optimizer: optim.Optimizer, steps: number): optim.Scheduler {
  const warmup = Math.max(1, Math.floor(steps / 16));
  return new optim.SequentialSchedule(optimizer, [
    (optimizer) => new optim.LinearWarmup(optimizer, { steps: warmup, startFactor: 0.05 }),
    (optimizer) => new optim.CosineDecay(optimizer, { steps: Math.max(1, steps - warmup) }),
  ], { milestones: [warmup] });
}

/** Prints the first test digits side by side, each with the model's guess. */
async function showPredictions(model: nn.Module, set: data.Dataset, count = 3): Promise<void> {
  const lines: string[] = new Array(13).fill("");
  for (let index = 0; index < Math.min(count, set.length); index++) {
    const [x, y] = await set.get(index);
    using _ = scope();
    model.eval();
    const probabilities = noGrad(() => model.call(x.reshape([1, -1])).softmax(-1)).toArray<number[][]>()[0]!;
    const guess = probabilities.indexOf(Math.max(...probabilities));
    const mark = guess === y.item() ? "" : ` (it is ${y.item()})`;
    const title = `${guess}, ${Math.round(probabilities[guess]! * 100)} % sure${mark}`;
    for (const [row, text] of [...drawing(x.toTypedArray()), title].entries()) lines[row] += text.padEnd(25);
  }
  console.log("\n" + lines.map((line) => line.trimEnd()).join("\n") + "\n");
}

/** The middle 24 x 24 pixels of a 28 x 28 image as text, in which a character stands for two pixels above each other. */
function drawing(pixels: ArrayLike<number>): string[] {
  const isInk = (row: number, column: number) => pixels[row * 28 + column]! > 0.4;
  return Array.from({ length: 12 }, (_, line) => {
    const row = 2 + 2 * line;
    const characters = Array.from(
      { length: 24 },
      (_, k) => " ▀▄█"[Number(isInk(row, k + 2)) + 2 * Number(isInk(row + 1, k + 2))],
    );
    return characters.join("");
  });
}

const help = `Trains a residual net on handwritten digits, saves it, loads it and tests what was loaded.

  deno task train [flags]

  --data NAME        auto, mnist, digits, or a folder that holds mnist/   (${defaults.data})
  --epochs N         rounds through the training set                      (${defaults.epochs})
  --batch-size N     images in a step                                     (${defaults.batchSize})
  --lr X             the highest learning rate                            (${defaults.lr})
  --width N          features between the blocks                          (${defaults.width})
  --blocks N         residual blocks                                      (${defaults.blocks})
  --dropout X        share of features that are dropped                   (${defaults.dropout})
  --device NAME      auto, cpu, opencl, cuda, wasm or reference           (${defaults.device})
  --seed N           of all that is random                                (${defaults.seed})
  --threads N        of the native device, 0 for one a core               (${defaults.threads})
  --out FOLDER       where the model goes                                 (${defaults.out})
  --limit N          trains on the first N images only, 0 for all         (${defaults.limit})
  --quiet            prints nothing but errors
  --help             this page`;

/** Reads the command line. RangeError for an unknown flag, and for a value outside its range. */
function readFlags(words: string[]): MnistTrainingOptions | "help" {
  const text = { type: "string" } as const, flag = { type: "boolean" } as const;
  const counts = {
    epochs: text,
    "batch-size": text,
    width: text,
    blocks: text,
    seed: text,
    threads: text,
    limit: text,
  };
  const options = { data: text, device: text, out: text, lr: text, dropout: text, ...counts, quiet: flag, help: flag };
  const parsed = () => {
    try {
      return parseArgs({ args: words, options }).values;
    } catch (cause) {
      throw new RangeError(`Cannot read flags: ${(cause as Error).message}; --help lists them`, { cause });
    }
  };
  const values = parsed();
  if (values.help) return "help";
  const count = (name: keyof typeof counts, least: number) => {
    const word = values[name], value = Number(word);
    if (word !== undefined && !(Number.isSafeInteger(value) && value >= least && word.trim() !== "")) {
      throw new RangeError(`Cannot read --${name}: "${word}" must be a whole number of at least ${least}`);
    }
    return word === undefined ? {} : { [name === "batch-size" ? "batchSize" : name]: value };
  };
  const real = (name: "lr" | "dropout", inRange: (value: number) => boolean, range: string) => {
    const word = values[name], value = Number(word);
    if (word !== undefined && !(inRange(value) && word.trim() !== "")) {
      throw new RangeError(`Cannot read --${name}: "${word}" must be a number ${range}`);
    }
    return word === undefined ? {} : { [name]: value };
  };
  return {
    ...count("epochs", 1),
    ...count("batch-size", 2), // BatchNorm needs two.
    ...count("width", 2),
    ...count("blocks", 0),
    ...count("seed", 0),
    ...count("threads", 0),
    ...count("limit", 0),
    ...real("lr", (value) => value > 0 && value < Infinity, "above 0"),
    ...real("dropout", (value) => value >= 0 && value < 1, "in [0, 1)"),
    ...(values.data !== undefined && { data: values.data }),
    ...(values.device !== undefined && { device: values.device }),
    ...(values.out !== undefined && { out: values.out }),
    ...(values.quiet !== undefined && { quiet: values.quiet }),
  };
}

if (import.meta.main) {
  try {
    const options = readFlags(Deno.args);
    if (options === "help") console.log(help);
    else await main(options);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
