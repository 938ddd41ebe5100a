/** Checks of what is trained, on what and how. */
import {
  checkCount,
  checkFlag,
  checkOptions,
  checkRange,
  checkText,
  checkWritable,
  refuse,
  shown,
} from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";
import { Module } from "../nn/mod.ts";
import type { StepOptions, TrainOptions } from "./options.ts";

/** TypeError unless `given` is an object with these methods. A bare function has a `call` too, which does something else. */
export function checkMethods(action: string, given: unknown, methods: readonly string[], wanted: string): void {
  const fits = typeof given === "object" && given !== null &&
    methods.every((name) => typeof (given as Record<string, unknown>)[name] === "function");
  if (!fits) refuse(action, given, wanted);
}

/** The batch itself. TypeError unless it is a pair of tensors. */
export function checkPair(action: string, batch: unknown): [x: Tensor, y: Tensor] {
  if (Array.isArray(batch) && batch.length === 2 && batch.every((part) => part instanceof Tensor)) {
    return batch as [x: Tensor, y: Tensor];
  }
  return refuse(action, batch, "a batch [x, y] of tensors");
}

/** TypeError unless batches can be asked of `given`. */
export function checkLoader(action: string, given: unknown): void {
  checkMethods(action, given, [], "a DataLoader");
  if (!(Symbol.asyncIterator in (given as object)) && !(Symbol.iterator in (given as object))) {
    refuse(action, given, "a DataLoader");
  }
}

const optionNames = [
  "loss",
  "optimizer",
  "scheduler",
  "epochs",
  "captured",
  "validation",
  "metrics",
  "clipNorm",
  "gradNorm",
  "accumulate",
  "precision",
  "ema",
  "earlyStopping",
  "keepBest",
  "signal",
  "checkpoint",
  "resume",
] as const;

const precisions = ["float32", "bfloat16", "float16"];

/** The options themselves. TypeError unless they have what a step of a model needs, and nothing unknown. */
export function checkStep<T extends StepOptions>(action: string, model: Module, options: T): T {
  if (!(model instanceof Module)) refuse(action, model, "a module");
  const { loss, optimizer } = checkOptions<TrainOptions>(action, options, "{ loss, optimizer }", optionNames);
  checkMethods(action, loss, ["call"], "a loss");
  checkMethods(action, optimizer, ["resetGrad", "step"], "an optimizer");
  return options;
}

/** TypeError or RangeError unless these are a model, a loader and options of a training run. */
export function checkTraining(action: string, model: Module, loader: unknown, options: TrainOptions): void {
  const given = checkStep(action, model, options), { scheduler, validation, metrics, signal, resume } = given;
  checkLoader(action, loader);
  if (scheduler !== undefined) checkMethods(action, scheduler, ["step"], "a schedule");
  if (validation !== undefined) checkLoader(action, validation);
  checkCount(action, "epochs", given.epochs ?? 1, 0);
  checkCount(action, "accumulate", given.accumulate ?? 1, 1);
  checkFlag(action, "captured", given.captured ?? true);
  checkFlag(action, "gradNorm", given.gradNorm ?? false);
  if (given.clipNorm !== undefined) checkRange(action, "clipNorm", given.clipNorm, 0);
  if (given.ema !== undefined) checkRange(action, "ema", given.ema, 0, 1);
  checkChoice(action, "precision", given.precision ?? "float32", precisions);
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse(action, signal, "an AbortSignal");
  if (metrics !== undefined && validation === undefined) {
    throw new TypeError(`Cannot ${action}: metrics are measured on a validation set, give one by validation`);
  }
  checkWatches(action, given);
  checkCheckpoint(action, loader, given);
  if (resume !== undefined && typeof resume !== "boolean") checkText(action, "resume", resume);
  if (resume === true && given.checkpoint === undefined) {
    throw new TypeError(`Cannot ${action}: resume true needs checkpoint, whose path has the file`);
  }
}

/** RangeError unless `given` is one of the choices. */
function checkChoice(action: string, name: string, given: unknown, choices: readonly string[]): void {
  if (choices.includes(given as string)) return;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(given)} must be one of ${choices.join(", ")}`);
}

function checkWatches(action: string, { earlyStopping, keepBest, validation }: TrainOptions): void {
  if (earlyStopping !== undefined) {
    const names = ["metric", "patience", "minDelta", "mode"] as const;
    const { metric, mode, patience, minDelta = 0 } = checkOptions(
      action,
      earlyStopping,
      '{ metric: "loss", patience: 3 }',
      names,
    );
    checkText(action, "metric", metric);
    if (mode !== undefined) checkChoice(action, "mode", mode, ["min", "max"]);
    checkCount(action, "patience", patience, 1);
    checkRange(action, "minDelta", minDelta, 0);
  }
  if (keepBest !== undefined && typeof keepBest !== "boolean") {
    const { metric, mode } = checkOptions(action, keepBest, '{ metric: "accuracy" }', ["metric", "mode"]);
    checkText(action, "metric", metric);
    if (mode !== undefined) checkChoice(action, "mode", mode, ["min", "max"]);
  }
  if (validation !== undefined || (earlyStopping === undefined && (keepBest ?? false) === false)) return;
  const name = earlyStopping === undefined ? "keepBest" : "earlyStopping";
  throw new TypeError(`Cannot ${action}: ${name} watches a validation set, give one by validation`);
}

function checkCheckpoint(action: string, loader: unknown, { checkpoint, scheduler, optimizer, resume }: TrainOptions) {
  if (checkpoint !== undefined) {
    const { path, steps, seconds, parts } = checkOptions(
      action,
      checkpoint,
      '{ path: "run.safetensors" }',
      ["path", "steps", "seconds", "parts"],
    );
    checkWritable(action, checkText(action, "path", path));
    if (steps !== undefined) checkCount(action, "steps", steps, 1);
    if (seconds !== undefined) checkRange(action, "seconds", seconds, 0);
    if (parts !== undefined) {
      checkMethods(action, parts, [], "an object of parts by name");
      const taken = Object.keys(parts).find((name) => ownParts.includes(name));
      if (taken !== undefined) {
        throw new RangeError(
          `Cannot ${action}: the part ${taken} must have another name, the run has one of that name`,
        );
      }
    }
  }
  if (checkpoint === undefined && typeof resume !== "string") return;
  const stateful = ["stateDict", "loadStateDict"];
  checkMethods(action, loader, stateful, "a loader with stateDict() and loadStateDict(), for checkpoints");
  checkMethods(action, optimizer, stateful, "an optimizer with stateDict() and loadStateDict(), for checkpoints");
  if (scheduler !== undefined) {
    checkMethods(action, scheduler, stateful, "a schedule with stateDict() and loadStateDict(), for checkpoints");
  }
}

/** The names of the parts of a run's checkpoint. */
export const ownParts: readonly string[] = [
  "model",
  "loss",
  "optimizer",
  "scheduler",
  "loader",
  "validation",
  "random",
  "run",
  "average",
  "best",
  "lossScale",
];
