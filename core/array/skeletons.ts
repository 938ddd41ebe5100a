/**
 * The skeletons beside map, and beside those of files of their own: folds, scans, matrix products, sorts and random numbers.
 * Each function writes one instruction.
 */
import { type ArgRow, argRows, type FoldRow, foldRows, limits, opcode } from "../../kernels/instruction.ts";
import { headOf, placeOf, wordsMost } from "../../kernels/schema.ts";
import { codeOf, computeType, type DType, isFloat, isHalf, promote } from "../pure/dtype.ts";
import type { Shape } from "../pure/shape.ts";
import { groupResult } from "./group.ts";
import { commonStream, copy, empty, type NDArray, writeNumbers } from "./ndarray.ts";
import { askAgain, numberNow, type Scalar } from "./recorder.ts";
import { isPrompt, type Stream, writeView } from "./stream.ts";

const folds = Object.fromEntries(foldRows.map((name, k) => [name, k])) as Record<FoldRow, number>;
const args = Object.fromEntries(argRows.map((name, k) => [name, k])) as Record<ArgRow, number>;

/** Writes shape and views of a `fold` or `arg`: kept axes come first, reduced ones after them. */
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
  // The output is dense over the kept axes. It may also have the reduced axes, with length one.
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

/** Joins the elements along `axes`, which are sorted. `outShape` lacks these axes or has them with length one. */
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
  const start = stream.open(wordsMost.fold), words = stream.words, at = placeOf.fold;
  words[start] = opcode.fold;
  words[start + at.row] = folds[row];
  words[start + at.compute] = codeOf(computeType(compute));
  words[start + at.rank] = rank;
  words[start + at.kept] = rank - axes.length;
  words[start + at.inputsCount] = inputs.length;
  for (let k = at.scalars; k < at.shape; k++) words[start + k] = 0;
  stream.close(start, writeReduction(words, start + at.shape, out, inputs, axes), inputs[0]!.size);
  return out;
}

/** The index (int32) of the best element along one axis. */
export function argFold(row: ArgRow, array: NDArray, axes: readonly number[], outShape: Shape): NDArray {
  const stream = commonStream(row, [array]), rank = array.shape.length;
  if (rank > limits.rank) throw new RangeError(`Cannot ${row}: ${rank} axes are more than ${limits.rank}`);
  const out = empty(stream, outShape, "int32");
  const start = stream.open(wordsMost.arg), words = stream.words, at = placeOf.arg;
  words[start] = opcode.arg;
  words[start + at.row] = args[row];
  words[start + at.compute] = codeOf(computeType(array.dtype));
  words[start + at.rank] = rank;
  words[start + at.kept] = rank - axes.length;
  stream.close(start, writeReduction(words, start + at.shape, out, [array], axes), array.size);
  return out;
}

/** Whether devices multiply an array to a product of that type: one of the type itself, or halves and float32. */
function multiplies({ dtype }: NDArray, product: DType): boolean {
  return dtype === product || (isFloat(dtype) && product !== "float64");
}

/**
 * Matrix products over the last two axes; `batch` is the common shape of the axes before them. Those of integers and bools
 * are int32, as their sums are. An operand of a type that devices do not multiply is copied.
 */
export function matmul(a: NDArray, b: NDArray, batch: Shape): NDArray {
  const common = promote(a.dtype, b.dtype), dtype = isFloat(common) ? common : "int32";
  if (!multiplies(a, dtype) || !multiplies(b, dtype)) {
    return groupResult(() => {
      const [left, right] = [a, b].map((each) => multiplies(each, dtype) ? each : copy(each, dtype));
      return matmul(left!, right!, batch);
    });
  }
  const out = empty(commonStream("matmul", [a, b]), [
    ...batch,
    a.shape[a.shape.length - 2]!,
    b.shape[b.shape.length - 1]!,
  ], dtype);
  matmulInto(out, a, b);
  return out;
}

/**
 * Writes matrix products to `out`, which nobody has seen yet, and whose elements may lie apart. Axes before the last two are
 * the same in all three arrays. Halves may give float32; else the types are those of {@linkcode matmul}.
 */
export function matmulInto(out: NDArray, a: NDArray, b: NDArray): void {
  const stream = commonStream("matmul", [out, a, b]), rank = out.shape.length, k = a.shape[rank - 1]!;
  const start = stream.open(wordsMost.matmul), words = stream.words, at = placeOf.matmul;
  words[start] = opcode.matmul;
  words[start + at.compute] = codeOf(computeType(out.dtype));
  words[start + at.batchRank] = rank - 2;
  words[start + at.m] = out.shape[rank - 2]!;
  words[start + at.n] = out.shape[rank - 1]!;
  words[start + at.k] = k;
  let end = start + at.batch;
  for (let axis = 0; axis < rank - 2; axis++) words[end++] = out.shape[axis]!;
  for (const array of [out, a, b]) end = writeNumbers(words, writeView(words, end, array), array.strides);
  stream.close(start, end, out.size * k);
}

/** How kernels lie over the last two axes of an input: for each axis the numbers of `Windows`, all but the size. */
export interface Placement {
  readonly step: number;
  readonly dilation: number;
  readonly before: number;
}

/** Whether the device has the instruction that {@linkcode convolve} writes; the others do as well with products of matrices. */
export function convolves({ storage: { stream: { device } }, dtype }: NDArray): boolean {
  return isPrompt(device.name) && !isHalf(dtype);
}

/**
 * Writes, over c, i and j, the sums of `kernel[g, o, c, i, j] input[n, g, c, y step + i dilation - before, ...]` to
 * `out[n, g, o, y, x]`, with zeros around the input. All three are of one type, and each may be any view.
 */
export function convolve(
  out: NDArray,
  kernel: NDArray,
  input: NDArray,
  [down, across]: readonly [Placement, Placement],
): void {
  const stream = commonStream("convolve", [out, kernel, input]);
  const [n, groups, o, outHeight, outWidth] = out.shape as [number, number, number, number, number];
  const [, , c, kernelHeight, kernelWidth] = kernel.shape as [number, number, number, number, number];
  const fields: Record<Exclude<keyof typeof placeOf.convolve, "compute">, number> = {
    n,
    groups,
    o,
    c,
    height: input.shape[3]!,
    width: input.shape[4]!,
    kernelHeight,
    kernelWidth,
    outHeight,
    outWidth,
    stepHeight: down.step,
    stepWidth: across.step,
    dilationHeight: down.dilation,
    dilationWidth: across.dilation,
    beforeHeight: down.before,
    beforeWidth: across.before,
  };
  const start = stream.open(wordsMost.convolve), words = stream.words, at = placeOf.convolve;
  words[start] = opcode.convolve;
  words[start + at.compute] = codeOf(out.dtype);
  for (const [name, number] of Object.entries(fields)) words[start + at[name as keyof typeof fields]] = number;
  let end = start + headOf.convolve;
  for (const array of [out, kernel, input]) end = writeNumbers(words, writeView(words, end, array), array.strides);
  stream.close(start, end, out.size * c * kernelHeight * kernelWidth);
}

/**
 * The places (int32) along the last axis of the first `taken` elements of each row in ascending or descending order, equal
 * ones by place. -0 equals 0, and NaN is greater than all numbers.
 */
export function sortedPlaces(array: NDArray, descending: boolean, taken: number): NDArray {
  const stream = commonStream("sort", [array]), rank = array.shape.length - 1;
  if (rank >= limits.rank) throw new RangeError(`Cannot sort: ${rank + 1} axes are more than ${limits.rank}`);
  // Devices without the memory for long rows refuse.
  stream.runAlone();
  const outer = array.shape.slice(0, rank), out = empty(stream, [...outer, taken], "int32");
  const start = stream.open(wordsMost.sort), words = stream.words, at = placeOf.sort;
  words[start] = opcode.sort;
  words[start + at.rank] = rank;
  words[start + at.taken] = taken;
  words[start + at.length] = array.shape[rank]!;
  words[start + at.descending] = descending ? 1 : 0;
  let end = writeNumbers(words, start + at.shape, outer);
  for (const each of [out, array]) end = writeNumbers(words, writeView(words, end, each), each.strides);
  stream.close(start, end, array.size);
  return out;
}

/** Random words (int32), or uniform numbers in [0, 1) (floats), from one counter range. */
export function random(
  stream: Stream,
  shape: Shape,
  dtype: DType,
  key: readonly [Scalar, Scalar],
  counter: Scalar,
): NDArray {
  // The memory comes first: where there is none, the generator has not moved on.
  const out = empty(stream, shape, dtype);
  try {
    writeRandom(stream, out, [...key, counter]);
    return out;
  } catch (error) {
    out.dispose();
    throw error;
  }
}

function writeRandom(stream: Stream, out: NDArray, scalars: readonly Scalar[]): void {
  const numbers = scalars.map(numberNow), start = stream.open(wordsMost.random), words = stream.words;
  const at = placeOf.random, places = [at.key, at.key + 1, at.counter];
  words[start] = opcode.random;
  words[start + at.count] = out.size;
  scalars.forEach((scalar, k) => {
    words[start + places[k]!] = numbers[k]!;
    askAgain(start + places[k]!, scalar);
  });
  stream.close(start, writeView(words, start + headOf.random, out), out.size);
}
