/**
 * Gathers and scatters: elements at places along an axis. An index has as many axes as the elements, and an entry for each of
 * them; or it has one axis, and each of its entries stands for a whole slice.
 */
import { opcode, type ScatterRow, scatterRows } from "../../kernels/instruction.ts";
import { headOf, placeOf, wordsMost } from "../../kernels/schema.ts";
import { reshapeStrides, type Shape, sizeOf, stridesOf } from "../pure/shape.ts";
import { commonStream, copy, empty, type NDArray, writeNumbers } from "./ndarray.ts";
import { type Stream, writeView } from "./stream.ts";

const rows = Object.fromEntries(scatterRows.map((name, k) => [name, k])) as Record<ScatterRow, number>;

/** An array as three axes: those before one axis, the axis, and those after it. */
interface Around {
  readonly array: NDArray;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** How many elements lie before, along and after one axis. */
function sizesAround(shape: Shape, axis: number): number[] {
  return [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
}

/** The array as three axes of these sizes; a copy where its strides do not allow that. */
function around(array: NDArray, sizes: readonly number[]): Around {
  const strides = reshapeStrides(array.shape, array.strides, sizes);
  return strides === null ? { array: copy(array), sizes, strides: stridesOf(sizes) } : { array, sizes, strides };
}

/** An index of one axis chooses slices of what has these sizes; another has an entry for each element. */
function indexAround(index: NDArray, axis: number, [before, , after]: readonly number[]): Around {
  if (index.shape.length !== 1) return around(index, sizesAround(index.shape, axis));
  return { array: index, sizes: [before!, index.size, after!], strides: [0, index.strides[0]!, 0] };
}

/** Gives back the copies among what was made of arrays. */
function giveBack(made: readonly Around[], arrays: readonly NDArray[]): void {
  for (const { array } of made) if (!arrays.includes(array)) array.dispose();
}

/**
 * Elements of the source along an axis: those that the entries of an index choose, which has as many axes as the source and
 * the same lengths beside the axis; or whole slices at the places of an index of one axis.
 */
export function gather(source: NDArray, index: NDArray, axis: number, outShape: Shape): NDArray {
  const stream = commonStream("take", [source, index]), long = sizesAround(source.shape, axis);
  const from = around(source, long), at = indexAround(index, axis, long), { sizes } = at;
  stream.runAlone();
  const out = empty(stream, outShape, source.dtype);
  writePlaces(stream, "gather", { array: out, sizes, strides: stridesOf(sizes) }, from, at);
  giveBack([from, at], [source, index]);
  return out;
}

/**
 * Joins elements of the source into the contiguous `out` along an axis, in ascending order there: each at the place that the
 * entry of an index of the source's shape names, or whole slices at the places of an index of one axis.
 */
export function scatter(row: ScatterRow, out: NDArray, source: NDArray, index: NDArray, axis: number): void {
  const stream = commonStream("scatter", [out, source, index]), sizes = sizesAround(out.shape, axis);
  const at = indexAround(index, axis, sizes), from = around(source, at.sizes);
  stream.runAlone();
  writePlaces(stream, row, { array: out, sizes, strides: stridesOf(sizes) }, from, at);
  giveBack([from, at], [source, index]);
}

/** Writes a gather, or a scatter by that row. */
function writePlaces(stream: Stream, row: ScatterRow | "gather", out: Around, source: Around, index: Around): void {
  const gathers = row === "gather", length = (gathers ? source : out).sizes[1]!, [outer, count, inner] = index.sizes;
  // Devices do nothing where no element moves, but a wrong index is wrong there too.
  if (out.array.size === 0 || source.array.size === 0) return writeCheck(stream, index, length);
  const name = gathers ? "gather" : "scatter";
  const start = stream.open(wordsMost[name]), words = stream.words, place = placeOf[name];
  words[start] = opcode[name];
  if (!gathers) words[start + placeOf.scatter.row] = rows[row];
  words[start + place.outer] = outer!;
  words[start + place.count] = count!;
  words[start + place.length] = length;
  words[start + place.inner] = inner!;
  let end = start + headOf[name];
  for (const { array, strides } of [out, source, index]) {
    end = writeNumbers(words, writeView(words, end, array), strides);
  }
  stream.close(start, end, outer! * count! * inner!);
}

/** Throws RangeError, on this device or when it is next read from, unless all labels [n] lie in [0, length). */
export function checkLabels(labels: NDArray, length: number): void {
  const stream = commonStream("use labels", [labels]);
  stream.runAlone();
  writeCheck(stream, { array: labels, sizes: [1, labels.size, 1], strides: [0, labels.strides[0]!, 0] }, length);
}

function writeCheck(stream: Stream, { array, sizes, strides }: Around, length: number): void {
  const start = stream.open(wordsMost.check), words = stream.words, at = placeOf.check;
  // Slices that one index chooses need it checked once.
  const [outer, count, inner] = sizes.map((size, k) => array.shape.length === 1 && k !== 1 ? 1 : size);
  words[start] = opcode.check;
  words[start + at.outer] = outer!;
  words[start + at.count] = count!;
  words[start + at.length] = length;
  words[start + at.inner] = inner!;
  const end = writeNumbers(words, writeView(words, start + headOf.check, array), strides);
  stream.close(start, end, array.size);
}
