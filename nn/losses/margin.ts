/** Losses of scores that should be on the right side of a margin, and are not asked for more: of two classes or several. */
import { checkOptions, checkRange, inFloat32, sameShape, shown } from "../../core/internal.ts";
import { arange, type Tensor } from "../../core/mod.ts";
import type { Buffer } from "../parameter.ts";
import { alongClasses, weightsOf } from "./checks.ts";
import { atLabels } from "./labels.ts";
import { Loss, type LossOptions, type LossWeights } from "./loss.ts";

/** The power of a margin's excess: 1 or 2. */
function checkPower(action: string, p: number): 1 | 2 {
  if (p === 1 || p === 2) return p;
  throw new RangeError(`Cannot ${action}: p ${shown(p)} must be 1 or 2`);
}

/** Options of {@linkcode HingeLoss}. */
export interface HingeOptions extends LossOptions {
  /** How large a score on the right side must be; 1 by default. */
  margin?: number;
  /** The power of what a score lacks: 1 by default, or 2. */
  p?: 1 | 2;
}

/**
 * What a score x lacks of the margin on the side of its target y, which is 1 or -1: max(0, margin - y x), or its square. It is
 * the loss of support vector machines (Cortes and Vapnik 1995). TypeError if the shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.HingeLoss({ reduction: "none" }).call(tensor([0.5, 0.5, 2]), tensor([1, -1, 1]));
 * if (loss.toArray().join() !== "0.5,1.5,0") throw new Error(`${loss}`);
 * ```
 */
export class HingeLoss extends Loss {
  /** How large a score on the right side must be. */
  readonly margin: number;
  /** The power of what a score lacks. */
  readonly p: 1 | 2;

  /** RangeError for a `p` that is neither 1 nor 2, and unless `margin` is a finite number. */
  constructor(options: HingeOptions = {}) {
    const action = "make HingeLoss", names = ["reduction", "margin", "p"] as const;
    const { margin = 1, p = 1, ...others } = checkOptions(action, options, "{ margin: 1 }", names);
    super(others);
    this.margin = checkRange(action, "margin", margin, -Infinity);
    this.p = checkPower(action, p);
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (x, y) => {
      const lack = x!.mul(y!).rsub(this.margin).relu();
      return this.p === 1 ? lack : lack.square();
    });
  }
}

/** Options of {@linkcode HingeEmbeddingLoss}. */
export interface HingeEmbeddingOptions extends LossOptions {
  /** How large a distance of what does not belong together must be; 1 by default. */
  margin?: number;
}

/**
 * Of a distance x: x itself where the target is 1, and max(0, margin - x) where it is -1. TypeError if the shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.HingeEmbeddingLoss({ reduction: "none" }).call(tensor([0.5, 0.25, 3]), tensor([1, -1, -1]));
 * if (loss.toArray().join() !== "0.5,0.75,0") throw new Error(`${loss}`);
 * ```
 */
export class HingeEmbeddingLoss extends Loss {
  /** How large a distance of what does not belong together must be. */
  readonly margin: number;

  /** RangeError unless `margin` is a finite number. */
  constructor(options: HingeEmbeddingOptions = {}) {
    const action = "make HingeEmbeddingLoss", names = ["reduction", "margin"] as const;
    const { margin = 1, ...others } = checkOptions(action, options, "{ margin: 2 }", names);
    super(others);
    this.margin = checkRange(action, "margin", margin, -Infinity);
  }

  /** One loss for each element, reduced. A target that is neither 1 nor -1 counts as both, as in PyTorch. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (x, y) => {
      const apart = y!.equal(1).where(0, x!.rsub(this.margin).relu());
      return apart.add(y!.equal(-1).where(0, x!));
    });
  }
}

/**
 * ln(1 + e^(-y x)) of a score x and a target y, which is 1 or -1. TypeError if the shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.SoftMarginLoss().call(tensor([-200]), tensor([1])).item() !== 200) throw new Error("it overflowed");
 * ```
 */
export class SoftMarginLoss extends Loss {
  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (x, y) => x!.mul(y!).logSigmoid().neg());
  }
}

/** Options of {@linkcode MultiMarginLoss}. */
export interface MultiMarginOptions extends LossOptions {
  /** By how much the label's score must exceed the others; 1 by default. */
  margin?: number;
  /** The power of what it lacks: 1 by default, or 2. */
  p?: 1 | 2;
  /** A weight for each class, by which the losses of its samples are multiplied; means do not divide by it. */
  weight?: LossWeights | null;
}

/**
 * What the label's score lacks of exceeding those of the other classes by the margin: the sum of max(0, margin - x[label] +
 * x[i])^p over the other classes i, divided by the number of classes. Scores are [batch, classes] with labels [batch], or
 * [classes] with a label []. RangeError for a label that is no class, TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.MultiMarginLoss().call(tensor([[0.5, 1, 3]]), tensor(Int32Array.of(1)));
 * if (Math.abs(loss.item() - (0.5 + 3) / 3) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class MultiMarginLoss extends Loss {
  /** By how much the label's score must exceed the others. */
  readonly margin: number;
  /** The power of what it lacks. */
  readonly p: 1 | 2;
  /** The weights of the classes, or null. */
  readonly weight: Buffer | null;

  /** RangeError for a `p` that is neither 1 nor 2, and unless `margin` is a finite number. */
  constructor(options: MultiMarginOptions = {}) {
    const action = "make MultiMarginLoss", names = ["reduction", "margin", "p", "weight"] as const;
    const { margin = 1, p = 1, weight, ...others } = checkOptions(action, options, "{ margin: 2 }", names);
    super(others);
    this.margin = checkRange(action, "margin", margin, -Infinity);
    this.p = checkPower(action, p);
    this.weight = weightsOf(action, "weight", weight);
  }

  /** One loss for each sample, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const { shape } = prediction;
    if (![1, 2].includes(shape.length) || !sameShape(target.shape, shape.slice(0, -1))) {
      this.refuse([prediction, target], "they must be [batch, classes] and [batch], or [classes] and []");
    }
    return inFloat32([prediction], (x) => {
      const classes = arange(shape.at(-1)!, { device: x!.device, dtype: "int32" });
      const lack = x!.sub(atLabels(x!, target, shape.length - 1).unsqueeze(-1)).add(this.margin).relu();
      const others = classes.equal(target.unsqueeze(-1)).where(0, this.p === 1 ? lack : lack.square());
      const losses = others.mean({ axes: -1 });
      if (this.weight === null) return this.reduce(losses);
      const weights = alongClasses(this, this.weight, x!, shape.length - 1).flatten();
      return this.reduce(losses.mul(weights.take(target.flatten()).reshape(target.shape)));
    });
  }
}
