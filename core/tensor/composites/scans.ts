/** Differences, sums and recurrences along an axis, by several ops, whose gradient is that of their parts. */
import { checkCount, checkOptions, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, showShape, stretches } from "../../pure/shape.ts";
import { commonShape, isTensor, lifted, type Operand } from "../operands.ts";
import { Concat, CumSum, LinearRecurrence, Pad, Reshape, Summation } from "../ops/mod.ts";
import { inFloat32 } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { narrow } from "./shapes.ts";

/** The options of `diff`. */
export interface DiffOptions {
  /** How often differences are taken; 1 by default. */
  n?: number;
  /** The axis; the last one by default. */
  axis?: number;
  /** What is joined to the tensor along the axis, before it. */
  prepend?: Operand;
  /** What is joined to the tensor along the axis, behind it. */
  append?: Operand;
}

/** The options of `trapezoid` and `cumulativeTrapezoid`. */
export interface TrapezoidOptions {
  /** Where the elements stand. */
  x?: Tensor;
  /** How far apart they stand; 1 by default. */
  dx?: number;
  /** The axis; the last one by default. */
  axis?: number;
}

/** The options of `linearRecurrence`. */
export interface RecurrenceOptions {
  /** The axis; the last one by default. */
  axis?: number;
  /** What comes before the first element; 0 by default. */
  initial?: Operand;
}

/** The differences of neighbours. */
export function diff(x: Tensor, options: DiffOptions): Tensor {
  const { n = 1, axis: given = -1, prepend, append } = checkOptions("diff", options, "{ n: 2 }", diffNames);
  checkCount("diff", "n", n, 0);
  const { shape } = x, rank = shape.length;
  if (rank === 0) throw new TypeError("Cannot diff: a tensor without axes, it must have one");
  const axis = normalizeAxis("diff", given, rank);
  const parts = [prepend, x, append].filter((part) => part !== undefined).map((part) => {
    if (isTensor(part)) return part;
    if (typeof part !== "number") return refuse("diff", part, "a tensor or a number");
    const [, one] = lifted({ action: "diff", arity: 2, precision: "given" }, [x, part]);
    return one!.broadcastTo(shape.with(axis, 1));
  });
  let result = n === 0 || parts.length === 1 ? x : new Concat(axis).call(...parts);
  for (let k = 0; k < n && result.shape[axis]! > 0; k++) {
    const [left, right] = neighbours("diff", result, axis);
    result = result.dtype === "bool" ? right.notEqual(left) : right.sub(left);
  }
  return result;
}

const diffNames = ["n", "axis", "prepend", "append"] as const;

/** All elements along an axis but the last, and all but the first. */
function neighbours(action: string, x: Tensor, given: number): [left: Tensor, right: Tensor] {
  const axis = normalizeAxis(action, given, x.shape.length), count = Math.max(x.shape[axis]! - 1, 0);
  return [narrow(x, axis, 0, count), narrow(x, axis, Math.min(1, x.shape[axis]!), count)];
}

/** The areas between neighbours, along an axis counted from 0. */
function areas(
  action: string,
  y: Tensor,
  options: TrapezoidOptions,
  join: (parts: Tensor, axis: number) => Tensor,
): Tensor {
  const { x, dx, axis: given = -1 } = checkOptions(action, options, "{ dx: 0.5 }", ["x", "dx", "axis"]);
  if (x !== undefined && dx !== undefined) throw new TypeError(`Cannot ${action}: both x and dx are given`);
  if (x !== undefined && !isTensor(x)) refuse(action, x, "a tensor");
  if (dx !== undefined && typeof dx !== "number") refuse(action, dx, "a number");
  const axis = normalizeAxis(action, given, y.shape.length), float = isFloat(y.dtype) ? y : y.cast("float32");
  if (x === undefined) {
    return inFloat32([float], (wide) => {
      const [left, right] = neighbours(action, wide!, axis);
      return join(left.add(right).mul(0.5 * (dx ?? 1)), axis);
    });
  }
  const { shape } = y, isLine = x.shape.length === 1;
  if (isLine ? x.size !== shape[axis] : x.shape.length > shape.length || !stretches(x.shape, shape)) {
    throw new TypeError(
      `Cannot ${action}: x of shape ${showShape(x.shape)} for ${showShape(shape)} along axis ${axis}`,
    );
  }
  const places = new Reshape(
    isLine
      ? shape.map((length, k) => k === axis ? length : 1)
      : [...shape.map(() => 1).slice(x.shape.length), ...x.shape],
  ).call(x);
  return inFloat32([float, places], (wide, at) => {
    const [left, right] = neighbours(action, wide!, axis), [from, to] = neighbours(action, at!, axis);
    return join(left.add(right).mul(to.sub(from)).mul(0.5), axis);
  });
}

/** The integral by the trapezoidal rule. */
export function trapezoid(y: Tensor, options: TrapezoidOptions): Tensor {
  return areas("trapezoid", y, options, (parts, axis) => new Summation(axis).call(parts));
}

/** The integrals up to each element but the first. */
export function cumulativeTrapezoid(y: Tensor, options: TrapezoidOptions): Tensor {
  return areas("cumulativeTrapezoid", y, options, (parts, axis) => new CumSum(axis).call(parts));
}

/** y_t = a_t y_{t-1} + b_t. */
export function linearRecurrence(b: Tensor, coefficients: Operand, options: RecurrenceOptions): Tensor {
  const names = ["axis", "initial"] as const, action = "linearRecurrence";
  const { axis: given = -1, initial } = checkOptions(action, options, "{ axis: 0 }", names);
  const owner = { action, arity: 2, precision: "given" } as const;
  if (!isTensor(coefficients) && typeof coefficients !== "number") refuse(action, coefficients, "a tensor or a number");
  const op = new LinearRecurrence(given), [addends, a] = lifted(owner, [b, coefficients]) as [Tensor, Tensor];
  if (initial === undefined) return op.call(a, addends);
  if (!isTensor(initial) && typeof initial !== "number") refuse(action, initial, "a tensor or a number");
  // What comes first is one more addend of the first element.
  const shape = commonShape(owner, [a, addends]), axis = normalizeAxis(action, given, shape.length);
  if (shape[axis] === 0) return op.call(a, addends);
  const first = a.broadcastTo(shape).narrow(axis, 0, 1), kept = shape.filter((_, k) => k !== axis);
  const before = isTensor(initial) ? initial : lifted(owner, [b, initial])[1]!;
  if (!sameShape(before.shape, kept) && !stretches(before.shape, kept)) {
    throw new TypeError(
      `Cannot ${action}: initial of shape ${showShape(before.shape)}, it must stretch to ${showShape(kept)}`,
    );
  }
  const added = first.mul(new Reshape(first.shape).call(before.broadcastTo(kept)));
  const widths = new Array<number>(2 * (shape.length - axis)).fill(0);
  widths[widths.length - 1] = shape[axis]! - 1;
  return op.call(a, new Pad(widths).call(added).add(addends));
}
