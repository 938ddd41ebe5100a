/**
 * The exponential moving average of a model's weights and buffers, which often does better than the weights themselves
 * (Polyak and Juditsky 1992). It is PyTorch's `AveragedModel` with `get_ema_multi_avg_fn(decay)` and `use_buffers`.
 */
import { checkCount, checkState } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { AnyModule } from "../nn/mod.ts";
import { Copies, tensorsOf } from "../optim/copies.ts";

/** The average of a model: average = average + (1 - decay) (value - average) for each of its tensors. */
export class Average implements Disposable {
  readonly #decay: number;
  readonly #values: Copies;
  #updates = 0;

  constructor(model: AnyModule, decay: number) {
    this.#decay = decay;
    this.#values = new Copies(tensorsOf(model));
  }

  /** Takes in the present values. May be captured. */
  update(): void {
    this.#values.approach(1 - this.#decay);
  }

  /** Counts an update. The first one counts alone: the values before it are those of no training. */
  count(): void {
    if (this.#updates++ === 0) this.#values.take();
  }

  /** Exchanges the model's values for the average, and at the next call back. */
  exchange(): void {
    if (this.#updates > 0) this.#values.exchange();
  }

  /** The number of updates, and the average by name. */
  stateDict(): { updates: number; values: Record<string, Tensor> } {
    return { updates: this.#updates, values: this.#values.stateDict() };
  }

  /** Restores a state, or nothing if it does not fit. */
  loadStateDict(state: { updates: number; values: Record<string, Tensor> }): void {
    const { updates, values } = checkState("load average", state);
    checkCount("load average", "updates", updates, 0);
    this.#values.loadStateDict(checkState("load average", values));
    this.#updates = updates;
  }

  [Symbol.dispose](): void {
    this.#values[Symbol.dispose]();
  }
}
