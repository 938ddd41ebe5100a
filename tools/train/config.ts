/**
 * The config of a training run. The table below is the one place that names its fields: flags, config files, the help page,
 * the checks and the type follow from it.
 */
import { checkOptions } from "../../core/pure/check.ts";
import { parseFlags } from "../flags.ts";
import { checkField, choice, type Chosen, count, type Field, flag, free, number, text } from "./field.ts";

/** The value for each model that is known by name; another model gets that of `mlpresnet`. */
function byModel<T>(mlpresnet: T, resmlp: T): (chosen: Chosen) => T {
  return ({ model }) => model === "resmlp" ? resmlp : mlpresnet;
}

/** Whether the data are images of digits, as far as their name tells. */
function isDigits(data: string): boolean {
  return ["auto", "mnist", "digits"].includes(data);
}

/** Where a run goes: `runs/cifar10-resmlp`, and `runs/mnist` for that without options. */
function folderOf({ data, model }: Chosen): string {
  const named = (path: string) => path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1)!.replace(/\.\w+$/, "") || "data";
  if (data === "auto" && model === "mlpresnet") return "runs/mnist";
  return `runs/${data === "auto" ? "mnist" : named(data)}-${named(model)}`;
}

export const fields = {
  data: text("auto", "NAME", "auto, mnist, cifar10, digits, a folder of images or with mnist/ in it, or FILE.csv"),
  model: text("mlpresnet", "NAME", "mlpresnet, resmlp, or FILE.ts, which exports a function that makes a model"),
  width: count(byModel(128, 128), 1, "features between the blocks"),
  depth: count(byModel(3, 8), 0, "blocks"),
  norm: choice(byModel<"batch" | "layer" | "affine" | "none">("batch", "affine"), [
    "batch",
    "layer",
    "affine",
    "none",
  ], "normalization"),
  dropout: number(byModel(0.1, 0), "share", "share of features that are dropped in training"),
  residual: flag(true, "adds to each block's result what went into it"),
  patch: count(byModel(0, 4), 0, "side of resmlp's patches, in pixels"),
  expansion: number(byModel(0, 4), "notNegative", "features inside resmlp's blocks, in widths"),
  epochs: count(8, 1, "rounds through the training set"),
  batchSize: count(128, 1, "images in a step"),
  optimizer: choice("adam", ["sgd", "adam", "adamw", "nadam", "radam", "lion", "lamb"], "optimizer"),
  lr: number(({ optimizer }) => ({ sgd: 0.1, lion: 3e-4 })[optimizer] ?? 3e-3, "positive", "the highest learning rate"),
  weightDecay: number(({ optimizer }) => optimizer === "adamw" ? 0.05 : 0, "notNegative", "weight decay"),
  momentum: number(({ optimizer }) => optimizer === "sgd" ? 0.9 : 0, "share", "momentum of sgd"),
  schedule: choice("cosine", ["cosine", "constant", "step", "linear", "exponential"], "course of the learning rate"),
  warmup: number(1 / 16, "share", "share of all steps in which the learning rate rises"),
  labelSmoothing: number(0, "share", "share of the target that is spread over all classes"),
  clip: number(0, "notNegative", "largest norm of the gradients, 0 for any"),
  accumulate: count(1, 1, "batches whose gradients make one step"),
  precision: choice("float32", ["float32", "bfloat16", "float16"], "element type of products"),
  captured: flag(true, "records a step once and replays it, which is faster"),
  ema: number(0, "share", "decay of the running mean of weights that is tested and saved, 0 for none"),
  augment: text(
    ({ data }) => isDigits(data) ? "crop:1" : data === "cifar10" ? "crop:4,flip" : "",
    "LIST",
    "changes to training images at random, such as crop:4,flip",
    {
      mayBeEmpty: true,
    },
  ),
  normalize: flag(({ data }) => !isDigits(data), "brings pixels to mean 0 and deviation 1"),
  testFlip: flag(false, "tests with the mean of each image and its mirror image"),
  validation: number(0, "share", "share of the training set that is held out to choose by"),
  patience: count(0, 0, "epochs without a better validation before training ends early, 0 for all"),
  keepBest: flag(false, "saves the weights of the best epoch rather than the last"),
  seed: count(0, 0, "seed of all that is random"),
  limit: count(0, 0, "trains on the first N images only, 0 for all"),
  device: text("auto", "NAME", "auto, cpu, opencl, cuda, wasm or reference; opencl:1 is the second"),
  threads: free(count(0, 0, "threads of the native device, 0 for one a core")),
  workers: free(count(0, 0, "threads that prepare images beside training")),
  out: free(text(folderOf, "FOLDER", "where the run goes")),
  checkpointSteps: free(count(0, 0, "steps between checkpoints, 0 for none by steps")),
  checkpointSeconds: free(number(30, "notNegative", "seconds between checkpoints, 0 for none by time")),
  resume: free(flag(false, "goes on with the run in the folder, from its last checkpoint")),
  overwrite: free(flag(false, "begins anew where the folder holds an unfinished run")),
  dashboard: free(flag(false, "shows the run on a page of this machine")),
  port: free(count(0, 0, "port of the page, 0 for a free one")),
  quiet: free(flag(false, "prints nothing but errors")),
};

type Name = keyof typeof fields;

/** The config of a run: a value for each field. */
export type Config = { readonly [name in Name]: (typeof fields)[name] extends Field<infer T> ? T : never };

const names = Object.keys(fields) as Name[];
/** The fields whose values decide the defaults of others, which are filled in first. */
const first = ["data", "model", "optimizer"] as const satisfies readonly (keyof Chosen)[];

/** A field of the table, without the type of its value. */
function fieldOf(name: Name): Field<unknown> {
  return fields[name] as Field<unknown>;
}

/** The given fields, checked one by one. TypeError for a field that there is not, RangeError for a value that it does not take. */
function checkFields(
  action: string,
  given: Partial<Config>,
  labelOf: (name: Name) => string = (name) => name,
): Partial<Config> {
  checkOptions(action, given, "{ epochs: 8 }", names);
  for (const [name, value] of Object.entries(given)) {
    checkField(action, labelOf(name as Name), fieldOf(name as Name), value);
  }
  return given;
}

/**
 * The config with these fields, and the defaults of the others. TypeError for a field that there is not, RangeError for a
 * value that a field does not take, and for values that do not go together.
 */
export function makeConfig(given: Partial<Config> = {}): Config {
  checkFields("train", given);
  const config: Record<string, unknown> = {};
  for (const name of [...first, ...names]) {
    const { fallback } = fieldOf(name);
    config[name] ??= given[name] ?? (typeof fallback === "function" ? fallback(config as unknown as Chosen) : fallback);
  }
  const complete = Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as Config;
  checkTogether(complete);
  return complete;
}

/** What does not go together: a condition, and what is said of it. */
const conflicts: readonly [isWrong: (config: Config) => boolean, say: (config: Config) => string][] = [
  [({ model, patch }) => model === "mlpresnet" && patch > 0, ({ patch }) => `patch ${patch} is for model resmlp`],
  [
    ({ model, expansion }) => model === "mlpresnet" && expansion > 0,
    ({ expansion }) => `expansion ${expansion} is for model resmlp`,
  ],
  [
    ({ model, width }) => model === "mlpresnet" && width < 2,
    () => "width 1 must be at least 2, for blocks of half of it",
  ],
  [({ model, patch }) => model === "resmlp" && patch < 1, () => "patch 0 must be at least 1 for model resmlp"],
  [
    ({ model, expansion }) => model === "resmlp" && expansion === 0,
    () => "expansion 0 must be above 0 for model resmlp",
  ],
  [
    ({ norm, batchSize }) => norm === "batch" && batchSize < 2,
    () => "batchSize 1 must be at least 2 with norm batch, which compares the images of a batch",
  ],
  [
    ({ optimizer, momentum }) => optimizer !== "sgd" && momentum > 0,
    ({ optimizer, momentum }) => `momentum ${momentum} is for optimizer sgd, not ${optimizer}`,
  ],
  [
    ({ patience, validation }) => patience > 0 && validation === 0,
    ({ patience }) => `patience ${patience} needs a validation share above 0, since the test set is never chosen by`,
  ],
  [
    ({ keepBest, validation }) => keepBest && validation === 0,
    () => "keepBest needs a validation share above 0, since the test set is never chosen by",
  ],
  [({ resume, overwrite }) => resume && overwrite, () => "resume and overwrite exclude each other"],
  [
    ({ port, dashboard }) => port > 0 && !dashboard,
    ({ port }) => `port ${port} is for the dashboard, which is not asked for`,
  ],
  [({ port }) => port > 65535, ({ port }) => `port ${port} must be at most 65535`],
];

function checkTogether(config: Config): void {
  for (const [isWrong, say] of conflicts) {
    if (isWrong(config)) throw new RangeError(`Cannot train: ${say(config)}`);
  }
}

/** The fields in which two configs differ, of those that a run computes by. */
export function differences(one: Config, other: Config): Name[] {
  return names.filter((name) => !fields[name].isFree && one[name] !== other[name]);
}

/** A short name of all that a run computes by: the beginning of the SHA-256 of those fields. */
export async function hashOf(config: Config): Promise<string> {
  const values = names.filter((name) => !fields[name].isFree).map((name) => [name, config[name]]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(values)));
  return new Uint8Array(digest).slice(0, 8).toHex();
}

/** The fields that the text of a config file gives. Errors call it `source`. */
export function parseConfig(source: string, text: string): Partial<Config> {
  let given;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${source}: it is not JSON (${(cause as Error).message})`, { cause });
  }
  return checkFields(`read ${source}`, given);
}

/** The words of a flag. */
function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What a command line gives: fields, the file of others, and whether the help page is asked for. */
export interface CommandLine {
  readonly given: Partial<Config>;
  readonly config?: string;
  readonly help: boolean;
}

/** Reads a command line. RangeError for a flag that there is not, and for a value that it does not take. */
export function readFlags(words: readonly string[]): CommandLine {
  const alone = names.filter((name) => fields[name].word === "");
  const found = parseFlags(words, {
    text: [...names.filter((name) => fields[name].word !== "").map(flagOf), "config"],
    flags: [...alone.flatMap((name) => [flagOf(name), `no-${flagOf(name)}`]), "help"],
  }) as Record<string, string | true | undefined>;
  const given: Record<string, unknown> = {};
  for (const name of names) {
    const word = found[flagOf(name)], isDenied = found[`no-${flagOf(name)}`] === true;
    if (word !== undefined && isDenied) {
      throw new RangeError(`Cannot read flags: --${flagOf(name)} and --no-${flagOf(name)}`);
    }
    if (word !== undefined) given[name] = typeof word === "string" ? fieldOf(name).parse(word) : word;
    if (isDenied) given[name] = false;
  }
  return {
    given: checkFields("read flags", given, (name) => `--${flagOf(name)}`),
    ...(typeof found.config === "string" && { config: found.config }),
    help: found.help === true,
  };
}

/** The help page. */
export function helpPage(): string {
  const plain = makeConfig();
  const rows = names.map((name) => {
    const { word, help } = fieldOf(name), value = plain[name];
    const usage = `--${value === true ? "[no-]" : ""}${flagOf(name)}${word === "" ? "" : ` ${word}`}`;
    const shown = value === true ? "on" : value === false ? "" : `${value}`;
    return `  ${usage.padEnd(24)} ${help}${shown === "" ? "" : `  (${shown})`}`;
  });
  return [
    "Trains a net on images, tests it, saves it, loads it and tests what was loaded.\n",
    "  deno task train [flags]\n",
    ...rows,
    `  ${"--config FILE".padEnd(24)} reads fields from a file, as each run writes it: config.json; flags come after it`,
    `  ${"--help".padEnd(24)} this page`,
  ].join("\n");
}
