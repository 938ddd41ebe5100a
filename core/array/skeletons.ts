/**
 * The skeletons beside map: folds, products, places found by index, random numbers and checks. Each writes one instruction
 * and makes a new array.
 */
import { type ArgRow, argRows, type FoldRow, foldRows, limits, opcode } from "../../kernels/instruction.ts";
import { codeOf, computeType, type DType, promote } from "../pure/dtype.ts";
import { type Shape, sizeOf } from "../pure/shape.ts";
import { commonStream, empty, type NDArray, writeNumbers } from "./ndarray.ts";
import { numberAt, type Scalar } from "./recorder.ts";
import { type Stream, writeView } from "./stream.ts";

const folds = Object.fromEntries(foldRows.map((name, k) => [name, k])) as Record<FoldRow, number>;
const args = Object.fromEntries(argRows.map((name, k) => [name, k])) as Record<ArgRow, number>;

/** Writes the kept axes first and the reduced ones after them, as `fold` and `arg` want. */
function writeReduction(
  words: Float64Array,
  start: number,
  out: NDArray,
  inputs: readonly NDArray[],
  axes: readonly number[],
): number {
  const shape = inputs[0]!.shape, order: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) if (!axes.includes(axis)) order.push(axis);
  const kept = order.length;
  for (const axis of axes) order.push(axis);
  let at = start;
  for (const axis of order) words[at++] = shape[axis]!;
  at = writeView(words, at, out);
  // Out is dense over the kept axes, whether or not it also shows the reduced ones as ones.
  let step = 1;
  for (let k = kept - 1; k >= 0; k--) {
    words[at + k] = step;
    step *= shape[order[k]!]!;
  }
  at += kept;
  for (const input of inputs) {
    at = writeView(words, at, input);
    for (const axis of order) words[at++] = input.strides[axis]!;
  }
  return at;
}

/** Joins the elements along `axes` (sorted). `outShape` has those axes dropped or of length one. */
export function fold(
  row: FoldRow,
  inputs: readonly NDArray[],
  axes: readonly number[],
  outShape: Shape,
  dtype?: DType,
): NDArray {
  const stream = commonStream(row, inputs), rank = inputs[0]!.shape.length;
  if (rank > limits.rank) throw new RangeError(`Cannot ${row}: ${rank} axes are more than ${limits.rank}`);
  let compute = inputs[0]!.dtype;
  for (const input of inputs) compute = promote(compute, input.dtype);
  const out = empty(stream, outShape, dtype ?? compute);
  const start = stream.open(10 + rank + (inputs.length + 1) * (3 + rank)), words = stream.words;
  words[start] = opcode.fold;
  words[start + 2] = folds[row];
  words[start + 3] = codeOf(computeType(compute));
  words[start + 4] = rank;
  words[start + 5] = rank - axes.length;
  words[start + 6] = inputs.length;
  words[start + 7] = 0;
  words[start + 8] = 0;
  words[start + 9] = 0;
  stream.close(start, writeReduction(words, start + 10, out, inputs, axes), inputs[0]!.size);
  return out;
}

/** The index (int32) of the best element along one axis. */
export function argFold(row: ArgRow, array: NDArray, axes: readonly number[], outShape: Shape): NDArray {
  const stream = commonStream(row, [array]), rank = array.shape.length;
  const out = empty(stream, outShape, "int32");
  const start = stream.open(6 + rank + 2 * (3 + rank)), words = stream.words;
  words[start] = opcode.arg;
  words[start + 2] = args[row];
  words[start + 3] = codeOf(computeType(array.dtype));
  words[start + 4] = rank;
  words[start + 5] = rank - axes.length;
  stream.close(start, writeReduction(words, start + 6, out, [array], axes), array.size);
  return out;
}

/** Matrix products over the last two axes; `batch` is the common shape of the axes before them. */
export function matmul(a: NDArray, b: NDArray, batch: Shape): NDArray {
  const stream = commonStream("matmul", [a, b]), dtype = promote(a.dtype, b.dtype);
  const m = a.shape[a.shape.length - 2]!, k = a.shape[a.shape.length - 1]!, n = b.shape[b.shape.length - 1]!;
  const out = empty(stream, [...batch, m, n], dtype), rank = batch.length;
  const start = stream.open(7 + rank + 3 * (5 + rank)), words = stream.words;
  words[start] = opcode.matmul;
  words[start + 2] = codeOf(computeType(dtype));
  words[start + 3] = rank;
  words[start + 4] = m;
  words[start + 5] = n;
  words[start + 6] = k;
  let at = writeNumbers(words, start + 7, batch);
  for (const array of [out, a, b]) at = writeNumbers(words, writeView(words, at, array), array.strides);
  stream.close(start, at, out.size * k);
  return out;
}

/** The axes before, at and after one axis, as the three strides that gather and scatter step by. */
function aroundAxis(array: NDArray, axis: number): { sizes: [number, number, number]; strides: number[] } {
  const sizes: [number, number, number] = [
    sizeOf(array.shape.slice(0, axis)),
    array.shape[axis]!,
    sizeOf(array.shape.slice(axis + 1)),
  ];
  return { sizes, strides: [sizes[1] * sizes[2], sizes[2], 1] };
}

/** `source[..., index[c], ...]` along `axis`: all three arrays are contiguous, `index` has one axis. */
export function gather(source: NDArray, index: NDArray, axis: number, outShape: Shape): NDArray {
  const stream = commonStream("take", [source, index]);
  stream.runAlone();
  const out = empty(stream, outShape, source.dtype);
  const { sizes: [outer, length, inner], strides } = aroundAxis(source, axis);
  writePlaces(stream, opcode.gather, outer, index, length, inner, out, source, strides);
  return out;
}

/** Adds `source[..., c, ...]` to `out[..., index[c], ...]` along `axis`, in ascending order of `c`. */
export function scatterAdd(out: NDArray, source: NDArray, index: NDArray, axis: number): void {
  const stream = commonStream("take gradient", [out, source, index]);
  stream.runAlone();
  const { sizes: [outer, length, inner], strides } = aroundAxis(out, axis);
  writePlaces(stream, opcode.scatter, outer, index, length, inner, out, source, strides);
}

function writePlaces(
  stream: Stream,
  operation: number,
  outer: number,
  index: NDArray,
  length: number,
  inner: number,
  out: NDArray,
  source: NDArray,
  alongLength: readonly number[],
): void {
  const count = index.size, alongCount = [count * inner, inner, 1];
  const start = stream.open(22), words = stream.words;
  words[start] = operation;
  words[start + 2] = outer;
  words[start + 3] = count;
  words[start + 4] = length;
  words[start + 5] = inner;
  const gathers = operation === opcode.gather;
  let at = writeNumbers(words, writeView(words, start + 6, out), gathers ? alongCount : alongLength);
  at = writeNumbers(words, writeView(words, at, source), gathers ? alongLength : alongCount);
  at = writeView(words, at, index);
  words[at++] = 1;
  stream.close(start, at, source.size);
}

/** Throws RangeError, on this device or when it is next read from, unless all labels [n] lie in [0, length). */
export function checkLabels(labels: NDArray, length: number): void {
  const stream = commonStream("use labels", [labels]);
  stream.runAlone();
  const start = stream.open(8), words = stream.words;
  words[start] = opcode.check;
  words[start + 2] = labels.size;
  words[start + 3] = length;
  const at = writeView(words, start + 4, labels);
  words[at] = labels.strides[0]!;
  stream.close(start, at + 1, labels.size);
}

/** Random words (int32), or uniform numbers in [0, 1) (floats), from one counter range. */
export function random(
  stream: Stream,
  shape: Shape,
  dtype: DType,
  key: readonly [Scalar, Scalar],
  counter: Scalar,
): NDArray {
  const out = empty(stream, shape, dtype);
  const start = stream.open(9), words = stream.words;
  words[start] = opcode.random;
  words[start + 2] = out.size;
  [...key, counter].forEach((word, k) => {
    words[start + 3 + k] = typeof word === "number" ? word : numberAt(start + 3 + k, word);
  });
  stream.close(start, writeView(words, start + 6, out), out.size);
  return out;
}
