/** Losses of samples that may belong to several classes at once. */
import { checkClasses, checkOptions, inFloat32, sameShape } from "../../core/internal.ts";
import { arange, BinaryCrossEntropyWithLogits, type Tensor } from "../../core/mod.ts";
import type { Buffer } from "../parameter.ts";
import { alongClasses, weightsOf } from "./checks.ts";
import { Loss, type LossOptions, type LossWeights } from "./loss.ts";

/**
 * What the scores of a sample's classes lack of exceeding those of all other classes by 1: the sum of max(0, 1 - x[j] + x[i])
 * over its classes j and the others i, divided by the number of classes.
 *
 * Scores and targets are [batch, classes] or [classes]. A row of the target holds the sample's classes, integers in a tensor of
 * any type, and ends before its first -1. The work grows with the square of the number of classes. RangeError for a number
 * that is no class and not -1, TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const x = tensor([0.1, 0.2, 0.4, 0.8]), loss = new nn.MultiLabelMarginLoss().call(x, tensor(Int32Array.of(3, 0, -1, 1)));
 * if (Math.abs(loss.item() - 0.85) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class MultiLabelMarginLoss extends Loss {
  /** One loss for each sample, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const { shape } = prediction;
    if (![1, 2].includes(shape.length) || !sameShape(shape, target.shape)) {
      this.refuse([prediction, target], "both must be [batch, classes] or [classes]");
    }
    return inFloat32([prediction], (x) => {
      const isLabel = target.notEqual(-1), labels = isLabel.where(target, 0);
      checkClasses(labels, shape.at(-1)!);
      const counts = isLabel.cast("int32").cumprod(-1).notEqual(0), ofLabels = x!.gather(-1, labels);
      // A row for each label, a column for each class.
      const classes = arange(shape.at(-1)!, { device: x!.device, dtype: "int32" });
      const isOwn = labels.unsqueeze(-1).equal(classes).and(counts.unsqueeze(-1)).any({ axes: -2, keepDims: true });
      const lack = x!.unsqueeze(-2).sub(ofLabels.unsqueeze(-1)).add(1).relu();
      const judged = counts.unsqueeze(-1).and(isOwn.not());
      return this.reduce(judged.where(lack, 0).sum({ axes: [-2, -1] }).div(shape.at(-1)!));
    });
  }
}

/** Options of {@linkcode MultiLabelSoftMarginLoss}. */
export interface MultiLabelSoftMarginOptions extends LossOptions {
  /** A weight for each class, by which its losses are multiplied; means do not divide by it. */
  weight?: LossWeights | null;
}

/**
 * The mean over the last axis, the classes, of the binary cross entropies of logits: a loss for each sample. Targets are 1 for
 * the classes of a sample and 0 for others. TypeError if the shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.MultiLabelSoftMarginLoss().call(tensor([[0, 0]]), tensor([[1, 0]]));
 * if (Math.abs(loss.item() - Math.log(2)) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class MultiLabelSoftMarginLoss extends Loss {
  /** The weights of the classes, or null. */
  readonly weight: Buffer | null;

  /** RangeError for weights that are not finite. */
  constructor(options: MultiLabelSoftMarginOptions = {}) {
    const action = "make MultiLabelSoftMarginLoss", names = ["reduction", "weight"] as const;
    const { weight, ...others } = checkOptions(action, options, "{ weight: [1, 2] }", names);
    super(others);
    this.weight = weightsOf(action, "weight", weight);
  }

  /** One loss for each sample, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const { shape } = prediction;
    if (shape.length === 0 || !sameShape(shape, target.shape)) {
      this.refuse([prediction, target], "the shapes must be the same and end with the classes");
    }
    return inFloat32([prediction, target], (x, y) => {
      const losses = new BinaryCrossEntropyWithLogits().call(x!, y!), axis = shape.length - 1;
      const weighted = this.weight === null ? losses : losses.mul(alongClasses(this, this.weight, losses, axis));
      return this.reduce(weighted.mean({ axes: axis }));
    });
  }
}
