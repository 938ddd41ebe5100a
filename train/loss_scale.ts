/** The factor of the loss in float16, whose small gradients would vanish: the rule of PyTorch's `torch.amp.GradScaler`. */
import { checkCount, checkRange, checkState } from "../core/internal.ts";

const initial = 2 ** 16, growth = 2, backoff = 0.5, interval = 2000;
/** The largest number of float32, which the scale is multiplied as. */
const most = 3.4028234663852886e38;

/** The state of a {@linkcode LossScale}. */
interface LossScaleState {
  scale: number;
  /** The number of updates in a row since the scale was changed. */
  updates: number;
}

/** A factor that grows as long as gradients are finite, and shrinks when one is not. */
export class LossScale {
  #scale = initial;
  #updates = 0;

  /** The factor of the next step. */
  get scale(): number {
    return this.#scale;
  }

  /** After a step: whether all its gradients were finite. */
  update(finite: boolean): void {
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
