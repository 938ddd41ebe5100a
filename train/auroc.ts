/** The area under the receiver operating characteristic: how well scores put yes above no, whatever the threshold. */
import { checkTensor, sameShape } from "../core/internal.ts";
import { noGrad, scope, type Tensor } from "../core/mod.ts";
import { isClass, numbersOf, readRows } from "./logits.ts";
import type { Metric } from "./metrics.ts";

/**
 * The probability that a sample of yes has a higher score than one of no, where equal scores count half (Hanley and McNeil
 * 1982), as scikit-learn's `roc_auc_score`.
 *
 * Scores of any range stand beside targets of the same shape, each 0 or 1. Or logits [..., classes] stand beside labels [...]:
 * the mean over the classes that occur, each against all others by its probability. NaN unless there are both yes and no, and
 * for scores that are NaN. All scores are kept until `reset()`. RangeError for other targets, TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { tensor, train } from "deneb";
 *
 * const metric = new train.AUROC();
 * metric.update(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1]));
 * if (metric.value() !== 0.75) throw new Error(`${metric.value()}`);
 * ```
 */
export class AUROC implements Metric {
  /** `"auroc"` */
  readonly name: string = "auroc";
  #classes = 0;
  #scores: number[] = [];
  #labels: number[] = [];

  /** Keeps the scores of a batch. TypeError if there were another number of classes before. */
  update(scores: Tensor, targets: Tensor): void {
    const action = `compute ${this.name}`;
    checkTensor(action, scores);
    checkTensor(action, targets);
    using _ = scope();
    const areYesOrNo = sameShape(scores.shape, targets.shape);
    const found = areYesOrNo
      ? { classes: 1, rows: numbersOf(scores), labels: Array.from(targets.toTypedArray(), Number) }
      : readRows(
        action,
        noGrad(() => (scores.dtype === "float64" ? scores : scores.cast("float32")).softmax(-1)),
        targets,
      );
    const { classes, rows, labels } = found;
    const wrong = labels.find((label) => !isClass(label, Math.max(classes, 2)));
    if (wrong !== undefined) {
      const wanted = areYesOrNo ? "0 or 1" : `one of the ${classes} classes`;
      throw new RangeError(`Cannot ${action}: ${areYesOrNo ? "target" : "label"} ${wrong} must be ${wanted}`);
    }
    if (this.#classes !== 0 && this.#classes !== classes) {
      throw new TypeError(`Cannot ${action}: ${classes} classes, they must be ${this.#classes} as before`);
    }
    this.#classes = classes;
    for (const row of rows) this.#scores.push(row);
    for (const label of labels) this.#labels.push(label);
  }

  /** The area, from 0 to 1; NaN without samples of both kinds. */
  value(): number {
    const classes = this.#classes;
    if (classes < 2) return areaUnder(this.#scores, this.#labels.map((label) => label === 1));
    const areas = Array.from({ length: classes }, (_, place) => {
      const own = this.#scores.filter((_, k) => k % classes === place);
      return areaUnder(own, this.#labels.map((label) => label === place));
    }).filter((_, place) => this.#labels.includes(place));
    return areas.reduce((sum, area) => sum + area, 0) / areas.length;
  }

  /** Forgets all samples. */
  reset(): void {
    this.#classes = 0;
    this.#scores = [];
    this.#labels = [];
  }
}

/** The area by the ranks of the scores of yes, of which equal ones share the mean (Mann and Whitney 1947). */
function areaUnder(scores: readonly number[], isYes: readonly boolean[]): number {
  const yes = isYes.filter((each) => each).length, no = isYes.length - yes;
  if (yes === 0 || no === 0 || scores.some(Number.isNaN)) return NaN;
  const order = scores.map((_, place) => place).sort((a, b) => scores[a]! - scores[b]! || 0);
  let ranks = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    for (let k = start; k < end; k++) if (isYes[order[k]!]) ranks += (start + 1 + end) / 2;
  }
  return (ranks - yes * (yes + 1) / 2) / (yes * no);
}
