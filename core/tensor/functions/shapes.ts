/** Functions that join tensors, or make grids of them. */
import { checkOptions, refuse } from "../../pure/check.ts";
import { distinctAxes, sameShape, type Shape, showShape } from "../../pure/shape.ts";
import { checkOperands, commonShape } from "../operands.ts";
import { Concat, Reshape } from "../ops/mod.ts";
import { expand, unsqueeze } from "../composites/shapes.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensors } from "../value.ts";

/** Throws TypeError unless `tensors` is a list of tensors on one device, at least one. */
function checkAll(action: string, tensors: readonly Tensor[]): void {
  checkTensors(action, tensors);
  checkOperands({ action, arity: 0, precision: "given" }, tensors);
}

/**
 * Tensors one after the other along an axis; PyTorch's `cat`. Their other axes must agree, and their types are promoted. As in
 * PyTorch, a tensor of shape [0] counts as nothing beside tensors of several axes.
 *
 * @example
 * ```ts
 * import { concat, tensor } from "deneb";
 *
 * const x = concat([tensor([[1, 2]]), tensor([[3, 4], [5, 6]])]);
 * if (x.shape.join() !== "3,2" || x.toArray().join() !== "1,2,3,4,5,6") throw new Error("wrong");
 * ```
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  checkAll("concat", tensors);
  return new Concat(axis).call(...tensors);
}

/**
 * Tensors of one shape one after the other along a new axis. Their types are promoted.
 *
 * @example
 * ```ts
 * import { stack, tensor } from "deneb";
 *
 * const columns = stack([tensor([1, 2]), tensor([3, 4])], -1);
 * if (columns.toArray().join() !== "1,3,2,4") throw new Error("wrong");
 * ```
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkAll("stack", tensors);
  const { shape } = tensors[0]!, other = tensors.find((tensor) => !sameShape(tensor.shape, shape));
  if (other !== undefined) {
    throw new TypeError(`Cannot stack: shapes ${showShape(shape)} and ${showShape(other.shape)} must be the same`);
  }
  const [place] = distinctAxes("stack", [axis], shape.length + 1) as [number];
  return new Concat(place).call(...tensors.map((tensor) => unsqueeze(tensor, place)));
}

/** The options of a grid. */
export interface GridOptions {
  /** `ij`, the default: the first tensor counts along axis 0. `xy`: along axis 1, as for plots, and the second along axis 0. */
  indexing?: "ij" | "xy";
}

/**
 * The coordinates of a grid: for each vector a tensor that has an axis for every vector, and changes along its own. Each keeps
 * its type. They are views, in which elements repeat.
 *
 * @example
 * ```ts
 * import { arange, meshgrid } from "deneb";
 *
 * const [rows, columns] = meshgrid([arange(2), arange(3)]);
 * if (rows!.toArray().join() !== "0,0,0,1,1,1" || columns!.toArray().join() !== "0,1,2,0,1,2") throw new Error("wrong");
 * ```
 */
export function meshgrid(tensors: readonly Tensor[], options: GridOptions = {}): readonly Tensor[] {
  checkAll("meshgrid", tensors);
  const { indexing = "ij" } = checkOptions("meshgrid", options, '{ indexing: "xy" }', ["indexing"]);
  if (indexing !== "ij" && indexing !== "xy") refuse("meshgrid", indexing, '"ij" or "xy"');
  const axes = [...tensors.keys()];
  if (indexing === "xy" && axes.length > 1) axes.splice(0, 2, 1, 0);
  const shape = new Array<number>(axes.length);
  tensors.forEach((tensor, k) => {
    if (tensor.shape.length > 1) {
      throw new TypeError(`Cannot meshgrid: tensor ${showShape(tensor.shape)} must be a vector`);
    }
    shape[axes[k]!] = tensor.size;
  });
  return tensors.map((tensor, k) => {
    const line: Shape = shape.map((length, axis) => axis === axes[k] ? length : 1);
    return expand(new Reshape(line).call(tensor), shape);
  });
}

/**
 * Tensors stretched to their common shape, by NumPy's rule. They are views, in which elements repeat.
 *
 * @example
 * ```ts
 * import { broadcastTensors, ones } from "deneb";
 *
 * const [a, b] = broadcastTensors([ones([3]), ones([2, 1])]);
 * if (a!.shape.join() !== "2,3" || b!.shape.join() !== "2,3") throw new Error("wrong shapes");
 * ```
 */
export function broadcastTensors(tensors: readonly Tensor[]): readonly Tensor[] {
  checkAll("broadcastTensors", tensors);
  const shape = commonShape({ action: "broadcastTensors", arity: 0, precision: "given" }, tensors);
  return tensors.map((tensor) => expand(tensor, shape));
}
