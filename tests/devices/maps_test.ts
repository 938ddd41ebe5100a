/**
 * Every map row on every device against the reference device, over awkward shapes, types and values.
 *
 * In float32 a row is compared with its own steps, each rounded: a row that calls no functions must have the very bits.
 * Halves are compared with the same steps, of which the last is rounded once more. Other types are compared with the
 * reference device, which computes in float64 and int32.
 */
import { copy, empty } from "../../core/array/ndarray.ts";
import type { Stream } from "../../core/array/stream.ts";
import { permute } from "../../core/array/views.ts";
import { computeType, type DType, isFloat, isHalf, promote, type TypedArray } from "../../core/pure/dtype.ts";
import { type Shape, stridesOf } from "../../core/pure/shape.ts";
import { type MapRow, mapRows, table } from "../../kernels/instruction.ts";
import { type Environment, type Evaluate, parseRow } from "../../kernels/reference/expression.ts";
import {
  compute,
  difference,
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
} from "../arrays.ts";
import { againstReference, Findings } from "../kernels.ts";
import { isBrief, isVariant, layoutsFor, typesFor } from "./choices.ts";

/** How far a row that calls functions may be from its rounded steps. All other rows are exact. */
interface Tolerance {
  /** Units in the last place; a function alone has 2; `normalCdf`, `erfc` and `erfInverse` have 4. */
  units: number;
  /** A number that was added and may have cancelled: if it is larger than the result, the units are its own. */
  beside?: (env: Environment) => number;
}

const { exp, abs, max } = Math;
const inexact: Partial<Record<MapRow, Tolerance>> = {
  pow: { units: 2 },
  powScalar: { units: 2 },
  exp: { units: 2 },
  exp2: { units: 2 },
  expm1: { units: 2 },
  log: { units: 2 },
  log1p: { units: 2 },
  log2: { units: 2 },
  log10: { units: 2 },
  sin: { units: 2 },
  cos: { units: 2 },
  asin: { units: 2 },
  acos: { units: 2 },
  atan: { units: 2 },
  atan2: { units: 2 },
  tanh: { units: 2 },
  erf: { units: 2 },
  erfc: { units: 4 },
  erfinv: { units: 4 },
  // Below 0 both are sums of parts that cancel near zeros: of lgamma(-a) and a logarithm, of digamma(-a), 1 / a and a
  // cotangent. Near digamma's positive zero the reference's own sum cancels.
  lgamma: { units: 4, beside: ({ a }) => a < 0 ? 2 + abs(a) * Math.log1p(abs(a)) : 0 },
  digamma: { units: 4, beside: ({ a }) => a < 0 ? 4 + 2 * Math.log1p(abs(a)) + 2 / abs(a) : abs(a - 1.5) < 1 ? 4 : 0 },
  entr: { units: 3 },
  erfcx: { units: 4 },
  i0e: { units: 4 },
  i1e: { units: 4 },
  ndtri: { units: 4 },
  sigmoid: { units: 5 },
  gelu: { units: 5 },
  normalCdf: { units: 4 },
  geluGradient: { units: 5, beside: ({ a, b, c }) => a * max(abs(b), abs(c)) },
  boxMuller: { units: 6 },
  expSub: { units: 2 },
  logTail: { units: 2 },
  // The exponential's error is a part of the logarithm's argument, which may be near 1 or much smaller.
  crossEntropyTail: { units: 4, beside: ({ a, b }) => b > 0 ? max(1, exp(-b) / abs(a + exp(-b))) : 0 },
  crossEntropyAtOthers: { units: 3 },
  crossEntropyAtLabel: { units: 3 },
  crossEntropyGradient: { units: 3 },
};
/**
 * The errors of the reference's own functions in float64, in units in the last place; those of its series for erf and
 * its relatives, and for the functions of gamma and Bessel, are largest.
 */
const unitsOfReference = 2, unitsOfReferenceSeries = 16;

function tolerance(row: MapRow, dtype: DType): Tolerance | null {
  const own = inexact[row];
  if (own === undefined || !isFloat(dtype)) return null;
  if (computeType(dtype) === "float32") return own;
  return {
    ...own,
    units: own.units + (/erf|normal|gamma|bessel/.test(table.map[row].is) ? unitsOfReferenceSeries : unitsOfReference),
  };
}

type Scalars = readonly [s: number, t: number, u: number];
/** Scalars that no float32 holds exactly. As integers the first are 3, 5 and 0. */
const scalars: readonly Scalars[] = [[3.7, 5.1, 0.001], [-0.3, 1.9, 2.2]];

interface MapCase {
  shape: Shape;
  operands: Operand[];
  scalars: Scalars;
  /** Whether the result is written transposed. */
  turned: boolean;
}

const shapes: readonly Shape[] = [[5, 17], [17, 5], [1, 33], [2, 3, 33], [4, 0, 3], [3, 1026], [2, 1, 3, 1, 5]];

/** Rows that are tested with every layout. The kernels of other rows differ in the expression alone. */
const thorough: readonly MapRow[] = ["copy", "mul", "where", "arange"];

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

/** The operands and scalars of a row at each element, rounded to the type that is computed in. */
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
          // These rows are single operations, so that the reference's result, rounded once, is exact.
          findings.add(`${row} of ${first} and ${second}`, difference(run(stream), run(reference)));
        }
      }
    }
  }
  findings.check();
});

againstReference("rows of floats are refused for integers, and rows of integers for floats", (stream) => {
  const findings = new Findings();
  for (const row of mapRows) {
    for (const dtype of ["int32", "float32"] as const) {
      if (typesOf(table.map[row]).includes(dtype)) continue;
      const out = empty(stream, [2], dtype), count = operandsOf(table.map[row].is);
      let name = "";
      try {
        mapTo(out, row, Array.from({ length: count }, () => out), [1, 1, 1], dtype);
      } catch (error) {
        name = (error as Error).name;
      }
      findings.add(`${row} of ${dtype}`, name === "TypeError" ? null : `expected a TypeError, got "${name}"`);
      out.dispose();
    }
  }
  findings.check();
});
