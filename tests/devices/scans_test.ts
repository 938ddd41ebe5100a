/** Scans on every device against the reference device. */
import { scan } from "../../core/array/scan.ts";
import type { Stream } from "../../core/array/stream.ts";
import { isFloat, type TypedArray } from "../../core/pure/dtype.ts";
import { type Shape, sizeOf } from "../../core/pure/shape.ts";
import { type ScanRow, scanRows, table } from "../../kernels/instruction.ts";
import {
  compute,
  difference,
  epsilonOf,
  layoutNames,
  type Operand,
  operand,
  operandsOf,
  type Random,
  randomOf,
  roundingOf,
  typesOf,
} from "../arrays.ts";
import { againstReference, Findings } from "../kernels.ts";
import { assert } from "../support.ts";
import { isBrief, isVariant, typesFor } from "./choices.ts";

const { abs } = Math;

/** Scans: shapes and an axis. */
const scanned: readonly [shape: Shape, axis: number][] = [
  [[], -1],
  [[1], 0],
  [[0, 3], 1],
  [[3, 0], 1],
  [[7], 0],
  [[17], 0],
  [[3, 5], 1],
  [[5, 3], 0],
  [[40, 9], 1],
  [[9, 40], 0],
  [[2, 3, 33], 2],
  [[3, 33, 5], 1],
  [[1025, 2], 0],
  [[2, 1024], 1],
  [[3000], 0],
  [[2100, 37], 0],
  [[1, 40_000], 1],
  [[30_000, 3], 0],
  [[600, 70], 1],
];
const briefScans = scanned.filter((_, k) => [2, 5, 8, 11, 15].includes(k));

/** Values of which no product of many, and no recurrence, overflows. */
const scanValues: Partial<Record<ScanRow, (from: Random) => number>> = {
  prod: (from) => (from() < 0.5 ? -1 : 1) * (0.6 + 0.8 * from()),
  recurrence: (from) => from() * 2 - 1,
};

function checkScan(
  findings: Findings,
  [stream, reference]: readonly [Stream, Stream],
  row: ScanRow,
  operands: readonly Operand[],
  axis: number,
  end: boolean,
): void {
  const { dtype, shape } = operands[0]!, length = Math.max(1, shape[axis] ?? 1);
  const run = (on: Stream, each = operands) => compute(on, each, (arrays) => scan(row, arrays, axis, end));
  const found = run(stream), expected = run(reference), isExact = !isFloat(dtype) || row === "max" || row === "min";
  const sized = isExact
    ? null
    : run(reference, operands.map((each) => ({ ...each, flat: each.flat.map(abs) as TypedArray })));
  // A sum that a logarithm was taken of is about as large as its logarithm says; each step has the error of two functions.
  const terms = row === "logSumExp" ? 8 * length + 8 : length + 2;
  const bound = (k: number) =>
    isExact ? 0 : terms * epsilonOf(dtype) * (1 + sized![k]!) + roundingOf(dtype, expected[k]!);
  findings.add(
    `${row} of ${dtype} [${shape.join(", ")}] along ${axis}${end ? " back" : ""}`,
    difference(found, expected, bound),
  );
}

againstReference("every scan is within the rounding of its steps, or exact", (stream, reference) => {
  const findings = new Findings(), isFew = isBrief(stream) || isVariant(stream);
  for (const row of isFew ? ["sum", "logSumExp", "recurrence"] as const : scanRows) {
    const found = table.scan[row], count = operandsOf(found.step.replaceAll(/\w+\(/g, "("));
    for (const dtype of isFew ? ["float32", "bfloat16"] as const : typesFor(stream, typesOf(found))) {
      if (isFew && dtype !== "float32" && row !== "sum") continue;
      const random = randomOf(row.length * 31 + dtype.length), value = isFloat(dtype) ? scanValues[row] : undefined;
      let turn = 0;
      for (const [shape, axis] of isFew ? briefScans : scanned) {
        // Large ones, of which the reference has most of the work, are scanned in a few types.
        if (sizeOf(shape) > 5000 && dtype !== "float32" && dtype !== "int32") continue;
        for (const alike of count > 1 ? [true, false] : [true]) {
          const operands = Array.from({ length: count }, (_, k) => {
            const layout = shape.length === 0
              ? "contiguous"
              : layoutNames[(turn + (alike ? 0 : k)) % layoutNames.length]!;
            return operand(dtype, shape, layout, random, value);
          });
          checkScan(findings, [stream, reference], row, operands, axis, turn++ % 3 === 0);
        }
      }
    }
  }
  findings.check();
});

againstReference("scans meet NaN, infinity and zeros as the reference does", (stream, reference) => {
  const findings = new Findings(), random = randomOf(9);
  const sets = [[NaN], [Infinity], [-Infinity], [Infinity, -Infinity], [NaN, Infinity], [0], [-0]];
  for (const row of isBrief(stream) ? ["sum"] as const : scanRows.filter((row) => row !== "recurrence")) {
    for (const [length, columns] of [[1, 1], [9, 1], [70, 1], [1100, 1], [9, 9], [1100, 9]] as const) {
      for (const set of sets) {
        for (const fill of [0, 1, -Infinity]) {
          const each = operand("float32", [length, columns], "contiguous", random, () => fill);
          for (const value of set) each.flat[Math.floor(random() * length * columns)] = value;
          const [found, expected] = [stream, reference].map((on) =>
            compute(on, [each], (arrays) => scan(row, arrays, 0))
          );
          const bound = (k: number) => row === "logSumExp" ? 1e-5 * (1 + abs(expected![k]!)) : 0;
          findings.add(`${row} of ${length} x ${columns} of ${fill} with ${set}`, difference(found!, expected!, bound));
        }
      }
    }
  }
  findings.check();
});

againstReference("a sum of a million tenths does not drift", (stream) => {
  if (stream.device.name === "cuda in parts") return;
  const tenths: Operand = {
    dtype: "float32",
    flat: new Float32Array([0.1]),
    shape: [1_000_000],
    strides: [0],
    offset: 0,
  };
  const sums = compute(stream, [tenths], (arrays) => scan("sum", arrays, 0)), each = Math.fround(0.1);
  for (let k = 0; k < sums.length; k += 997) {
    const exact = (k + 1) * each;
    assert(abs(sums[k]! - exact) <= 2e-6 * exact, `the sum of ${k + 1} is ${sums[k]}, not ${exact}`);
  }
});
