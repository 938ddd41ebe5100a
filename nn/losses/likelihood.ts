/** Losses of distributions: how unlikely a target is under a predicted distribution, or how far two of them differ. */
import { checkFlag, checkOptions, inFloat32, sameShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkElements, checkPositive } from "./checks.ts";
import { Loss, type LossOptions, type Reduction } from "./loss.ts";

/** Options of {@linkcode KLDivLoss}. */
export interface KLDivOptions {
  /**
   * As for other losses, or `batchMean`: the sum divided by the length of the first axis, which is the divergence by its
   * definition. `mean`, the default, divides by the number of elements.
   */
  reduction?: Reduction | "batchMean";
  /** True if the targets are logarithms of probabilities; false by default. */
  logTarget?: boolean;
}

/**
 * The Kullback-Leibler divergence of a predicted distribution, given as logarithms of probabilities, from a target of the same
 * shape: y (ln y - p) of each element (Kullback and Leibler 1951). TypeError if the shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.KLDivLoss({ reduction: "batchMean" });
 * const found = loss.call(tensor([[0, 0]]).logSoftmax(-1), tensor([[0, 1]])).item();
 * if (Math.abs(found - Math.log(2)) > 1e-6) throw new Error(`${found}`);
 * ```
 */
export class KLDivLoss extends Loss {
  /** Whether the sum is divided by the length of the first axis; `reduction` is then `sum`. */
  readonly batchMean: boolean;
  /** Whether the targets are logarithms of probabilities. */
  readonly logTarget: boolean;

  /** TypeError for a `logTarget` that is no boolean. */
  constructor(options: KLDivOptions = {}) {
    const action = "make KLDivLoss", names = ["reduction", "logTarget"] as const;
    const { reduction = "mean", logTarget = false } = checkOptions(action, options, "{ logTarget: true }", names);
    super({ reduction: reduction === "batchMean" ? "sum" : reduction });
    this.batchMean = reduction === "batchMean";
    this.logTarget = checkFlag(action, "logTarget", logTarget);
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const loss = this.ofElements([prediction, target], (p, y) => {
      // A probability of 0 is worth nothing, whatever its logarithm.
      return this.logTarget ? y!.exp().mul(y!.sub(p!)) : y!.xlogy(y!).sub(y!.mul(p!));
    });
    return this.batchMean ? loss.div(prediction.shape[0] ?? 1) : loss;
  }
}

/** Options of {@linkcode PoissonNLLLoss}. */
export interface PoissonNLLOptions extends LossOptions {
  /** True, the default, if the predictions are logarithms of the expected counts. */
  logInput?: boolean;
  /** True adds Stirling's approximation of ln(y!) for targets above 1; false by default. */
  full?: boolean;
  /** What is added to an expected count before its logarithm is taken; 1e-8 by default. */
  eps?: number;
}

/**
 * The negative logarithm of the likelihood of counts y that have a Poisson distribution, without ln(y!): e^p - y p, or
 * p - y ln(p + ε) of expected counts. TypeError if the shapes of prediction and target differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.PoissonNLLLoss().call(tensor([0]), tensor([3])).item() !== 1) throw new Error("not e^0 - 3 * 0");
 * ```
 */
export class PoissonNLLLoss extends Loss {
  /** Whether the predictions are logarithms of the expected counts. */
  readonly logInput: boolean;
  /** Whether Stirling's approximation is added. */
  readonly full: boolean;
  /** What is added to an expected count before its logarithm is taken. */
  readonly eps: number;

  /** RangeError unless `eps` is a positive number. */
  constructor(options: PoissonNLLOptions = {}) {
    const action = "make PoissonNLLLoss", names = ["reduction", "logInput", "full", "eps"] as const;
    const { logInput = true, full = false, eps = 1e-8, ...others } = checkOptions(
      action,
      options,
      "{ full: true }",
      names,
    );
    super(others);
    this.logInput = checkFlag(action, "logInput", logInput);
    this.full = checkFlag(action, "full", full);
    this.eps = checkPositive(action, "eps", eps);
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (p, y) => {
      const losses = this.logInput ? p!.exp().sub(y!.mul(p!)) : p!.sub(y!.mul(p!.add(this.eps).log()));
      if (!this.full) return losses;
      // Where there is no term, 1 stands for the target, so that no gradient of its logarithm is infinite.
      const isLarge = y!.greater(1), count = isLarge.where(y!, 1);
      const stirling = count.mul(count.log()).sub(count).add(count.mul(2 * Math.PI).log().mul(0.5));
      return losses.add(isLarge.where(stirling, 0));
    });
  }
}

/** Options of {@linkcode GaussianNLLLoss}. */
export interface GaussianNLLOptions extends LossOptions {
  /** True adds ln(2π) / 2 to each loss; false by default. */
  full?: boolean;
  /** The least variance that is reckoned with; 1e-6 by default. */
  eps?: number;
}

/**
 * The negative logarithm of the likelihood of targets that are normally distributed around predictions: (ln v + (p - y)² / v) /
 * 2, where v is the variance, and ε at least. The gradient goes past that limit, so that a variance below it can grow.
 *
 * Prediction and target have one shape. The variance has it too, or has no last axis, or length 1 along one axis. TypeError
 * for other shapes; RangeError for a negative variance and NaN, where the values are there when the call is made.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.GaussianNLLLoss().call(tensor([1]), tensor([3]), tensor([1]));
 * if (loss.item() !== 2) throw new Error("not (ln 1 + 2² / 1) / 2");
 * ```
 */
export class GaussianNLLLoss extends Loss<[prediction: Tensor, target: Tensor, variance: Tensor]> {
  /** Whether ln(2π) / 2 is added to each loss. */
  readonly full: boolean;
  /** The least variance that is reckoned with. */
  readonly eps: number;

  /** RangeError unless `eps` is a positive number. */
  constructor(options: GaussianNLLOptions = {}) {
    const action = "make GaussianNLLLoss", names = ["reduction", "full", "eps"] as const;
    const { full = false, eps = 1e-6, ...others } = checkOptions(action, options, "{ full: true }", names);
    super(others);
    this.full = checkFlag(action, "full", full);
    this.eps = checkPositive(action, "eps", eps);
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["prediction", "target", "variance"];
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor, variance: Tensor): Tensor {
    const { shape } = prediction, hasOne = sameShape(shape.slice(0, -1), variance.shape) && shape.length > 0;
    const others = variance.shape.filter((length, axis) => length !== shape[axis]);
    const stretches = variance.shape.length === shape.length && (others.length === 0 || sameShape(others, [1]));
    if (!sameShape(shape, target.shape) || !(hasOne || stretches)) {
      const wanted =
        "the first two shapes must be the same, and the variance may lack the last axis or have length 1 " +
        "along one";
      this.refuse([prediction, target, variance], wanted);
    }
    checkElements(this, "variance", variance, [0, Infinity], "not be negative");
    const fitted = stretches ? variance : variance.unsqueeze(-1);
    return inFloat32([prediction, target, fitted], (p, y, v) => {
      const { eps } = this, spread = v!.less(eps).where(v!.sub(v!.detach()).add(eps), v!);
      const losses = spread.log().add(p!.sub(y!).square().div(spread)).mul(0.5);
      return this.reduce(this.full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses);
    });
  }
}
