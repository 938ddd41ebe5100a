/** Products, gathers, scatters, sorts and random numbers on every device against the reference device. */
import { empty, fromTypedArray, type NDArray } from "../../core/array/ndarray.ts";
import { groupResult } from "../../core/array/group.ts";
import { convolve, matmul, random as randomArray, sortedPlaces } from "../../core/array/skeletons.ts";
import { gather, scatter } from "../../core/array/places.ts";
import type { Stream } from "../../core/array/stream.ts";
import { permute } from "../../core/array/views.ts";
import type { DType, TypedArray } from "../../core/pure/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../core/pure/shape.ts";
import {
  anyValue,
  compute,
  difference,
  epsilonOf,
  floats,
  type Operand,
  operand,
  randomOf,
  roundingOf,
  specials,
  types,
} from "../arrays.ts";
import { againstReference, Findings } from "../kernels.ts";
import { assertExact, assertThrows, isLate } from "../support.ts";
import { isBrief, isVariant, layoutsFor, scatterRowsFor, typesFor } from "./choices.ts";

const { abs } = Math;

/** Products: batch shape, rows, columns, length of the sums. */
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
      // Neither operand transposed, one, the other, both; then strides that only views have.
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

/** Convolutions: n, groups, output and input channels of a group, the input's lengths, the kernel's and the output's. */
const convolutions: readonly (readonly number[])[] = [
  [2, 1, 3, 4, 6, 5, 3, 3, 6, 5],
  [1, 1, 9, 70, 9, 17, 3, 2, 9, 17],
  [2, 3, 1, 1, 8, 18, 3, 3, 8, 18],
  [3, 1, 17, 2, 9, 20, 8, 18, 2, 3],
  [1, 2, 2, 3, 7, 5, 2, 2, 3, 2],
  [1, 1, 2, 0, 3, 3, 1, 1, 3, 3],
  [2, 1, 2, 2, 3, 0, 2, 2, 3, 2],
];

againstReference("convolve is within the rounding of its sums, exact for integers", (stream, reference) => {
  if (!["cpu", "wasm", "reference"].includes(stream.device.name)) return;
  const findings = new Findings();
  for (const dtype of ["float32", "float64", "int32"] as const) {
    const random = randomOf(dtype.length * 11);
    for (const [n, groups, o, c, height, width, kernelHeight, kernelWidth, outHeight, outWidth] of convolutions) {
      for (const [step, dilation, before] of [[1, 1, 1], [2, 1, 1], [2, 3, 2], [1, 1, 0]] as const) {
        for (const layout of ["contiguous", "reversed", "offset"] as const) {
          const operands = [
            operand(dtype, [groups!, o!, c!, kernelHeight!, kernelWidth!], layout, random),
            operand(dtype, [n!, groups!, c!, height!, width!], layout, random),
          ];
          const placed = { step, dilation, before };
          const run = (on: Stream, each: Operand[], isTurned: boolean) =>
            compute(on, each, ([kernel, input]) => {
              const shape = [n!, groups!, o!, outHeight!, outWidth!];
              return groupResult(() => {
                const out = isTurned
                  ? permute(empty(on, [groups!, outHeight!, n!, outWidth!, o!], dtype), [2, 0, 4, 1, 3])
                  : empty(on, shape, dtype);
                convolve(out, kernel!, input!, [placed, placed]);
                return out;
              });
            });
          const expected = run(reference, operands, false);
          const sizes = dtype === "int32"
            ? null
            : run(reference, operands.map((each) => ({ ...each, flat: each.flat.map(abs) as TypedArray })), false);
          const terms = c! * kernelHeight! * kernelWidth!;
          const bound = (at: number) =>
            sizes === null
              ? 0
              : (terms + 2) * epsilonOf(dtype) * (sizes[at]! as number) + roundingOf(dtype, expected[at]!);
          for (const isTurned of [false, true]) {
            const found = run(stream, operands, isTurned);
            findings.add(
              `${dtype} ${n} ${groups} ${o} ${c} ${step} ${layout} ${isTurned}`,
              difference(found, expected, bound),
            );
          }
        }
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
    // The bound is that of sums of 9 products of numbers below 2^5.
    findings.add(`strides ${strides}`, difference(found!, expected!, () => 11 * 9 * 2 ** 10 * 2 ** -24));
  }
  findings.check();
});

/** Gathers and scatters: outer, length, inner and number of indices along the axis. */
const places: readonly [outer: number, length: number, inner: number, count: number][] = [
  [1, 5, 1, 0],
  [1, 5, 1, 7],
  [3, 4, 5, 9],
  [1, 100, 33, 40],
  [2, 3, 1025, 5],
  [40, 7, 1, 33],
  [1, 200, 2, 9000],
  [0, 4, 3, 2],
  [2, 1, 0, 3],
];

againstReference("gather copies and scatter joins in order, to the bit", (stream, reference) => {
  const findings = new Findings();
  for (const dtype of typesFor(stream, types)) {
    const random = randomOf(dtype.length * 3);
    for (const indexed of ["int32", "uint8"] as const) {
      for (const [outer, length, inner, count] of places) {
        // A device that splits launches takes one for each few indices.
        if (isVariant(stream) && count > 100) continue;
        const size = [outer, count, inner], within = (from: () => number) => Math.floor(from() * length);
        const long = operand(dtype, [outer, length, inner], "contiguous", random);
        for (const isLine of [true, false]) {
          const index = operand(indexed, isLine ? [count] : size, "contiguous", random, within);
          const layout = isLine ? "contiguous" : "transposed", short = operand(dtype, size, layout, random);
          const source = operand(dtype, [outer, length, inner], layout, random);
          const taken = [stream, reference].map((on) =>
            compute(on, [source, index], ([source, at]) => gather(source!, at!, 1, size))
          );
          const what = `${dtype} [${outer}, ${length}, ${inner}] by ${index.shape} ${indexed}`;
          findings.add(`gather ${what}`, difference(taken[0]!, taken[1]!));
          for (const row of scatterRowsFor(stream)) {
            const joined = [stream, reference].map((on) =>
              compute(on, [long, short, index], ([out, source, at]) => {
                scatter(row, out!, source!, at!, 1);
                return out!.share();
              })
            );
            findings.add(`scatter ${row} ${what}`, difference(joined[0]!, joined[1]!));
          }
        }
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
    const add = () => scatter("sum", target, added, index, 0);
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

/** Rows to sort, and how many of their elements are wanted: around the lengths at which devices sort in another way. */
const sorts: readonly (readonly [shape: Shape, taken: number])[] = [
  [[0], 0],
  [[3, 0], 0],
  [[0, 3], 3],
  [[4, 5], 0],
  [[1], 1],
  [[5, 1], 1],
  [[7, 2], 2],
  [[2, 3, 5], 5],
  [[3, 47], 47],
  [[3, 49], 30],
  [[2, 127], 16],
  [[2, 129], 3],
  [[2, 1000], 1000],
  [[3, 1023], 100],
  [[1, 1025], 1025],
  [[2, 2, 700], 1],
  [[1, 5000], 600],
  [[20_000], 20_000],
  [[40_000], 40_000],
  [[2, 40_000], 7],
];

/** Elements in the orders that are awkward to sort. */
const orders: Readonly<Record<string, (dtype: DType, at: number, length: number, random: () => number) => number>> = {
  "any": (dtype, _, __, random) => anyValue(dtype, random),
  "special": (dtype, _, __, random) => specials[dtype][Math.floor(random() * specials[dtype].length)]!,
  "equal": () => 1,
  "sorted": (_, at, length) => Math.floor(200 * at / length),
  "reversed": (_, at, length) => Math.floor(200 * (length - at) / length),
};

againstReference("sort gives the places of the reference, for all elements or the first", (stream, reference) => {
  const findings = new Findings();
  for (const dtype of typesFor(stream, types)) {
    const random = randomOf(dtype.length * 13);
    for (const [shape, taken] of sorts) {
      const isLong = sizeOf(shape) > 2000, length = shape.at(-1)!;
      if (isLong && (isBrief(stream) || stream.device.name.startsWith("cuda")) && dtype !== "float32") continue;
      for (const [order, valueOf] of Object.entries(orders)) {
        let at = 0;
        const layouts = isLong || order !== "any" ? ["contiguous"] as const : layoutsFor(stream);
        for (const layout of layouts) {
          const x = operand(dtype, shape, layout, random, (from) => valueOf(dtype, at++ % (length || 1), length, from));
          for (const descending of [false, true]) {
            if (isLong && descending !== (order === "any")) continue;
            const [found, expected] = [stream, reference].map((on) =>
              compute(on, [x], ([row]) => sortedPlaces(row!, descending, taken))
            );
            const what = `${taken} of ${dtype} [${shape}] ${layout} ${order}${descending ? " descending" : ""}`;
            findings.add(what, difference(found!, expected!));
          }
        }
      }
    }
  }
  findings.check();
});
