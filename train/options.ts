/** Options of a training run, and their checks. */
import type { Tensor } from "../core/mod.ts";
import type { PairLoader } from "../data/mod.ts";
import type { Parts } from "../io/mod.ts";
import type { Loss } from "../nn/mod.ts";
import type { Lookahead, Optimizer, Scheduler } from "../optim/mod.ts";
import type { Metric } from "./metrics.ts";

/** What a training step needs. */
export interface StepOptions {
  /** The loss, or another object whose `call` makes a scalar from the model's output for x and from y. */
  loss: Pick<Loss, "call">;
  /** The optimizer of the model's parameters. */
  optimizer: Optimizer | Lookahead;
}

/** The names of metrics; `"top5"` may be any `"top" + k`. */
export type MetricName =
  | ("accuracy" | "loss" | "confusion" | "perClass" | `top${number}`)
  | ("precision" | "recall" | "f1" | "iou" | "auroc")
  | ("mae" | "mse" | "rmse" | "r2" | "perplexity");

/** A function of the model's output and the target of a batch: its values are averaged over the samples, under its name. */
export type MetricFunction = (output: Tensor, target: Tensor) => number | Tensor;

/** A metric by name, by itself or by a function. */
export type MetricChoice = MetricName | Metric | MetricFunction;

/** A metric of the validation set that is watched. */
export interface Watched {
  /** Its name, such as `"accuracy"` or `"loss"`. */
  metric: string;
  /** Whether a smaller or a larger value is better; by default `"min"` for the loss, errors and perplexity, `"max"` for all else. */
  mode?: "min" | "max";
}

/** Ends a run whose watched metric does not get better any more. */
export interface EarlyStopping extends Watched {
  /** The number of epochs in a row without a better value after which the run ends. */
  patience: number;
  /** How much better a value must be to count; 0 by default. */
  minDelta?: number;
}

/** When and where a run saves its whole state. */
export interface CheckpointOptions {
  /** The file. Each checkpoint replaces the one before, whole or not at all. */
  path: string;
  /** Saves whenever so many steps are done, besides the end of each epoch. */
  steps?: number;
  /** Saves whenever so many seconds have gone by, besides the end of each epoch. */
  seconds?: number;
  /** Further parts to save and to restore, by names of their own. */
  parts?: Parts;
}

/** Options of a training run. */
export interface TrainOptions extends StepOptions {
  /** A schedule, which is stepped after each update: its steps are updates. Skipped steps do not count. */
  scheduler?: Scheduler;
  /** The number of rounds through the loader; 1 by default. */
  epochs?: number;
  /**
   * Captures the step and replays it, which is faster and gives the same bits; true by default. False is for models, losses and
   * optimizers that read values, or whose plain numbers change from step to step: see {@linkcode capture}. A last batch of
   * another size is recorded once more.
   */
  captured?: boolean;
  /** Batches that the model is tried on after each epoch. */
  validation?: PairLoader;
  /** What is measured on the validation set besides the loss: names, such as `"accuracy"`, metrics or functions. */
  metrics?: readonly MetricChoice[];
  /** The most that the common norm of all gradients may be: they are scaled down to it. */
  clipNorm?: number;
  /** Measures the norm of the gradients where `clipNorm` does not; false by default. */
  gradNorm?: boolean;
  /**
   * The number of batches whose gradients are averaged for one update; 1 by default. Each sample counts the same, also where
   * batches differ in size and in the last group of an epoch, which may have fewer: for a mean loss the update is that of one
   * larger batch.
   */
  accumulate?: number;
  /**
   * The type of matrix products: `"bfloat16"` and `"float16"` run the model under `autocast`. In float16 the loss is scaled up
   * so that small gradients do not vanish, by a factor that follows the gradients as `torch.amp.GradScaler`'s does: 65,536 at
   * first, doubled after 2000 updates in a row, halved when a gradient is not finite, which skips the update. "float32" by default.
   */
  precision?: "float32" | "bfloat16" | "float16";
  /**
   * The decay, in [0, 1), of an exponential moving average of weights and buffers: after each update
   * average = average + (1 - ema) (weights - average), from the weights after the first update on. The validation sees the
   * average, and at the end the model gets it.
   */
  ema?: number;
  /** Ends the run when a metric of the validation set gets no better. */
  earlyStopping?: EarlyStopping;
  /**
   * Keeps the weights of the best epoch and puts them into the model at the end. True watches the metric of `earlyStopping`,
   * else the accuracy if it is measured, else the validation loss. False by default.
   */
  keepBest?: boolean | Watched;
  /** Ends the run after the step in progress, with a checkpoint if there is a path for one. */
  signal?: AbortSignal;
  /** Saves the whole state of the run: after each epoch and, if asked, every so many steps or seconds. */
  checkpoint?: CheckpointOptions;
  /**
   * Goes on from a checkpoint, with the bits of a run that was never ended: true from that of `checkpoint.path` if the file is
   * there, a path from that file, which must be there.
   */
  resume?: boolean | string;
}
