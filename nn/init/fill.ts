/** What all initialisers share: the fans of a weight, and the write into a tensor in place, on no graph. */
import { checkCount, checkTensor, isFloat, isHalf, showShape, sizeOf } from "../../core/internal.ts";
import { type DType, noGrad, rand, scope, type Tensor } from "../../core/mod.ts";
import { Parameter } from "../parameter.ts";

/** Where numbers are drawn: in the shape of the tensor and on its device, in a type that has enough digits. */
export interface Placement {
  shape: readonly number[];
  dtype: DType;
  device: string;
}

/** Fills a tensor with what `make` gives in the tensor's shape. Returns the tensor. TypeError unless it is of a float type. */
export function fill<T extends Tensor>(action: string, tensor: T, make: (at: Placement) => Tensor): T {
  checkTensor(action, tensor);
  const { shape, dtype, device } = tensor;
  if (!isFloat(dtype)) throw new TypeError(`Cannot ${action}: a tensor of type ${dtype}, it must be of a float type`);
  if (tensor.op !== null) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} is a result, it must be a leaf`);
  }
  if (tensor.size === 0) return tensor;
  noGrad(() => {
    using _ = scope();
    // All devices draw the same numbers, and a half rounds them: it would have too few of its own.
    const made = make({ shape, dtype: isHalf(dtype) ? "float32" : dtype, device });
    tensor.data = made.cast(dtype);
  });
  return tensor;
}

/** TypeError unless the tensor has a number of axes that is wanted. */
export function checkRank(action: string, tensor: Tensor, least: number, most: number, wanted: string): void {
  checkTensor(action, tensor);
  const { length } = tensor.shape;
  if (length >= least && length <= most) return;
  throw new TypeError(`Cannot ${action}: shape ${showShape(tensor.shape)} must be ${wanted}`);
}

/** Uniform numbers in [low, high). */
export function drawUniform({ shape, ...place }: Placement, low: number, high: number): Tensor {
  return rand(shape, place).mul(high - low).add(low);
}

/** The axis of a weight's outputs. */
export function outAxisOf(action: string, tensor: Tensor, given?: 0 | 1): 0 | 1 {
  const axis = given ?? (tensor instanceof Parameter ? tensor.outAxis : 0);
  return checkCount(action, "outAxis", axis, 0, 1) as 0 | 1;
}

/** The fans of a weight, for a caller that has checked the options. */
export function fansOf(action: string, tensor: Tensor, outAxis?: 0 | 1): { fanIn: number; fanOut: number } {
  checkTensor(action, tensor);
  const { shape } = tensor, out = outAxisOf(action, tensor, outAxis);
  if (shape.length < 2) {
    throw new TypeError(`Cannot ${action}: shape ${showShape(shape)} has no fans, it must have two axes at least`);
  }
  const field = sizeOf(shape.slice(2));
  return { fanIn: shape[1 - out]! * field, fanOut: shape[out]! * field };
}
