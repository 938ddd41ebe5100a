/** Perplexity: among how many words a language model is in doubt. */
import { checkOptions } from "../core/internal.ts";
import { noGrad, scope, type Tensor } from "../core/mod.ts";
import { CrossEntropyLoss } from "../nn/mod.ts";
import { checkLogits } from "./logits.ts";
import type { Metric } from "./metrics.ts";

/** Options of {@linkcode Perplexity}. */
export interface PerplexityOptions {
  /** The label of what is left out, such as padding; none by default. */
  ignoreIndex?: number | null;
}

/**
 * The exponential of the mean cross entropy of logits [..., classes] and labels [...]: n where a model finds n classes equally
 * probable. NaN without labels. RangeError for a label that is no class, TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { tensor, train, zeros } from "deneb";
 *
 * const metric = new train.Perplexity({ ignoreIndex: -1 });
 * metric.update(zeros([2, 4]), tensor(Int32Array.of(3, -1)));
 * if (Math.abs(metric.value() - 4) > 1e-5) throw new Error(`${metric.value()}`);
 * ```
 */
export class Perplexity implements Metric {
  /** `"perplexity"` */
  readonly name: string = "perplexity";
  readonly #loss: CrossEntropyLoss;
  #total = 0;
  #labels = 0;

  /** RangeError for an `ignoreIndex` that is no integer. */
  constructor(options: PerplexityOptions = {}) {
    checkOptions("make Perplexity", options, "{ ignoreIndex: 0 }", ["ignoreIndex"]);
    this.#loss = new CrossEntropyLoss({ ...options, reduction: "sum" });
  }

  /** Adds the losses of a batch. */
  update(logits: Tensor, labels: Tensor): void {
    checkLogits(`compute ${this.name}`, logits, labels);
    using _ = scope();
    const rows = logits.reshape([labels.size, logits.shape.at(-1)!]), { ignoreIndex } = this.#loss;
    this.#total += noGrad(() => this.#loss.call(rows, labels.flatten())).item() as number;
    this.#labels += ignoreIndex === null ? labels.size : labels.notEqual(ignoreIndex).countNonzero().item() as number;
  }

  /** The perplexity of all labels. */
  value(): number {
    return Math.exp(this.#total / this.#labels);
  }

  /** Forgets all labels. */
  reset(): void {
    this.#total = this.#labels = 0;
  }
}
