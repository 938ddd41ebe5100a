/** The error of numbers that are not finite. */

/** What was the first that was not finite. */
export type NonFiniteKind = "input" | "parameter" | "output" | "loss" | "gradient" | "unknown";

/**
 * The error of a training run whose loss or gradients are not finite. The model has the weights and buffers from before the
 * step, and a checkpoint stays as it is.
 *
 * @example
 * ```ts
 * import { data, nn, optim, tensor, train } from "deneb";
 * import { rejects } from "node:assert/strict";
 *
 * const model = new nn.Linear(1, 1), samples = new data.ArrayDataset(tensor([[Infinity]]), tensor([[0]]));
 * const options = { loss: new nn.MSELoss(), optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }) };
 * await rejects(
 *   () => train.fit(model, new data.DataLoader(samples), options),
 *   (error) => error instanceof train.NonFiniteError && error.kind === "input" && error.step === 1,
 * );
 * ```
 */
export class NonFiniteError extends Error {
  /** `"NonFiniteError"` */
  override readonly name = "NonFiniteError";
  /** The step that could not be done, counted from 1. */
  readonly step: number;
  /** Its epoch, counted from 1. */
  readonly epoch: number;
  /** What was the first that was not finite: the output of a module, say, or the gradient of a parameter. */
  readonly kind: NonFiniteKind;
  /** The name of that module or parameter, such as `layers.0`; empty for the model itself and where there is none. */
  readonly place: string;

  /** @ignore */
  constructor(what: string, found: Found, { step, epoch }: { step: number; epoch: number }) {
    super(`Cannot go on training: ${what} in epoch ${epoch}, step ${step}; ${sentences[found.kind](found)}`);
    this.step = step;
    this.epoch = epoch;
    this.kind = found.kind;
    this.place = found.place;
  }
}

/** @ignore The first that is not finite; `type` is the class of a module. */
export interface Found {
  readonly kind: NonFiniteKind;
  readonly place: string;
  readonly type?: string;
}

const lower = "a lower learning rate may help";
const sentences: Record<NonFiniteKind, (found: Found) => string> = {
  input: () => "its batch holds numbers that are not finite",
  parameter: ({ place }) =>
    `${place} was not finite before the step: gradNorm: true looks at the gradients of each step`,
  output: ({ place, type }) =>
    `the first output that is not finite is that of ${place === "" ? "the model" : place} (${type}); ${lower}`,
  loss: () => `all outputs of modules are finite, the loss is not; ${lower}`,
  gradient: ({ place }) => `the first gradient that is not finite is that of ${place}; ${lower}`,
  unknown: () => `the step done once more is finite; ${lower}`,
};
