/** One run from its config to the small files that are kept of it. */
import { data, io, scope } from "../../mod.ts";
import { configPath, readText } from "../train/command_line.ts";
import { type Config, fields, makeConfig, parseConfig } from "../train/config.ts";
import { pathsOf } from "../train/folder.ts";
import { trainRun } from "../train/run.ts";
import { modelPath } from "./card.ts";
import { keyOf, type Run } from "./experiments.ts";
import { reportFolder, resultsFolder, runsFolder, writeBytes, writeText } from "./files.ts";
import { mistakesOf } from "./mistakes.ts";
import { nameOf } from "./plan.ts";
import { curveOf, type Result, resultText } from "./results.ts";
import { writeStart } from "./start.ts";

/** How a run is done. */
export interface RunSettings {
  /** Threads, 0 for one a core. */
  readonly threads: number;
  /** Python with torch. */
  readonly python: string;
}

/** The exit status of a run that was stopped by an interrupt, and can go on. */
export const interrupted = 130;

/** Does a run, or goes on with it, and keeps its result. Gives the exit status of the process. */
export async function doRun(run: Run, settings: RunSettings): Promise<number> {
  const folder = `${runsFolder}/${nameOf(run)}`;
  return run.of === null ? await train(run, folder, settings) : await trainInPyTorch(run, run.of, folder, settings);
}

async function train(run: Run, folder: string, { threads }: RunSettings): Promise<number> {
  const controller = new AbortController();
  // Several runs may write to one terminal.
  const tell = (line: string) => console.log(`${nameOf(run)}  ${line}`);
  Deno.addSignalListener("SIGINT", () => controller.abort());
  // A folder of this very run is gone on with; one whose config has changed since is begun anew.
  const how = await keyIn(folder) === run.key ? { resume: true } : { overwrite: true };
  const { result } = await trainRun(makeConfig({ ...run.config, out: folder, threads, quiet: true, ...how }), {
    signal: controller.signal,
    say: tell,
    onEvent: (event) => {
      if (event.kind !== "epoch") return;
      const { epoch, loss, validation } = event, accuracy = 100 * (validation?.accuracy as number);
      tell(`epoch ${epoch}/${run.config.epochs}  loss ${loss.toFixed(4)}  test ${accuracy.toFixed(2)} %`);
    },
  });
  if (result === null) return interrupted;
  const { accuracy, loss, confusion, parameters, seconds, totalSeconds, epochs } = result;
  const machine = {
    ...result.machine,
    threads: result.machine.device === "wasm" ? 1 : threads || result.machine.cores,
  };
  const found = { accuracy, loss, confusion, parameters, seconds, totalSeconds, epochs, machine };
  const curve = curveOf(await Deno.readTextFile(pathsOf(folder).log));
  await keep(run, { ...found, curve, ...await shownOf(run, pathsOf(folder).model) });
  return 0;
}

/** The key of the run whose folder this is; null if it is nobody's. */
async function keyIn(folder: string): Promise<string | null> {
  try {
    const path = configPath(folder);
    return await keyOf(parseConfig(path, readText(path)));
  } catch {
    return null;
  }
}

/** What the report shows of one run of an experiment: the images of its mistakes, and the model itself. */
async function shownOf(run: Run, model: string): Promise<Pick<Result, "mistakes" | "kept">> {
  const { experiment, variant, seed } = run;
  const isFirst = variant === experiment.variants[0] && seed === experiment.seeds[0];
  if (!isFirst || !experiment.show?.includes("mistakes")) return { mistakes: [] };
  const { mistakes, strip } = await mistakesOf(model);
  await writeBytes(`${resultsFolder}/${nameOf(run)}.png`, strip);
  return experiment.keep ? { mistakes, kept: await keepModel(model) } : { mistakes };
}

/** Keeps a model in half the bytes, with what its file says of it. */
async function keepModel(path: string): Promise<{ accuracy: number; bytes: number }> {
  using _ = scope();
  const state = Object.entries(await io.load(path)), kept = `${reportFolder}/${modelPath}`;
  const halves = Object.fromEntries(state.map(([name, tensor]) => [name, tensor.cast("float16")]));
  await io.save(kept, halves, { metadata: await io.loadMetadata(path) });
  return { accuracy: (await mistakesOf(kept)).accuracy, bytes: (await Deno.stat(kept)).size };
}

/** Has PyTorch begin where a run of Deneb begins. */
async function trainInPyTorch(run: Run, of: Run, folder: string, { python, threads }: RunSettings): Promise<number> {
  await writeStart(of.config, folder);
  const args = [`${reportFolder}/pytorch.py`, folder, data.dataFolder(), `${threads}`];
  const child = new Deno.Command(python, { args, stdin: "null" }).spawn();
  Deno.addSignalListener("SIGINT", () => child.kill("SIGINT"));
  const { code } = await child.status;
  if (code !== 0) return code;
  const found = JSON.parse(await Deno.readTextFile(`${folder}/pytorch.json`));
  await keep(run, { ...found, mistakes: [] });
  return 0;
}

async function keep(run: Run, found: Omit<Result, "config" | "pytorch">): Promise<void> {
  const result: Result = { config: computed(run.config), pytorch: run.of !== null, ...found };
  await writeText(`${resultsFolder}/${nameOf(run)}.json`, resultText(result));
}

/** The fields that a run computes by. */
function computed(config: Config): Partial<Config> {
  const kept = Object.entries(config).filter(([name]) => !fields[name as keyof Config].isFree);
  return Object.fromEntries(kept) as Partial<Config>;
}
