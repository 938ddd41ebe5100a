/** Averages of a model's weights over training steps, which often do better than the last weights. */
import {
  checkCount,
  checkFlag,
  checkOptions,
  checkRange,
  checkState,
  decided,
  eachTime,
  refuse,
} from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { Copies } from "./copies.ts";
import type { Weighted } from "./options.ts";

/** The options of {@linkcode AveragedModel}. */
export interface AveragedModelOptions {
  /**
   * The weight of the past in an exponential moving average, in [0, 1): average = average + (1 - decay) (value - average). By
   * default, null, all updates count the same.
   */
  decay?: number | null;
  /** Averages buffers too, PyTorch's `use_buffers`; by default, false, they are those of the last update. */
  buffers?: boolean;
}

/** The state of an {@linkcode AveragedModel}. */
export interface AveragedModelState {
  /** The number of updates. */
  updates: number;
  /** The averages of parameters by name. */
  parameters: Record<string, Tensor>;
  /** Buffers, or their averages, by name. */
  buffers: Record<string, Tensor>;
}

/**
 * The average of a model's weights: of all updates alike, which is stochastic weight averaging (Izmailov et al. 2018), or an
 * exponential moving one (Polyak and Juditsky 1992). PyTorch's `AveragedModel`; the first update takes the weights as they
 * are.
 *
 * @example
 * ```ts
 * import { nn, ones, optim, zeros } from "deneb";
 *
 * const model = new nn.Linear(1, 1, { bias: false });
 * using average = new optim.AveragedModel(model);
 * for (const weight of [zeros([1, 1]), ones([1, 1])]) {
 *   model.weight.data = weight;
 *   average.update();
 * }
 * average.exchange();
 * if (model.weight.item() !== 0.5) throw new Error(`${model.weight}`);
 * ```
 */
export class AveragedModel implements Disposable {
  readonly #decay: number | null;
  readonly #averagesBuffers: boolean;
  readonly #parameters: Copies;
  readonly #buffers: Copies;
  #updates = 0;

  /** TypeError for what is no model, RangeError for a decay out of its range. */
  constructor(model: Weighted, options: AveragedModelOptions = {}) {
    const action = "make AveragedModel";
    if (typeof model?.namedParameters !== "function" || typeof model.namedBuffers !== "function") {
      refuse(action, model, "a module");
    }
    const { decay = null, buffers = false } = checkOptions(action, options, "{ decay: 0.999 }", ["decay", "buffers"]);
    this.#decay = decay === null ? null : checkRange(action, "decay", decay, 0, 1);
    this.#averagesBuffers = checkFlag(action, "buffers", buffers);
    this.#parameters = new Copies(model.namedParameters());
    this.#buffers = new Copies(model.namedBuffers());
  }

  /** The number of updates. */
  get updates(): number {
    return this.#updates;
  }

  /** Takes in the model's present weights. It may be captured. */
  update(): void {
    const share = () => this.#decay === null ? 1 / (this.#updates + 1) : 1 - this.#decay;
    const isFirst = decided(() => this.#updates === 0);
    if (isFirst) this.#parameters.take();
    else this.#parameters.approach(share);
    if (isFirst || !this.#averagesBuffers) this.#buffers.take();
    else this.#buffers.approach(share);
    eachTime(() => this.#updates++);
  }

  /** Exchanges the model's weights and buffers for the averages, and at the next call back. Before an update it does nothing. */
  exchange(): void {
    if (this.#updates === 0) return;
    this.#parameters.exchange();
    this.#buffers.exchange();
  }

  /** The number of updates, and the averages by name. */
  stateDict(): AveragedModelState {
    return { updates: this.#updates, parameters: this.#parameters.stateDict(), buffers: this.#buffers.stateDict() };
  }

  /** Restores a state. TypeError for one that does not fit. */
  loadStateDict(state: AveragedModelState): void {
    const action = "load average", { updates, parameters, buffers } = checkState(action, state);
    checkCount(action, "updates", updates, 0);
    this.#parameters.check(checkState(action, parameters));
    this.#buffers.check(checkState(action, buffers));
    this.#parameters.loadStateDict(parameters);
    this.#buffers.loadStateDict(buffers);
    this.#updates = updates;
  }

  /** Frees the averages. */
  [Symbol.dispose](): void {
    this.#parameters[Symbol.dispose]();
    this.#buffers[Symbol.dispose]();
  }
}
