/**
 * What all losses share: a reduction, checks of the inputs, and half-precision inputs computed as float32, so that a loss is
 * rounded once, and not at all under autocast.
 */
import {
  checkOptions,
  checkTensor,
  inFloat32,
  isFloat,
  promptValues,
  sameShape,
  type Shape,
  shown,
  showShape,
} from "../../core/internal.ts";
import { findTopoSort, Placeholder, type Tensor } from "../../core/mod.ts";
import { Module } from "../module.ts";
import { Buffer } from "../parameter.ts";

/** How the losses of single elements or samples become the result. */
export type Reduction = "mean" | "sum" | "none";

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

/** The number itself. RangeError unless it is finite and above 0. */
export function checkPositive(action: string, name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(value)} must be a positive number`);
}

/**
 * RangeError for an element outside [low, high], and for NaN, where the elements can be looked at without waiting for them:
 * on no GPU, and outside captured functions.
 */
export function checkElements(
  { constructor: { name: owner } }: object,
  name: string,
  tensor: Tensor,
  [low, high]: readonly [number, number],
  wanted: string,
): void {
  const values = promptValues(tensor);
  if (values === null) return;
  // A loop, since `every` calls a function for each element.
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (value >= low && value <= high) continue;
    // What is computed from a placeholder is not yet what will be fed.
    if (findTopoSort([tensor]).some((node) => node instanceof Placeholder)) return;
    throw new RangeError(`Cannot apply ${owner}: ${name} ${value} must ${wanted}`);
  }
}

/** Weights of classes or elements: a tensor, whose values are copied, or a list, which becomes float32. */
export type LossWeights = Tensor | readonly number[] | Float32Array | Float64Array;

/** The weights as a buffer, which moves and is saved with the loss; null if there are none. */
export function weightsOf(action: string, name: string, given: LossWeights | null | undefined): Buffer | null {
  if (given === undefined || given === null) return null;
  const isList = Array.isArray(given) || given instanceof Float32Array || given instanceof Float64Array;
  if (!isList) checkTensor(action, given);
  const weights = new Buffer(given as Tensor | number[]);
  if (!isFloat(weights.dtype)) {
    throw new TypeError(`Cannot ${action}: ${name} of type ${weights.dtype} must have a float type`);
  }
  const wrong = promptValues(weights)?.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return weights;
  throw new RangeError(`Cannot ${action}: ${name} ${wrong} must be a finite number`);
}

/** The weights of classes as a tensor that stretches along an axis of `like`, in its type. TypeError for another number. */
export function alongClasses(loss: object, weight: Tensor, like: Tensor, axis: number): Tensor {
  const classes = like.shape[axis]!;
  if (!sameShape(weight.shape, [classes])) {
    throw new TypeError(
      `Cannot apply ${loss.constructor.name}: weight ${
        showShape(weight.shape)
      }, it must be [${classes}], a number for ` +
        "each class",
    );
  }
  const shape: Shape = like.shape.map((_, each) => each === axis ? classes : 1);
  return weight.cast(like.dtype).reshape(shape);
}
