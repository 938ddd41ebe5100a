/**
 * Losses of one class among several: of logits or logarithms of probabilities [batch, classes, ...] against labels. Classes
 * may have weights, and one label may stand for "not to be judged".
 */
import { checkClasses, checkOptions, checkShare, inFloat32, isFloat, sameShape, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import type { Buffer } from "../parameter.ts";
import { alongClasses, weightsOf } from "./checks.ts";
import { atLabels, crossEntropies } from "./labels.ts";
import { Loss, type LossOptions, type LossWeights } from "./loss.ts";

/** Options of losses of classes. */
export interface ClassLossOptions extends LossOptions {
  /** A weight for each class. A mean divides by the sum of the weights of all labels. None by default. */
  weight?: LossWeights | null;
  /** The label of what is left out: it adds no loss, and no mean counts it. None by default, while PyTorch has -100. */
  ignoreIndex?: number | null;
}

/** A loss of classes with their weights and with the label that is ignored. A subclass ends `forward` with `ofLabels`. */
export abstract class ClassLoss extends Loss {
  /** The weights of the classes, or null. */
  readonly weight: Buffer | null;
  /** The label of what is left out, or null. */
  readonly ignoreIndex: number | null;

  /** RangeError for an `ignoreIndex` that is no integer, and for weights that are not finite. */
  constructor(options: ClassLossOptions = {}) {
    const action = `make ${new.target.name}`, names = ["reduction", "weight", "ignoreIndex"] as const;
    const { weight, ignoreIndex = null, ...others } = checkOptions(action, options, "{ ignoreIndex: -100 }", names);
    super(others);
    if (ignoreIndex !== null && !Number.isSafeInteger(ignoreIndex)) {
      throw new RangeError(`Cannot ${action}: ignoreIndex ${shown(ignoreIndex)} must be an integer`);
    }
    this.ignoreIndex = ignoreIndex;
    this.weight = weightsOf(action, "weight", weight);
  }

  /** The axis of the classes. TypeError unless there is one, and a label for each place beside it. */
  protected classAxis(prediction: Tensor, target: Tensor): number {
    const { shape } = prediction, axis = shape.length > 1 ? 1 : 0;
    if (shape.length > 0 && sameShape(target.shape, shape.toSpliced(axis, 1))) return axis;
    return this.refuse(
      [prediction, target],
      "they must be [classes] and [], or [batch, classes, ...] and [batch, ...], which holds integers",
    );
  }

  /**
   * The reduced losses of labels. `lossesOf` gives those that are to be expected of labels, all of which are classes, and
   * multiplies what has to do with one label by its weight.
   */
  protected ofLabels(
    prediction: Tensor,
    target: Tensor,
    axis: number,
    lossesOf: (prediction: Tensor, labels: Tensor, weigh: (losses: Tensor) => Tensor) => Tensor,
  ): Tensor {
    return inFloat32([prediction], (wide) => {
      const isKept = this.ignoreIndex === null ? null : target.notEqual(this.ignoreIndex);
      const labels = isKept === null ? target : isKept.where(target, 0);
      // A loss looks at its labels itself, but weights are taken before.
      if (this.weight !== null) checkClasses(labels, wide!.shape[axis]!);
      const weights = this.weight === null
        ? null
        : alongClasses(this, this.weight, wide!, axis).flatten().take(labels.flatten()).reshape(labels.shape);
      const losses = lossesOf(wide!, labels, (losses) => weights === null ? losses : losses.mul(weights));
      if (isKept === null) return this.reduce(losses, ...(weights === null ? [] : [weights]));
      return this.reduce(isKept.where(losses, 0), weights === null ? isKept : isKept.where(weights, 0));
    });
  }
}

/**
 * The negative of the logarithm of the label's probability, among logarithms [batch, classes], [batch, classes, ...] or
 * [classes] as `logSoftmax` gives them. Labels are integers in a tensor of any type, of the same shape without the classes.
 *
 * RangeError for a label that is no class; TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.NLLLoss({ ignoreIndex: -1 });
 * const found = loss.call(tensor([[-1, -2], [-3, -4]]), tensor(Int32Array.of(1, -1))).item();
 * if (found !== 2) throw new Error(`${found}`);
 * ```
 */
export class NLLLoss extends ClassLoss {
  /** One loss for each label, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const axis = this.classAxis(prediction, target);
    return this.ofLabels(prediction, target, axis, (wide, labels, weigh) => weigh(atLabels(wide, labels, axis).neg()));
  }
}

/** Options of {@linkcode CrossEntropyLoss}. */
export interface CrossEntropyOptions extends ClassLossOptions {
  /** ε, the share in [0, 1] of each target that is spread over all classes alike; 0 by default. */
  labelSmoothing?: number;
}

/**
 * The cross entropy of logits [batch, classes], [batch, classes, ...] or [classes] against labels, integers in a tensor of
 * any type and of the same shape without the classes, or against probabilities of the logits' shape (one-hot rows among
 * them).
 *
 * With label smoothing (Szegedy et al. 2016, arXiv 1512.00567) a target t counts as (1 - ε) t + ε / classes. A class weight
 * multiplies the target's share of its class; the mean divides by the weights of labels, but by the number of rows of
 * probabilities. RangeError for a label that is no integer in [0, classes), TypeError for other shapes, and for an
 * `ignoreIndex` beside probabilities.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.CrossEntropyLoss().call(tensor([[0, 0]]), tensor(new Int32Array([1])));
 * if (Math.abs(loss.item() - Math.log(2)) > 1e-6) throw new Error("wrong loss");
 * ```
 */
export class CrossEntropyLoss extends ClassLoss {
  /** ε, the share of each target that is spread over all classes alike. */
  readonly labelSmoothing: number;

  /** RangeError unless `labelSmoothing` lies in [0, 1]. */
  constructor(options: CrossEntropyOptions = {}) {
    const action = "make CrossEntropyLoss", names = ["reduction", "weight", "ignoreIndex", "labelSmoothing"] as const;
    const { labelSmoothing = 0, ...others } = checkOptions(action, options, "{ labelSmoothing: 0.1 }", names);
    super(others);
    this.labelSmoothing = checkShare(action, "labelSmoothing", labelSmoothing);
  }

  /** One loss for each label or row of probabilities, reduced. */
  override forward(logits: Tensor, target: Tensor): Tensor {
    const { labelSmoothing: share, weight } = this;
    if (isFloat(target.dtype) && sameShape(logits.shape, target.shape) && target.shape.length > 0) {
      return this.#ofShares(logits, target);
    }
    const axis = this.classAxis(logits, target);
    return this.ofLabels(logits, target, axis, (wide, labels, weigh) => {
      const losses = weigh(crossEntropies(wide, labels, axis));
      if (share === 0) return losses;
      const shares = wide.logSoftmax(axis);
      const even = (weight === null ? shares : shares.mul(alongClasses(this, weight, wide, axis))).mean({ axes: axis });
      return losses.mul(1 - share).sub(even.mul(share));
    });
  }

  /** The loss against probabilities of the logits' shape. */
  #ofShares(logits: Tensor, target: Tensor): Tensor {
    if (this.ignoreIndex !== null) {
      this.refuse([logits, target], `probabilities have no label ${this.ignoreIndex} to ignore`);
    }
    const axis = logits.shape.length > 1 ? 1 : 0, classes = logits.shape[axis]!;
    return inFloat32([logits, target], (logits, target) => {
      const { labelSmoothing: share, weight } = this;
      const smooth = share === 0 ? target! : target!.mul(1 - share).add(share / classes);
      const terms = logits!.logSoftmax(axis).mul(smooth);
      const weighted = weight === null ? terms : terms.mul(alongClasses(this, weight, logits!, axis));
      return this.reduce(weighted.sum({ axes: axis }).neg());
    });
  }
}
