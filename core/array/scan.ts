/** The scan skeleton: the elements up to each one along an axis, joined. */
import { limits, opcode, type ScanRow, scanRows } from "../../kernels/instruction.ts";
import { ofView, placeOf, wordsMost } from "../../kernels/schema.ts";
import { codeOf, computeType, type DType, promote } from "../pure/dtype.ts";
import { commonStream, empty, type NDArray } from "./ndarray.ts";
import { writeView } from "./stream.ts";

const scans = Object.fromEntries(scanRows.map((name, k) => [name, k])) as Record<ScanRow, number>;

/**
 * The elements up to each one joined along `axis`: those before it, or from the `end` on those behind it. The inputs have
 * one shape.
 */
export function scan(row: ScanRow, inputs: readonly NDArray[], axis: number, end = false, dtype?: DType): NDArray {
  const stream = commonStream(row, inputs), { shape } = inputs[0]!, rank = shape.length;
  if (rank > limits.rank) throw new RangeError(`Cannot ${row}: ${rank} axes are more than ${limits.rank}`);
  let compute = inputs[0]!.dtype;
  for (const input of inputs) compute = promote(compute, input.dtype);
  const out = empty(stream, shape, dtype ?? compute);
  const start = stream.open(wordsMost.scan), words = stream.words, at = placeOf.scan;
  words[start] = opcode.scan;
  words[start + at.row] = scans[row];
  words[start + at.compute] = codeOf(computeType(compute));
  words[start + at.rank] = rank;
  words[start + at.inputsCount] = inputs.length;
  // The axis stands last, and runs backwards from the end.
  const order = shape.map((_, k) => k).filter((k) => k !== axis);
  if (rank > 0) order.push(axis);
  let next = start + at.shape;
  for (const k of order) words[next++] = shape[k]!;
  for (const array of [out, ...inputs]) {
    const view = next;
    next = writeView(words, view, array);
    for (const k of order) words[next++] = array.strides[k]!;
    if (!end || rank === 0 || array.size === 0) continue;
    words[view + ofView.offset]! += (shape[axis]! - 1) * array.strides[axis]!;
    words[next - 1] = -array.strides[axis]! + 0;
  }
  stream.close(start, next, out.size);
  return out;
}
