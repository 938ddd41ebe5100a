/**
 * What tensors are made from: nested arrays, numbers and typed arrays, read into device memory.
 */
import { streamOf } from "./devices.ts";
import { checkDType, type DType, dtypeOfArray, elementOf, makeTypedArray, type TypedArray } from "../pure/dtype.ts";
import { checkFlag, checkOptions, refuse, shown } from "../pure/check.ts";
import { fromTypedArray, type NDArray } from "./ndarray.ts";
import type { Stream } from "./stream.ts";
import { checkShape, type Shape, showShape, sizeOf } from "../pure/shape.ts";

/** A number or boolean, or lists of such to any depth. */
export type NestedArray = number | boolean | readonly NestedArray[];
/** What tensors are made from. */
export type TensorSource = NestedArray | TypedArray;

/** How a tensor is made. */
export interface TensorOptions {
  /** The name of a device, such as `cpu` or `cuda`; the default device when absent. */
  device?: string;
  /** The element type; by default what the source suggests. */
  dtype?: DType;
  /** Whether gradients are recorded. */
  requiresGrad?: boolean;
  /** The shape, for a flat source. */
  shape?: Shape;
}

/** The names of the options of every function that makes a tensor. */
const optionNames = ["dtype", "device", "requiresGrad"] as const;
const sourceNames = [...optionNames, "shape"] as const;

/** The options themselves. TypeError for one that does not exist and for a flag that is none. */
export function checkTensorOptions<T extends TensorOptions>(
  action: string,
  options: T,
  names: readonly (keyof TensorOptions)[] = optionNames,
): T {
  checkOptions<TensorOptions>(action, options, '{ dtype: "int32" }', names);
  checkFlag(action, "requiresGrad", options.requiresGrad ?? false);
  return options;
}

/** Reads nested arrays, a number or a flat typed array into device memory. */
export function arrayFrom(source: TensorSource, options: TensorOptions): NDArray {
  const { device, dtype, shape } = checkTensorOptions("make tensor", options, sourceNames);
  if (dtype !== undefined) checkDType("make tensor", dtype);
  const given = dtypeOfArray(source);
  let flat: ArrayLike<number>, found: Shape, natural: DType;
  if (given !== null) {
    flat = source as TypedArray;
    found = [flat.length];
    natural = given;
  } else {
    found = nestedShape(source as NestedArray);
    const leaves = flatten(source as NestedArray, found);
    natural = leaves.length > 0 && leaves.every((leaf) => typeof leaf === "boolean") ? "bool" : "float32";
    flat = leaves as ArrayLike<number>;
  }
  if (shape !== undefined) {
    checkShape("make tensor", shape);
    if (sizeOf(shape) !== flat.length) {
      throw new TypeError(`Cannot make tensor: ${flat.length} elements do not fill shape ${showShape(shape)}`);
    }
    found = shape.slice();
  }
  const type = dtype ?? natural;
  let values: TypedArray;
  if (given === type || (type === "bool" && natural === "bool")) {
    values = given !== null ? source as TypedArray : Uint8Array.from(flat as ArrayLike<number>, (x) => x ? 1 : 0);
  } else {
    values = makeTypedArray(type, flat.length);
    for (let k = 0; k < flat.length; k++) values[k] = elementOf("make tensor", type, Number(flat[k]));
  }
  return fromTypedArray(streamOf(device), values, found, type);
}

/** How deep lists may be nested. One that holds itself has no end. */
const deepest = 64;

function nestedShape(source: NestedArray, action = "make tensor"): number[] {
  const shape: number[] = [];
  for (let level: NestedArray | undefined = source; Array.isArray(level); level = level[0]) {
    if (shape.length === deepest) {
      throw new TypeError(`Cannot ${action}: lists are nested more than ${deepest} deep, or hold themselves`);
    }
    shape.push(level.length);
  }
  return shape;
}

function flatten(source: NestedArray, shape: Shape, action = "make tensor"): (number | boolean)[] {
  const leaves: (number | boolean)[] = [];
  const walk = (level: NestedArray, axis: number): void => {
    if (axis === shape.length) {
      if (typeof level !== "number" && typeof level !== "boolean") {
        throw new TypeError(`Cannot ${action}: found ${shown(level)} where a number must stand`);
      }
      leaves.push(level);
      return;
    }
    if (!Array.isArray(level) || level.length !== shape[axis]) {
      throw new TypeError(`Cannot ${action}: rows of axis ${axis} differ in length, all must have ${shape[axis]}`);
    }
    for (const part of level) walk(part, axis + 1);
  };
  walk(source, 0);
  return leaves;
}

/** Indices as a device takes them. RangeError for a fraction or NaN, which would become another index. */
export function wholeNumbers(action: string, numbers: readonly number[]): Int32Array<ArrayBuffer> {
  if (!Array.isArray(numbers)) refuse(action, numbers, "a tensor or a list of integers");
  for (const number of numbers) {
    if (typeof number === "number" && (number | 0) === number) continue;
    throw new RangeError(`Cannot ${action}: index ${shown(number)} must be an integer`);
  }
  return Int32Array.from(numbers);
}

/** Lists of indices in device memory: int32, or bool if all are booleans. RangeError for a fraction or NaN. */
export function indicesFrom(action: string, list: readonly NestedArray[], stream: Stream): NDArray {
  const shape = nestedShape(list, action), leaves = flatten(list, shape, action);
  return leaves.length > 0 && leaves.every((leaf) => typeof leaf === "boolean")
    ? fromTypedArray(stream, Uint8Array.from(leaves, Number), shape, "bool")
    : fromTypedArray(stream, wholeNumbers(action, leaves as number[]), shape, "int32");
}
