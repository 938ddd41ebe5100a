/** Metrics of classes that are counted: precision, recall, F1 and IoU, from how often each class was taken for each other. */
import { checkOptions, shown } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkClassOptions } from "./logits.ts";
import { ConfusionMatrix, type ConfusionOptions, type Metric } from "./metrics.ts";

/** How the values of single classes become one; `none` leaves a value for each. */
export type Average = "macro" | "micro" | "weighted" | "none";

/** Options of metrics that have a value for each class. */
export interface AverageOptions extends ConfusionOptions {
  /**
   * `macro`, the default, is the mean of all classes; `weighted` the mean by their numbers of samples; `micro` the value of the
   * counts of all classes together; `none` a list. A class that neither occurs nor is guessed is left out, and null in a list.
   */
  average?: Average;
}

const averages: readonly Average[] = ["macro", "micro", "weighted", "none"];

/** The counts of a class: samples that are rightly taken for it, all that are taken for it, and all that belong to it. */
interface Counts {
  readonly hits: number;
  readonly guesses: number;
  readonly samples: number;
}

/** A metric of the counts of each class, averaged. A subclass says what is made of counts. */
export abstract class ClassMetric implements Metric {
  /** The name of its value. */
  abstract readonly name: string;
  /** How the values of single classes become one. */
  readonly average: Average;
  readonly #confusion: ConfusionMatrix;

  /** RangeError for another average than those of {@linkcode Average}. */
  constructor(options: AverageOptions = {}) {
    const action = `make ${new.target.name}`, names = ["average", "axis", "ignoreIndex"] as const;
    const { average = "macro", ...others } = checkOptions(action, options, '{ average: "micro" }', names);
    if (!averages.includes(average)) {
      throw new RangeError(`Cannot ${action}: average ${shown(average)} must be macro, micro, weighted or none`);
    }
    this.average = average;
    this.#confusion = new ConfusionMatrix(checkClassOptions(action, others));
  }

  /** The share that counts give: of the hits, in what they are compared with. 0 of nothing. */
  protected abstract share(hits: number, guesses: number, samples: number): number;

  /** Counts the samples of a batch. */
  update(logits: Tensor, labels: Tensor): void {
    this.#confusion.update(logits, labels);
  }

  /** The value of all samples, or one for each class; NaN without samples. */
  value(): number | (number | null)[] {
    const counts = this.#counts(), known = counts.filter(({ guesses, samples }) => guesses + samples > 0);
    const sum = (of: (counts: Counts) => number) => known.reduce((total, each) => total + of(each), 0);
    const shareOf = ({ hits, guesses, samples }: Counts) => this.share(hits, guesses, samples);
    if (this.average === "none") return counts.map((each) => known.includes(each) ? shareOf(each) : null);
    const all = sum(({ samples }) => samples);
    if (this.average === "macro") return sum(shareOf) / known.length;
    if (this.average === "weighted") return sum((each) => shareOf(each) * each.samples) / all;
    return all === 0 ? NaN : this.share(sum(({ hits }) => hits), sum(({ guesses }) => guesses), all);
  }

  /** Forgets all samples. */
  reset(): void {
    this.#confusion.reset();
  }

  #counts(): Counts[] {
    const rows = this.#confusion.value(), total = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);
    return rows.map((row, label) => ({
      hits: row[label]!,
      guesses: total(rows.map((other) => other[label]!)),
      samples: total(row),
    }));
  }
}

/** A part of a whole, 0 of nothing. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/**
 * The share of samples taken for a class that belong to it, as scikit-learn's `precision_score`. Logits and labels as for
 * {@linkcode ConfusionMatrix}. A class that is never guessed has a precision of 0.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.Precision();
 * metric.update(tensor([[0, 1], [2, 0], [0, 3]]), tensor(Int32Array.of(1, 0, 0)));
 * if (metric.value() !== 0.75) throw new Error("not the mean of 1 and 1/2");
 * ```
 */
export class Precision extends ClassMetric {
  /** `"precision"` */
  readonly name: string = "precision";
  /** @ignore */
  protected override share(hits: number, guesses: number): number {
    return shareOf(hits, guesses);
  }
}

/**
 * The share of a class's samples that are taken for it, as scikit-learn's `recall_score`. Logits and labels as for
 * {@linkcode ConfusionMatrix}. A class that is guessed but has no samples has a recall of 0.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.Recall({ average: "none" });
 * metric.update(tensor([[0, 1], [2, 0], [0, 3]]), tensor(Int32Array.of(1, 0, 0)));
 * if (`${metric.value()}` !== "0.5,1") throw new Error("miscounted");
 * ```
 */
export class Recall extends ClassMetric {
  /** `"recall"` */
  readonly name: string = "recall";
  /** @ignore */
  protected override share(hits: number, _guesses: number, samples: number): number {
    return shareOf(hits, samples);
  }
}

/**
 * The harmonic mean of precision and recall, as scikit-learn's `f1_score`: 2 hits / (guesses + samples), which is also the Dice
 * coefficient of the regions of a class. Logits and labels as for {@linkcode ConfusionMatrix}.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.F1({ average: "none" });
 * metric.update(tensor([[0, 1], [2, 0], [0, 3]]), tensor(Int32Array.of(1, 0, 0)));
 * if (`${metric.value()}` !== `${[2 / 3, 2 / 3]}`) throw new Error("miscounted");
 * ```
 */
export class F1 extends ClassMetric {
  /** `"f1"` */
  readonly name: string = "f1";
  /** @ignore */
  protected override share(hits: number, guesses: number, samples: number): number {
    return shareOf(2 * hits, guesses + samples);
  }
}

/**
 * The intersection of what is taken for a class with what belongs to it, over their union, as scikit-learn's `jaccard_score`.
 * Logits and labels as for {@linkcode ConfusionMatrix}; for nets that give [batch, classes, height, width], `{ axis: 1 }`.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.IoU({ axis: 1, ignoreIndex: 255 });
 * metric.update(tensor([[[0, 2, 0, 1], [1, 0, 3, 4]]]), tensor(Int32Array.of(1, 0, 0, 255)).reshape([1, 4]));
 * if (metric.value() !== 0.5) throw new Error("miscounted");
 * ```
 */
export class IoU extends ClassMetric {
  /** `"iou"` */
  readonly name: string = "iou";
  /** @ignore */
  protected override share(hits: number, guesses: number, samples: number): number {
    return shareOf(hits, guesses + samples - hits);
  }
}
