/**
 * Real instructions for tests of the border: those that `core/array/` writes, recorded rather than run, and ways to break
 * them.
 */
import { type DType, isHalf } from "../core/pure/dtype.ts";
import { scan } from "../core/array/scan.ts";
import { argFold, convolve, fold, matmul, random, sortedPlaces } from "../core/array/skeletons.ts";
import { broadcastTo, permute } from "../core/array/views.ts";
import { checkLabels, gather, scatter } from "../core/array/places.ts";
import { groupResult, groupResults } from "../core/array/group.ts";
import { empty, map } from "../core/array/ndarray.ts";
import { Stream } from "../core/array/stream.ts";
import { reducedShape, type Shape } from "../core/pure/shape.ts";
import type { Device } from "../kernels/device.ts";
import {
  argRows,
  dtypeBytes,
  foldRows,
  limits,
  mapRows,
  mapUses,
  opcode,
  scanRows,
  scatterRows,
  table,
} from "../kernels/instruction.ts";
import { headOf, ofView, placeOf, readFlatCode, viewPlaces, wordsMost } from "../kernels/schema.ts";
import { compute, layoutNames, mapTo, type Operand, operand, operandsOf, put, type Random, typesOf } from "./arrays.ts";
import { partCases } from "./row_cases.ts";

/** A step of a program: words to run, or bytes to write into a storage. */
export type Step = { readonly words: Float64Array<ArrayBuffer> } | {
  readonly handle: number;
  readonly bytes: Uint8Array;
};

/** A device that records its calls, and does nothing else. */
class Recorder implements Device {
  readonly name = "recorder";
  readonly description = "";
  readonly words = new Float64Array(limits.words);
  steps: Step[] = [];

  run(length: number): void {
    this.steps.push({ words: this.words.slice(0, length) });
  }
  write(handle: number, _offset: number, source: Uint8Array): void {
    this.steps.push({ handle, bytes: source.slice() });
  }
  read(): void {}
  memory() {
    return { bytes: 0, reserved: 0 };
  }
  setThreads(): void {}
  close(): void {}
}

/** Shapes of operands, of which the last have work for several threads. */
const shapes: readonly Shape[] = [[], [1], [17], [0, 3], [3, 5], [2, 3, 4], [1, 1, 1, 2, 1, 1, 1, 3], [40, 1000], [
  40_000,
]];

/** Convolutions: n, groups, output and input channels of a group, the input's lengths and the kernel's. */
const convolutions = [
  [1, 1, 1, 1, 1, 1, 1, 1],
  [2, 3, 2, 2, 7, 9, 3, 2],
  [3, 1, 9, 5, 20, 33, 3, 3],
  [2, 4, 1, 1, 16, 18, 3, 3],
  [4, 1, 17, 3, 13, 14, 12, 13],
  [2, 2, 1, 3, 6, 70, 6, 70],
  [2, 1, 3, 0, 5, 5, 3, 3],
  [2, 1, 2, 2, 0, 5, 1, 3],
] as const;

/** Programs with every row and every skeleton. Each frees all that it allocates. */
export function recordPrograms(from: Random): Step[][] {
  const programs: Step[][] = [];
  const any = <T>(list: readonly T[]): T => list[Math.floor(from() * list.length)]!;
  const record = (body: (stream: Stream) => void) => {
    const recorder = new Recorder(), stream = new Stream(recorder);
    body(stream);
    stream.flush();
    programs.push(recorder.steps);
  };
  const operands = (count: number, dtype: () => DType, shape: Shape): Operand[] =>
    Array.from(
      { length: count },
      () => operand(dtype(), shape, shape.length === 0 ? "contiguous" : any(layoutNames), from),
    );

  for (const row of mapRows) {
    for (const shape of [any(shapes), any(shapes), any(shapes)]) {
      const types = typesOf(table.map[row]),
        dtype = any(types),
        inputs = operands(operandsOf(table.map[row].is), () => any(types), shape);
      record((stream) => {
        compute(stream, inputs, (arrays) => {
          const out = empty(stream, shape, any(types));
          mapTo(out, row, arrays, [from(), 2, -3], dtype);
          return out;
        });
      });
    }
  }
  for (const shape of shapes.filter(({ length }) => length > 0)) {
    const axes = any([[0], [shape.length - 1], shape.map((_, axis) => axis)]),
      outShape = reducedShape(shape, axes, false);
    for (const row of foldRows) {
      const found = table.fold[row], dtype = any(typesOf(found));
      const inputs = operands(operandsOf("of" in found ? found.of : "a"), () => dtype, shape);
      record((stream) => compute(stream, inputs, (arrays) => fold(row, arrays, axes, outShape)));
    }
    for (const row of argRows) {
      const inputs = operands(1, () => any(typesOf(table.arg[row])), shape);
      record((stream) => compute(stream, inputs, ([a]) => argFold(row, a!, axes, outShape)));
    }
  }
  for (const shape of shapes) {
    for (const row of scanRows) {
      const found = table.scan[row], dtype = any(typesOf(found)), end = from() < 0.5;
      const inputs = operands(row === "recurrence" ? 2 : 1, () => dtype, shape);
      const axis = Math.floor(from() * shape.length);
      record((stream) => compute(stream, inputs, (arrays) => scan(row, arrays, axis, end)));
    }
  }
  for (const row of mapRows) {
    const count = operandsOf(table.map[row].is),
      types = typesOf(table.map[row]),
      shape = any(shapes),
      dtype = any(types);
    if (count === 0) continue;
    const inputs = operands(count, () => dtype, shape);
    record((stream) => compute(stream, inputs, (arrays) => map(row, arrays, { s: from(), t: 2, u: -3 })));
  }
  for (const [m, n, k] of [[1, 1, 1], [3, 5, 7], [9, 50, 17], [70, 60, 80], [2, 2, 0]] as const) {
    for (const batch of [[], [3], [2, 2]]) {
      const dtype = any(["float32", "float64", "int32"] as const);
      const inputs = [
        operand(dtype, [...batch, m, k], any(layoutNames), from),
        operand(dtype, [...batch, k, n], any(layoutNames), from),
      ];
      record((stream) => compute(stream, inputs, ([a, b]) => matmul(a!, b!, batch)));
    }
  }
  // Right operands that products copy into panels, of all types that a product may have.
  for (const dtype of ["float32", "float64", "int32", "float16", "bfloat16"] as const) {
    const other = any(["float32", "float16", "bfloat16"] as const), halves = isHalf(dtype) ? other : dtype;
    const a = operand(halves, [any([1, 5, 70]), 40], "contiguous", from),
      b = operand(dtype, [40, 50], "transposed", from);
    record((stream) => compute(stream, [a, b], ([x, y]) => matmul(x!, y!, [])));
  }
  // Kernels that are smaller than what they move over, and larger ones, whose sums run along them.
  for (const [n, groups, o, c, height, width, kernelHeight, kernelWidth] of convolutions) {
    for (const [step, dilation, before] of [[1, 1, 1], [2, 1, 0], [1, 2, 2], [3, 2, 1]] as const) {
      const dtype = any(["float32", "float64", "int32"] as const);
      const countOf = (length: number, size: number) =>
        Math.max(0, Math.floor((length + 2 * before - dilation * (size - 1) - 1) / step) + 1);
      const shape = [n, groups, o, countOf(height, kernelHeight), countOf(width, kernelWidth)];
      const kernel = operand(dtype, [groups, o, c, kernelHeight, kernelWidth], any(layoutNames), from);
      const input = operand(dtype, [n, groups, c, height, width], any(layoutNames), from), isTurned = from() < 0.4;
      record((stream) =>
        compute(stream, [kernel, input], ([w, x]) => {
          const order = [4, 2, 0, 3, 1], placed = { step, dilation, before };
          return groupResult(() => {
            const out = isTurned
              ? permute(empty(stream, order.map((axis) => shape[axis]!), dtype), [2, 4, 1, 3, 0])
              : empty(stream, shape, dtype);
            convolve(out, w!, x!, [placed, placed]);
            return out;
          });
        })
      );
    }
  }
  for (const [outer, length, inner, count] of [[1, 3, 1, 5], [2, 4, 3, 2], [1, 50, 900, 60], [3, 1, 2, 0]] as const) {
    for (const shape of [[count], [outer, count, inner]]) {
      const dtype = any(typesOf(table.map.copy)), row = any(scatterRows);
      const indexed = any(["int32", "uint8"] as const), within = () => Math.floor(from() * length);
      const index = operand(indexed, shape, any(["contiguous", "transposed"] as const), from, within);
      const long = operand(dtype, [outer, length, inner], "contiguous", from);
      const short = operand(dtype, [outer, count, inner], any(["contiguous", "transposed"] as const), from);
      record((stream) =>
        compute(stream, [long, index], ([source, at]) => gather(source!, at!, 1, [outer, count, inner]))
      );
      record((stream) =>
        compute(stream, [long, short, index], ([out, source, at]) => {
          scatter(row, out!, source!, at!, 1);
          return out!.share();
        })
      );
    }
  }
  for (const shape of [[7], [3, 0], [2, 3, 5], [5, 60], [2, 1500], [40_000]] as const) {
    const x = operand(any(typesOf(table.map.copy)), shape, any(layoutNames), from), length = shape.at(-1)!;
    const taken = any([length, Math.min(length, 3)]), descending = from() < 0.5;
    record((stream) => compute(stream, [x], ([a]) => sortedPlaces(a!, descending, taken)));
  }
  for (const count of [0, 1, 500]) {
    const labels = operand(any(["int32", "uint8"]), [count], any(["contiguous", "offset"]), from, () => 3);
    record((stream) =>
      compute(stream, [labels], ([index]) => {
        checkLabels(index!, 4);
        return index!.share();
      })
    );
  }
  for (const length of [0, 1, 1000, 40_000]) {
    const dtype = any(["float32", "float64", "int32"] as const);
    record((stream) => random(stream, [length], dtype, [1, 2], 3).dispose());
  }
  for (const [n, m] of [[2, 3], [50, 200], [400, 500]] as const) {
    const x = operand("float32", [n, m], any(["contiguous", "transposed", "offset"] as const), from);
    record((stream) =>
      compute(stream, [x], ([a]) =>
        groupResult(() => {
          const most = broadcastTo(fold("max", [a!], [1], [n, 1]), [n, m]);
          const sum = fold("sumExpSub", [a!, most], [1], [n, 1]);
          return map("div", [map("expSub", [a!, most]), broadcastTo(sum, [n, m])]);
        }))
    );
  }
  // Strides as long as they may be, of views in which no step is taken along them.
  for (const stride of [2 ** 40, -(2 ** 40)]) {
    const wild = (shape: Shape): Operand => ({
      ...operand("float32", [4], "contiguous", from),
      shape,
      strides: shape.map(() => stride),
    });
    for (const [m, n, k] of [[2, 3, 0], [1, 1, 1], [1, 1, 0]] as const) {
      record((stream) => compute(stream, [wild([1, m, k]), wild([1, k, n])], ([a, b]) => matmul(a!, b!, [1])));
    }
    for (const shape of [[4, 0], [1, 1]]) {
      record((stream) => compute(stream, [wild(shape)], ([x]) => fold("sum", [x!], [1], [shape[0]!])));
      record((stream) => compute(stream, [wild(shape)], ([x]) => scan("sum", [x!], 1)));
      record((stream) => compute(stream, [wild(shape)], ([x]) => argFold("argmax", x!, [1], [shape[0]!])));
      record((stream) => compute(stream, [wild(shape)], ([x]) => sortedPlaces(x!, false, shape[1]!)));
      record((stream) => compute(stream, [wild(shape), wild(shape)], ([x, y]) => map("add", [x!, y!])));
    }
    record((stream) =>
      compute(stream, [wild([1, 1, 1]), { ...wild([1]), dtype: "int32", flat: new Int32Array(4) }], ([x, index]) => {
        scatter("sum", x!, x!, index!, 1);
        return gather(x!, index!, 1, [1, 1, 1]);
      })
    );
  }
  // Temporaries of groups that are written in parts and read more widely.
  for (const { operands, body } of partCases) {
    if (operands.some(({ flat }) => flat.length > 40_000)) continue;
    record((stream) => {
      const arrays = operands.map((each) => put(stream, each));
      for (const result of groupResults(() => body(arrays))) result.dispose();
      for (const array of arrays) array.dispose();
    });
  }
  return programs;
}

/** Numbers that are no sizes or handles, or just are. */
export const strange: readonly number[] = [
  ...[NaN, Infinity, -Infinity, -0, -1, -2, 0.5, -0.5, 1e300, -1e300, 5e-324],
  ...[
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 53),
    2 ** 41,
    -(2 ** 41),
    -(2 ** 40),
    2 ** 63,
    2 ** 64,
    2 ** 32,
    2 ** 32 - 1,
    2 ** 31,
  ],
  ...[2 ** 20, 2 ** 20 - 1, 2 ** 20 + 1, 4096, 4095, 257, 256, 65, 64, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/** A copy with a word or a few replaced. */
export function broken(words: Float64Array<ArrayBuffer>, from: Random): Float64Array<ArrayBuffer> {
  const copied = words.slice(), any = (list: ArrayLike<number>) => list[Math.floor(from() * list.length)]!;
  const times = from() < 0.8 ? 1 : from() < 0.8 ? 2 : 8;
  let sizeMost = 2 ** 21;
  for (let k = 0; k < times; k++) {
    const at = Math.floor(from() * copied.length), word = copied[at]!;
    const changes = [
      () => any(strange),
      () => any(strange),
      () => any(words),
      () => word + (from() < 0.5 ? 1 : -1),
      () => -word,
      () => Math.floor(from() * 12),
    ];
    let value = changes[Math.floor(from() * changes.length)]!();
    const handles = copied[at - placeOf.alloc.handle] === opcode.alloc ||
      copied[at - placeOf.free.handles] === opcode.free;
    // A large size of an operand that repeats one element is valid, and would take minutes. Larger ones are invalid.
    if (!handles && value > sizeMost && value < 2 ** 41) value = 2 ** 41;
    if (value > 2 ** 12) sizeMost = 2 ** 12;
    copied[at] = value;
  }
  return copied;
}

/** Calls `visit` with each instruction's opcode, and with the indices of its first word and of the word after its last. */
function forEachInstruction(words: Float64Array, visit: (code: number, at: number, end: number) => void): void {
  for (let at = 0; at + 2 <= words.length;) {
    const length = words[at + 1]!, end = at + Math.trunc(length);
    if (!(length >= 2) || end > words.length) return;
    visit(words[at]!, at, end);
    at = end;
  }
}

/** The indices of the handles among the words of a program that is not broken. */
function handlePlaces(words: Float64Array): number[] {
  const places: number[] = [];
  forEachInstruction(words, (code, at, end) => {
    if (code === opcode.alloc) places.push(at + placeOf.alloc.handle);
    else if (code === opcode.free) { for (let k = at + placeOf.free.handles; k < end; k++) places.push(k); }
    else if (code === opcode.flat) {
      places.push(at + placeOf.flat.handle);
      const { operands } = mapUses[readFlatCode(words[at + placeOf.flat.code]!).row]!;
      for (let k = 0; k < operands; k++) places.push(at + headOf.flat + 2 * k);
    } else places.push(...viewPlaces(words, at));
  });
  return places;
}

/** A copy whose handles are of that generation. */
export function ofGeneration(words: Float64Array<ArrayBuffer>, generation: number): Float64Array<ArrayBuffer> {
  const copied = words.slice();
  for (const place of handlePlaces(words)) copied[place]! += generation * limits.handles;
  return copied;
}

/** The words as they can run again and again: they free what they make, and nothing else. */
export function repeatable(words: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const made = new Set<number>(), found: number[] = [];
  forEachInstruction(words, (code, at, end) => {
    if (code === opcode.alloc) made.add(words[at + placeOf.alloc.handle]!);
    const { allocates } = readFlatCode(code === opcode.flat ? words[at + placeOf.flat.code]! : 0);
    if (allocates) made.add(words[at + placeOf.flat.handle]!);
    if (code !== opcode.free) return void found.push(...words.subarray(at, end));
    for (const handle of words.subarray(at + placeOf.free.handles, end)) {
      if (made.delete(handle)) found.push(opcode.free, wordsMost.free, handle);
    }
  });
  for (const handle of made) found.push(opcode.free, wordsMost.free, handle);
  return Float64Array.from(found);
}

/**
 * Gives a view another type, or puts one handle in the place of another: of an operand, a result or a storage. `whole` are
 * the words before any were changed.
 */
export function confuse(words: Float64Array, whole: Float64Array, from: Random): void {
  const any = <T>(list: readonly T[]): T => list[Math.floor(from() * list.length)]!, places = handlePlaces(whole);
  const views: number[] = [];
  forEachInstruction(whole, (code, at) => {
    if (code !== opcode.alloc && code !== opcode.free && code !== opcode.flat) views.push(...viewPlaces(whole, at));
  });
  if (views.length > 0 && from() < 0.5) words[any(views) + ofView.dtype] = Math.floor(from() * dtypeBytes.length);
  else if (places.length > 0) words[any(places)] = words[any(places)]!;
}

/** Words that free every handle that the given words may have allocated. */
export function freeing(words: Float64Array): Float64Array<ArrayBuffer> {
  const frees: number[] = [];
  forEachInstruction(words, (code, at) => {
    const handle = code === opcode.alloc ? placeOf.alloc.handle : code === opcode.flat ? placeOf.flat.handle : null;
    if (handle !== null) frees.push(opcode.free, wordsMost.free, words[at + handle]!);
  });
  return Float64Array.from(frees);
}
