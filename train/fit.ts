/**
 * The training loop, and the evaluation on a test set. Both use public names only: a loop of one's own is `trainStep` inside
 * `for await (const [x, y] of loader)`, in a scope.
 */
import { checkCount, checkFunction, checkOptions, checkTensor, refuse, tellOf } from "../core/internal.ts";
import { capture, findTopoSort, noGrad, scope, Tensor } from "../core/mod.ts";
import type { DataLoader } from "../data/mod.ts";
import { type AnyModule, type Loss, Module } from "../nn/mod.ts";
import type { Optimizer, Scheduler } from "../optim/mod.ts";
import { countCorrect } from "./metrics.ts";

/** Options of {@linkcode fit}. */
export interface FitOptions {
  /** The loss, or another object whose `call` makes a scalar from the model's output for x and from y. */
  loss: Pick<Loss, "call">;
  /** The optimizer of the model's parameters. */
  optimizer: Optimizer;
  /** A schedule, which is stepped after each batch: its steps are batches. */
  scheduler?: Scheduler;
  /** The number of rounds through the loader; 1 by default. */
  epochs?: number;
  /**
   * Captures the step and replays it, which is faster, for models whose instructions do not depend on values. A last batch of
   * another size is recorded once more. False by default.
   */
  captured?: boolean;
  /** Called after each batch. */
  onStep?: (at: StepReport) => void;
  /** Called after each epoch, and awaited. The time that it takes is not part of the epoch's. */
  onEpoch?: (epoch: EpochReport) => void | Promise<void>;
}

const fitNames = ["loss", "optimizer", "scheduler", "epochs", "captured", "onStep", "onEpoch"] as const;

/** The argument of `onStep`. */
export interface StepReport {
  /** The epoch, counted from 1. */
  epoch: number;
  /** The number of samples seen since training began. */
  seen: number;
  /** The loss of this batch, before its update. */
  loss: number;
}

/** The argument of `onEpoch`; `fit` returns one for each epoch. */
export interface EpochReport {
  /** The epoch, counted from 1. */
  epoch: number;
  /** The mean loss of the epoch's samples. */
  loss: number;
  /** The seconds of training, without those of `onEpoch`. */
  seconds: number;
}

/**
 * One training step: forward, loss, backward, update. Returns the loss. A scope around the step frees the tensors that it
 * makes.
 *
 * TypeError for an argument of another kind, before anything is computed.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, optim, scope, tensor, train } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Linear(1, 1), x = tensor([[0], [1]]), y = tensor([[1], [3]]);
 * const options = { loss: new nn.MSELoss(), optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) };
 * let last = Infinity;
 * for (let step = 0; step < 100; step++) {
 *   using _ = scope();
 *   last = train.trainStep(model, x, y, options).item();
 * }
 * if (last > 0.1) throw new Error(`the loss is ${last}`);
 * ```
 */
export function trainStep(
  model: Module,
  x: Tensor,
  y: Tensor,
  options: Pick<FitOptions, "loss" | "optimizer">,
): Tensor {
  const action = "train", { loss, optimizer } = checkTraining(action, model, options as FitOptions);
  checkTensor(action, x);
  checkTensor(action, y);
  return update(model, x, y, loss, optimizer);
}

/** The step itself. `look` is shown the loss while it has its graph. */
function update(
  model: Module,
  x: Tensor,
  y: Tensor,
  loss: FitOptions["loss"],
  optimizer: Optimizer,
  look: ((value: Tensor) => void) | null = null,
): Tensor {
  const value = loss.call(model.call(x), y);
  look?.(value);
  optimizer.resetGrad();
  value.backward();
  optimizer.step();
  return value;
}

/**
 * Trains `model` on the batches of `loader` for `epochs` rounds, and leaves it in training mode.
 *
 * Returns a report for each epoch. Error once the loss is not finite; RangeError if the loader gives no batch; TypeError for
 * arguments of another kind, before the first batch.
 *
 * @example
 * ```ts
 * import { data, manualSeed, nn, optim, train } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ train: 200 }), { batchSize: 20, shuffle: true });
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
 * const reports = await train.fit(model, loader, { loss: new nn.CrossEntropyLoss(), optimizer, epochs: 2 });
 * if (reports[1]!.loss > reports[0]!.loss) throw new Error("it does not learn");
 * ```
 */
export async function fit(model: Module, loader: DataLoader, options: FitOptions): Promise<EpochReport[]> {
  const { scheduler, epochs = 1, captured = false, onStep, onEpoch } = checkTraining("train", model, options);
  checkLoader("train", loader);
  checkCount("train", "epochs", epochs, 0);
  if (scheduler !== undefined) checkMethods("train", scheduler, ["step"], "a schedule");
  for (const callback of [onStep, onEpoch]) if (callback !== undefined) checkFunction("train", callback);
  const { loss, optimizer } = options;
  let steps = 0;
  const body = (x: Tensor, y: Tensor) => {
    const look = steps++ === 0 ? (value: Tensor) => lookForUntrained(value, model, [x, y], options) : null;
    return update(model, x, y, loss, optimizer, look);
  };
  using program = captured ? capture(body) : null;
  const step = program ?? body;
  const reports: EpochReport[] = [];
  let seen = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const begun = performance.now();
    let total = 0, samples = 0;
    model.train();
    for await (const batch of loader) {
      using _ = scope();
      const [x, y] = checkPair("train", batch);
      const value = step(x, y).item() as number;
      if (!Number.isFinite(value)) {
        throw new Error(
          `Cannot go on training: the loss became ${value} in epoch ${epoch}; a lower learning rate may help`,
        );
      }
      scheduler?.step();
      const count = x.shape[0] ?? 1;
      total += value * count;
      samples += count;
      seen += count;
      onStep?.({ epoch, seen, loss: value });
    }
    if (samples === 0) throw new RangeError("Cannot train: the loader gave no batch");
    const report = { epoch, loss: total / samples, seconds: (performance.now() - begun) / 1000 };
    reports.push(report);
    await onEpoch?.(report);
  }
  return reports;
}

/**
 * The share of samples, from 0 to 1, that `model` classifies correctly: whose logits [batch, classes] are largest at the
 * label.
 *
 * The model runs in evaluation mode and without gradients; afterwards each of its parts is in its former mode. RangeError if
 * the loader gives no batch; TypeError for logits and labels that {@linkcode countCorrect} refuses.
 *
 * @example
 * ```ts
 * import { data, nn, train } from "deneb";
 *
 * const untrained = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ test: 50 }), { batchSize: 25 });
 * const share = await train.evaluate(untrained, loader);
 * if (share > 0.5 || !untrained.training) throw new Error(`${share}`);
 * ```
 */
export async function evaluate(model: Module, loader: DataLoader): Promise<number> {
  if (!(model instanceof Module)) refuse("evaluate", model, "a module");
  checkLoader("evaluate", loader);
  const modes = model.modules().map((part): [AnyModule, boolean] => [part, part.training]);
  model.eval();
  let correct = 0, samples = 0;
  try {
    for await (const batch of loader) {
      using _ = scope();
      const [x, y] = checkPair("evaluate", batch);
      correct += countCorrect(noGrad(() => model.call(x)), y);
      samples += y.size;
    }
  } finally {
    restore(modes);
  }
  if (samples === 0) throw new RangeError("Cannot evaluate: the loader gave no batch");
  return correct / samples;
}

/** Puts modules back into their modes. A change reaches all parts of a module, so that it may take a round for each. */
function restore(modes: readonly [AnyModule, boolean][]): void {
  for (let round = 0; round < modes.length; round++) {
    const wrong = modes.filter(([part, training]) => part.training !== training);
    if (wrong.length === 0) return;
    for (const [part, training] of wrong) part.train(training);
  }
}

/** Tells of tensors that get a gradient from the loss, but that neither the model lists nor the optimizer trains. */
function lookForUntrained(
  value: Tensor,
  model: Module,
  batch: readonly Tensor[],
  { loss, optimizer }: FitOptions,
): void {
  const listed = loss instanceof Module ? [...model.parameters(), ...loss.parameters()] : model.parameters();
  const known = new Set<Tensor>([...optimizer.params ?? [], ...listed, ...batch]);
  tellOf(findTopoSort([value], (node) => node.requiresGrad).filter((node) => node.isLeaf() && !known.has(node)));
}

/** The options themselves. TypeError unless they name what a training step needs. */
function checkTraining(action: string, model: Module, options: FitOptions): FitOptions {
  if (!(model instanceof Module)) refuse(action, model, "a module");
  const { loss, optimizer } = checkOptions(action, options, "{ loss, optimizer }", fitNames);
  checkMethods(action, loss, ["call"], "a loss");
  checkMethods(action, optimizer, ["resetGrad", "step"], "an optimizer");
  return options;
}

/** TypeError unless `given` is an object with these methods. A bare function has a `call` too, which does something else. */
function checkMethods(action: string, given: unknown, methods: readonly string[], wanted: string): void {
  const fits = typeof given === "object" && given !== null &&
    methods.every((name) => typeof (given as Record<string, unknown>)[name] === "function");
  if (!fits) refuse(action, given, wanted);
}

/** The batch itself. TypeError unless it is a pair of tensors. */
function checkPair(action: string, batch: unknown): [x: Tensor, y: Tensor] {
  if (Array.isArray(batch) && batch.length === 2 && batch.every((part) => part instanceof Tensor)) {
    return batch as [x: Tensor, y: Tensor];
  }
  return refuse(action, batch, "a batch [x, y] of tensors");
}

function checkLoader(action: string, given: unknown): void {
  checkMethods(action, given, [], "a DataLoader");
  if (!(Symbol.asyncIterator in (given as object)) && !(Symbol.iterator in (given as object))) {
    refuse(action, given, "a DataLoader");
  }
}
