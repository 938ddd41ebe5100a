/** The contrastive loss of pairs: each sample should recognise its partner among those of the whole batch. */
import { checkFlag, checkOptions, inFloat32, sameShape } from "../../core/internal.ts";
import { arange, Tensor } from "../../core/mod.ts";
import { checkPositive } from "./checks.ts";
import { crossEntropies } from "./labels.ts";
import { Loss, type LossOptions } from "./loss.ts";

/** Options of {@linkcode InfoNCELoss}. */
export interface InfoNCEOptions extends LossOptions {
  /** τ, by which cosines are divided: a number, 0.07 by default, or a tensor with one element, such as a parameter. */
  temperature?: number | Tensor;
  /** True if partners must recognise the samples as well, as in CLIP: the mean of both losses. False by default. */
  symmetric?: boolean;
}

/**
 * The cross entropy of the cosines of each query with all keys, divided by τ, against its own key (van den Oord et al. 2018,
 * arXiv 1807.03748; symmetric: Radford et al. 2021, arXiv 2103.00020). Queries and keys are [batch, n], those of one row belong
 * together. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const x = tensor([[1, 0], [0, 1]]), loss = new nn.InfoNCELoss({ temperature: 1, symmetric: true }).call(x, x);
 * if (Math.abs(loss.item() - Math.log(1 + Math.exp(-1))) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class InfoNCELoss extends Loss<[query: Tensor, key: Tensor]> {
  /** τ, by which cosines are divided. */
  readonly temperature: number | Tensor;
  /** Whether keys must recognise their queries as well. */
  readonly symmetric: boolean;

  /** RangeError unless the temperature is a positive number, TypeError for a tensor with several elements. */
  constructor(options: InfoNCEOptions = {}) {
    const action = "make InfoNCELoss", names = ["reduction", "temperature", "symmetric"] as const;
    const { temperature = 0.07, symmetric = false, ...others } = checkOptions(
      action,
      options,
      "{ temperature: 0.1 }",
      names,
    );
    super(others);
    if (temperature instanceof Tensor && temperature.size !== 1) {
      throw new TypeError(`Cannot ${action}: temperature has ${temperature.size} elements, it must have one`);
    }
    this.temperature = temperature instanceof Tensor ? temperature : checkPositive(action, "temperature", temperature);
    this.symmetric = checkFlag(action, "symmetric", symmetric);
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["query", "key"];
  }

  /** One loss for each pair, reduced. */
  override forward(query: Tensor, key: Tensor): Tensor {
    if (query.shape.length !== 2 || !sameShape(query.shape, key.shape)) {
      this.refuse([query, key], "both must be [batch, n]");
    }
    return inFloat32([query, key], (query, key) => {
      const { temperature } = this, one = temperature instanceof Tensor ? temperature.reshape([]) : temperature;
      const logits = ofLengthOne(query!).matmul(ofLengthOne(key!).transpose()).div(one);
      const labels = arange(query!.shape[0]!, { device: query!.device, dtype: "int32" });
      const losses = crossEntropies(logits, labels, 1);
      return this.reduce(
        this.symmetric ? losses.add(crossEntropies(logits.transpose(), labels, 1)).mul(0.5) : losses,
      );
    });
  }
}

/** Vectors divided by their lengths; those of zeros stay as they are. */
function ofLengthOne(x: Tensor): Tensor {
  return x.div(x.norm({ axes: -1, keepDims: true }).clip(1e-12, Infinity));
}
