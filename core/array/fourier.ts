/**
 * The discrete Fourier transform along the last axis, in maps and matrix products.
 *
 * A transform of r m numbers is r-point transforms of numbers that lie m apart, a factor for each number, and m-point
 * transforms of the results (Cooley and Tukey 1965). The r-point transforms are one product with a matrix of cosines and sines.
 * A length with a large prime factor becomes a convolution, by transforms of a power of two (Bluestein 1970).
 */
import { type DType, makeTypedArray, type TypedArray } from "../pure/dtype.ts";
import { chirp, chirpLength, chirpTransform, matrixOf, type Order, stagesOf, twiddles } from "../pure/fourier.ts";
import { type Shape, sizeOf } from "../pure/shape.ts";
import { copy, empty, filled, fromTypedArray, map, mapInto, type NDArray } from "./ndarray.ts";
import { matmul } from "./skeletons.ts";
import type { Stream } from "./stream.ts";
import { broadcastTo, permute, reshape } from "./views.ts";

/** How numbers are transformed: the sign of the exponent, a factor of the results, and which sides are real numbers. */
export interface FourierKind {
  readonly sign: number;
  readonly scale: number;
  readonly realInput: boolean;
  readonly realOutput: boolean;
}

/** Tables on the host, by what they hold and the type; the oldest are forgotten where there are too many. */
const tables = new Map<string, TypedArray>();
const numbersMost = 2 ** 23;
let numbersKept = 0;

function table(stream: Stream, dtype: DType, key: string, shape: Shape, make: () => Float64Array): NDArray {
  const name = `${dtype} ${key}`;
  let found = tables.get(name);
  if (found === undefined) {
    found = makeTypedArray(dtype, sizeOf(shape));
    found.set(make());
    numbersKept += found.length;
    tables.set(name, found);
    for (const [oldest, { length }] of tables) {
      if (numbersKept <= numbersMost || oldest === name) break;
      tables.delete(oldest);
      numbersKept -= length;
    }
  }
  return fromTypedArray(stream, found, shape, dtype);
}

/** The transform of real numbers [..., n], or of pairs [..., n, 2], of float32 or float64: [..., n] or [..., n, 2]. */
export function fourier(x: NDArray, kind: FourierKind): NDArray {
  const { shape } = x, rank = kind.realInput ? shape.length : shape.length - 1, before = shape.slice(0, rank - 1);
  const n = shape[rank - 1]!, rows = sizeOf(before), result = [...before, n, ...(kind.realOutput ? [] : [2])];
  if (rows * n === 0) return empty(x.storage.stream, result, x.dtype);
  const lines = reshape(x, [rows, ...shape.slice(rank - 1)]), stages = stagesOf(n);
  return reshape(stages === null ? byConvolution(lines, kind) : inStages(lines, stages, kind), result);
}

/** Of [rows, n] or [rows, n, 2]. Between the stages lie, for each row and each result so far, all real parts and all imaginary ones. */
function inStages(x: NDArray, stages: readonly number[], { sign, scale, realInput, realOutput }: FourierKind): NDArray {
  const { dtype } = x, { stream } = x.storage, rows = x.shape[0]!, last = stages.length - 1;
  let count = rows, rest = x.shape[1]!, from: Order = realInput ? "real" : last === 0 ? "pairs" : "planes";
  let at = realInput || last === 0 ? (x.contiguous ? x : copy(x)) : copy(permute(x, [0, 2, 1]));
  for (const [k, r] of stages.entries()) {
    const to = k < last || !realOutput ? "pairs" : "real", width = (from === "real" ? 1 : 2) * r;
    const height = (to === "real" ? 1 : 2) * r, factor = k < last ? 1 : scale, inner = rest / r;
    const key = `matrix ${r} ${sign} ${factor} ${from} ${to}`;
    const matrix = table(stream, dtype, key, [height, width], () => matrixOf(r, sign, factor, from, to));
    if (k === last) {
      at = matmul(at.view([count, width], [width, 1]), permute(matrix, [1, 0]), []);
    } else {
      const product = matmul(
        broadcastTo(matrix, [count, height, width]),
        at.view([count, width, inner], [width * inner, inner, 1]),
        [count],
      );
      const factors = table(
        stream,
        dtype,
        `twiddles ${r} ${inner} ${sign}`,
        [3, r, inner],
        () => twiddles(r, inner, sign),
      );
      at = turnedBy(product.view([count, r, 2, inner], [height * inner, 2 * inner, inner, 1]), factors, 2);
    }
    count *= r;
    rest = inner;
    from = "planes";
  }
  const parts = realOutput ? [] : [2],
    digits = at.view([rows, ...stages, ...parts], stridesFor([rows, ...stages, ...parts]));
  if (last === 0) return digits;
  const order = [0, ...stages.map((_, k) => stages.length - k), ...parts.map(() => stages.length + 1)];
  return copy(permute(digits, order));
}

function stridesFor(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Complex numbers, whose parts lie along an axis, times the factors of a table [3, ...], which has no such axis. */
function turnedBy(x: NDArray, factors: NDArray, axis: number, out: NDArray | null = null): NDArray {
  const [cosines, sines] = factorViews(factors, x.shape, axis);
  const step = x.strides[axis]!, swapped = x.view(x.shape, x.strides.with(axis, -step), x.offset + step);
  const across = map("mul", [swapped, sines]);
  if (out === null) return map("mulAdd", [x, cosines, across]);
  mapInto(out, "mulAdd", [x, cosines, across]);
  return out;
}

/** The cosines, and the sines with their signs for the real and the imaginary part, in a shape with parts along an axis. */
function factorViews(factors: NDArray, shape: Shape, axis: number): [NDArray, NDArray] {
  const plane = factors.strides[0]!, lengths = factors.shape.slice(1), strides = factors.strides.slice(1);
  // The axes of the table are those before and behind the parts; a longer shape repeats it.
  const split = axis - (shape.length - 1 - lengths.length);
  const own = [...lengths.slice(0, split), 2, ...lengths.slice(split)];
  const steps = (part: number) => [...strides.slice(0, split), part, ...strides.slice(split)];
  const views = [factors.view(own, steps(0)), factors.view(own, steps(plane), factors.offset + plane)];
  return views.map((view) => broadcastTo(view, shape)) as [NDArray, NDArray];
}

/** Of [rows, n] or [rows, n, 2], by Bluestein: j k = (j² + k² - (k - j)²) / 2 makes a convolution of the sum. */
function byConvolution(x: NDArray, { sign, scale, realInput, realOutput }: FourierKind): NDArray {
  const { dtype } = x, { stream } = x.storage, [rows, n] = x.shape as [number, number], length = chirpLength(n);
  const chirpOf = (factor: number) =>
    table(stream, dtype, `chirp ${n} ${sign} ${factor}`, [3, n], () => chirp(n, sign, factor));
  const padded = filled(stream, [rows, length, 2], dtype, 0), place = padded.view([rows, n, 2], padded.strides);
  const first = chirpOf(1);
  if (realInput) {
    const parts = first.view([n, 2], [1, 2 * n]);
    mapInto(place, "mul", [
      broadcastTo(x.view([rows, n, 1], [...x.strides, 0]), [rows, n, 2]),
      broadcastTo(parts, [rows, n, 2]),
    ]);
  } else turnedBy(x, first, 2, place);
  const both = { realInput: false, realOutput: false }, stages = stagesOf(length)!;
  const spectrum = inStages(padded, stages, { ...both, sign: -1, scale: 1 });
  const factors = table(stream, dtype, `chirp transform ${n} ${sign}`, [3, length], () => chirpTransform(n, sign));
  const product = turnedBy(spectrum.view([rows, length, 2], [2 * length, 2, 1]), factors, 2);
  const sums = inStages(product, stages, { ...both, sign: 1, scale: scale / length });
  const found = turnedBy(sums.view([rows, n, 2], [2 * length, 2, 1]), first, 2);
  return realOutput ? found.view([rows, n], [2 * n, 2]) : found;
}
