/**
 * A training run from its config to its result: data, model, training, test, and the files in the run's folder. The command,
 * the report and tests call `trainRun`.
 */
import { cpus } from "node:os";
import { isGranted } from "../../kernels/native/environment.ts";
import { data, devices, manualSeed, nn, open, setDefaultDevice, setThreads, train } from "../../mod.ts";
import { SamplePredictions, samplesOf } from "../dashboard/samples.ts";
import { parseAugmentations } from "./augment.ts";
import { type Config, hashOf } from "./config.ts";
import { openData, type RunData, type Say } from "./data.ts";
import { drawPredictions } from "./drawing.ts";
import { beginIn, hold, lookInto, pathsOf, readResult, type RunResult, writeJson } from "./folder.ts";
import { buildModel, openModel, saveModel } from "./model.ts";
import { makeOptimizer, makeSchedule } from "./optimizer.ts";
import { percent } from "./terminal.ts";

/** Options of {@linkcode trainRun}. */
export interface RunOptions {
  /** Ends the run after the step in progress, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Is told each event, and the number of images that the whole run goes through. */
  readonly onEvent?: (event: train.TrainEvent, images: number) => void;
  /** Is told what happens beside the events, a line at a time. */
  readonly say?: Say;
}

/** How a run ended. */
export interface RunOutcome {
  /** All epochs were done, early stopping ended the run, the signal did, or it had been finished before. */
  readonly reason: train.EndEvent["reason"] | "finished before";
  /** The steps that were done. */
  readonly step: number;
  /** What it came to; null for a run that the signal ended. */
  readonly result: RunResult | null;
}

/** The images of a batch where nothing is trained. */
const testBatch = 500;

/** Runs a training. What is wrong with the config, the data or the folder is thrown before anything is written. */
export async function trainRun(asked: Config, options: RunOptions = {}): Promise<RunOutcome> {
  const { signal, onEvent, say = () => {} } = options, begun = performance.now(), paths = pathsOf(asked.out);
  const { state, data } = await lookInto(asked);
  if (state === "finished" && asked.resume) {
    const result = readResult(asked.out);
    say(`${asked.out} holds this run, and it is finished.\ntest accuracy ${percent(result.accuracy)}`);
    return { reason: "finished before", step: 0, result };
  }
  const device = await chooseDevice(asked, say);
  manualSeed(asked.seed);
  const sets = await openData({ ...asked, data }, say),
    config = { ...asked, data: sets.name },
    loaders = makeLoaders(config, sets);
  say(`Data: ${sets.title}.`);
  const model = await buildModel(config, sets), optimizer = makeOptimizer(model, config);
  const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0);
  say(`${titleOf(config)}, ${parameters} parameters; ${config.epochs} ${config.epochs === 1 ? "epoch" : "epochs"}`);
  const stepsPerEpoch = Math.ceil(loaders.train.length / config.accumulate);
  const scheduler = makeSchedule(optimizer, config, config.epochs * stepsPerEpoch);
  const goesOn = config.resume && state === "unfinished";
  if (!goesOn) {
    if (config.resume) say(`${config.out} holds no run to go on with: a new one begins.`);
    else if (state === "finished") say(`The finished run in ${config.out} is replaced.`);
    await beginIn(config, state);
  }
  using _held = await hold(config.out);
  const images = config.epochs * loaders.train.length * config.batchSize;
  using log = new train.JsonLines(paths.log);
  const end = await follow(
    train.run(model, loaders.train, {
      ...settingsOf(config, paths.checkpoint),
      optimizer,
      scheduler,
      validation: loaders.validation,
      ...(signal !== undefined && { signal }),
      resume: goesOn,
    }),
    async (event) => {
      await log.write(event);
      if (event.kind === "start" && !event.resumed) await logSamples(log, event, sets);
      onEvent?.(event, images);
    },
  );
  if (end.reason === "aborted") return { reason: end.reason, step: end.step, result: null };

  await saveModel(paths.model, model, config, sets);
  say(`Saved ${paths.model}; reading it back into a new model.`);
  const { model: reread } = await openModel(paths.model, config.model),
    test = await testOf(reread, config, loaders.test);
  const result: RunResult = {
    ...test,
    parameters,
    seconds: end.seconds,
    totalSeconds: (performance.now() - begun) / 1000,
    epochs: end.epoch,
    machine: { ...machine(), device, level: levelOf(device) },
    seed: config.seed,
    config: await hashOf(config),
  };
  await writeJson(paths.result, result);
  const drawn = config.quiet ? "" : await drawPredictions(reread, sets.test, loaders.test, sets);
  if (drawn !== "") say(`\n${drawn}\n`);
  say(`${result.totalSeconds.toFixed(1)} s on ${device}`);
  say(`test accuracy ${percent(result.accuracy)}`);
  return { reason: end.reason, step: end.step, result };
}

/** What a config says of the training itself. */
function settingsOf(config: Config, checkpoint: string): Omit<train.TrainOptions, "optimizer"> {
  const { clip, ema, patience, keepBest, checkpointSteps, checkpointSeconds } = config;
  return {
    loss: new nn.CrossEntropyLoss({ labelSmoothing: config.labelSmoothing }),
    epochs: config.epochs,
    captured: config.captured,
    metrics: ["accuracy", "confusion", new SamplePredictions()],
    accumulate: config.accumulate,
    precision: config.precision,
    gradNorm: config.dashboard,
    keepBest: keepBest && { metric: "accuracy" },
    ...(clip > 0 && { clipNorm: clip }),
    ...(ema > 0 && { ema }),
    ...(patience > 0 && { earlyStopping: { metric: "accuracy", patience } }),
    checkpoint: {
      path: checkpoint,
      ...(checkpointSteps > 0 && { steps: checkpointSteps }),
      ...(checkpointSeconds > 0 && { seconds: checkpointSeconds }),
    },
  };
}

/** Goes through the events of a run. Returns the last one. */
async function follow(
  events: AsyncIterable<train.TrainEvent>,
  tell: (event: train.TrainEvent) => Promise<void>,
): Promise<train.EndEvent> {
  for await (const event of events) {
    await tell(event);
    if (event.kind === "end") return event;
  }
  throw new Error("Cannot train: the run ended without saying so");
}

/** Logs a few images of the validation set, of which the dashboard shows what the model says. */
async function logSamples(log: train.JsonLines, { epoch, step, seen }: train.StartEvent, sets: RunData): Promise<void> {
  const samples = await samplesOf(sets.validation, sets.classes);
  if (samples !== null) await log.write({ ...samples, epoch, step, seen });
}

interface Loaders {
  readonly train: data.DataLoader;
  readonly validation: data.DataLoader;
  readonly test: data.DataLoader;
}

function makeLoaders(config: Config, sets: RunData): Loaders {
  const { batchSize, seed, workers } = config, { statistics } = sets;
  const normalization = statistics === null ? [] : [data.normalize(statistics.mean, statistics.deviation)];
  const augment = parseAugmentations(config.augment, sets.classes.length, normalization);
  const plain = (set: data.Dataset) =>
    new data.DataLoader(set, { batchSize: Math.min(testBatch, set.length), augment: normalization });
  return {
    // A last batch of a few images would upset BatchNorm's statistics.
    train: new data.DataLoader(sets.train, { batchSize, seed, shuffle: true, dropLast: true, augment, workers }),
    validation: plain(sets.validation),
    test: plain(sets.test),
  };
}

/** Opens the device, says which it is, and returns its name. */
async function chooseDevice({ device: wanted, threads }: Config, say: Say): Promise<string> {
  if (threads > 0) setThreads(threads);
  const chosen = await open(wanted);
  await setDefaultDevice(chosen);
  say(`Running on ${chosen}: ${descriptionOf(chosen)}`);
  return chosen;
}

function descriptionOf(device: string): string {
  return devices().find(({ name }) => name === device)?.description ?? "";
}

/** The processor, as far as the system may be asked. */
function machine(): { cpu: string; cores: number } {
  const cpu = isGranted({ name: "sys", kind: "cpus" }) ? cpus()[0]?.model.trim() : undefined;
  return { cpu: cpu ?? "unknown", cores: navigator.hardwareConcurrency };
}

/** The level of the processor by which the native device computes; "" for other devices. */
function levelOf(device: string): string {
  return device === "cpu" ? /, ([\w+]+)(?:, mode \w+)?$/.exec(descriptionOf(device))?.[1] ?? "" : "";
}

function titleOf({ model, depth, width, norm }: Config): string {
  const name = { mlpresnet: "MLPResNet", resmlp: "ResMLP" }[model];
  return name === undefined ? model : `${name}: ${depth} blocks of width ${width}, norm ${norm}`;
}

/** What a model makes of the test set. */
async function testOf(
  model: nn.Module,
  config: Config,
  loader: data.DataLoader,
): Promise<Pick<RunResult, "accuracy" | "loss" | "perClass" | "confusion">> {
  const tested = config.testFlip ? new train.FlipAveraged(model) : model;
  const loss = new nn.CrossEntropyLoss(), metrics = ["accuracy", "perClass", "confusion"] as const;
  return await train.evaluate(tested, loader, { metrics, loss }) as unknown as Awaited<ReturnType<typeof testOf>>;
}
