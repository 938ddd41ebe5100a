/**
 * What a training run tells while it goes on: plain values without tensors, which JSON can hold, told apart by their `kind`.
 */

/** Where a run is. Every event says it. */
export interface Position {
  /** The epoch, counted from 1; 0 before the first one. */
  epoch: number;
  /** The updates of the optimizer since the very start of training, also over runs that were taken up again. */
  step: number;
  /** The samples seen since the very start of training. */
  seen: number;
}

/** A run begins, or is taken up again. */
export interface StartEvent extends Position {
  /** What tells the event from the others. */
  kind: "start";
  /** The number of epochs that are planned, those done before included. */
  epochs: number;
  /** The number of steps that are planned in all; null for a loader without a length. */
  steps: number | null;
  /** The number of steps in an epoch; null for a loader without a length. */
  stepsPerEpoch: number | null;
  /** The number of trained numbers in the model. */
  parameters: number;
  /** Whether the run goes on from a checkpoint. */
  resumed: boolean;
}

/** The optimizer was stepped, or a step was skipped. */
export interface StepEvent extends Position {
  /** What tells the event from the others. */
  kind: "step";
  /** The mean loss of the step's samples, before the update. */
  loss: number;
  /** The learning rate of the update. */
  lr: number;
  /** The common L2 norm of all gradients before clipping; null unless `clipNorm` or `gradNorm` asks for it. */
  gradNorm: number | null;
  /** The factor of the loss in float16; null in other precisions. */
  lossScale: number | null;
  /** True if gradients left the range of float16: the weights stay, `step` is not counted up, and the next scale is smaller. */
  skipped: boolean;
  /** The seconds that the step took, with the wait for its batches. */
  seconds: number;
}

/** An epoch is over, and the model was validated. */
export interface EpochEvent extends Position {
  /** What tells the event from the others. */
  kind: "epoch";
  /** The mean loss of the epoch's samples, each before the update that it was part of. */
  loss: number;
  /** The learning rate of the last update. */
  lr: number;
  /** The seconds of training: those of validation, of checkpoints and of whoever reads the events are not among them. */
  seconds: number;
  /** The metrics by name, such as `{ loss, accuracy }`; null without a validation set. */
  validation: Record<string, unknown> | null;
  /** Whether the watched metric was better than in all epochs before. */
  best: boolean;
}

/** A checkpoint lies in its file. */
export interface CheckpointEvent extends Position {
  /** What tells the event from the others. */
  kind: "checkpoint";
  /** The file. */
  path: string;
}

/** The last event of a run: the model has the weights that it keeps. */
export interface EndEvent extends Position {
  /** What tells the event from the others. */
  kind: "end";
  /** All epochs are done, early stopping ended the run, or the signal did. */
  reason: "done" | "early" | "aborted";
  /** The seconds of training since its very start. */
  seconds: number;
  /** The epoch in which the watched metric was best, and its value; null where none is watched. */
  best: { epoch: number; value: number } | null;
}

/** An event of a training run. */
export type TrainEvent = StartEvent | StepEvent | EpochEvent | CheckpointEvent | EndEvent;
