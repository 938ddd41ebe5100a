/** The checks of the options and elements that losses are given, and their weights. */
import { checkTensor, isFloat, promptValues, sameShape, type Shape, shown, showShape } from "../../core/internal.ts";
import { findTopoSort, Placeholder, type Tensor } from "../../core/mod.ts";
import { Buffer } from "../parameter.ts";
import type { LossWeights } from "./loss.ts";

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

/** The weights as a buffer, which moves and is saved with the loss; null if there are none. */
export function weightsOf(action: string, name: string, given: LossWeights | null | undefined): Buffer | null {
  if (given === undefined || given === null) return null;
  const isList = Array.isArray(given) || given instanceof Float32Array || given instanceof Float64Array;
  if (!isList) checkTensor(action, given);
  // Those of a tensor on a GPU are not waited for.
  const numbers = isList ? given as readonly number[] : promptValues(given as Tensor);
  const wrong = numbers?.find((value) => !Number.isFinite(Number(value)));
  if (wrong !== undefined) throw new RangeError(`Cannot ${action}: ${name} ${shown(wrong)} must be a finite number`);
  const weights = new Buffer(given as Tensor | number[]);
  if (isFloat(weights.dtype)) return weights;
  throw new TypeError(`Cannot ${action}: ${name} of type ${weights.dtype} must have a float type`);
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
