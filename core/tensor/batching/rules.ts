/**
 * How ops are applied to many examples at once. All examples lie along a new axis 0; the shapes that the op was given are those
 * of one. An op without a rule is applied to each example in turn.
 */
import { normalizeAxes, normalizeAxis, resolveReshape, type Shape } from "../../pure/shape.ts";
import { stack } from "../functions/shapes.ts";
import { type TensorOp, TensorTupleOp } from "../op.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import type { Op } from "../value.ts";

/** An operand of an op: all examples along axis 0, or a tensor that is the same for all of them. */
export interface Operand {
  readonly tensor: Tensor;
  readonly isBatched: boolean;
  /** The shape of one example. */
  readonly shape: Shape;
}

/** The result or results for all examples along axis 0; null where the operands are not of the kind that the rule is for. */
type Rule = (op: Op, operands: readonly Operand[], count: number) => Tensor | readonly Tensor[] | null;

/** The op itself: it works element by element, and stretches what is the same for all examples. */
const elementwise: Rule = (op, operands) => (op as TensorOp).call(...operands.map(({ tensor }) => tensor));

/** A reduction, over the same axes of each example. */
const reduction: Rule = (op, [x]) => {
  const { axes, name } = op as ops.ReduceOp, { shape, tensor } = x!, rank = shape.length;
  // A place among all elements counts along several axes.
  if (rank === 0 || (op instanceof ops.ArgExtremeOp && rank > 1 && axes === undefined)) return null;
  const Kind = op.constructor as new (options: object) => ops.ReduceOp;
  return new Kind({ ...op.attributes(), axes: normalizeAxes(name, axes, rank).map((axis) => axis + 1) }).call(tensor);
};

/** As a reduction, for ops that are given nothing but axes. */
const softmax: Rule = (op, [x]) => {
  const { axis, action } = op as ops.SoftmaxOp, { shape, tensor } = x!;
  if (shape.length === 0) return null;
  const Kind = op.constructor as new (axes: readonly number[]) => ops.SoftmaxOp;
  return new Kind(normalizeAxes(action, axis, shape.length).map((each) => each + 1)).call(tensor);
};

/** Along the same axis of each example. */
const scan: Rule = (op, operands, count) => {
  const { axis, fromEnd = false } = op as ops.ScanOp, rank = operands[0]!.shape.length;
  if (rank === 0) return null;
  const Kind = op.constructor as new (axis: number, fromEnd: boolean) => ops.ScanOp;
  const each = operands.length === 1 ? [operands[0]!.tensor] : operands.map((one) => stretched(one, count));
  return new Kind(normalizeAxis((op as ops.ScanOp).action, axis, rank) + 1, fromEnd).call(...each);
};

const rules = new Map<unknown, Rule>([
  ...[ops.Where, ops.Cast, ops.ToDevice, ops.GELU].map((kind): [unknown, Rule] => [kind, elementwise]),
  ...[
    ops.Summation,
    ops.Product,
    ops.Mean,
    ops.Variance,
    ops.SquaredDeviation,
    ops.Max,
    ops.Min,
    ops.ArgMax,
    ops.ArgMin,
  ]
    .map((kind): [unknown, Rule] => [kind, reduction]),
  ...[ops.Softmax, ops.LogSoftmax].map((kind): [unknown, Rule] => [kind, softmax]),
  ...[ops.CumSum, ops.CumProd, ops.LogCumSumExp, ops.LinearRecurrence, ops.CumMax, ops.CumMin]
    .map((kind): [unknown, Rule] => [kind, scan]),
  [ops.Transpose, (op, [x]) => {
    const rank = x!.shape.length, { axes = [...Array(rank - 2).keys(), rank - 1, rank - 2] } = op as ops.Transpose;
    return new ops.Transpose([0, ...axes.map((axis) => normalizeAxis("transpose", axis, rank) + 1)]).call(x!.tensor);
  }],
  [ops.Reshape, (op, [x], count) => {
    const shape = resolveReshape(x!.shape, (op as ops.Reshape).shape);
    return new ops.Reshape([count, ...shape]).call(x!.tensor);
  }],
  [ops.BroadcastTo, (op, [x], count) => {
    const { shape } = op as ops.BroadcastTo, added = Array<number>(shape.length - x!.shape.length).fill(1);
    return x!.tensor.reshape([count, ...added, ...x!.shape]).broadcastTo([count, ...shape]);
  }],
  [ops.Slice, (op, [x], count) => new ops.Slice([all(count), ...(op as ops.Slice).slices]).call(x!.tensor)],
  [ops.Unslice, (op, [x], count) => {
    const { slices, shape } = op as ops.Unslice;
    return new ops.Unslice([all(count), ...slices], [count, ...shape]).call(x!.tensor);
  }],
  [ops.ReplaceSlice, (op, [whole, part], count) => {
    const slices = [all(count), ...(op as ops.ReplaceSlice).slices];
    return new ops.ReplaceSlice(slices).call(stretched(whole!, count), part!.tensor);
  }],
  // It works along the last axes, however many there are before.
  [ops.DiscreteFourier, elementwise],
  // Its operands have as many axes as one another.
  [ops.MatMul, elementwise],
  [ops.ScaledDotProductAttention, elementwise],
  [
    ops.AttentionGradient,
    (op, operands, count) => (op as TensorTupleOp).call(...operands.map((each) => stretched(each, count))),
  ],
  [ops.Concat, (op, operands, count) => {
    const rank = operands[0]!.shape.length;
    // A tensor [0] beside those of other shapes is nothing.
    if (operands.some(({ shape }) => shape.length !== rank || (rank === 1 && shape[0] === 0))) return null;
    const axis = normalizeAxis("concat", (op as ops.Concat).axis, rank) + 1;
    return new ops.Concat(axis).call(...operands.map((each) => stretched(each, count)));
  }],
  [ops.Take, (op, [source, index]) => {
    const axis = normalizeAxis("take", (op as ops.Take).axis, source!.shape.length);
    if (!index!.isBatched) return new ops.Take(axis + 1).call(source!.tensor, index!.tensor);
    return source!.isBatched || axis > 0 ? null : new ops.Take(0).call(source!.tensor, index!.tensor);
  }],
  [ops.Gather, (op, [source, index], count) => {
    const axis = normalizeAxis("gather", (op as ops.Gather).axis, source!.shape.length);
    const places = placesFor(index!, source!.shape, axis, count);
    return new ops.Gather(axis + 1).call(stretched(source!, count), places);
  }],
  [ops.Ungather, (op, [part, index], count) => {
    const { shape } = op as ops.Ungather, axis = normalizeAxis("ungather", (op as ops.Ungather).axis, shape.length);
    const places = placesFor(index!, shape, axis, count);
    return new ops.Ungather(axis + 1, [count, ...shape]).call(stretched(part!, count), places);
  }],
  [ops.Scatter, (op, [x, source, index], count) => {
    const { join } = op as ops.Scatter, axis = normalizeAxis("scatter", (op as ops.Scatter).axis, x!.shape.length);
    const places = placesFor(index!, x!.shape, axis, count);
    return new ops.Scatter(axis + 1, join).call(stretched(x!, count), stretched(source!, count), places);
  }],
  [ops.SortedPlaces, (op, [x]) => {
    const { axis, descending, count } = op as ops.SortedPlaces;
    return new ops.SortedPlaces(normalizeAxis("sort", axis, x!.shape.length) + 1, descending, count).call(x!.tensor);
  }],
  [ops.MiddlePlace, (op, [x]) => {
    const { axis, skipsNaN } = op as ops.MiddlePlace;
    return new ops.MiddlePlace(normalizeAxis("median", axis, x!.shape.length) + 1, skipsNaN).call(x!.tensor);
  }],
  [ops.Untake, (op, [part, index], count) => {
    const { axis, shape } = op as ops.Untake;
    if (index!.isBatched || !part!.isBatched) return null;
    return new ops.Untake(normalizeAxis("untake", axis, shape.length) + 1, [count, ...shape]).call(
      part!.tensor,
      index!.tensor,
    );
  }],
]);

function all(count: number) {
  return { start: 0, step: 1, length: count, dropped: false };
}

/** An operand with all examples along axis 0. */
function stretched({ tensor, isBatched, shape }: Operand, count: number): Tensor {
  return isBatched ? tensor : tensor.broadcastTo([count, ...shape]);
}

/** The index of all examples, of elements beside an axis: one that is the same for all may choose slices. */
function placesFor(index: Operand, elements: Shape, axis: number, count: number): Tensor {
  const { tensor, isBatched, shape } = index;
  if (shape.length !== 1) return stretched(index, count);
  if (!isBatched) return tensor;
  const lying = elements.map((_, each) => each === axis ? shape[0]! : 1);
  return tensor.reshape([count, ...lying]).broadcastTo([count, ...elements.with(axis, shape[0]!)]);
}

/** The results of an op for all examples, along axis 0. */
export function batched(
  op: TensorOp | TensorTupleOp,
  operands: readonly Operand[],
  saved: readonly Operand[],
  count: number,
): readonly Tensor[] {
  const rule = op instanceof ops.RowOp ? elementwise : rules.get(op.constructor);
  // What an op saves it can compute anew; whoever reads what was saved of single examples meets one after the other.
  const fits = rule !== undefined && (saved.length === 0 || rule === elementwise);
  const found = fits ? rule(op, operands, count) : null;
  return found === null ? oneByOne(op, operands, saved, count) : Array.isArray(found) ? found : [found as Tensor];
}

/** The same, from one example after the other. */
function oneByOne(
  op: TensorOp | TensorTupleOp,
  operands: readonly Operand[],
  saved: readonly Operand[],
  count: number,
): readonly Tensor[] {
  if (count === 0) {
    throw new Error(`Cannot vmap: ${op.name} is applied to one example after the other, and there is none`);
  }
  const example = (k: number) => ({ tensor, isBatched }: Operand) => isBatched ? tensor.at(k) : tensor;
  const results = Array.from({ length: count }, (_, k) => {
    const inputs = operands.map(example(k)), kept = saved.map(example(k)), [first] = inputs as [Tensor];
    if (op instanceof TensorTupleOp) return first.deriveAll(op, inputs, kept);
    return [kept.length === 0 ? first.derive(op, inputs) : first.deriveSaving(op, inputs, kept)];
  });
  return results[0]!.map((_, place) => stack(results.map((each) => each[place]!)));
}
