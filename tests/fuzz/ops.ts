/**
 * Ops against the reference device: each op with drawn settings and operands must be refused in the same words, or give
 * the same type, shape and, within the rounding of its steps, the same numbers.
 *
 * What rounding may do is found by asking: the op is computed in float64 for operands that were each moved by one unit in
 * the last place, up, down and at random. A result may be as far from the exact one as {@linkcode spreads} such moves, and a few
 * units of its own beside. Integers, bools and places must be equal.
 */
import { type DType, setDefaultDevice, type Tensor } from "../../mod.ts";
import { computeType, isFloat, isHalf, type TypedArray } from "../../core/pure/dtype.ts";
import { bitsOf, type Random, randomOf, roundTo, unitOf } from "../arrays.ts";
import { limits } from "../../kernels/instruction.ts";
import { doors } from "../ops/doors.ts";
import { type Kind, pick, refusal, stranger } from "./kind.ts";
import { drawOp, isIndex, type OpCase, opNames } from "./op_draws.ts";
import { isOperand, type OperandData, simplerOperands, tensorText, withAxis } from "./operands.ts";
import { rowSteps } from "./row_steps.ts";
import { compile, importLine, literal } from "./source.ts";

/** How many moves of all operands by a unit the steps of an op may add up to, and units for the result's own rounding. */
const spreads = 6, units = 4;
/** Random moves, beside those up, down and in turn. */
const movesDrawn = 6;
/** The smallest normal number of the type in which a row is computed: below, numbers may be rounded to 0. */
const normal = { float32: 2 ** -126, float64: 2 ** -1022 };

type Outcome = { dtype: DType; shape: readonly number[]; flat: TypedArray } | { refused: string; wrong: string | null };

function madeText({ op, settings }: OpCase): string {
  return settings === null ? `doors.${op}.make()` : `new ops.${op}(${settings.map(literal).join(", ")})`;
}

function expressionOf(each: OpCase): string {
  return `${madeText(each)}.call(${each.operands.map(tensorText).join(", ")})`;
}

function evaluate(text: string): unknown {
  return compile(["doors"], `return ${text};`)(doors);
}

/** Computes a case on the default device. */
function outcomeOf(each: OpCase): Outcome {
  try {
    using result = evaluate(expressionOf(each)) as Tensor;
    return { dtype: result.dtype, shape: result.shape, flat: result.toTypedArray() };
  } catch (error) {
    return { refused: refusal(error), wrong: stranger(error) };
  }
}

async function on<T>(device: string, body: () => T): Promise<T> {
  await setDefaultDevice(device);
  return body();
}

/** The case with all values as float64, as its views show them, moved by units of the type in which they are computed. */
function widened(each: OpCase, move: (place: number) => number): OpCase {
  const wide = (operand: OperandData, k: number): OperandData => {
    if (isIndex(each.op, k)) return operand;
    const unit = computeType(operand.dtype) === "float64" ? 2 ** -52 : 2 ** -23;
    using seen = evaluate(tensorText(operand)) as Tensor;
    const values = Array.from(seen.toTypedArray(), (x, place) => x * (1 + unit * move(place + 7 * k)));
    return { dtype: "float64", shape: seen.shape, values, views: [] };
  };
  return { ...each, operands: each.operands.map(wide) };
}

/**
 * Ops in whose steps a number may cancel that is larger than the result: the rounding of that number stays, a few units of
 * it. A row's own bounds in `tests/devices/maps_test.ts` say the same.
 */
const beside: Readonly<Record<string, (largest: number) => number>> = {
  // The density of x, whose exponent is rounded.
  GELUGradient: (largest) => Math.max(1, largest) ** 2,
  // The mean and the deviation, each of which is rounded before it is scaled.
  Normalize: () => 1,
  NormalizeScaleShift: (largest) => Math.max(1, largest),
  // The two parts of the reflection, which cancel near the zeros below 0.
  Digamma: (largest) => 4 + Math.log1p(largest),
  Lgamma: (largest) => 4 + largest * Math.log1p(largest),
};

/** The magnitude of an operand's element, from which it is seen how large or small a part of the result may become. */
function sizeIn(op: string): (x: number) => number {
  if (op === "Product") return (x) => Number.isFinite(x) && x !== 0 ? Math.max(Math.abs(x), 1 / Math.abs(x)) : 1;
  return (x) => Number.isFinite(x) ? Math.abs(x) : 0;
}

/** Ops that square differences of their operands: these are too large where the operands are not yet. */
const squares = /Normal|Deviation|Variance/;

/** What float64 says of a case. */
interface Exact {
  result: TypedArray;
  /** The results for moved operands. */
  moved: readonly TypedArray[];
  /** The result for the magnitudes of the operands: as large as a part of it may become. */
  sizes: TypedArray;
  /** The largest finite magnitude among the operands, and the number of all elements. */
  largest: number;
  count: number;
}

/** Computes a case in float64; null if it is refused there. */
function exactly(each: OpCase): Exact | null {
  const random = randomOf(1),
    signs = [() => 1, () => -1, (k: number) => 1 - 2 * (k % 2), (k: number) => 2 * (k % 2) - 1];
  const draws = Array.from({ length: movesDrawn }, () => () => random() < 0.5 ? 1 : -1);
  const flats: TypedArray[] = [], plain = widened(each, () => 0);
  const size = sizeIn(each.op);
  const positive = plain.operands.map((one, k) => isIndex(each.op, k) ? one : { ...one, values: one.values.map(size) });
  for (
    const one of [
      plain,
      { ...plain, operands: positive },
      ...[...signs, ...draws].map((move) => widened(each, move)),
    ]
  ) {
    const found = outcomeOf(one);
    if ("refused" in found) return null;
    flats.push(found.flat);
  }
  const [result, sizes, ...moved] = flats as [TypedArray, TypedArray];
  const largest = Math.max(0, ...plain.operands.flatMap(({ values }) => values.map(Math.abs).filter(Number.isFinite)));
  return { result, sizes, moved, largest, count: plain.operands.reduce((sum, { values }) => sum + values.length, 0) };
}

function stepsOf(each: OpCase, dtype: DType, shape: readonly number[]): ArrayLike<number> | null {
  const operands = each.operands.map((one) => evaluate(tensorText({ ...one, dtype: "float64" })) as Tensor);
  return rowSteps(evaluate(madeText(each)), operands, dtype, shape);
}

/** What is wrong with the numbers found, in words; null if each is near enough. */
function different(each: OpCase, found: TypedArray, dtype: DType, shape: readonly number[], like: TypedArray) {
  if (!isFloat(dtype)) {
    const place = found.findIndex((value, k) => value !== like[k]);
    return place < 0 ? null : `element ${place} is ${found[place]}, expected ${like[place]}`;
  }
  const computed = computeType(dtype) as "float32" | "float64";
  const own = (y: number) => units * unitOf(computed, y) + (isHalf(dtype) ? unitOf(dtype, y) : 0) + normal[computed];
  const isNear = (x: number, y: number, allowed: number) =>
    Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= allowed;
  let exact: Exact | null | undefined, steps: ArrayLike<number> | null | undefined;
  for (let k = 0; k < found.length; k++) {
    const x = found[k]!;
    if (isNear(x, like[k]!, own(like[k]!))) continue;
    if (steps === undefined) steps = stepsOf(each, dtype, shape);
    if (steps !== null && isNear(x, steps[k]!, own(steps[k]!))) continue;
    exact ??= exactly(each);
    if (exact === null) return null;
    const y = exact.result[k]!, moved = exact.moved.map((flat) => flat[k]!);
    // Where a unit decides whether there is a number at all, either is right.
    const kind = (value: number) => Number.isFinite(value) ? 0 : value;
    if (moved.some((one) => !Object.is(kind(one), kind(y)))) continue;
    const spread = Math.max(...moved.map((one) => Math.abs(one - y)));
    const cancelled = units * unitOf(computed, beside[each.op]?.(exact.largest) ?? 0);
    // Float64 is judged by float64, whose own sum of many parts rounds at each of them.
    const judged = computed === "float64" ? exact.count * unitOf(computed, y) : 0;
    const allowed = own(y) + spreads * spread + cancelled + judged;
    if (isNear(x, y, allowed)) continue;
    // A part that is beyond the type's largest number is infinite, and whatever follows from that is right.
    const size = squares.test(each.op) ? (exact.largest ** 2) * exact.count : exact.sizes[k]!;
    if (roundTo(computed, 2 * size) === Infinity) continue;
    if (Math.abs(x) === Infinity && roundTo(dtype, y + Math.sign(x) * allowed) === x) continue;
    return `element ${k} is ${literal(x)}, expected ${literal(y)} within ${allowed.toPrecision(2)}`;
  }
  return null;
}

/** Whether shrinking has left a case all that it consists of: without its settings, its fault would be another one. */
function isCase({ operands, settings }: OpCase): boolean {
  return settings !== undefined && Array.isArray(operands) && operands.every(isOperand);
}

async function check(each: OpCase, device: string): Promise<string | null> {
  if (!isCase(each)) return null;
  const found = outcomeOf(each);
  try {
    if ("refused" in found && found.wrong !== null) return `${each.op} ${found.wrong}`;
    const expected = await on("reference", () => outcomeOf(each));
    if ("refused" in found || "refused" in expected) {
      const [a, b] = [found, expected].map((one) => "refused" in one ? one.refused : "a result");
      return a === b ? null : `${each.op} on ${device} gives ${a}; on reference ${b}`;
    }
    if (found.dtype !== expected.dtype || `${found.shape}` !== `${expected.shape}`) {
      return `${each.op} gives ${found.dtype} [${found.shape}], expected ${expected.dtype} [${expected.shape}]`;
    }
    const wrong = await on("reference", () => different(each, found.flat, found.dtype, found.shape, expected.flat));
    return wrong === null ? null : `${each.op} of ${each.operands[0]?.dtype}: ${wrong}`;
  } finally {
    await setDefaultDevice(device);
  }
}

/** What is wrong if the native library and WebAssembly do not give the same bits. */
async function checkBits(each: OpCase): Promise<string | null> {
  if (!isCase(each)) return null;
  const [native, wasm] = [await on("cpu", () => outcomeOf(each)), await on("wasm", () => outcomeOf(each))];
  if ("refused" in native || "refused" in wasm) return null;
  const place = bitsOf(native.flat).findIndex((byte, k) => byte !== bitsOf(wasm.flat)[k]);
  if (place < 0) return null;
  const element = Math.floor(place / native.flat.BYTES_PER_ELEMENT);
  return `${each.op}: element ${element} is ${native.flat[element]} on cpu, ${wasm.flat[element]} on wasm`;
}

/** The operand as its views show it, unless these are of more axes than can be read. */
function unviewed(operand: OperandData): OperandData {
  using seen = evaluate(tensorText(operand)) as Tensor;
  if (seen.shape.length > limits.rank) return operand;
  return { ...operand, shape: seen.shape, values: Array.from(seen.toTypedArray()), views: [] };
}

/** Every op of the library. */
export const opsKind: Kind<OpCase> = {
  name: "ops",
  onDevices: true,
  draw: (random: Random) => drawOp(random, pick(random, opNames)),
  check,
  show(each, device) {
    const text = expressionOf(each),
      more = each.settings === null ? `\nimport { doors } from "./tests/ops/doors.ts";` : "";
    return `${importLine(text, ["setDefaultDevice"])}${more}

for (const device of ["${device}", "reference"]) {
  await setDefaultDevice(device);
  const y = ${text};
  console.log(device, y.dtype, y.shape, y.toArray());
}`;
  },
  *simpler(each) {
    const { operands } = each;
    for (const [k, operand] of operands.entries()) {
      if (operand.views.length > 0) yield { ...each, operands: operands.with(k, unviewed(operand)) };
      for (const one of simplerOperands(operand)) yield { ...each, operands: operands.with(k, one) };
    }
    // Axes of all operands at once, which stretch to one shape.
    for (let axis = 1; axis <= Math.max(0, ...operands.map(({ shape }) => shape.length)); axis++) {
      for (const length of [null, 0, 1, 2, 3, 4, 8, 16]) {
        yield { ...each, operands: operands.map((one) => withAxis(one, axis, length)) };
      }
    }
    // Operands of one type are simpler than others.
    const [first] = operands;
    if (first !== undefined && operands.length > 1) {
      yield { ...each, operands: operands.map((one, k) => isIndex(each.op, k) ? one : { ...one, dtype: first.dtype }) };
    }
  },
};

/** Every op but products of matrices and what is made of them, which only one of both computes with fused sums. */
export const bitsKind: Kind<OpCase> = {
  ...opsKind,
  name: "bits",
  onDevices: false,
  draw: (random) =>
    drawOp(
      random,
      pick(
        random,
        opNames.filter((name) => !/^(MatMul|Convolution|DiscreteFourier|ScaledDotProduct|Attention)/.test(name)),
      ),
    ),
  check: checkBits,
  show: (each) => opsKind.show(each, "cpu").replace('"reference"', '"wasm"'),
};
