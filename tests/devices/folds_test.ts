/** Every fold and arg row on every device against the reference device, over awkward shapes, types and values. */
import { argFold, fold } from "../../core/array/skeletons.ts";
import type { Stream } from "../../core/array/stream.ts";
import { isFloat, type TypedArray } from "../../core/pure/dtype.ts";
import { reducedShape, type Shape } from "../../core/pure/shape.ts";
import { argRows, type FoldRow, foldRows, table } from "../../kernels/instruction.ts";
import {
  compute,
  difference,
  epsilonOf,
  floats,
  layoutNames,
  lengths,
  type Operand,
  operand,
  operandsOf,
  type Random,
  randomOf,
  roundingOf,
  typesOf,
} from "../arrays.ts";
import { againstReference, Findings } from "../kernels.ts";
import { inLanes, isBrief, isVariant, layoutsFor, typesFor } from "./choices.ts";

const { abs } = Math;

/** Shapes, and the axes that are joined. */
const reductions: readonly [Shape, readonly number[]][] = [
  ...lengths.map((length): [Shape, number[]] => [[length], [0]]),
  [[3, 1025], [1]],
  [[1025, 3], [0]],
  [[7, 129], [1]],
  [[300, 33], [0]],
  [[5, 17], [0, 1]],
  [[3, 5, 7], [1]],
  [[3, 5, 7], [0, 2]],
  [[3, 5, 7], [0, 1, 2]],
  [[3, 5, 7], [2]],
  [[4, 1, 130, 2], [0, 2]],
  [[0, 4], [0]],
  [[4, 0], [0]],
  [[2, 3], []],
];

const briefReductions: typeof reductions = [[[33], [0]], [[3, 1025], [1]], [[300, 33], [0]], [[3, 5, 7], [0, 2]]];
/** Folds that are tested with every shape and layout. */
const thoroughFolds: readonly FoldRow[] = ["sum", "max", "pick"];

interface Sum {
  /** The half units of rounding of each term, beside those of the sum. */
  terms: number;
  /** The fold that gives the sum of the terms' magnitudes, of which the bound is a share. */
  sizes: FoldRow;
}

/** Bounds of the folds of floats: (length + terms) half units of the sum of magnitudes. All other folds are exact. */
const sums: Partial<Record<FoldRow, Sum>> = {
  sum: { terms: 0, sizes: "sum" },
  prod: { terms: 0, sizes: "prod" },
  sumSquares: { terms: 1, sizes: "sumSquares" },
  dot: { terms: 1, sizes: "dot" },
  // The difference is rounded, which counts twice in its square, and the square is rounded.
  sumSquaredDeviation: { terms: 4, sizes: "sumSquaredDeviation" },
  // Three roundings, one of them of a difference that may cancel.
  dotNormal: { terms: 4, sizes: "dotNormal" },
  sumDifference: { terms: 1, sizes: "sumDifference" },
  // The error of exp, and the rounding of an exponent of up to 2^6.
  sumExpSub: { terms: 4 + 2 ** 6, sizes: "sumExpSub" },
  sumExpBelow: { terms: 4 + 2 ** 6, sizes: "sumExpBelow" },
  sumExpOthers: { terms: 4 + 2 ** 6, sizes: "sumExpOthers" },
  pick: { terms: 0, sizes: "pick" },
};

/** The sums of terms that are not negative. */
const positive: readonly FoldRow[] = ["sumSquaredDeviation", "sumExpSub", "sumExpBelow", "sumExpOthers"];
/** The operand that is subtracted from others. */
const subtracted: Partial<Record<FoldRow, number>> = { dotNormal: 2, sumDifference: 1 };

/** A value near 1 or -1, so that a product of many neither overflows nor underflows. */
const nearOne = (random: Random) => (random() < 0.5 ? -1 : 1) * (0.6 + 0.8 * random());

function checkFold(
  findings: Findings,
  [stream, reference]: readonly [Stream, Stream],
  row: FoldRow,
  operands: Operand[],
  axes: readonly number[],
): void {
  const { dtype, shape } = operands[0]!, outShape = reducedShape(shape, axes, false);
  const run = (on: Stream, each: Operand[] = operands) =>
    compute(on, each, (arrays) => fold(row, arrays, axes, outShape));
  const found = run(stream), expected = run(reference), sum = isFloat(dtype) ? sums[row] : undefined;
  // The operands of positive terms keep their signs.
  const sized = sum && (positive.includes(row) ? expected : run(
    reference,
    operands.map((each, k) => {
      if (row === "pick" && k === 1) return each;
      // The magnitude of a difference is bounded by the sum of both magnitudes.
      const sign = subtracted[row] === k ? -1 : 1;
      return { ...each, flat: each.flat.map((x) => sign * abs(x)) as TypedArray };
    }),
  ));
  const count = axes.reduce((product, axis) => product * shape[axis]!, 1);
  const bound = (k: number) =>
    sum ? (count + sum.terms + 2) * epsilonOf(dtype) * sized![k]! + roundingOf(dtype, expected[k]!) : 0;
  findings.add(`${row} of ${dtype} [${shape.join(", ")}] over ${axes}`, difference(found, expected, bound));
}

againstReference("every fold is within the rounding of its sum, or exact", (stream, reference) => {
  const findings = new Findings();
  for (const row of isVariant(stream) ? thoroughFolds : foldRows) {
    const found = table.fold[row], count = operandsOf("of" in found ? found.of : "a");
    const brief = isBrief(stream) && !thoroughFolds.includes(row);
    for (const dtype of typesFor(stream, typesOf(found), brief)) {
      const random = randomOf(row.length * 37 + dtype.length);
      let turn = 0;
      for (const [shape, axes] of brief ? briefReductions : reductions) {
        for (const alike of brief ? [true] : [false, true]) {
          turn += brief ? layoutNames.length : 1;
          const operands = Array.from({ length: count }, (_, k) => {
            const layout = layoutNames[(turn + (alike ? 0 : k)) % layoutNames.length]!;
            return operand(dtype, shape, layout, random, row === "prod" && isFloat(dtype) ? nearOne : undefined);
          });
          checkFold(findings, [stream, reference], row, operands, axes);
        }
      }
    }
  }
  findings.check();
});

againstReference("folds and arg rows meet NaN, infinity and zeros as the reference does", (stream, reference) => {
  const findings = new Findings(), random = randomOf(8);
  const sets: Record<string, number[]> = {
    "NaN": [NaN],
    "two NaN": [NaN, NaN],
    "inf": [Infinity],
    "-inf": [-Infinity],
    "both inf": [Infinity, -Infinity],
    "NaN and inf": [Infinity, NaN],
    "-0": [-0],
  };
  for (const dtype of typesFor(stream, floats)) {
    for (const length of [1, 2, 7, 16, 33, 1025, 3000]) {
      for (const [name, set] of Object.entries(sets)) {
        for (const fill of [-0, 0, 1, -Infinity]) {
          const each = operand(dtype, [length], "contiguous", random, () => fill);
          for (const value of set) each.flat[Math.floor(random() * length)] = value;
          for (const row of ["sum", "max", "min", "prod"] as const) {
            const [found, expected] = [stream, reference].map((on) =>
              compute(on, [each], (arrays) => fold(row, arrays, [0], []))
            );
            findings.add(`${row} of ${length} ${dtype} ${fill} with ${name}`, difference(found!, expected!));
          }
          for (const row of argRows) {
            const [found, expected] = [stream, reference].map((on) =>
              compute(on, [each], ([a]) => argFold(row, a!, [0], []))
            );
            findings.add(`${row} of ${length} ${dtype} ${fill} with ${name}`, difference(found!, expected!));
            // Likewise down columns, which kernels compare side by side.
            const wide = operand(dtype, [length, 19], "contiguous", random, () => fill);
            wide.flat.forEach((_, k) => wide.flat[k] = each.flat[Math.floor(k / 19)]!);
            const [down, known] = [stream, reference].map((on) =>
              compute(on, [wide], ([a]) => argFold(row, a!, [0], [19]))
            );
            findings.add(`${row} of columns of ${length} ${dtype} ${fill} with ${name}`, difference(down!, known!));
          }
        }
      }
    }
  }
  findings.check();
});

againstReference("every arg row finds the first of the best", (stream, reference) => {
  const findings = new Findings();
  for (const row of argRows) {
    for (const dtype of typesFor(stream, typesOf(table.arg[row]))) {
      const random = randomOf(row.length + dtype.length);
      // There are few different values, so that ties occur.
      const few = (from: Random) => Math.floor(from() * (dtype === "bool" ? 2 : 5)) - (dtype === "int32" ? 2 : 0);
      for (const [shape, axes] of inLanes(stream) ? briefReductions : reductions) {
        for (const layout of layoutsFor(stream)) {
          for (const value of [few, undefined]) {
            const each = operand(dtype, shape, layout, random, value), outShape = reducedShape(shape, axes, false);
            const [found, expected] = [stream, reference].map((on) =>
              compute(on, [each], ([a]) => argFold(row, a!, axes, outShape))
            );
            const what = `${row} of ${dtype} [${shape.join(", ")}] ${layout} over ${axes}`;
            findings.add(what, difference(found!, expected!));
          }
        }
      }
    }
  }
  findings.check();
});

againstReference("an arg row finds the first of the best of each window", (stream, reference) => {
  const findings = new Findings();
  for (const dtype of typesFor(stream, ["float32", "float64", "int32", "uint8"])) {
    const random = randomOf(dtype.length * 3), [lines, h, w] = [3, 13, 600];
    for (const [size, step] of [[2, 2], [3, 2], [3, 1], [7, 5], [9, 4]] as const) {
      // Windows in short rows share a tile, long rows take several.
      for (const across of [3, 9, Math.floor((w - size) / step) + 1]) {
        const down = Math.floor((h - size) / step) + 1, shape = [lines, down, across, size, size];
        const whole = operand(dtype, [lines, h, w], "contiguous", random, () => Math.floor(random() * 5));
        const each: Operand = { ...whole, shape, strides: [h * w, w * step, step, w, 1] };
        const [found, expected] = [stream, reference].map((on) =>
          compute(on, [each], ([a]) => argFold("argmax", a!, [3, 4], [lines, down, across]))
        );
        findings.add(`${dtype}, ${across} windows of ${size} x ${size}`, difference(found!, expected!));
      }
    }
  }
  findings.check();
});
