/** Collating: batches have the structure of their samples, sequences are padded, and unlike samples are refused. */
import { data, memory, Tensor, tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support.ts";

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

/** A batch as plain values: tensors as their element type, shape and elements. */
function plain(batch: unknown): unknown {
  if (batch instanceof Tensor) return `${batch.dtype} [${batch.shape}]: ${batch.toTypedArray().join()}`;
  if (Array.isArray(batch)) return batch.map(plain);
  if (typeof batch !== "object" || batch === null) return batch;
  return Object.fromEntries(Object.entries(batch).map(([name, value]) => [name, plain(value)]));
}

/** Samples, and the batch that they make. */
const batches: [samples: unknown[], batch: unknown][] = [
  [[tensor([1, 2]), tensor([3, 4])], "float32 [2,2]: 1,2,3,4"],
  [[tensor(1, { dtype: "int32" }), tensor(2, { dtype: "int32" })], "int32 [2]: 1,2"],
  [[tensor([true]), tensor([false])], "bool [2,1]: 1,0"],
  [[tensor([1.5], { dtype: "bfloat16" })], "bfloat16 [1,1]: 1.5"],
  [[1, 2.5, 3], "float32 [3]: 1,2.5,3"],
  [[true, false], "bool [2]: 1,0"],
  [["a", "b"], ["a", "b"]],
  [[Int32Array.of(1, 2), Int32Array.of(3, 4)], "int32 [2,2]: 1,2,3,4"],
  [[new Uint8ClampedArray([1]), new Uint8ClampedArray([2])], "uint8 [2,1]: 1,2"],
  [[[1, "a"], [2, "b"]], ["float32 [2]: 1,2", ["a", "b"]]],
  [[[1, 2, 3], [4, 5, 6]], ["float32 [2]: 1,4", "float32 [2]: 2,5", "float32 [2]: 3,6"]],
  [[{ x: [tensor([1]), { y: 2 }], z: "c" }, { z: "d", x: [tensor([3]), { y: 4 }] }], {
    x: ["float32 [2,1]: 1,3", { y: "float32 [2]: 2,4" }],
    z: ["c", "d"],
  }],
  [[[], []], []],
  [[{}, {}], {}],
  [[tensor([1, 2]), Float32Array.of(3, 4)], "float32 [2,2]: 1,2,3,4"],
];

testWith([], "defaultCollate() and loaders give a batch the structure of its samples", async () => {
  for (const [samples, batch] of batches) {
    assertEquals(plain(data.defaultCollate(samples)), batch);
    for await (const found of new data.DataLoader<unknown>(samples, { batchSize: 9, prefetch: 1 })) {
      assertEquals(plain(found), batch);
    }
  }
});

const itself: unknown[] = [1];
itself.push(itself);
const unlike: [samples: unknown[], kind: typeof TypeError | typeof RangeError, text: string][] = [
  [[], RangeError, "Cannot collate: there are no samples"],
  [[null], TypeError, "Cannot collate: null, it must be a tensor, array, number, boolean or text, or a list or object"],
  [[[1, undefined]], TypeError, "Cannot collate [1]: undefined, it must be"],
  [[{ when: new Date(0) }], TypeError, "Cannot collate .when: a Date, it must be"],
  [[1n], TypeError, "Cannot collate: 1n, it must be"],
  [[1, "a"], TypeError, 'Cannot collate: "a" and 1 must be alike'],
  [[true, 1], TypeError, "Cannot collate: 1 and true must be alike"],
  [[{ x: [1, 2] }, { x: [1] }], TypeError, "Cannot collate .x: a list of 1 and a list of 2 must be alike"],
  [[{ x: 1 }, { y: 1 }], TypeError, "Cannot collate: an object of y and an object of x must be alike"],
  [[tensor([1]), 1], TypeError, "Cannot collate: 1, it must be a tensor or a typed array, as in the first sample"],
  [[tensor([1]), tensor([1, 2])], TypeError, "Cannot stack samples: float32 [2] and float32 [1] must be the same"],
  [[[tensor([1])], [tensor([1], { dtype: "int32" })]], TypeError, "Cannot stack inputs: int32 [1] and float32 [1]"],
  [[{ m: tensor(1) }, { m: tensor([1]) }], TypeError, "Cannot stack .m: float32 [1] and float32 [] must be the same"],
  [[itself], TypeError, "a sample has a list that holds itself"],
];

testWith([], "samples that are not alike are refused, with the place", () => {
  for (const [samples, kind, text] of unlike) assertThrows(() => data.defaultCollate(samples), kind, text);
  assertThrows(() => data.defaultCollate(given("abc")), TypeError, "it must be a list of samples");
});

testWith([], "padCollate() pads sequences to the longest and gives their lengths", () => {
  const a = tensor([1, 2, 3]), b = tensor([4]), rows = [tensor([[1, 2]]), tensor([[3, 4], [5, 6]])];
  const cases: [samples: unknown[], options: data.PadOptions, batch: unknown][] = [
    [[a, b], {}, ["float32 [2,3]: 1,2,3,4,0,0", "int32 [2]: 3,1"]],
    [[a, b], { value: -1, side: "left" }, ["float32 [2,3]: 1,2,3,-1,-1,4", "int32 [2]: 3,1"]],
    [rows, { value: 9 }, ["float32 [2,2,2]: 1,2,9,9,3,4,5,6", "int32 [2]: 1,2"]],
    [[[a, 0], [b, 1]], {}, ["float32 [2,3]: 1,2,3,4,0,0", "float32 [2]: 0,1", "int32 [2]: 3,1"]],
    [
      [[Int32Array.of(1), Int32Array.of(7, 8)], [Int32Array.of(2, 3), Int32Array.of(9)]],
      { value: [0, -100] },
      ["int32 [2,2]: 1,0,2,3", "int32 [2,2]: 7,8,9,-100", "int32 [2]: 1,2"],
    ],
    [
      [{ x: a, name: "a" }, { x: b, name: "b" }],
      { value: 5 },
      { x: "float32 [2,3]: 1,2,3,4,5,5", name: ["a", "b"], lengths: "int32 [2]: 3,1" },
    ],
    [[tensor(new Float32Array(0)), b], {}, ["float32 [2,1]: 0,4", "int32 [2]: 0,1"]],
    [[tensor(new Float32Array(0))], {}, ["float32 [1,0]: ", "int32 [1]: 0"]],
    [[tensor([true]), tensor([true, true])], {}, ["bool [2,2]: 1,0,1,1", "int32 [2]: 1,2"]],
  ];
  for (const [samples, options, batch] of cases) assertEquals(plain(data.padCollate<unknown>(options)(samples)), batch);
  const pad = data.padCollate<unknown>();
  assertThrows(() => pad([1, 2]), TypeError, "the samples hold no sequence [length, ...] to pad");
  assertThrows(() => pad([]), RangeError, "there are no samples");
  assertThrows(() => pad(rows.concat(a)), TypeError, "Cannot pad: float32 [3] must be float32 [length, 2]");
  assertThrows(() => pad([[a], [Int32Array.of(1)]]), TypeError, "Cannot pad [0]: int32 [1] must be float32 [length]");
  for (const options of [{ value: NaN }, { value: [0, Infinity] }, { side: "middle" }, { side: null }]) {
    assertThrows(() => data.padCollate(given(options)), RangeError, "Cannot make padCollate");
  }
});

testWith([], "a collate function of one's own makes batches, whose tensors are freed as all are", async () => {
  const texts = ["a", "bcd", "ef", "ghij"], before = memory().tensors;
  const collate = async (samples: string[]) => {
    await Promise.resolve();
    const lengths = tensor(samples.map((text) => text.length));
    return { lengths: lengths.mul(1), samples, note: null };
  };
  const loader = new data.DataLoader(texts, { batchSize: 3, collate, prefetch: 2 });
  const seen: unknown[] = [];
  let last: Tensor | null = null;
  for await (const { lengths, samples, note } of loader) {
    seen.push([lengths.toArray(), samples, note]);
    last = lengths;
  }
  assertEquals(seen, [[[1, 3, 2], ["a", "bcd", "ef"], null], [[4], ["ghij"], null]]);
  assertThrows(() => last!.toArray(), Error, "freed");
  for await (const _ of loader) break;
  const failing = new data.DataLoader(texts, {
    collate: () => {
      throw new Error("no batch");
    },
  });
  await assertRejects(
    async () => {
      for await (const _ of failing);
    },
    Error,
    "no batch",
  );
  assertThrows(() => new data.DataLoader(texts, { collate: given(3) }), TypeError, "3, it must be a function");
  assert(memory().tensors <= before);
});

testWith([], "a transform changes the first part of a batch, or the batch", async () => {
  const transform = (x: Tensor) => x.mul(2);
  for await (const x of new data.DataLoader<number>([1, 2], { batchSize: 2, transform })) {
    assertEquals(x.toArray(), [2, 4]);
  }
  for await (const batch of new data.DataLoader<number[]>([[1, 2, 3]], { transform })) {
    assertEquals(batch.map((part) => part.item()), [2, 2, 3]);
  }
});

testWith(
  ["read"],
  "a dataset's own batches and augmentations go with a collate function where they make pairs",
  async () => {
    const set = new data.ArrayDataset(tensor([[[[1, 2, 3]]], [[[4, 5, 6]]]]), tensor([0, 1]));
    const collate = (samples: [x: Tensor, y: Tensor][]): [x: Tensor, y: Tensor] => {
      const [x, y] = data.defaultCollate(samples);
      return [x.add(1), y];
    };
    for (const workers of [0, 2]) {
      const options = { batchSize: 2, collate, augment: [data.randomFlip(1)], workers };
      for await (const [x, y] of new data.DataLoader(set, options)) {
        assertEquals([x.toArray<number[][][][]>().flat(3), y.toArray()], [[4, 3, 2, 7, 6, 5], [0, 1]]);
      }
    }
  },
);
