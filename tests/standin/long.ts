/**
 * Instructions on more elements than a launch of CUDA counts, 2^31 - 1, and several indices that are out of range before
 * anything is read. `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver.
 *
 * `tests/devices/` tests the results of split instructions, on the device "cuda in parts", which splits from 100 elements on.
 * This file tests the host alone: the device is lost at the first launch, and computes nothing.
 */
import { fromTypedArray, type NDArray } from "../../core/array/ndarray.ts";
import { gather, scatter } from "../../core/array/places.ts";
import { matmul } from "../../core/array/skeletons.ts";
import { broadcastTo } from "../../core/array/views.ts";
import { Stream } from "../../core/array/stream.ts";
import { dtypeCode, foldRows, mapRows, opcode, scatterRows } from "../../kernels/instruction.ts";
import { openDevice } from "../../kernels/mod.ts";
import { openChosen } from "../devices/native.ts";
import { setDefaultDevice, Tensor, tensor } from "../../mod.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support.ts";
import { get, having } from "./controls.ts";

const { float32, int32 } = dtypeCode, many = 2 ** 31, none = [0, 0, 0];
const view = (handle: number, dtype: number, ...strides: number[]) => [handle, dtype, 0, ...strides];

/**
 * Instructions on storage 1 of 64 floats, 2 of 64 floats and 3 of 64 indices, which strides of 0 show as very many
 * elements.
 */
const long: Record<string, number[]> = {
  "a map whose last axis is the longest": [
    ...[opcode.map, 0, mapRows.indexOf("copy"), float32, 2, 1, ...none, 2, many],
    ...[...view(1, float32, 1, 0), ...view(2, float32, 0, 0)],
  ],
  "a map of one axis": [
    ...[opcode.map, 0, mapRows.indexOf("copy"), float32, 1, 1, ...none, 2 * many + 1],
    ...[...view(1, float32, 0), ...view(2, float32, 0)],
  ],
  "a sum of very many": [
    ...[opcode.fold, 0, foldRows.indexOf("sum"), float32, 1, 0, 1, ...none, 3 * many],
    ...[...view(1, float32), ...view(2, float32, 0)],
  ],
  "a sum of very many along several axes": [
    ...[opcode.fold, 0, foldRows.indexOf("sum"), float32, 4, 1, 1, ...none, 8, 2, many, 2],
    ...[...view(1, float32, 1), ...view(2, float32, 1, 8, 0, 16)],
  ],
  "very many sums": [
    ...[opcode.fold, 0, foldRows.indexOf("max"), float32, 3, 2, 1, ...none, 2, many, 4],
    ...[...view(1, float32, 1, 0), ...view(2, float32, 4, 0, 1)],
  ],
  "very many places of the largest": [
    ...[opcode.arg, 0, 0, float32, 3, 2, 2, many, 4],
    ...[...view(3, int32, 1, 0), ...view(2, float32, 4, 0, 1)],
  ],
  "a gather along very many indices": [
    ...[opcode.gather, 0, 2, many, 4, 2],
    ...[...view(1, float32, 2, 0, 1), ...view(2, float32, 8, 2, 1), ...view(3, int32, 0, 0, 0)],
  ],
  "a gather of very many outer slices": [
    ...[opcode.gather, 0, many, 2, 4, 2],
    ...[...view(1, float32, 0, 2, 1), ...view(2, float32, 0, 2, 1), ...view(3, int32, 0, 1, 0)],
  ],
  "a scatter along very many indices": [
    ...[opcode.scatter, 0, scatterRows.indexOf("sum"), 2, many, 4, 2],
    ...[...view(1, float32, 8, 2, 1), ...view(2, float32, 2, 0, 1), ...view(3, int32, 0, 0, 0)],
  ],
  "a check of very many labels": [opcode.check, 0, 1, many + 5, 4, 1, ...view(3, int32, 0, 0, 0)],
  "very many products of integers": [
    ...[opcode.matmul, 0, int32, 2, 1, 1, 1, 2, many],
    ...[3, 3, 3].flatMap((handle) => view(handle, int32, 1, 0, 1, 1)),
  ],
};

/** Runs an instruction on a device that is lost at its first launch. */
async function runLost(words: number[]): Promise<void> {
  await having({ launchesLeft: 0 }, () => {
    const device = openDevice("cuda");
    try {
      const allocations = [1, 2, 3].flatMap((handle) => [opcode.alloc, 4, handle, 256]);
      const list = [...allocations, ...words];
      list[allocations.length + 1] = words.length;
      device.words.set(list);
      device.run(list.length);
    } finally {
      device.close();
    }
  });
  assertEquals(get("contexts"), 0);
}

Deno.test("what is too long for a launch is split on the host", async () => {
  for (const [name, words] of Object.entries(long)) {
    await runLost(words).catch((error) => {
      throw new Error(`${name}: ${error.message}`, { cause: error });
    });
  }
});

Deno.test("a place among more elements than an int32 counts is refused", async () => {
  const words = [opcode.arg, 0, 0, float32, 1, 0, many, ...view(3, int32), ...view(2, float32, 0)];
  await runLost(words).then(() => assert(false, "it ran"), (error) => {
    assertMatch(error.message, /^Cannot arg(max|min): the place of one element among 2147483648 does not fit an int32/);
  });
});

Deno.test("more products than a launch counts are split among the axes of the batch", () => {
  const device = openChosen("cuda", { places: 20 }), stream = new Stream(device);
  const fill = (size: number, shape: number[]) =>
    fromTypedArray(stream, Int32Array.from({ length: size }, (_, k) => k % 7 - 3), shape, "int32");
  const a = fill(7 * 9 * 6, [7, 9, 2, 3]), b = fill(9 * 6, [9, 3, 2]), wide = broadcastTo(b, [7, 9, 3, 2]);
  const product = matmul(a, wide, [7, 9]), found = product.read(), of = [a.read(), b.read()];
  for (let item = 0; item < 63; item++) {
    for (let place = 0; place < 4; place++) {
      const i = place >> 1, j = place & 1;
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += of[0]![item * 6 + i * 3 + k]! * of[1]![item % 9 * 6 + k * 2 + j]!;
      assertEquals(found[item * 4 + place], sum, `${item} ${i} ${j}`);
    }
  }
  for (const one of [a, wide, b, product]) one.dispose();
  device.close();
});

/** Opens a device with a table of 4 rows of floats, and closes it. */
function withTable(body: (table: NDArray, indices: (...list: number[]) => NDArray) => void): void {
  const device = openDevice("cuda"), stream = new Stream(device), made: NDArray[] = [];
  const keep = (array: NDArray) => (made.push(array), array);
  try {
    const table = keep(fromTypedArray(stream, Float32Array.from({ length: 32 }, (_, k) => k), [4, 8], "float32"));
    body(table, (...list) => keep(fromTypedArray(stream, Int32Array.from(list), [list.length], "int32")));
  } finally {
    for (const array of made) array.dispose();
    device.close();
  }
  assertEquals(get("overruns"), 0, "something was written beside an allocation");
}

/** Indices that are out of range by a little and by much, below and above. */
const wild = [4, 75, 4_000_000, 2_000_000_000, -1, -2_000_000_000];

Deno.test("of several gathers that are out of range before a read none reads beside its source", () => {
  for (const index of wild) {
    withTable((table, indices) => {
      const results = [[0, 100], [0, index], [1, 2], [index, index]].map((list) =>
        gather(table, indices(...list), 0, [2, 8])
      );
      assertThrows(() => results[1]!.read(), RangeError, "Cannot gather: index 100 must lie in [0, 4)");
      // A gather in range has its result, and the next read reports no error.
      assertEquals(results[2]!.read(), Float32Array.from({ length: 16 }, (_, k) => 8 + k));
      for (const one of results) one.dispose();
    });
  }
});

Deno.test("of several scatters that are out of range before a read none writes", () => {
  // With few indices each takes a block; with many each element takes a thread.
  for (const count of [2, 9000]) {
    for (const index of wild) {
      withTable((table, indices) => {
        const source = fromTypedArray(table.storage.stream, new Float32Array(count * 8).fill(1), [count, 8], "float32");
        const list = new Array<number>(count).fill(2);
        for (const first of [index, 100, index]) {
          list[0] = first;
          scatter("sum", table, source, indices(...list), 0);
        }
        assertThrows(() => table.read(), RangeError, `Cannot scatter: index ${index} must lie in [0, 4)`);
        assertEquals(table.read(), Float32Array.from({ length: 32 }, (_, k) => k));
        list[0] = 2;
        scatter("sum", table, source, indices(...list), 0);
        assertEquals(table.read()[16], 16 + count);
        source.dispose();
      });
    }
  }
});

Deno.test("an embedding with bad batches between two reads harms nothing", async () => {
  await setDefaultDevice("cuda");
  const weight = new Tensor(Array.from({ length: 4 }, () => Array(8).fill(1)), { requiresGrad: true });
  for (const index of wild) {
    for (let step = 0; step < 2; step++) {
      weight.resetGrad();
      weight.take(tensor([0, index], { dtype: "int32" })).sum().backward();
    }
    assertThrows(() => weight.grad!.toTypedArray(), RangeError, `index ${index} must lie in [0, 4)`);
    assertEquals(get("overruns"), 0);
  }
  await setDefaultDevice("reference");
});
