/**
 * Arrays for tests of the kernels: special values, seen through awkward strides, the same on every device; and
 * comparisons that count units in the last place.
 */
import {
  computeType,
  type DType,
  isFloat,
  isHalf,
  makeTypedArray,
  nearest,
  type TypedArray,
} from "../core/pure/dtype.ts";
import { fromTypedArray, type NDArray } from "../core/array/ndarray.ts";
import type { Stream } from "../core/array/stream.ts";
import { type Shape, sizeOf, stridesOf } from "../core/pure/shape.ts";
import { dtypeCode, type MapRow, mapRows, opcode } from "../kernels/instruction.ts";

/** A generator of numbers in [0, 1), which a seed determines. */
export type Random = () => number;

/** The generator "mulberry32": small, and the same everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ state >>> 15, state | 1);
    z ^= z + Math.imul(z ^ z >>> 7, z | 61);
    return ((z ^ z >>> 14) >>> 0) / 2 ** 32;
  };
}

export const halves = ["float16", "bfloat16"] as const;
export const floats = ["float32", "float64", ...halves] as const;
export const types: readonly DType[] = [...floats, "int32", "uint8", "bool"];

const integerTypes = ["int32", "uint8", "bool"] as const;

/** The element types for which a row exists. */
export const typesOf = (row: object): readonly DType[] =>
  !("for" in row) ? floats : row.for === "integers" ? integerTypes : types;

/** The number of operands that an expression names. */
export function operandsOf(text: string): number {
  const letters = text.match(/\b[a-f]\b/g) ?? [];
  return letters.length === 0 ? 0 : Math.max(...letters.map((letter) => letter.charCodeAt(0) - 96));
}

/** Lengths around 0, 1, the numbers of lanes of every level, and the length of the parts into which folds cut their work. */
export const lengths: readonly number[] = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 1023, 1024, 1025];

type Float = (typeof floats)[number];
const largest: Record<Float, number> = {
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
  float16: 65504,
  bfloat16: 2 ** 128 - 2 ** 120,
};
const denormal: Record<Float, number> = {
  float32: 2 ** -149,
  float64: Number.MIN_VALUE,
  float16: 2 ** -24,
  bfloat16: 2 ** -133,
};
/** Digits of the fraction, and the exponent of the smallest normal number. */
const formats: Record<Float, readonly [digits: number, least: number]> = {
  float32: [23, -126],
  float64: [52, -1022],
  float16: [10, -14],
  bfloat16: [7, -126],
};

function specialFloats(dtype: Float): number[] {
  const big = largest[dtype], tiny = denormal[dtype];
  return [NaN, Infinity, -Infinity, 0, -0, tiny, -tiny, big, -big, 1, -1, 0.5, -2.5, 3];
}

/** The special values of an element type. */
export const specials: Readonly<Record<DType, readonly number[]>> = {
  float32: specialFloats("float32"),
  float64: specialFloats("float64"),
  float16: specialFloats("float16"),
  bfloat16: specialFloats("bfloat16"),
  int32: [-(2 ** 31), 2 ** 31 - 1, -(2 ** 31) + 1, 0, 1, -1, 2, -7, 7],
  uint8: [0, 1, 2, 127, 128, 254, 255],
  bool: [0, 1],
};

/** A random value of the type: of floats from 2^-5 to 2^5, mostly positive, a quarter of them small integers. */
export function anyValue(dtype: DType, random: Random): number {
  const kind = random();
  switch (dtype) {
    case "bool":
      return kind < 0.5 ? 0 : 1;
    case "uint8":
      return Math.floor(256 * kind);
    case "int32":
      return kind < 0.5 ? Math.floor(40 * kind) - 10 : Math.floor((random() - 0.5) * 2 ** 32);
    default: {
      if (kind < 0.25) return Math.floor(24 * kind) - 1;
      const value = (0.5 + random()) * 2 ** Math.floor(9 * random() - 5);
      return kind < 0.5 ? -value : value;
    }
  }
}

/** A layout: the elements of a storage, and the window on them that an operand is. */
export interface Operand {
  readonly dtype: DType;
  readonly flat: TypedArray;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

interface Window {
  strides: readonly number[];
  offset: number;
  /** The number of elements of the storage. */
  length: number;
}

const reversedOf = (numbers: readonly number[]) => [...numbers].reverse();

/** The layouts that operands may have. */
export const layouts = {
  contiguous: (shape) => ({ strides: stridesOf(shape), offset: 0, length: sizeOf(shape) }),
  /** Neighbours along the first axis lie side by side; a single axis takes every other element. */
  transposed: (shape) =>
    shape.length === 1
      ? { strides: [2], offset: 0, length: 2 * shape[0]! }
      : { strides: reversedOf(stridesOf(reversedOf(shape))), offset: 0, length: sizeOf(shape) },
  /** Repeats one row. */
  broadcastRows: (shape) => ({
    strides: stridesOf(shape).map((stride, axis) => axis === 0 ? 0 : stride),
    offset: 0,
    length: Math.max(1, sizeOf(shape.slice(1))),
  }),
  /** Repeats one element along each row. */
  broadcastColumns: (shape) => ({
    strides: [...stridesOf(shape.slice(0, -1)), 0],
    offset: 0,
    length: Math.max(1, sizeOf(shape.slice(0, -1))),
  }),
  /** Leaves three elements between rows, and no row is aligned for vectors. */
  offset: (shape) => {
    const wider = shape.map((length, axis) => axis === shape.length - 1 ? length + 3 : length);
    return { strides: stridesOf(wider), offset: 1, length: sizeOf(wider) + 1 };
  },
  reversed: (shape) => ({
    strides: stridesOf(shape).map((stride) => -stride),
    offset: Math.max(0, sizeOf(shape) - 1),
    length: sizeOf(shape),
  }),
} satisfies Record<string, (shape: Shape) => Window>;

export type Layout = keyof typeof layouts;
export const layoutNames = Object.keys(layouts) as Layout[];

/** An operand whose storage holds random values, or those that `value` gives. */
export function operand(
  dtype: DType,
  shape: Shape,
  layout: Layout,
  random: Random,
  value: (random: Random) => number = (from) => anyValue(dtype, from),
): Operand {
  const { strides, offset, length } = layouts[layout](shape), flat = makeTypedArray(dtype, length);
  for (let k = 0; k < length; k++) flat[k] = nearest(dtype, value(random));
  return { dtype, flat, shape, strides, offset };
}

/** `count` contiguous operands of one axis that hold every combination of special values, or 4096 of them by chance. */
export function specialOperands(dtype: DType, count: number, random: Random): Operand[] {
  const values = specials[dtype], all = values.length ** count, length = Math.min(all, 4096);
  const flats = Array.from({ length: count }, () => makeTypedArray(dtype, length));
  for (let at = 0; at < length; at++) {
    let rest = all === length ? at : Math.floor(random() * all);
    for (const flat of flats) {
      flat[at] = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
    }
  }
  return flats.map((flat) => ({ dtype, flat, shape: [length], strides: [1], offset: 0 }));
}

/** The operand as an array on a device. */
export function put(stream: Stream, { dtype, flat, shape, strides, offset }: Operand): NDArray {
  const base = fromTypedArray(stream, flat, [flat.length], dtype), array = base.view(shape, strides, offset);
  base.dispose();
  return array;
}

/** The result of `body` for operands on a device, read back. Its arrays are freed. */
export function compute(
  stream: Stream,
  operands: readonly Operand[],
  body: (arrays: NDArray[]) => NDArray,
): TypedArray {
  const arrays = operands.map((each) => put(stream, each));
  try {
    const result = body(arrays), flat = result.read();
    result.dispose();
    return flat;
  } finally {
    for (const array of arrays) array.dispose();
  }
}

/** Evaluates a row of the map skeleton into any view, computing in any type. A map that `waits` may be one of a group. */
export function mapTo(
  out: NDArray,
  row: MapRow,
  inputs: readonly NDArray[],
  scalars: readonly [s: number, t: number, u: number],
  compute: DType,
  { waits = false }: { waits?: boolean } = {},
): void {
  const { stream } = out.storage, { shape } = out, rank = shape.length;
  const fields = [mapRows.indexOf(row), dtypeCode[computeType(compute)], rank, inputs.length, ...scalars, ...shape];
  for (const { storage, code, offset, strides } of [out, ...inputs]) {
    fields.push(storage.handle, code, offset, ...strides);
  }
  const start = stream.open(2 + fields.length);
  stream.words[start] = opcode.map;
  stream.words.set(fields, start + 2);
  stream.close(start, start + 2 + fields.length, out.size);
  if (!waits) stream.flush();
}

/** The places of an operand's elements in its storage, in row-major order. */
export function* placesOf({ shape, strides, offset }: Operand): Generator<number> {
  const size = sizeOf(shape), index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let k = 0; k < size; k++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** The distance between a number and the next larger one. */
export function unitOf(dtype: DType, x: number): number {
  if (!isFloat(dtype)) return 1;
  const [digits, least] = formats[dtype as Float];
  const size = Math.min(Math.abs(x), largest[dtype as Float]);
  // Log2 may be off by one beside a power of two. The smaller of both units is the stricter test.
  let exponent = size === 0 ? least : Math.max(least, Math.floor(Math.log2(size)));
  if (2 ** exponent > size && exponent > least) exponent--;
  return 2 ** (exponent - digits);
}

/**
 * The first difference, in words; null if each element is within `allowed` of the expected one. All NaNs are equal, and the
 * sign of a zero counts if `allowed` is 0.
 */
export function difference(
  found: TypedArray,
  expected: ArrayLike<number>,
  allowed: (place: number) => number = () => 0,
): string | null {
  if (found.length !== expected.length) return `${found.length} elements, expected ${expected.length}`;
  for (let k = 0; k < found.length; k++) {
    const x = found[k]!, y = expected[k]!;
    if (Object.is(x, y) || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const bound = allowed(k);
    if (bound > 0 && Math.abs(x - y) <= bound) continue;
    return `element ${k} is ${Object.is(x, -0) ? "-0" : x}, expected ${Object.is(y, -0) ? "-0" : y}` +
      (bound > 0 ? ` within ${bound}` : "");
  }
  return null;
}

/** The bytes of an array in which every NaN was given the same bits. */
export function bitsOf(flat: TypedArray): Uint8Array {
  const copied = flat.slice();
  if (copied instanceof Float32Array || copied instanceof Float64Array || copied instanceof Float16Array) {
    for (let k = 0; k < copied.length; k++) if (copied[k] !== copied[k]) copied[k] = NaN;
  }
  return new Uint8Array(copied.buffer);
}

/** Half a unit of 1 in the type in which an element type is computed: the factor of bounds of sums. */
export function epsilonOf(dtype: DType): number {
  const compute = computeType(dtype);
  return compute === "float32" ? 2 ** -24 : compute === "float64" ? 2 ** -53 : 0;
}

/** The part of a bound that is due to the last rounding of a result to a half: a whole unit. */
export function roundingOf(dtype: DType, x: number): number {
  return isHalf(dtype) ? unitOf(dtype, x) : 0;
}

/** The number rounded to the type. */
export function roundTo(dtype: DType, x: number): number {
  const one = makeTypedArray(dtype, 1);
  one[0] = nearest(dtype, x);
  return one[0]!;
}
