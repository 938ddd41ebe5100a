/** Losses: modules that compare a prediction with a target. */
import {
  BinaryCrossEntropy,
  BinaryCrossEntropyWithLogits,
  CrossEntropy,
  findTopoSort,
  Placeholder,
  type Tensor,
} from "../../core/mod.ts";
import {
  checkFlag,
  checkOptions,
  checkShare,
  checkTensor,
  isFloat,
  promptValues,
  sameShape,
  shown,
  showShape,
  wideInAutocast,
} from "../../core/internal.ts";
import { Module } from "../module.ts";

/** How the losses of single elements or samples become the result. */
export type Reduction = "mean" | "sum" | "none";

/** Options of every loss. */
export interface LossOptions {
  /** `mean` (the default), `sum`, or `none`, which leaves one loss for each element or sample. */
  reduction?: Reduction;
}

/** A loss with its reduction. A subclass writes `forward` and ends it with `reduce`. */
export abstract class Loss extends Module<[prediction: Tensor, target: Tensor]> {
  /** How the losses of single elements or samples become the result. */
  readonly reduction: Reduction;

  /**
   * RangeError for another reduction than `mean`, `sum` and `none`; TypeError for an option that does not exist. A subclass
   * takes its own options out first.
   */
  constructor(options: LossOptions = {}) {
    super();
    const action = `make ${this.constructor.name}`;
    const { reduction = "mean" } = checkOptions(action, options, '{ reduction: "sum" }', ["reduction"]);
    if (!["mean", "sum", "none"].includes(reduction)) {
      throw new RangeError(`Cannot ${action}: reduction ${shown(reduction)} must be mean, sum or none`);
    }
    this.reduction = reduction;
  }

  /** Applies the loss. TypeError for an argument that is no tensor. */
  override call(prediction: Tensor, target: Tensor): Tensor {
    checkTensor(`apply ${this.constructor.name}`, prediction);
    checkTensor(`apply ${this.constructor.name}`, target);
    return super.call(prediction, target);
  }

  /** The losses reduced: a scalar, or the losses themselves for `none`. */
  protected reduce(losses: Tensor): Tensor {
    return this.reduction === "none" ? losses : this.reduction === "sum" ? losses.sum() : losses.mean();
  }

  /** Throws a TypeError that names both shapes and ends in `wanted`. */
  protected refuse(prediction: Tensor, target: Tensor, wanted: string): never {
    throw new TypeError(
      `Cannot apply ${this.constructor.name}: prediction ${showShape(prediction.shape)} and target ${target.dtype} ` +
        `${showShape(target.shape)}, ${wanted}`,
    );
  }
}

/**
 * The squared difference of prediction and target, which have one shape. TypeError if their shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.MSELoss().call(tensor([1, 2]), tensor([1, 4])).item() !== 2) throw new Error("not 2² / 2");
 * ```
 */
export class MSELoss extends Loss {
  /** (p - y)² of each element, reduced. Broadcasting is refused: it would compare elements that do not belong together. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    if (!sameShape(prediction.shape, target.shape)) this.refuse(prediction, target, "the shapes must be the same");
    return this.reduce(wideInAutocast(prediction).sub(wideInAutocast(target)).square());
  }
}

/** Options of {@linkcode CrossEntropyLoss}. */
export interface CrossEntropyOptions extends LossOptions {
  /** ε, the share in [0, 1] of each target that is spread over all classes alike; 0 by default. */
  labelSmoothing?: number;
}

/**
 * The cross entropy of logits [batch, classes] against labels [batch], integers in a tensor of any type, or against
 * probabilities of the logits' shape (one-hot rows among them).
 *
 * With label smoothing (Szegedy et al. 2016, arXiv 1512.00567) a target t counts as (1 - ε) t + ε / classes. RangeError for a
 * label that is no integer in [0, classes), TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.CrossEntropyLoss().call(tensor([[0, 0]]), tensor(new Int32Array([1])));
 * if (Math.abs(loss.item() - Math.log(2)) > 1e-6) throw new Error("wrong loss");
 * ```
 */
export class CrossEntropyLoss extends Loss {
  /** ε, the share of each target that is spread over all classes alike. */
  readonly labelSmoothing: number;

  /** RangeError unless `labelSmoothing` lies in [0, 1]. */
  constructor(options: CrossEntropyOptions = {}) {
    const action = "make CrossEntropyLoss", names = ["reduction", "labelSmoothing"] as const;
    const { labelSmoothing = 0, ...others } = checkOptions(action, options, "{ labelSmoothing: 0.1 }", names);
    super(others);
    this.labelSmoothing = checkShare(action, "labelSmoothing", labelSmoothing);
  }

  /** One loss for each row of the logits, reduced. */
  override forward(logits: Tensor, target: Tensor): Tensor {
    const losses = this.#losses(logits, target), share = this.labelSmoothing;
    if (share === 0) return this.reduce(losses);
    const even = logits.logSoftmax(-1).mean({ axes: [1] }).neg();
    return this.reduce(losses.mul(1 - share).add(even.mul(share)));
  }

  /** The loss of each row against its own target. */
  #losses(logits: Tensor, target: Tensor): Tensor {
    if (logits.shape.length !== 2) this.refuse(logits, target, "the logits must be [batch, classes]");
    if (sameShape(logits.shape, target.shape) && isFloat(target.dtype)) {
      return logits.logSoftmax(-1).mul(target).sum({ axes: [1] }).neg();
    }
    if (target.shape.length !== 1 || target.shape[0] !== logits.shape[0]) {
      this.refuse(logits, target, "the target must hold integers [batch] or probabilities of the logits' shape");
    }
    return new CrossEntropy().call(logits, target);
  }
}

/** Options of {@linkcode BinaryCrossEntropyLoss}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** True if the predictions are logits rather than probabilities; false by default. */
  logits?: boolean;
}

/**
 * -(y ln p + (1 - y) ln(1 - p)) of probabilities or of logits.
 *
 * Prediction and target have one shape; TypeError if their shapes differ. Logits are accurate where a probability would round
 * to 0 or 1.
 *
 * RangeError for a probability or a target outside [0, 1], and for NaN among them, where the values are there when the call
 * is made: on `cpu`, `wasm` and `reference`, outside captured functions. Elsewhere they are not waited for; the logarithm of
 * what is no probability is then NaN, and so is the loss.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.BinaryCrossEntropyLoss(), ofLogits = new nn.BinaryCrossEntropyLoss({ logits: true });
 * if (Math.abs(loss.call(tensor([0.5]), tensor([1])).item() - Math.log(2)) > 1e-6) throw new Error("wrong");
 * if (ofLogits.call(tensor([-200]), tensor([1])).item() !== 200) throw new Error("cut off");
 * ```
 */
export class BinaryCrossEntropyLoss extends Loss {
  /** Whether the predictions are logits. */
  readonly logits: boolean;

  /** A loss of probabilities by default. */
  constructor(options: BinaryCrossEntropyOptions = {}) {
    const action = "make BinaryCrossEntropyLoss", names = ["reduction", "logits"] as const;
    const { logits = false, ...others } = checkOptions(action, options, "{ logits: true }", names);
    super(others);
    this.logits = checkFlag(action, "logits", logits);
  }

  /** One loss for each element, reduced. Targets may lie between 0 and 1. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    if (!sameShape(prediction.shape, target.shape)) this.refuse(prediction, target, "the shapes must be the same");
    if (!this.logits) checkShares("prediction", prediction, "; { logits: true } takes others");
    checkShares("target", target, "");
    const op = this.logits ? new BinaryCrossEntropyWithLogits() : new BinaryCrossEntropy();
    return this.reduce(op.call(prediction, target));
  }
}

/** RangeError for an element outside [0, 1], where the elements can be looked at without waiting for them. */
function checkShares(name: string, tensor: Tensor, advice: string): void {
  const values = promptValues(tensor);
  if (values === null) return;
  // A loop, since `every` calls a function for each element.
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (value >= 0 && value <= 1) continue;
    // What is computed from a placeholder is not yet what will be fed.
    if (findTopoSort([tensor]).some((node) => node instanceof Placeholder)) return;
    throw new RangeError(`Cannot apply BinaryCrossEntropyLoss: ${name} ${value} must lie in [0, 1]${advice}`);
  }
}
