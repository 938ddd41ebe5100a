/**
 * What all losses share: a reduction, checks of the inputs, and half-precision inputs computed as float32, so that a loss is
 * rounded once, and not at all under autocast.
 */
import { checkOptions, checkTensor, inFloat32, isFloat, sameShape, shown, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Module } from "../module.ts";

/** How the losses of single elements or samples become the result. */
export type Reduction = "mean" | "sum" | "none";

/** Weights of classes or elements: a tensor, whose values are copied, or a list, which becomes float32. */
export type LossWeights = Tensor | readonly number[] | Float32Array | Float64Array;

/** Options of every loss. */
export interface LossOptions {
  /** `mean` (the default), `sum`, or `none`, which leaves one loss for each element or sample. */
  reduction?: Reduction;
}

/**
 * A loss with its reduction. A subclass writes `forward` and ends it with `reduce`, or with `ofElements` if it has a loss for
 * each element of inputs of one shape.
 *
 * `Inputs` is the type of losses that take more than a prediction and a target.
 */
export abstract class Loss<Inputs extends unknown[] = [prediction: Tensor, target: Tensor]> extends Module<Inputs> {
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

  /** The names of the inputs that must be tensors, as messages call them. */
  protected get inputNames(): readonly string[] {
    return ["prediction", "target"];
  }

  /** Applies the loss. TypeError for an argument that is no tensor. */
  override call(...inputs: Inputs): Tensor {
    this.inputNames.forEach((_, place) => checkTensor(`apply ${this.constructor.name}`, inputs[place]));
    return super.call(...inputs);
  }

  /**
   * The losses reduced: a scalar, or the losses themselves for `none`. Their mean divides by the sum of `weights` if these are
   * given, else by the number of losses.
   */
  protected reduce(losses: Tensor, weights?: Tensor): Tensor {
    if (this.reduction === "none") return losses;
    if (this.reduction === "sum") return losses.sum();
    return weights === undefined ? losses.mean() : losses.sum().div(weights.sum());
  }

  /** The losses of single elements, reduced. Broadcasting is refused: it would compare what does not belong together. */
  protected ofElements(inputs: readonly Tensor[], lossesOf: (...inputs: Tensor[]) => Tensor): Tensor {
    if (inputs.some(({ shape }) => !sameShape(shape, inputs[0]!.shape))) {
      this.refuse(inputs, "the shapes must be the same");
    }
    return inFloat32(inputs, (...wide) => this.reduce(lossesOf(...wide)));
  }

  /** Throws a TypeError that names all shapes, and types other than floats, and ends in `wanted`. */
  protected refuse(inputs: readonly Tensor[], wanted: string): never {
    const texts = this.inputNames.map((name, place) => {
      const { shape, dtype } = inputs[place]!;
      return `${name} ${isFloat(dtype) ? "" : `${dtype} `}${showShape(shape)}`;
    });
    throw new TypeError(
      `Cannot apply ${this.constructor.name}: ${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}, ${wanted}`,
    );
  }
}
