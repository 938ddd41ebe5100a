/**
 * The training loop, as an asynchronous iterator of events. What it counts is one plain state, which checkpoints hold beside
 * those of the model, the optimizer and all else that a step changes.
 */
import { checkCount, checkRange, checkState, shown } from "../core/internal.ts";
import { noGrad } from "../core/mod.ts";
import type { PairLoader } from "../data/mod.ts";
import type { Stateful } from "../io/mod.ts";
import type { Module } from "../nn/mod.ts";
import { Average } from "./average.ts";
import { checkPair, checkTraining } from "./check.ts";
import { Checkpoints } from "./checkpoint.ts";
import { Copies, tensorsOf } from "../optim/copies.ts";
import { measure, valuesOf } from "./measure.ts";
import type { EndEvent, EpochEvent, Position, StartEvent, StepEvent, TrainEvent } from "./events.ts";
import { metricsOf } from "./metric_choice.ts";
import type { Metric } from "./metrics.ts";
import type { TrainOptions } from "./options.ts";
import { Steps } from "./steps.ts";
import { Turns } from "./turns.ts";
import { type Watch, watchesOf } from "./watch.ts";

/**
 * Trains `model` on the batches of `loader`, and tells of each step, epoch and checkpoint: see {@linkcode TrainEvent}. The model
 * is trained as the events are asked for, and not between them; whoever leaves the loop ends the run.
 *
 * At the end the model has the weights of the best epoch if `keepBest` asks for them, else the moving average if `ema` does, and
 * is in training mode. A loop that is left earlier leaves the model as it is.
 *
 * {@linkcode NonFiniteError} once a loss or, if their norm is asked for, gradients are not finite: the model then has the weights
 * from before that step. RangeError if the loader gives no batch. TypeError or RangeError for other arguments, before anything
 * is done; Error for a step that cannot be captured.
 *
 * @example
 * ```ts
 * import { data, manualSeed, nn, optim, train } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 }), loss = new nn.CrossEntropyLoss();
 * const loader = new data.DataLoader(data.digits({ train: 200 }), { batchSize: 20, shuffle: true });
 * const validation = new data.DataLoader(data.digits({ test: 50 }), { batchSize: 50 });
 * let accuracy: unknown;
 * for await (const event of train.run(model, loader, { loss, optimizer, epochs: 9, validation, metrics: ["accuracy"] })) {
 *   if (event.kind === "step" && event.step === 1) console.log(`the loss was ${event.loss} at first`);
 *   if (event.kind !== "epoch") continue;
 *   accuracy = event.validation!.accuracy;
 *   if (event.epoch === 2) break;
 * }
 * if (!(Number(accuracy) > 0.3)) throw new Error(`it does not learn: ${accuracy}`);
 * ```
 */
export function run(
  model: Module,
  loader: PairLoader,
  options: TrainOptions,
): AsyncGenerator<TrainEvent, void, undefined> {
  checkTraining("train", model, loader, options);
  return new Run(model, loader, { ...options }).events();
}

/** What a run has counted. */
interface Counts extends Position {
  /** The batches that were taken of the epoch. */
  batches: number;
  /** What is done of the epoch: not all of its batches, all of them, or the validation too. */
  stage: "batches" | "validation" | "over";
  /** The sum of the losses of the epoch's samples, and their number. */
  total: number;
  samples: number;
  /** The seconds of training in the epoch, and in all. */
  epochSeconds: number;
  seconds: number;
  /** The learning rate of the last update. */
  lr: number;
}

const stages: readonly string[] = ["batches", "validation", "over"] satisfies Counts["stage"][];

class Run {
  readonly #model: Module;
  readonly #loader: PairLoader;
  readonly #options: TrainOptions;
  readonly #epochs: number;
  readonly #accumulate: number;
  readonly #metrics: readonly Metric[];
  readonly #stopping: Watch | null;
  readonly #keeping: Watch | null;
  readonly #counts: Counts = {
    epoch: 0,
    step: 0,
    seen: 0,
    batches: 0,
    stage: "over",
    total: 0,
    samples: 0,
    epochSeconds: 0,
    seconds: 0,
    lr: 0,
  };

  constructor(model: Module, loader: PairLoader, options: TrainOptions) {
    this.#model = model;
    this.#loader = loader;
    this.#options = options;
    this.#epochs = options.epochs ?? 1;
    this.#accumulate = options.accumulate ?? 1;
    this.#metrics = options.validation === undefined ? [] : metricsOf("train", options.metrics ?? [], options.loss);
    const watches = watchesOf("train", options, this.#metrics.map(({ name }) => name));
    this.#stopping = watches.stopping;
    this.#keeping = watches.keeping;
  }

  async *events(): AsyncGenerator<TrainEvent, void, undefined> {
    const { ema, signal, validation } = this.#options, model = this.#model, counts = this.#counts;
    using average = ema === undefined ? null : new Average(model, ema);
    using best = this.#keeping === null ? null : new Copies(tensorsOf(model));
    using steps = new Steps(model, this.#options, average);
    const checkpoints = new Checkpoints(this.#options, {
      model,
      loader: this.#loader,
      validation: statefulOrNull(validation),
      run: { stateDict: () => this.#state(), loadStateDict: (state: RunState) => this.#load(state) },
      average,
      best,
      lossScale: steps.scale,
    });
    const resumed = await checkpoints.resume();
    yield this.#start(resumed);
    while (!signal?.aborted && !this.#isDone) {
      if (counts.stage === "over") this.#beginEpoch();
      if (counts.stage === "batches") yield* this.#train(steps, checkpoints);
      if (signal?.aborted) break;
      const epoch = await this.#validate(average, best);
      if (epoch === null) break;
      yield epoch;
      if (checkpoints.path !== null) yield await this.#save(checkpoints);
    }
    const reason = this.#isDone ? this.#stopping?.isOver ? "early" : "done" : "aborted";
    if (reason === "aborted" && checkpoints.path !== null) yield await this.#save(checkpoints);
    if (this.#keeping?.best) best!.give();
    else average?.exchange();
    yield this.#end(reason);
  }

  /** Whether no epoch is left to train. */
  get #isDone(): boolean {
    const { stage, epoch } = this.#counts;
    return stage === "over" && (epoch >= this.#epochs || (this.#stopping?.isOver ?? false));
  }

  #beginEpoch(): void {
    const epoch = this.#counts.epoch + 1;
    const begun: Partial<Counts> = { epoch, stage: "batches", batches: 0, total: 0, samples: 0, epochSeconds: 0 };
    Object.assign(this.#counts, begun);
  }

  /** Trains on the batches that are left of the epoch, or up to a step after which the signal ends the run. */
  async *#train(steps: Steps, checkpoints: Checkpoints): AsyncGenerator<TrainEvent, void, undefined> {
    const counts = this.#counts, batches = lengthOf(this.#loader), turns = new Turns();
    this.#model.train();
    let begun = performance.now();
    for await (const batch of this.#loader) {
      const [x, y] = checkPair("train", batch), samples = x.shape[0] ?? 1;
      const loss = steps.take(x, y, samples, { epoch: counts.epoch, step: counts.step + 1 });
      counts.batches++;
      counts.seen += samples;
      counts.samples += samples;
      counts.total += loss * samples;
      const isLast = counts.batches === batches;
      if (!steps.isFull && !isLast) continue;
      yield this.#finish(steps, begun);
      if (turns.isDue) await turns.give();
      if (this.#options.signal?.aborted) return;
      // At its end an epoch is saved once it is validated.
      if (!isLast && checkpoints.isDue(counts.step)) yield await this.#save(checkpoints);
      begun = performance.now();
    }
    if (steps.pending > 0) yield this.#finish(steps, begun);
    if (counts.samples === 0) throw new RangeError("Cannot train: the loader gave no batch");
    counts.stage = "validation";
  }

  /** Ends a step that began at that time. */
  #finish(steps: Steps, begun: number): StepEvent {
    const counts = this.#counts, { optimizer, scheduler } = this.#options;
    const stepped = steps.finish({ epoch: counts.epoch, step: counts.step + 1 });
    counts.lr = optimizer.lr;
    if (!stepped.skipped) {
      counts.step++;
      scheduler?.step();
    }
    const seconds = (performance.now() - begun) / 1000;
    counts.epochSeconds += seconds;
    counts.seconds += seconds;
    return { kind: "step", ...this.#position, ...stepped, lr: counts.lr, seconds };
  }

  /** Measures the validation set, with the moving average if there is one. Null if the signal ended that. */
  async #validate(average: Average | null, best: Copies | null): Promise<EpochEvent | null> {
    const { validation, signal } = this.#options, counts = this.#counts;
    let isBest = false, values: Record<string, unknown> | null = null;
    if (validation !== undefined) {
      average?.exchange();
      try {
        const loader = statefulOrNull(validation), begun = loader?.stateDict();
        if (!await measure("validate", this.#model, validation, this.#metrics, signal)) {
          // The set is gone through from its beginning where the run goes on.
          loader?.loadStateDict(begun);
          return null;
        }
        values = valuesOf(this.#metrics);
        isBest = this.#judge(values);
        if (this.#keeping !== null && isBest) noGrad(() => best!.take());
      } finally {
        average?.exchange();
      }
    }
    counts.stage = "over";
    return {
      kind: "epoch",
      ...this.#position,
      loss: counts.total / counts.samples,
      lr: counts.lr,
      seconds: counts.epochSeconds,
      validation: values,
      best: isBest,
    };
  }

  /** Whether the watched metric is better than before. */
  #judge(values: Readonly<Record<string, unknown>>): boolean {
    const { epoch } = this.#counts,
      judged = [this.#keeping, this.#stopping].map((watch) => watch?.judge(epoch, values));
    return judged[0] ?? judged[1] ?? false;
  }

  async #save(checkpoints: Checkpoints): Promise<TrainEvent> {
    return { kind: "checkpoint", ...this.#position, path: await checkpoints.save() };
  }

  #start(resumed: boolean): StartEvent {
    const batches = lengthOf(this.#loader), perEpoch = batches === null ? null : Math.ceil(batches / this.#accumulate);
    return {
      kind: "start",
      ...this.#position,
      epochs: this.#epochs,
      steps: perEpoch === null ? null : perEpoch * this.#epochs,
      stepsPerEpoch: perEpoch,
      parameters: this.#model.parameters().reduce((sum, { size }) => sum + size, 0),
      resumed,
    };
  }

  #end(reason: EndEvent["reason"]): EndEvent {
    const best = (this.#keeping ?? this.#stopping)?.best ?? null;
    return { kind: "end", ...this.#position, reason, seconds: this.#counts.seconds, best };
  }

  get #position(): Position {
    const { epoch, step, seen } = this.#counts;
    return { epoch, step, seen };
  }

  #state(): RunState {
    return {
      ...this.#counts,
      stopping: this.#stopping?.stateDict() ?? null,
      keeping: this.#keeping?.stateDict() ?? null,
    };
  }

  /** Goes to a state, or stays where it was if that is none. */
  #load(state: RunState): void {
    const action = "resume", { stage, stopping, keeping } = checkState(action, state);
    if (!stages.includes(stage)) {
      throw new RangeError(`Cannot ${action}: stage ${shown(stage)} must be one of ${stages}`);
    }
    const read = (name: "epoch" | "step" | "seen" | "batches" | "samples") => checkCount(action, name, state[name], 0);
    const time = (name: "epochSeconds" | "seconds" | "lr") => checkRange(action, name, state[name], 0);
    const counts: Counts = {
      epoch: read("epoch"),
      step: read("step"),
      seen: read("seen"),
      batches: read("batches"),
      samples: read("samples"),
      total: checkRange(action, "total", state.total, -Infinity),
      epochSeconds: time("epochSeconds"),
      seconds: time("seconds"),
      lr: time("lr"),
      stage,
    };
    // A run that watches another metric, or none before, begins to watch.
    if (stopping !== null) this.#stopping?.loadStateDict(stopping);
    if (keeping !== null) this.#keeping?.loadStateDict(keeping);
    Object.assign(this.#counts, counts);
  }
}

/** What a checkpoint has of the run itself. */
type RunState = Counts & {
  stopping: ReturnType<Watch["stateDict"]> | null;
  keeping: ReturnType<Watch["stateDict"]> | null;
};

/** The loader, if it has a position that can be saved. */
function statefulOrNull(loader: unknown): Stateful | null {
  const { stateDict, loadStateDict } = (loader ?? {}) as Partial<Stateful>;
  return typeof stateDict === "function" && typeof loadStateDict === "function" ? loader as Stateful : null;
}

function lengthOf(loader: unknown): number | null {
  const { length } = loader as { length?: unknown };
  return typeof length === "number" ? length : null;
}
