/** The factor of the loss in float16, whose small gradients would vanish: the rule of PyTorch's `torch.amp.GradScaler`. */
import { checkCount, checkRange, checkState } from "../core/internal.ts";

/** The largest number of float32, which the scale is multiplied as. */
const most = 3.4028234663852886e38;

/** The state of a {@linkcode LossScale}. */
export interface LossScaleState {
  /** The factor. */
  scale: number;
  /** The number of updates in a row since the factor was changed. */
  updates: number;
}

/** A factor that grows as long as gradients are finite, and shrinks when one is not. */
export class LossScale {
  readonly #rule: { readonly growth: number; readonly backoff: number; readonly interval: number };
  #scale: number;
  #updates = 0;

  constructor({ initial = 2 ** 16, growth = 2, backoff = 0.5, interval = 2000 } = {}) {
    this.#scale = initial;
    this.#rule = { growth, backoff, interval };
  }

  /** The factor of the next step. */
  get scale(): number {
    return this.#scale;
  }

  /** After a step: whether all its gradients were finite. */
  update(finite: boolean): void {
    const { growth, backoff, interval } = this.#rule;
    if (!finite) {
      this.#scale *= backoff;
      this.#updates = 0;
    } else if (++this.#updates === interval) {
      if (this.#scale * growth <= most) this.#scale *= growth;
      this.#updates = 0;
    }
  }

  stateDict(): LossScaleState {
    return { scale: this.#scale, updates: this.#updates };
  }

  loadStateDict(state: LossScaleState): void {
    const { scale, updates } = checkState("load loss scale", state);
    checkRange("load loss scale", "scale", scale, 0);
    checkCount("load loss scale", "updates", updates, 0);
    this.#scale = scale;
    this.#updates = updates;
  }
}
