/** Losses of yes or no: of probabilities or logits, each beside a target between 0 and 1. */
import { checkFlag, checkOptions, inFloat32, sameShape, showShape } from "../../core/internal.ts";
import { BinaryCrossEntropy, BinaryCrossEntropyWithLogits, type Tensor } from "../../core/mod.ts";
import type { Buffer } from "../parameter.ts";
import { checkElements, weightsOf } from "./checks.ts";
import { Loss, type LossOptions, type LossWeights } from "./loss.ts";

/** The least and the largest probability. */
const shares = [0, 1] as const;

/** Options of {@linkcode BinaryCrossEntropyLoss}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** True if the predictions are logits rather than probabilities; false by default. */
  logits?: boolean;
  /** What each loss is multiplied by, which stretches to their shape; means do not divide by it. Nothing by default. */
  weight?: LossWeights | null;
  /** What the loss of yes is multiplied by, which stretches to the shape of the logits; 1 by default. For logits only. */
  posWeight?: LossWeights | null;
}

/**
 * -(y ln p + (1 - y) ln(1 - p)) of probabilities or of logits.
 *
 * Prediction and target have one shape; TypeError if their shapes differ. Logits are accurate where a probability would round
 * to 0 or 1. Logarithms of probabilities are cut off at -100, so that a wrong answer of 0 or 1 costs 100.
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
  /** What each loss is multiplied by, or null. */
  readonly weight: Buffer | null;
  /** What the loss of yes is multiplied by, or null. */
  readonly posWeight: Buffer | null;

  /** A loss of probabilities by default. TypeError for a `posWeight` of probabilities. */
  constructor(options: BinaryCrossEntropyOptions = {}) {
    const action = "make BinaryCrossEntropyLoss", names = ["reduction", "logits", "weight", "posWeight"] as const;
    const { logits = false, weight, posWeight, ...others } = checkOptions(action, options, "{ logits: true }", names);
    super(others);
    this.logits = checkFlag(action, "logits", logits);
    if (!logits && posWeight !== undefined && posWeight !== null) {
      throw new TypeError(`Cannot ${action}: posWeight is for logits; give { logits: true } as well`);
    }
    this.weight = weightsOf(action, "weight", weight);
    this.posWeight = weightsOf(action, "posWeight", posWeight);
  }

  /** One loss for each element, reduced. Targets may lie between 0 and 1. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    if (!sameShape(prediction.shape, target.shape)) this.refuse([prediction, target], "the shapes must be the same");
    if (!this.logits) {
      checkElements(this, "prediction", prediction, shares, "lie in [0, 1]; { logits: true } takes others");
    }
    checkElements(this, "target", target, shares, "lie in [0, 1]");
    return inFloat32([prediction], (wide) => this.reduce(this.#weighted(this.#losses(wide!, target))));
  }

  #losses(prediction: Tensor, target: Tensor): Tensor {
    if (!this.logits) return new BinaryCrossEntropy().call(prediction, target);
    if (this.posWeight === null) return new BinaryCrossEntropyWithLogits().call(prediction, target);
    // -w y ln σ(x) - (1 - y) ln σ(-x), each of whose terms keeps its digits where it is small.
    const yes = target.mul(prediction.logSigmoid()), no = target.rsub(1).mul(prediction.neg().logSigmoid());
    return yes.mul(this.#fitted("posWeight", this.posWeight, yes)).add(no).neg();
  }

  #weighted(losses: Tensor): Tensor {
    return this.weight === null ? losses : losses.mul(this.#fitted("weight", this.weight, losses));
  }

  /** The weights in the type of the losses. TypeError unless they stretch to their shape. */
  #fitted(name: string, weight: Tensor, { shape, dtype }: Tensor): Tensor {
    const { shape: own } = weight, offset = shape.length - own.length;
    if (offset >= 0 && own.every((length, axis) => length === 1 || length === shape[axis + offset])) {
      return weight.cast(dtype);
    }
    throw new TypeError(
      `Cannot apply ${this.constructor.name}: ${name} ${showShape(own)}, it must stretch to ${showShape(shape)}`,
    );
  }
}
