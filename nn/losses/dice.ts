/** The Dice loss: how little of two regions lies in both. */
import { checkFlag, checkOptions, checkRange, inFloat32, sameShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Loss, type LossOptions } from "./loss.ts";

/** Options of {@linkcode DiceLoss}. */
export interface DiceOptions extends LossOptions {
  /** What is added to numerator and denominator, so that two empty regions overlap wholly; 1 by default. */
  smooth?: number;
  /** True for sums of squares in the denominator, as in V-Net; false by default. */
  squared?: boolean;
  /** True for one overlap of all classes of a sample, each weighted by 1 / (its target's sum)²; false by default. */
  generalized?: boolean;
}

/**
 * 1 - (2 Σ p y + smooth) / (Σ p + Σ y + smooth), summed over all places of a region: how little of predicted and wanted regions
 * lies in both (Milletari et al. 2016, arXiv 1606.04797, with `squared`; generalized: Sudre et al. 2017, arXiv 1707.03237).
 *
 * Predictions are probabilities [batch, classes, d1, ...], after a sigmoid or softmax; targets have the same shape. There is a
 * loss for each sample and class, or for each sample if it is generalized: a class that a target lacks then weighs as much as
 * the heaviest one of the sample. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.DiceLoss({ smooth: 0 }).call(tensor([[[1, 1, 0, 0]]]), tensor([[[0, 1, 1, 0]]]));
 * if (loss.item() !== 0.5) throw new Error(`${loss}`);
 * ```
 */
export class DiceLoss extends Loss {
  /** What is added to numerator and denominator. */
  readonly smooth: number;
  /** Whether the denominator has sums of squares. */
  readonly squared: boolean;
  /** Whether the overlap is one of all classes. */
  readonly generalized: boolean;

  /** RangeError unless `smooth` is a number of at least 0. */
  constructor(options: DiceOptions = {}) {
    const action = "make DiceLoss", names = ["reduction", "smooth", "squared", "generalized"] as const;
    const { smooth = 1, squared = false, generalized = false, ...others } = checkOptions(
      action,
      options,
      "{ smooth: 1 }",
      names,
    );
    super(others);
    this.smooth = checkRange(action, "smooth", smooth, 0);
    this.squared = checkFlag(action, "squared", squared);
    this.generalized = checkFlag(action, "generalized", generalized);
  }

  /** One loss for each sample and class, or for each sample, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const { shape } = prediction;
    if (shape.length < 3 || !sameShape(shape, target.shape)) {
      this.refuse([prediction, target], "both must be [batch, classes, d1, ...]");
    }
    const axes = shape.map((_, axis) => axis).slice(2);
    return inFloat32([prediction, target], (p, y) => {
      const size = (x: Tensor) => (this.squared ? x.square() : x).sum({ axes });
      let both = p!.mul(y!).sum({ axes }), sizes = size(p!).add(size(y!));
      if (this.generalized) {
        const weights = this.#weights(y!.detach().sum({ axes }));
        both = both.mul(weights).sum({ axes: 1 });
        sizes = sizes.mul(weights).sum({ axes: 1 });
      }
      return this.reduce(both.mul(2).add(this.smooth).div(sizes.add(this.smooth)).rsub(1));
    });
  }

  /** 1 / s² of the sums [batch, classes] of targets; that of an empty one is the largest of its sample, or 1. */
  #weights(sums: Tensor): Tensor {
    const isEmpty = sums.equal(0), weights = isEmpty.where(0, isEmpty.where(1, sums).square().reciprocal());
    const largest = weights.max({ axes: 1, keepDims: true });
    return isEmpty.where(largest.equal(0).where(1, largest), weights);
  }
}
