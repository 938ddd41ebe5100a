/**
 * Equal bits: for any number of threads, on every CPU level and wasm, and for groups and their instructions one by one. Only
 * matmul has two results, one with fused multiply-add and one without.
 */
import { Buffer } from "node:buffer";
import {
  bytesOf,
  computeType,
  type DType,
  isHalf,
  itemBytes,
  makeTypedArray,
  type TypedArray,
} from "../core/pure/dtype.ts";
import { scan } from "../core/array/scan.ts";
import { argFold, fold, matmul, random as randomArray, sortedPlaces } from "../core/array/skeletons.ts";
import { gather, scatter } from "../core/array/places.ts";
import { broadcastTo } from "../core/array/views.ts";
import { groupResult } from "../core/array/group.ts";
import { empty, map, mapInto, type NDArray } from "../core/array/ndarray.ts";
import { Stream } from "../core/array/stream.ts";
import { reducedShape, type Shape } from "../core/pure/shape.ts";
import { openCpu } from "../kernels/native/native.ts";
import type { Device } from "../kernels/device.ts";
import { argRows, dtypeCode, foldRows, mapRows, opcode, scanRows, table } from "../kernels/instruction.ts";
import { findLibrary } from "../kernels/native/library.ts";
import { openWasm } from "../kernels/wasm.ts";
import {
  bitsOf,
  compute,
  difference,
  epsilonOf,
  floats,
  type Layout,
  layoutNames,
  mapTo,
  type Operand,
  operand,
  operandsOf,
  randomOf,
  roundingOf,
  roundTo,
  specialOperands,
  typesOf,
} from "./arrays.ts";
import { absence, Findings, ungrouped } from "./kernels.ts";
import { testUnless } from "./permissions.ts";
import { assert, assertStrictEquals } from "./support.ts";

/** A computation for any device. */
type Case = readonly [what: string, run: (stream: Stream) => TypedArray];

const made = new Map<string, Operand>();

/** The operands, made once: large ones take longer to fill than to compute with. */
function large(dtype: DType, shape: Shape, layout: Layout, which = 0): Operand {
  const key = `${dtype} ${shape} ${layout} ${which}`;
  const known = made.get(key) ?? operand(dtype, shape, layout, randomOf(which + shape.length));
  made.set(key, known);
  return known;
}

/** Lengths shorter than a vector, longer than a chunk, and large enough for many threads. */
const mapShapes: readonly Shape[] = [[7], [1029], [70_001], [257, 2, 130]];

function* mapCases(): Generator<Case> {
  let turn = 0;
  for (const row of mapRows) {
    const count = operandsOf(table.map[row].is);
    for (const dtype of typesOf(table.map[row])) {
      const run = (operands: Operand[], shape: Shape) => (stream: Stream) =>
        compute(stream, operands, (arrays) => {
          const out = empty(stream, shape, "to" in table.map[row] ? "bool" : dtype);
          mapTo(out, row, arrays, [0.7, -1.3, 0.01], dtype);
          return out;
        });
      for (const shape of mapShapes) {
        turn++;
        const operands = Array.from(
          { length: count },
          (_, k) => large(dtype, shape, layoutNames[(turn + k) % layoutNames.length]!, k),
        );
        yield [`${row} of ${dtype} [${shape.join(", ")}]`, run(operands, shape)];
      }
      const special = specialOperands(dtype, count, randomOf(turn));
      if (count > 0) yield [`${row} of special ${dtype}`, run(special, special[0]!.shape)];
    }
  }
}

/** Folds along rows, along columns, over all axes, and over axes that do not merge. */
const foldShapes: readonly [Shape, readonly number[]][] = [
  [[5], [0]],
  [[1029], [0]],
  [[150_001], [0]],
  [[60, 2100], [1]],
  [[2100, 60], [0]],
  [[129, 1000], [0]],
  [[20, 70, 65], [0, 2]],
  [[70_000, 2], [1]],
  [[3, 300, 80], [0, 1]],
];

function* foldCases(): Generator<Case> {
  let turn = 0;
  for (const [shape, axes] of foldShapes) {
    const outShape = reducedShape(shape, axes, false);
    for (const row of foldRows) {
      const found = table.fold[row], count = operandsOf("of" in found ? found.of : "a");
      for (const dtype of typesOf(found)) {
        turn++;
        const operands = Array.from(
          { length: count },
          (_, k) => large(dtype, shape, layoutNames[(turn + k) % layoutNames.length]!, k),
        );
        const run = (stream: Stream) => compute(stream, operands, (arrays) => fold(row, arrays, axes, outShape));
        yield [`${row} of ${dtype} [${shape.join(", ")}] over ${axes}`, run];
      }
    }
    for (const row of argRows) {
      for (const dtype of typesOf(table.arg[row])) {
        const each = large(dtype, shape, layoutNames[turn++ % layoutNames.length]!);
        const run = (stream: Stream) => compute(stream, [each], ([a]) => argFold(row, a!, axes, outShape));
        yield [`${row} of ${dtype} [${shape.join(", ")}] over ${axes}`, run];
      }
    }
  }
}

/** Scans along rows and down columns, with blocks of each shared out among threads and without. */
const scanShapes: readonly [Shape, number][] = [
  [[5], 0],
  [[1, 70_001], 1],
  [[60, 1050], 1],
  [[1050, 60], 0],
  [[9000, 2], 0],
  [[4000, 5], 1],
];

function* scanCases(): Generator<Case> {
  let turn = 0;
  for (const [shape, axis] of scanShapes) {
    for (const row of scanRows) {
      for (const dtype of typesOf(table.scan[row])) {
        turn++;
        const operands = Array.from(
          { length: row === "recurrence" ? 2 : 1 },
          (_, k) => large(dtype, shape, layoutNames[(turn + k) % layoutNames.length]!, k),
        );
        const run = (stream: Stream) => compute(stream, operands, (arrays) => scan(row, arrays, axis, turn % 2 === 0));
        yield [`scan ${row} of ${dtype} [${shape.join(", ")}] along ${axis}`, run];
      }
    }
  }
}

function* otherCases(): Generator<Case> {
  for (const dtype of [...floats, "int32"] as const) {
    const random = (stream: Stream) =>
      compute(stream, [], () => randomArray(stream, [100_003], dtype, [3, 5], 2 ** 32 - 9));
    if (!isHalf(dtype)) yield [`random ${dtype}`, random];
    for (const [shape, taken] of [[[60, 700], 700], [[40_000], 40_000], [[2, 70_000], 9], [[40_000], 900]] as const) {
      const x = large(dtype, shape, "contiguous");
      const sorted = (stream: Stream) => compute(stream, [x], ([a]) => sortedPlaces(a!, false, taken));
      yield [`sort ${dtype} [${shape.join(", ")}], the first ${taken}`, sorted];
    }
    const sizes = [[1, 50, 900, 200], [300, 9, 40, 11], [2, 3000, 1, 40_000], [1, 3000, 2, 40_000]] as const;
    for (const [outer, length, inner, count] of sizes) {
      for (const shape of [[count], [outer, count, inner]]) {
        const index = operand("int32", shape, "contiguous", randomOf(count), (from) => Math.floor(from() * length));
        const long = large(dtype, [outer, length, inner], "contiguous");
        const short = large(dtype, [outer, count, inner], "contiguous", 1);
        const taken = (stream: Stream) =>
          compute(stream, [long, index], ([a, at]) => gather(a!, at!, 1, [outer, count, inner]));
        const added = (stream: Stream) =>
          compute(stream, [long, short, index], ([out, source, at]) => {
            scatter("sum", out!, source!, at!, 1);
            return out!.share();
          });
        yield [`gather ${dtype} [${outer}, ${length}, ${inner}] by [${shape}]`, taken];
        yield [`scatter ${dtype} [${outer}, ${length}, ${inner}] by [${shape}]`, added];
      }
    }
  }
}

/** Compositions as ops write them: rows and folds over one axis, whose intermediate arrays are given back at the end. */
const composed: Record<string, (x: NDArray, shape: Shape) => NDArray> = {
  "a softmax of rows": (x, [n, m]) => {
    const most = broadcastTo(fold("max", [x], [1], [n!, 1]), [n!, m!]);
    const sum = fold("sumExpSub", [x, most], [1], [n!, 1]);
    return map("div", [map("expSub", [x, most]), broadcastTo(sum, [n!, m!])]);
  },
  "a norm of columns": (x, [n, m]) => {
    const mean = broadcastTo(map("divScalar", [fold("sum", [x], [0], [1, m!])], { s: n! }), [n!, m!]);
    const variance = map("divScalar", [fold("sumSquaredDeviation", [x, mean], [0], [1, m!])], { s: n! });
    const scale = broadcastTo(map("inverseDeviation", [variance], { s: 1, t: 1e-5 }), [n!, m!]);
    return map("normalize", [x, mean, scale]);
  },
  "the gradients of a norm of rows": (x, [n, m]) => {
    const mean = broadcastTo(map("divScalar", [fold("sum", [x], [1], [n!, 1])], { s: m! }), [n!, m!]);
    const squares = fold("sumSquaredDeviation", [x, mean], [1], [n!, 1]);
    const scale = broadcastTo(map("inverseDeviation", [squares], { s: 1 / m!, t: 1e-5 }), [n!, m!]);
    const normal = map("normalize", [x, mean, scale]), g = map("tanh", [x]);
    const [sum, dot] = [fold("sum", [g], [1], [n!, 1]), fold("dot", [g, normal], [1], [n!, 1])];
    const operands = [g, broadcastTo(sum, [n!, m!]), normal, broadcastTo(dot, [n!, m!]), scale];
    const toX = map("normalizeGradient", operands, { s: 1 / m! });
    const [toWeight, toBias] = [fold("dot", [g, normal], [0], [1, m!]), fold("sum", [g], [0], [1, m!])];
    return map("mulAdd", [toX, broadcastTo(toWeight, [n!, m!]), broadcastTo(toBias, [n!, m!])]);
  },
  "sums of columns": (x, [n, m]) => {
    const [sum, squares] = [fold("sum", [x], [0], [1, m!]), fold("sumSquares", [x], [0], [1, m!])];
    return map("mulAdd", [x, broadcastTo(sum, [n!, m!]), broadcastTo(squares, [n!, m!])]);
  },
  "a chain of rows": (x) => {
    let y = map("tanh", [x]);
    for (let k = 0; k < 12; k++) y = map("addScaled", [map("mul", [y, x]), x], { s: 0.3 });
    return y;
  },
  "an update in place": (x) => {
    const y = map("square", [x]);
    mapInto(y, "addScaled", [y, x], -0.01);
    mapInto(y, "sqrt", [map("abs", [y])]);
    return y;
  },
};

function* groupCases(): Generator<Case> {
  for (const [name, body] of Object.entries(composed)) {
    for (const dtype of floats) {
      for (const shape of [[3, 5], [700, 300], [50, 3000], [5000, 40]]) {
        for (const layout of ["contiguous", "transposed"] as const) {
          const x = large(dtype, shape, layout);
          const run = (stream: Stream) => compute(stream, [x], ([a]) => groupResult(() => body(a!, shape)));
          yield [`${name} of ${dtype} [${shape.join(", ")}] ${layout}`, run];
        }
      }
    }
  }
}

/** Products: batch shape, rows, columns, length of the sums. */
const products: readonly [batch: Shape, m: number, n: number, k: number][] = [
  [[], 1, 1, 1],
  [[], 1, 300, 700],
  [[], 1, 2100, 280],
  [[], 2100, 1, 280],
  [[], 7, 1, 1025],
  [[], 17, 49, 33],
  [[], 64, 64, 64],
  [[], 130, 70, 1100],
  [[], 200, 333, 513],
  [[5], 33, 65, 40],
  [[2, 3], 9, 17, 5],
];

interface Product {
  what: string;
  run: (stream: Stream) => TypedArray;
  /** The half unit of a result's type times the sums of magnitudes, the measure of the rounding of one product. */
  bounds: (stream: Stream) => TypedArray;
}

function* productCases(list: readonly DType[] = [...floats, "int32"]): Generator<Product> {
  for (const dtype of list) {
    for (const [batch, m, n, k] of products) {
      for (const a of ["contiguous", "transposed"] as const) {
        for (const b of ["contiguous", "transposed"] as const) {
          const operands = [large(dtype, [...batch, m, k], a), large(dtype, [...batch, k, n], b, 1)];
          const sizes = operands.map((each): Operand => ({
            ...each,
            dtype: "float64",
            flat: Float64Array.from(each.flat, Math.abs),
          }));
          yield {
            what: `${dtype} [${batch}] ${m}x${n}x${k} ${a} ${b}`,
            run: (stream) => compute(stream, operands, ([x, y]) => matmul(x!, y!, batch)),
            bounds: (stream) =>
              compute(stream, sizes, ([x, y]) => matmul(x!, y!, batch)).map((sum) =>
                2 * (k + 1) * epsilonOf(dtype) * sum + roundingOf(dtype, sum)
              ),
          };
        }
      }
    }
  }
}

/** Opens all devices, runs each case on all of them, and compares the results with those of the first. */
function compare(doors: Record<string, () => Device>, cases: Iterable<Case>): void {
  const findings = new Findings(), names = Object.keys(doors), streams: Stream[] = [];
  try {
    for (const name of names) streams.push(new Stream(doors[name]!()));
    for (const [what, run] of cases) {
      const [first, ...others] = streams.map((stream) => bitsOf(run(stream)));
      others.forEach((bits, k) => {
        const difference = first!.findIndex((byte, at) => byte !== bits[at]);
        findings.add(
          `${what} on ${names[k + 1]} and ${names[0]}`,
          difference < 0 ? null : `byte ${difference} differs`,
        );
      });
    }
    for (const stream of streams) {
      stream.flush();
      assertStrictEquals(stream.device.memory().bytes, 0, "storages are left");
    }
  } finally {
    for (const stream of streams) stream.device.close();
  }
  findings.check();
}

function withThreads(count: number): Device {
  const device = openCpu();
  device.setThreads(count);
  return device;
}

const threads = {
  "1 thread": () => withThreads(1),
  "2 threads": () => withThreads(2),
  "3 threads": () => withThreads(3),
};

testUnless(absence("cpu"), "maps have the same bits for 1, 2 and 3 threads", () => compare(threads, mapCases()));
testUnless(
  absence("cpu"),
  "folds and arg rows have the same bits for 1, 2 and 3 threads",
  () => compare(threads, foldCases()),
);
testUnless(absence("cpu"), "scans, gather, scatter, sort and random have the same bits for 1, 2 and 3 threads", () => {
  compare(threads, otherCases());
  compare(threads, scanCases());
});
testUnless(absence("cpu"), "groups have the same bits for 1, 2 and 3 threads", () => compare(threads, groupCases()));
testUnless(absence("cpu"), "matmul has the same bits for 1, 2 and 3 threads, and from run to run", () => {
  const cases = [...productCases()].map(({ what, run }): Case => [what, run]);
  compare({ ...threads, "3 threads again": () => withThreads(3) }, cases);
});

testUnless(absence("cpu"), "a group has the bits of its instructions one by one [cpu]", () => {
  compare({ grouped: openCpu, "one by one": () => ungrouped(openCpu()) }, groupCases());
});
Deno.test("a group has the bits of its instructions one by one [wasm]", () => {
  compare({ grouped: openWasm, "one by one": () => ungrouped(openWasm()) }, groupCases());
});

/** Opens the native device on one CPU level. */
function openLevel(level: string): Device {
  const before = Deno.env.get("DENEB_LEVEL");
  Deno.env.set("DENEB_LEVEL", level);
  try {
    return openCpu();
  } finally {
    if (before === undefined) Deno.env.delete("DENEB_LEVEL");
    else Deno.env.set("DENEB_LEVEL", before);
  }
}

const granted = (["ffi", "env"] as const).every((name) => Deno.permissions.querySync({ name }).state === "granted");

/** Why a level cannot be tested here; null if it can. */
function lacking(level: string): string | null {
  if (!granted) return "add --allow-ffi --allow-env";
  try {
    openLevel(level).close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const equals = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** A test of levels, which is ignored with the reason if a level is absent. */
function onLevels(levels: readonly string[], name: string, body: () => void): void {
  testUnless(levels.map(lacking).find((reason) => reason !== null) ?? null, name, body);
}

/**
 * The bytes of a product `[m, k] [k, n]` at each run of the same words. A weight that nobody writes is soon read from
 * panels; in the middle it is written.
 */
function* productAgain(device: Device, dtype: DType, [m, n, k]: readonly number[], turned: boolean) {
  const counts = [m! * k!, k! * n!, m! * n!], [x, weight, out] = [1, 2, 3] as const;
  const run = (...words: number[]) => device.runWords!(Float64Array.from(words));
  for (const [i, count] of counts.entries()) run(opcode.alloc, 4, i + 1, count * itemBytes(dtype));
  const write = (handle: number, seed: number) => {
    const random = randomOf(seed), flat = makeTypedArray(dtype, counts[handle - 1]!);
    device.write(handle, 0, bytesOf(flat.map(() => roundTo(dtype, 9 * random() - 4)), dtype));
  };
  write(x, 1);
  const code = dtypeCode[dtype], fields = [dtypeCode[computeType(dtype)], 0, m!, n!, k!];
  const views = [out, code, 0, n!, 1, x, code, 0, k!, 1, weight, code, 0, ...(turned ? [1, k!] : [n!, 1])];
  const words = Float64Array.of(opcode.matmul, 2 + fields.length + views.length, ...fields, ...views);
  for (let k = 0; k < 12; k++) {
    if (k % 6 === 0) write(weight, 2 + k);
    device.runWords!(words);
    const target = new Uint8Array(counts[2]! * itemBytes(dtype));
    device.read(out, 0, target);
    yield target;
  }
  run(opcode.free, 5, x, weight, out);
}

const levels = findLibrary().library?.manifest.levels ?? ["x86_64_v4", "x86_64_v3", "x86_64_v2"];
/** The level whose products of bfloat16 add pairs; all its other kernels are those of another level. */
const levelOfPairs = "x86_64_v4+bf16";
for (const level of levels) {
  onLevels([level], `a product that comes again has the same bits, by panels too, on ${level}`, () => {
    const device = openLevel(level), findings = new Findings();
    for (const dtype of [...floats, "int32"] as const) {
      for (const shape of [[5, 1100, 30], [9, 70, 1100], [65, 1030, 20], [2, 17, 9], [1, 300, 40]]) {
        for (const turned of [false, true]) {
          const found = [...productAgain(device, dtype, shape, turned)];
          for (const [k, bytes] of found.entries()) {
            const same = equals(bytes, found[k - k % 6]!);
            findings.add(`${dtype} ${shape} ${turned ? "turned" : ""} at run ${k}`, same ? null : "other bits");
          }
          findings.add(`${dtype} ${shape} of another weight`, equals(found[0]!, found[6]!) ? "the same bits" : null);
        }
      }
    }
    device.close();
    findings.check();
  });
  if (level === levelOfPairs) continue;
  const doors = { wasm: openWasm, [level]: () => openLevel(level) };
  onLevels([level], `maps have the same bits on ${level} and on wasm`, () => compare(doors, mapCases()));
  onLevels([level], `folds and arg rows have the same bits on ${level} and on wasm`, () => compare(doors, foldCases()));
  onLevels([level], `scans, gather, scatter, sort and random have the same bits on ${level} and on wasm`, () => {
    compare(doors, otherCases());
    compare(doors, scanCases());
  });
  onLevels([level], `groups have the same bits on ${level} and on wasm`, () => compare(doors, groupCases()));
}

if (levels.includes("x86_64_v3")) {
  const [v2, v3, v4] = ["x86_64_v2", "x86_64_v3", "x86_64_v4"] as const;
  const exact = () => [...productCases()].map(({ what, run }): Case => [what, run]);
  onLevels([v3, v4], "matmul has the same bits on x86_64_v3 and x86_64_v4", () => {
    compare({ [v3]: () => openLevel(v3), [v4]: () => openLevel(v4) }, exact());
  });
  onLevels([v2], "matmul has the same bits on x86_64_v2 and on wasm", () => {
    compare({ wasm: openWasm, [v2]: () => openLevel(v2) }, exact());
  });
  onLevels([v4, levelOfPairs], "sums of pairs change products of bfloat16 by rounding at most, and no others", () => {
    const findings = new Findings(), streams = [v4, levelOfPairs].map((level) => new Stream(openLevel(level)));
    try {
      const [plain, pairs] = streams as [Stream, Stream];
      let changed = 0;
      for (const { what, run, bounds } of productCases(["bfloat16"])) {
        const bound = bounds(plain), found = run(pairs), expected = run(plain);
        findings.add(what, difference(found, expected, (at) => bound[at]!));
        if (difference(found, expected) !== null) changed++;
      }
      assert(changed > 0, "the instruction was not used");
      for (const { what, run } of productCases(["float32", "float16"])) {
        findings.add(what, difference(run(pairs), run(plain)));
      }
    } finally {
      for (const stream of streams) stream.device.close();
    }
    findings.check();
  });
  onLevels([v2, v3], "matmul with and without fused multiply-add differs by the rounding of its sums at most", () => {
    const findings = new Findings(), streams = [v2, v3].map((level) => new Stream(openLevel(level)));
    try {
      const [plain, fused] = streams as [Stream, Stream];
      for (const { what, run, bounds } of productCases()) {
        const bound = bounds(plain);
        findings.add(what, difference(run(fused), run(plain), (at) => bound[at]!));
      }
    } finally {
      for (const stream of streams) stream.device.close();
    }
    findings.check();
  });
}

/**
 * Counts multiply-adds on 512-bit registers: the prefix 62, then the fields of EVEX that say map 0F38, prefix 66 and a
 * length of 512 bits, then an opcode of vfmadd. Other code of this size matches less than once, by chance.
 */
function wideMultiplyAdds(code: Uint8Array): number {
  let count = 0;
  for (let at = 0; at + 4 < code.length; at++) {
    if (code[at] !== 0x62 || (code[at + 1]! & 0x0f) !== 0x02 || (code[at + 2]! & 0x07) !== 0x05) continue;
    if ((code[at + 3]! & 0x60) === 0x40 && [0x98, 0xa8, 0xb8].includes(code[at + 4]!)) count++;
  }
  return count;
}

/** Why the code in the file cannot be examined; null if it can. */
function unreadable(): string | null {
  if (Deno.build.arch !== "x86_64") return `there are none on ${Deno.build.arch}`;
  if (absence("cpu") !== null) return absence("cpu");
  return Deno.permissions.querySync({ name: "read" }).state === "granted" ? null : "add --allow-read";
}

testUnless(unreadable(), "the library has code for 512-bit registers", () => {
  const count = wideMultiplyAdds(Deno.readFileSync(findLibrary().library!.path));
  assert(count > 100, `it has ${count} multiply-adds on 512 bits`);
});
