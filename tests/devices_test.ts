/**
 * Every row and skeleton on every device against the reference device, over awkward shapes, types and values.
 *
 * In float32 a row is held to its own steps, each rounded: what is free of functions has their very bits. Halves are
 * held to the same steps, the last of which is rounded once more. The other types are held to the reference, whose steps are those of float64 and int32.
 */
import { computeType, type DType, isFloat, isHalf, promote, type TypedArray } from "../core/pure/dtype.ts";
import { argFold, fold, gather, matmul, random as randomArray, scatterAdd } from "../core/array/skeletons.ts";
import { copy, empty, fromTypedArray, type NDArray } from "../core/array/ndarray.ts";
import { permute } from "../core/array/views.ts";
import type { Stream } from "../core/array/stream.ts";
import { reducedShape, type Shape, stridesOf } from "../core/pure/shape.ts";
import { type Environment, type Evaluate, parseRow } from "../kernels/reference/expression.ts";
import { argRows, type FoldRow, foldRows, type MapRow, mapRows, table } from "../kernels/instruction.ts";
import {
  compute,
  difference,
  epsilonOf,
  floats,
  type Layout,
  layoutNames,
  lengths,
  mapTo,
  type Operand,
  operand,
  operandsOf,
  placesOf,
  type Random,
  randomOf,
  roundingOf,
  roundTo,
  specialOperands,
  types,
  typesOf,
  unitOf,
} from "./arrays.ts";
import { againstReference, Findings } from "./kernels.ts";
import { assertExact, assertThrows, isLate } from "./support.ts";

/** How far a row that calls functions may be from its steps. All other rows are exact. */
interface Tolerance {
  /** Of the last place; a function alone has 2. */
  units: number;
  /** A number that was added on the way and may have cancelled: the units are those of it, if it is larger. */
  beside?: (env: Environment) => number;
}

const { exp, log, abs, max } = Math;
const inexact: Partial<Record<MapRow, Tolerance>> = {
  pow: { units: 2 },
  powScalar: { units: 2 },
  exp: { units: 2 },
  expm1: { units: 2 },
  log: { units: 2 },
  log1p: { units: 2 },
  sin: { units: 2 },
  cos: { units: 2 },
  tanh: { units: 2 },
  erf: { units: 2 },
  sigmoid: { units: 4 },
  gelu: { units: 4, beside: ({ a }) => a },
  normalCdf: { units: 2, beside: () => 1 },
  geluGradient: { units: 5, beside: ({ a, b, c }) => a * max(abs(b), abs(c)) },
  boxMuller: { units: 6 },
  expSub: { units: 2 },
  subSubLog: { units: 3, beside: ({ a, b, c }) => max(abs(a - b), abs(log(c))) },
  addLog: { units: 3, beside: ({ b }) => log(b) },
  crossEntropyGradient: { units: 4, beside: ({ a, b, d }) => d * max(1, exp(a - b)) },
};
/** The reference's own functions are not exact in the last place of float64, erf's series least of all. */
const unitsOfReference = 2, unitsOfReferenceErf = 16;

function tolerance(row: MapRow, dtype: DType): Tolerance | null {
  const own = inexact[row];
  if (own === undefined || !isFloat(dtype)) return null;
  if (computeType(dtype) === "float32") return own;
  return { ...own, units: own.units + (/erf/.test(table.map[row].is) ? unitsOfReferenceErf : unitsOfReference) };
}

type Scalars = readonly [s: number, t: number, u: number];
/** None of them is a float32, and as integers they are 3, 5 and 0. */
const scalars: readonly Scalars[] = [[3.7, 5.1, 0.001], [-0.3, 1.9, 2.2]];

interface MapCase {
  shape: Shape;
  operands: Operand[];
  scalars: Scalars;
  /** Whether the result lies transposed. */
  turned: boolean;
}

const shapes: readonly Shape[] = [[5, 17], [17, 5], [1, 33], [2, 3, 33], [4, 0, 3], [3, 1026], [2, 1, 3, 1, 5]];

/** Rows whose kernels see every layout; those of others differ from them in the expression alone. */
const thorough: readonly MapRow[] = ["copy", "mul", "where", "arange"];

/** Where each structure is compiled on its own, which takes a fifth of a second, most rows make do with few of them. */
function isBrief(stream: Stream): boolean {
  return stream.device.name.startsWith("opencl");
}

/**
 * In lanes the expressions are the same again: only what the lanes share out is of interest. Of brief rows halves are left
 * out, since they are float32 but for loads and stores, which other rows and the tests of ops show.
 */
function typesFor(stream: Stream, list: readonly DType[], brief = false): readonly DType[] {
  if (inLanes(stream)) list = list.filter((dtype) => ["float32", "float16", "bool"].includes(dtype));
  return brief ? list.filter((dtype) => !isHalf(dtype)) : list;
}

function inLanes(stream: Stream): boolean {
  return stream.device.name === "opencl in lanes";
}

/** Whether the device is one that was seen with all rows under its own name, and of interest is how work is shared out. */
function isVariant(stream: Stream): boolean {
  return stream.device.name.includes(" in ");
}

/** Layouts of each kind that kernels tell apart: elements side by side, by strides, and one again and again. */
const briefLayouts: readonly Layout[] = ["contiguous", "transposed", "broadcastColumns"];

function layoutsFor(stream: Stream): readonly Layout[] {
  return isBrief(stream) ? briefLayouts : layoutNames;
}

function* briefCases(count: number, dtype: DType, random: Random): Generator<MapCase> {
  for (const [k, shape] of [[33], [1025], [3, 70]].entries()) {
    const operands = Array.from({ length: count }, () => operand(dtype, shape, "contiguous", random));
    yield { shape, operands, scalars: scalars[k % 2]!, turned: false };
  }
  if (count === 0) return;
  const operands = specialOperands(dtype, count, random);
  for (const each of scalars) yield { shape: operands[0]!.shape, operands, scalars: each, turned: false };
}

function* mapCases(count: number, dtype: DType, random: Random): Generator<MapCase> {
  let turn = 0;
  for (const shape of [...lengths.map((length) => [length]), [], ...shapes]) {
    for (const alike of [false, true]) {
      if (shape.length === 0 && alike) continue;
      turn++;
      const operands = Array.from({ length: count }, (_, k) => {
        const layout = shape.length === 0 ? "contiguous" : layoutNames[(turn + (alike ? 0 : k)) % layoutNames.length]!;
        return operand(dtype, shape, layout, random);
      });
      yield { shape, operands, scalars: scalars[turn % 2]!, turned: turn % 3 === 0 };
    }
  }
  if (count === 0) return;
  const operands = specialOperands(dtype, count, random);
  for (const each of scalars) yield { shape: operands[0]!.shape, operands, scalars: each, turned: false };
}

function runMap(stream: Stream, row: MapRow, dtype: DType, { shape, operands, scalars, turned }: MapCase): TypedArray {
  return compute(stream, operands, (arrays) => {
    const out = empty(stream, shape, "to" in table.map[row] ? "bool" : dtype);
    const order = shape.map((_, axis) => shape.length - 1 - axis);
    const dense = turned
      ? out.view(order.map((axis) => shape[axis]!), stridesOf(order.map((axis) => shape[axis]!)))
      : out;
    const target = turned ? permute(dense, order) : out;
    mapTo(target, row, arrays, scalars, dtype);
    if (turned) {
      dense.dispose();
      out.dispose();
    }
    return target;
  });
}

/** The row's environment at each element, as the compute type holds it. */
function* environments(each: MapCase, dtype: DType): Generator<Environment> {
  const round = computeType(dtype) === "float32" ? Math.fround : (x: number) => x;
  const [s, t, u] = each.scalars.map(round) as [number, number, number];
  const env: Environment = { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, s, t, u, i: 0, r: 0 };
  const places = each.operands.map(placesOf), last = each.shape.at(-1) ?? 1;
  const size = each.shape.reduce((a, b) => a * b, 1);
  for (let k = 0; k < size; k++) {
    each.operands.forEach(({ flat }, which) => {
      env["abcdef"[which] as "a"] = flat[places[which]!.next().value!]!;
    });
    env.i = k % last;
    yield env;
  }
}

function checkMap(findings: Findings, stream: Stream, reference: Stream, row: MapRow, dtype: DType, each: MapCase) {
  const found = runMap(stream, row, dtype, each), allowed = tolerance(row, dtype);
  const steps: Evaluate = parseRow(table.map[row].is, false, Math.fround);
  const outType = "to" in table.map[row] ? "bool" : dtype;
  const expected = computeType(dtype) === "float32"
    ? Array.from(environments(each, dtype), (env) => roundTo(outType, Math.fround(steps(env))))
    : runMap(reference, row, dtype, each);
  const bounds = allowed === null ? null : Array.from(environments(each, dtype), (env, k) => {
    const beside = abs(allowed.beside?.(env) ?? 0);
    const computed = isHalf(dtype) ? "float32" : dtype;
    return allowed.units * unitOf(computed, beside > abs(expected[k]!) ? beside : expected[k]!) +
      roundingOf(dtype, expected[k]!);
  });
  const what = `${row} of ${dtype} [${each.shape.join(", ")}]${each.turned ? " turned" : ""}`;
  findings.add(what, difference(found, expected, bounds === null ? undefined : (k) => bounds[k]!));
}

againstReference("every map row has its steps' bits, or is within its units of them", (stream, reference) => {
  const findings = new Findings();
  for (const row of isVariant(stream) ? thorough : mapRows) {
    const count = operandsOf(table.map[row].is);
    const brief = isBrief(stream) && !thorough.includes(row), cases = brief ? briefCases : mapCases;
    for (const dtype of typesFor(stream, typesOf(table.map[row]), brief)) {
      const random = randomOf(row.length * 31 + dtype.length);
      for (const each of cases(count, dtype, random)) checkMap(findings, stream, reference, row, dtype, each);
    }
  }
  findings.check();
});

againstReference("copy converts every type to every other as the reference does", (stream, reference) => {
  const findings = new Findings(), random = randomOf(5);
  for (const source of typesFor(stream, types)) {
    for (const target of typesFor(stream, types)) {
      for (const shape of [[0], [33], [1025], [17, 5]]) {
        for (const layout of layoutsFor(stream)) {
          const each = operand(source, shape, layout, random);
          const [found, expected] = [stream, reference].map((on) => compute(on, [each], ([a]) => copy(a!, target)));
          findings.add(`${source} ${layout} to ${target}`, difference(found!, expected!));
        }
      }
      const each = specialOperands(source, 1, random);
      const [found, expected] = [stream, reference].map((on) => compute(on, each, ([a]) => copy(a!, target)));
      findings.add(`special ${source} to ${target}`, difference(found!, expected!));
    }
  }
  findings.check();
});

againstReference("rows take operands of unlike types", (stream, reference) => {
  const findings = new Findings(), random = randomOf(6);
  for (const first of typesFor(stream, types)) {
    for (const second of typesFor(stream, types)) {
      for (const row of isBrief(stream) ? ["add"] as const : ["add", "mul", "less"] as const) {
        for (const shape of [[33], [17, 5]]) {
          const [a, b] = layoutNames.slice(1, 3).map((layout, k) =>
            operand([first, second][k]!, shape, layout, random)
          );
          const run = (on: Stream) =>
            compute(on, [a!, b!], (arrays) => {
              const met = promote(first, second), out = empty(on, shape, "to" in table.map[row] ? "bool" : met);
              mapTo(out, row, arrays, [0, 0, 0], met);
              return out;
            });
          // A single operation: rounded once, it is rounded at each step.
          findings.add(`${row} of ${first} and ${second}`, difference(run(stream), run(reference)));
        }
      }
    }
  }
  findings.check();
});

/** Shapes and the axes joined. */
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
/** Folds whose kernels see every shape and layout. */
const thoroughFolds: readonly FoldRow[] = ["sum", "max", "pick"];

interface Sum {
  /** Units of rounding that each term has beside those of the sum. */
  terms: number;
  /** The same fold of sizes, against which errors are measured; null where it is exact in any order. */
  sizes: FoldRow;
}

/** Bounds of the folds of floats: (length + terms) half units of the sum of sizes. Folds that are not here are exact. */
const sums: Partial<Record<FoldRow, Sum>> = {
  sum: { terms: 0, sizes: "sum" },
  prod: { terms: 0, sizes: "prod" },
  sumSquares: { terms: 1, sizes: "sumSquares" },
  dot: { terms: 1, sizes: "dot" },
  // Twice the rounding of the difference, and that of its square.
  sumSquaredDeviation: { terms: 4, sizes: "sumSquaredDeviation" },
  // Three roundings, one of a difference that may cancel, beside the product of sizes.
  dotNormal: { terms: 4, sizes: "dotNormal" },
  // exp, and the rounding of an exponent of up to 2^6.
  sumExpSub: { terms: 4 + 2 ** 6, sizes: "sumExpSub" },
  pick: { terms: 0, sizes: "pick" },
};

/** As a product of many must be. */
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
  // Sums of squares and exponentials are their own sizes: the operands' signs matter to them.
  const sized = sum && (row === "sumSquaredDeviation" || row === "sumExpSub" ? expected : run(
    reference,
    operands.map((each, k) => {
      if (row === "pick" && k === 1) return each;
      // In a difference, what is taken away adds to the size.
      const sign = row === "dotNormal" && k === 2 ? -1 : 1;
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
            // The same down columns, which are compared side by side.
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
      // Few different values, so that there are ties.
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

/** Batch shape, rows, columns, length of the sums. */
const products: readonly [batch: Shape, m: number, n: number, k: number][] = [
  [[], 1, 1, 1],
  [[], 1, 7, 5],
  [[], 7, 1, 5],
  [[], 3, 5, 0],
  [[], 0, 5, 3],
  [[], 5, 0, 3],
  [[], 8, 48, 16],
  [[], 9, 49, 17],
  [[], 17, 31, 33],
  [[], 33, 65, 129],
  [[], 2, 3, 1025],
  [[], 40, 50, 513],
  [[3], 5, 4, 7],
  [[2, 3], 9, 17, 5],
  [[0], 2, 2, 2],
];

againstReference("matmul is within the rounding of its sums, exact for integers", (stream, reference) => {
  const findings = new Findings();
  for (const dtype of typesFor(stream, [...floats, "int32"])) {
    const random = randomOf(dtype.length * 7);
    for (const [batch, m, n, k] of products) {
      // NN, NT, TN, TT, then strides that only views have.
      const pairs = [...["contiguous", "transposed"] as const].flatMap((a) =>
        (["contiguous", "transposed"] as const).map((b) => [a, b] as const)
      );
      const odd = [["offset", "reversed"], ["reversed", "offset"], ["broadcastRows", "broadcastColumns"]] as const;
      for (const [a, b] of [...pairs, ...odd]) {
        const operands = [operand(dtype, [...batch, m, k], a, random), operand(dtype, [...batch, k, n], b, random)];
        const run = (on: Stream, each: Operand[]) => compute(on, each, ([x, y]) => matmul(x!, y!, batch));
        const found = run(stream, operands), expected = run(reference, operands);
        const sizes = dtype === "int32"
          ? null
          : run(reference, operands.map((each) => ({ ...each, flat: each.flat.map(abs) as TypedArray })));
        const bound = (at: number) =>
          sizes === null ? 0 : (k + 2) * epsilonOf(dtype) * sizes[at]! + roundingOf(dtype, expected[at]!);
        findings.add(`${dtype} [${batch}] ${m}x${n}x${k} ${a} ${b}`, difference(found, expected, bound));
      }
    }
  }
  findings.check();
});

againstReference("matmul repeats an operand that has stride 0 over the batch", (stream, reference) => {
  const findings = new Findings(), random = randomOf(12), [batch, m, n, k] = [[2, 3], 5, 7, 9] as const;
  const dense = stridesOf([m, k]);
  for (const strides of [[0, 0], [m * k, 0], [0, m * k]]) {
    const a: Operand = {
      ...operand("float32", [3 * m, k], "contiguous", random),
      shape: [...batch, m, k],
      strides: [...strides, ...dense],
    };
    const operands = [a, operand("float32", [...batch, k, n], "contiguous", random)];
    const [found, expected] = [stream, reference].map((on) => compute(on, operands, ([x, y]) => matmul(x!, y!, batch)));
    // Sums of 9 products of numbers below 2^5.
    findings.add(`strides ${strides}`, difference(found!, expected!, () => 11 * 9 * 2 ** 10 * 2 ** -24));
  }
  findings.check();
});

/** Outer, length, inner and number of indices. */
const places: readonly [outer: number, length: number, inner: number, count: number][] = [
  [1, 5, 1, 0],
  [1, 5, 1, 7],
  [3, 4, 5, 9],
  [1, 100, 33, 40],
  [2, 3, 1025, 5],
  [40, 7, 1, 33],
  [0, 4, 3, 2],
  [2, 1, 0, 3],
];

againstReference("gather copies and scatter adds in order, to the bit", (stream, reference) => {
  const findings = new Findings();
  for (const dtype of types) {
    const random = randomOf(dtype.length * 3);
    for (const indexed of ["int32", "uint8"] as const) {
      for (const [outer, length, inner, count] of places) {
        const index = operand(indexed, [count], "contiguous", random, (from) => Math.floor(from() * length));
        const long = operand(dtype, [outer, length, inner], "contiguous", random);
        const short = operand(dtype, [outer, count, inner], "contiguous", random);
        const taken = [stream, reference].map((on) =>
          compute(on, [long, index], ([source, at]) => gather(source!, at!, 1, [outer, count, inner]))
        );
        const what = `${dtype} [${outer}, ${length}, ${inner}] by ${count} ${indexed}`;
        findings.add(`gather ${what}`, difference(taken[0]!, taken[1]!));
        const added = [stream, reference].map((on) =>
          compute(on, [long, short, index], ([out, source, at]) => {
            scatterAdd(out!, source!, at!, 1);
            return out!.share();
          })
        );
        findings.add(`scatter ${what}`, difference(added[0]!, added[1]!));
      }
    }
  }
  findings.check();
});

function readAndFree(array: NDArray): void {
  try {
    array.read();
  } finally {
    array.dispose();
  }
}

againstReference("an index out of range is a RangeError that says so, and the result is freed", (stream) => {
  const said = (bad: number) => `index ${bad} must lie in [0, 3)`;
  for (const bad of [-1, 3, 2 ** 31 - 1, -(2 ** 31)]) {
    const source = fromTypedArray(stream, new Float32Array([1, 2, 3]), [3], "float32");
    const index = fromTypedArray(stream, new Int32Array([0, bad]), [2], "int32");
    assertThrows(() => readAndFree(gather(source, index, 0, [2])), RangeError, `Cannot gather: ${said(bad)}`);
    const target = fromTypedArray(stream, new Float32Array([1, 2, 3]), [3], "float32");
    const added = fromTypedArray(stream, new Float32Array([4, 5]), [2], "float32");
    const add = () => scatterAdd(target, added, index, 0);
    if (isLate(stream.device.name)) add();
    assertThrows(isLate(stream.device.name) ? () => target.read() : add, RangeError, `Cannot scatter: ${said(bad)}`);
    assertExact(target.read(), new Float32Array([1, 2, 3]));
    for (const array of [source, index, target, added]) array.dispose();
  }
});

againstReference("random words and numbers are the reference's, bit for bit", (stream, reference) => {
  const findings = new Findings();
  const keys: readonly [number, number][] = [[0, 0], [1, 2 ** 32 - 1], [0xdeadbeef, 42]];
  for (const dtype of ["int32", "float32", "float64"] as const) {
    for (const key of keys) {
      for (const counter of [0, 7, 2 ** 32 - 3, 2 ** 40 + 1, 2 ** 53 - 2000]) {
        for (const length of [0, 1, 2, 3, 4, 5, 17, 1025]) {
          const run = (on: Stream): NDArray => randomArray(on, [length], dtype, key, counter);
          const [found, expected] = [stream, reference].map((on) => compute(on, [], () => run(on)));
          findings.add(`${length} ${dtype} of ${key} at ${counter}`, difference(found!, expected!));
        }
      }
    }
  }
  findings.check();
});

againstReference("every row that is no integer's is refused for integers", (stream) => {
  const findings = new Findings();
  for (const row of mapRows) {
    if (typesOf(table.map[row]) === types) continue;
    const out = empty(stream, [2], "int32"), count = operandsOf(table.map[row].is);
    let name = "";
    try {
      mapTo(out, row, Array.from({ length: count }, () => out), [1, 1, 1], "int32");
    } catch (error) {
      name = (error as Error).name;
    }
    findings.add(row, name === "TypeError" ? null : `expected a TypeError, got "${name}"`);
    out.dispose();
  }
  findings.check();
});
