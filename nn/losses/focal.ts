/** The focal loss: a cross entropy in which what is already right hardly counts, for classes of very different frequency. */
import { checkFlag, checkOptions, checkRange, checkShare } from "../../core/internal.ts";
import { BinaryCrossEntropyWithLogits, type Tensor } from "../../core/mod.ts";
import { ClassLoss, type ClassLossOptions } from "./classes.ts";
import { crossEntropies } from "./labels.ts";

/** Options of {@linkcode FocalLoss}. */
export interface FocalOptions extends ClassLossOptions {
  /** γ, the power by which right answers are discounted; 2 by default. With 0 it is a cross entropy. */
  gamma?: number;
  /** α, the share of yes in the sigmoid form, with 1 - α for no: 0.25 by default, or null for none. */
  alpha?: number | null;
  /** True for one class among several instead of a yes or no for each element; false by default. */
  softmax?: boolean;
}

/**
 * -α (1 - q)^γ ln q, where q is the probability that logits give to the right answer (Lin et al. 2017, arXiv 1708.02002).
 *
 * The sigmoid form takes a yes or no for each logit, with targets from 0 to 1 of the same shape. The softmax form takes
 * logits and labels as {@linkcode CrossEntropyLoss} does, and `weight` and `ignoreIndex` in the place of `alpha`. TypeError
 * for other shapes, and for options of the other form.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.FocalLoss({ alpha: null }).call(tensor([0]), tensor([1]));
 * if (Math.abs(loss.item() - 0.25 * Math.log(2)) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class FocalLoss extends ClassLoss {
  /** γ, the power by which right answers are discounted. */
  readonly gamma: number;
  /** α, the share of yes in the sigmoid form, or null. */
  readonly alpha: number | null;
  /** Whether the classes exclude one another. */
  readonly softmax: boolean;

  /** RangeError unless `gamma` is a number of at least 0 and `alpha` lies in [0, 1]. */
  constructor(options: FocalOptions = {}) {
    const action = "make FocalLoss";
    const names = ["reduction", "weight", "ignoreIndex", "gamma", "alpha", "softmax"] as const;
    const { gamma = 2, softmax = false, alpha, ...others } = checkOptions(action, options, "{ gamma: 2 }", names);
    super(others);
    this.gamma = checkRange(action, "gamma", gamma, 0);
    this.softmax = checkFlag(action, "softmax", softmax);
    const share = alpha === undefined && !softmax ? 0.25 : alpha ?? null;
    if (softmax && share !== null) {
      throw new TypeError(
        `Cannot ${action}: alpha is for the sigmoid form; give the softmax form a weight for each class`,
      );
    }
    if (!softmax && (this.weight !== null || this.ignoreIndex !== null)) {
      throw new TypeError(
        `Cannot ${action}: weight and ignoreIndex are for the softmax form; give { softmax: true } as well`,
      );
    }
    this.alpha = share === null ? null : checkShare(action, "alpha", share);
  }

  /** One loss for each element or label, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    if (!this.softmax) return this.ofElements([prediction, target], (x, y) => this.#ofYesOrNo(x!, y!));
    const axis = this.classAxis(prediction, target);
    return this.ofLabels(prediction, target, axis, (wide, labels, weigh) => {
      const losses = crossEntropies(wide, labels, axis);
      // 1 - e^-loss has all digits of a probability near 0, and of one near 1.
      return weigh(this.#discounted(losses, losses.neg().expm1().neg()));
    });
  }

  #ofYesOrNo(x: Tensor, y: Tensor): Tensor {
    const losses = new BinaryCrossEntropyWithLogits().call(x, y), no = y.rsub(1);
    const missed = y.mul(x.neg().sigmoid()).add(no.mul(x.sigmoid())), found = this.#discounted(losses, missed);
    return this.alpha === null ? found : found.mul(y.mul(this.alpha).add(no.mul(1 - this.alpha)));
  }

  /** The losses times (1 - q)^γ. */
  #discounted(losses: Tensor, missed: Tensor): Tensor {
    return this.gamma === 0 ? losses : losses.mul(missed.pow(this.gamma));
  }
}
