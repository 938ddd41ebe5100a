/**
 * The product of the elements along axes. Its gradient divides by nothing, so that it is exact to any order at zeros too.
 */
import { promote } from "../../pure/dtype.ts";
import { fold } from "../../array/skeletons.ts";
import type { NDArray } from "../../array/ndarray.ts";
import type { Tensor } from "../tensor.ts";
import type { Adjoints } from "../op.ts";
import { widened } from "../precision.ts";
import { ReduceOp } from "./reduce.ts";
import { Reshape, Slice, Transpose, Unslice } from "./views.ts";

/** The product; integers and bools give int32. */
export class Product extends ReduceOp {
  /** @ignore */
  override get action(): string {
    return "prod";
  }
  /** 1 where there are no elements. */
  compute(a: NDArray): NDArray {
    return fold("prod", [a], this.axesOf(a.shape), this.outShape(a.shape), promote(a.dtype, "int32"));
  }
  /** g times the product of all other elements. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, { shape, dtype } = a, axes = this.axesOf(shape);
    if (axes.length === 0) return g;
    if (a.size === 0) return a.zerosLike();
    // The joined axes become one, which stands last.
    const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis)), order = [...kept, ...axes];
    const lengths = kept.map((axis) => shape[axis]!), back = new Array<number>(order.length);
    order.forEach((from, to) => back[from] = to);
    const line = new Reshape([...lengths, -1]).call(new Transpose(order).call(widened(a)));
    const others = timesOthers(line, new Reshape([...lengths, 1]).call(widened(g)));
    return new Transpose(back).call(new Reshape(order.map((axis) => shape[axis]!)).call(others)).cast(dtype);
  }
}

/**
 * The product of all elements but one, times g, for each element along the last axis. g has one element there.
 *
 * The elements are multiplied in pairs, the pairs in pairs and so on, until one is left. Going back, what all others give
 * for a pair gives for one of its two, multiplied by the second of them, what all others give for it alone.
 */
function timesOthers(line: Tensor, g: Tensor): Tensor {
  const n = line.shape.at(-1)!, half = n >> 1;
  if (n === 1) return g;
  const left = part(line, 0, half), right = part(line, half, half), isOdd = n > 2 * half;
  const pairs = left.mul(right), joined = isOdd ? inLine([pairs, part(line, n - 1, 1)]) : pairs;
  const others = timesOthers(joined, g), forPairs = isOdd ? part(others, 0, half) : others;
  const both = [forPairs.mul(right), forPairs.mul(left)];
  return inLine(isOdd ? [...both, part(others, half, 1)] : both);
}

/** The slices of a tensor of `shape` that leave all axes but the last whole. */
function along(shape: readonly number[], start: number, length: number) {
  return shape.map((whole, axis) =>
    axis === shape.length - 1
      ? { start, step: 1, length, dropped: false }
      : { start: 0, step: 1, length: whole, dropped: false }
  );
}

/** So many elements along the last axis. */
function part(line: Tensor, start: number, length: number): Tensor {
  return new Slice(along(line.shape, start, length)).call(line);
}

/** Tensors behind one another along the last axis. */
function inLine(parts: readonly Tensor[]): Tensor {
  const total = parts.reduce((sum, { shape }) => sum + shape.at(-1)!, 0),
    whole = [...parts[0]!.shape.slice(0, -1), total];
  let start = 0;
  return parts.map((each) => {
    const length = each.shape.at(-1)!, slices = along(whole, start, length);
    start += length;
    return new Unslice(slices, whole).call(each);
  }).reduce((sum, each) => sum.add(each));
}
