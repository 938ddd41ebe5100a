/** Elements back in the places where a pool found them. */
import { filled } from "../../array/ndarray.ts";
import { asking, checkOptions, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import { perAxis } from "../../pure/windows.ts";
import { isTensor } from "../operands.ts";
import { BroadcastTo, Reshape, Scatter } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** The options of an inverse pool, as those of the pool. */
export interface MaxUnpoolOptions {
  /** From one window to the next: the windows' lengths by default. */
  stride?: number | readonly number[];
  /** How many places stood before and behind each axis: 0 by default. */
  padding?: number | readonly number[];
  /** The lengths of the last axes, or the whole shape, which the pool's result does not tell: those of whole windows. */
  outputSize?: Shape;
}

/** Zeros but for elements at their places in row-major order of the last `d` axes. */
export function maxUnpool(
  x: Tensor,
  indices: Tensor,
  size: number | readonly number[],
  d: number,
  options: MaxUnpoolOptions,
): Tensor {
  const action = `maxUnpool${d}d`, { shape } = x;
  const { stride = size, padding = 0, outputSize } = checkOptions(action, options, "{ stride: 2 }", [
    ...["stride", "padding", "outputSize"] as const,
  ]);
  if (shape.length !== d + 1 && shape.length !== d + 2) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} must have ${d + 1} or ${d + 2} axes`);
  }
  if (!isTensor(indices) || isFloat(indices.dtype)) refuse(action, indices, "a tensor of integers");
  if (!sameShape(indices.shape, shape)) {
    throw new TypeError(
      `Cannot ${action}: indices of shape ${showShape(indices.shape)} must have shape ${showShape(shape)}`,
    );
  }
  const sizes = perAxis(action, "size", size, d, 1), steps = perAxis(action, "stride", stride, d, 1);
  const paddings = perAxis(action, "padding", padding, d, 0), outer = shape.slice(0, -d);
  const whole = shape.slice(-d).map((length, k) => (length - 1) * steps[k]! - 2 * paddings[k]! + sizes[k]!);
  const lengths = outputSize === undefined ? whole : lengthsOf(action, outputSize, whole, steps, outer);
  const [count, places] = [shape, [...outer, ...lengths]].map((each) => sizeOf(each.slice(-d)));
  const zeros = new BroadcastTo([...outer, places!]).call(x.wrap(filled(x.facts.storage.stream, [], x.dtype, 0)));
  const [index, elements] = [indices, x].map((each) => new Reshape([...outer, count!]).call(each));
  return asking(action, () => {
    const found = new Scatter(-1, "set").call(zeros, elements!, index!);
    return new Reshape([...outer, ...lengths]).call(found);
  });
}

/** The lengths that were asked for, each less than a step away from that of whole windows. */
function lengthsOf(action: string, given: Shape, whole: Shape, steps: Shape, outer: Shape): Shape {
  const d = whole.length, lengths = Array.isArray(given) ? given.slice(-d) : refuse(action, given, "a list of lengths");
  const fits = [d, d + outer.length].includes(given.length) &&
    lengths.every((length, k) => Number.isInteger(length) && Math.abs(length - whole[k]!) < steps[k]!);
  if (fits) return lengths;
  throw new RangeError(
    `Cannot ${action}: outputSize ${showShape(given)} must be near ${showShape(whole)}, less than a stride away`,
  );
}
