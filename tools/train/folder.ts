/**
 * The folder of a run: its files, what an earlier run left in it, and whether a new one may go on or begin there.
 */
import { exists } from "../../kernels/native/environment.ts";
import { io } from "../../mod.ts";
import { configPath, readText } from "./command_line.ts";
import { type Config, differences, makeConfig, parseConfig } from "./config.ts";

/** What a finished run says of itself: `result.json`. */
export interface RunResult {
  /** The share of test images that the saved model classifies correctly. */
  readonly accuracy: number;
  /** The mean cross entropy of the test images. */
  readonly loss: number;
  /** The share of each class's test images that are classified correctly; null for a class without any. */
  readonly perClass: readonly (number | null)[];
  /** How many test images of class i, the row, are classified as j. */
  readonly confusion: readonly (readonly number[])[];
  /** The number of trained numbers. */
  readonly parameters: number;
  /** The seconds of training, over all processes that took part. */
  readonly seconds: number;
  /** The seconds of the last process from its start to its end. */
  readonly totalSeconds: number;
  /** The epochs that were done. */
  readonly epochs: number;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly device: string; readonly level: string };
  readonly seed: number;
  /** What `hashOf` makes of the config. */
  readonly config: string;
}

/** The state of a folder: without a run that could go on, with one that was ended before its time, or with a finished one. */
export type FolderState = "empty" | "unfinished" | "finished";

const files = {
  log: "log.jsonl",
  checkpoint: "checkpoint.safetensors",
  model: "model.safetensors",
  result: "result.json",
} as const;

/** The paths of a run's files in a folder. */
export type RunPaths = { readonly [name in keyof typeof files | "config"]: string };

/** The paths of a run's files. */
export function pathsOf(folder: string): RunPaths {
  const paths = Object.entries(files).map(([name, file]) => [name, `${folder}/${file}`]);
  return { config: configPath(folder), ...Object.fromEntries(paths) as Omit<RunPaths, "config"> };
}

/**
 * Looks at the folder of a run that is about to begin, or to go on, and changes nothing. Gives the name of its data too: for a
 * run that goes on, "auto" is what it was at first. Error if it is no folder, if it holds an unfinished run that the new one
 * would replace, or, where the config says `resume`, a run of another config.
 */
export async function lookInto(config: Config): Promise<{ state: FolderState; data: string }> {
  const { out, resume, overwrite } = config, paths = pathsOf(out);
  let { data } = config;
  if (await exists(out).catch((error) => fail(out, error)) && !(await Deno.stat(out)).isDirectory) {
    fail(out, new Error("it is a file, where a folder must be"));
  }
  const state = await exists(paths.result) ? "finished" : await exists(paths.checkpoint) ? "unfinished" : "empty";
  if (await exists(paths.config)) (await hold(out)).close();
  if (state === "empty") return { state, data };
  if (resume) {
    const stored = makeConfig({ ...parseConfig(paths.config, readText(paths.config)), resume: true });
    if (data === "auto") data = stored.data;
    const wrong = differences(stored, { ...config, data }).map((name) =>
      `${name} is ${config[name]}, but was ${stored[name]}`
    );
    if (wrong.length > 0) throw new RangeError(`Cannot resume ${out}: ${wrong.join("; ")}`);
  } else if (state === "unfinished" && !overwrite) {
    throw new Error(
      `Cannot train: ${out} holds an unfinished run. --resume goes on with it, --overwrite begins anew, --out names another folder`,
    );
  }
  return { state, data };
}

/**
 * Holds the folder of a run until the file is closed or the process ends. Error if another process holds it: two runs would mix
 * their logs.
 */
export async function hold(folder: string): Promise<Deno.FsFile> {
  const file = await Deno.open(pathsOf(folder).config);
  if (await file.tryLock(true)) return file;
  file.close();
  throw new Error(`Cannot train: another process trains in ${folder}; --out names another folder`);
}

/** What a finished run says of itself. */
export function readResult(folder: string): RunResult {
  return JSON.parse(readText(pathsOf(folder).result)) as RunResult;
}

/**
 * Makes the folder ready for a new run: the config is written, and what an earlier one left is removed. Ended at any moment, this
 * leaves no checkpoint that another config stands beside.
 */
export async function beginIn(config: Config, state: FolderState): Promise<void> {
  const { out } = config, { config: path, ...others } = pathsOf(out), isNew = !await exists(out);
  try {
    await Deno.mkdir(out, { recursive: true });
    if (state === "unfinished") await Deno.remove(others.checkpoint);
    // How this process was told to begin is no part of the run.
    await writeJson(path, { ...config, resume: false, overwrite: false });
    // The result, by which a run counts as finished, goes last.
    for (const path of Object.values(others)) await Deno.remove(path).catch(unlessNotFound);
  } catch (error) {
    if (isNew) await Deno.remove(out).catch(() => {});
    fail(out, error as Error);
  }
}

function unlessNotFound(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Writes a value as JSON, whole or not at all. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await io.writeWhole(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

function fail(folder: string, cause: Error): never {
  const why = cause.message.replace(/^Cannot write [^:]*: /, "");
  throw new Error(`Cannot write to ${folder}: ${why}; --out names another folder`, { cause });
}
