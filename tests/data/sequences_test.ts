/** Windows, joined documents and packed sequences: every token where it belongs, and what is refused. */
import { data, tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertThrows } from "../support.ts";

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const upTo = (count: number) => Array.from({ length: count }, (_, k) => k);

/** The pairs of an epoch as lists. */
async function pairsOf(set: data.Dataset | data.Source<data.Tokens[]>, options = {}): Promise<unknown[]> {
  const pairs: unknown[] = [];
  for await (const [x, y] of new data.DataLoader(given(set), { batchSize: 2, ...options }) as data.PairLoader) {
    assertEquals([x.dtype, y.dtype], ["int32", "int32"]);
    const xs = x.toArray<number[][]>(), ys = y.toArray<number[][]>();
    pairs.push(...xs.map((row, k) => [row, ys[k]]));
  }
  return pairs;
}

testWith([], "nextTokenWindows() gives each window and the tokens that follow", async () => {
  for (const count of [5, 6, 7, 8, 30]) {
    for (const [length, stride] of [[4, 4], [4, 1], [3, 2], [2, 5], [1, 1]] as const) {
      const text = upTo(count).map((k) => (7 * k) % 11), set = data.nextTokenWindows(text, { length, stride });
      const wanted: unknown[] = [];
      for (let start = 0; start + length < count; start += stride) {
        wanted.push([text.slice(start, start + length), text.slice(start + 1, start + length + 1)]);
      }
      assertEquals(await pairsOf(set), wanted);
      assertEquals(set.length, wanted.length);
    }
  }
  const set = data.nextTokenWindows(Int32Array.of(1, 2, 3), { length: 2 });
  assertThrows(() => set.get(1), RangeError, "1 must be an integer in [0, 1)");
});

const documents = [[1, 2, 3], [], [4], [5, 6, 7, 8, 9, 10], [11, 12]];
testWith([], "joinDocuments() loses no token, and goes on from any block", async () => {
  for (const separator of [undefined, 0]) {
    const all = documents.flatMap((document) => separator === undefined ? document : [...document, separator]);
    for (const length of [1, 2, 3, 5, 11, 20]) {
      const wanted: unknown[] = [];
      for (let start = 0; start + length < all.length; start += length) {
        wanted.push([all.slice(start, start + length), all.slice(start + 1, start + length + 1)]);
      }
      const options = { length, ...(separator !== undefined && { separator }) };
      const sources: (data.Dataset<data.Tokens> | data.Source<data.Tokens>)[] = [
        documents,
        new Set(documents.map((document) => Int32Array.from(document))),
        () => documents,
        { length: documents.length, get: (index) => Promise.resolve(documents[index]!) },
      ];
      for (const source of sources) {
        const blocks = data.joinDocuments(source, options);
        assertEquals(await pairsOf(blocks), wanted);
        assertEquals(await pairsOf(data.skip(blocks, 1)), wanted.slice(1));
      }
    }
  }
});

testWith([], "packSequences() keeps every sequence whole, in few blocks", async () => {
  const sequences = upTo(200).map((k) => upTo(1 + (k * 29) % 31).map((j) => 1000 * (k + 1) + j));
  const set = data.packSequences(sequences, { length: 32, padding: 7 }), found: number[][] = [];
  for (let index = 0; index < set.length; index++) {
    const { tokens, segments, positions } = await set.get(index);
    assertEquals([tokens.length, segments.length, positions.length], [32, 32, 32]);
    let last = 0;
    for (let k = 0; k < 32; k++) {
      if (segments[k] === 0) {
        assertEquals([tokens[k], positions[k]], [7, 0]);
      } else if (segments[k] === last) {
        found.at(-1)!.push(tokens[k]!);
        assertEquals(positions[k], found.at(-1)!.length - 1);
      } else {
        assertEquals([segments[k], positions[k]], [last + 1, 0]);
        found.push([tokens[k]!]);
      }
      last = segments[k]!;
    }
  }
  assertEquals(found.toSorted((a, b) => a[0]! - b[0]!), sequences);
  // Best fit decreasing takes at most 11/9 of the least number of blocks, and one more.
  const total = sequences.reduce((sum, { length }) => sum + length, 0);
  assert(set.length <= Math.ceil(total / 32) * 11 / 9 + 1, `${set.length} blocks`);
  assertEquals(data.packSequences([], { length: 3 }).length, 0);
  assertThrows(() => set.get(set.length), RangeError, "must be an integer in");
});

testWith([], "segmentMask() parts the sequences of a block", () => {
  const segments = tensor([[1, 1, 2, 0], [1, 2, 3, 3]], { dtype: "int32" });
  const rows = (causal: boolean) =>
    data.segmentMask(segments, { causal }).cast("int32").toArray<number[][][]>().map((block) =>
      block.map((row) => row.join(""))
    );
  assertEquals(rows(false), [["1100", "1100", "0010", "0001"], ["1000", "0100", "0011", "0011"]]);
  assertEquals(rows(true), [["1000", "1100", "0010", "0001"], ["1000", "0100", "0010", "0011"]]);
  assertEquals(data.segmentMask(tensor([1, 1], { dtype: "int32" })).shape, [2, 2]);
});

const refused: [make: () => unknown, kind: ErrorConstructor, text: string][] = [
  [() => data.nextTokenWindows([1, 2], { length: 2 }), RangeError, "2 tokens must be at least length + 1 = 3"],
  [() => data.nextTokenWindows([], { length: 1 }), RangeError, "0 tokens must be at least length + 1 = 2"],
  [() => data.nextTokenWindows([1, 2], { length: 0 }), RangeError, "length 0 must be an integer of at least 1"],
  [() => data.nextTokenWindows([1, 2], { length: 1, stride: 0 }), RangeError, "stride 0"],
  [() => data.nextTokenWindows([1, -2], { length: 1 }), RangeError, "token -2 must be an integer of at least 0"],
  [
    () => data.nextTokenWindows([1, 2 ** 31], { length: 1 }),
    RangeError,
    "token 2147483648 must be an integer of at most",
  ],
  [() => data.nextTokenWindows(given("text"), { length: 1 }), TypeError, '"text", it must be a list of tokens'],
  [() => data.joinDocuments(given(3), { length: 1 }), TypeError, "Cannot join documents: 3, it must be a dataset"],
  [() => data.joinDocuments([[1]], given({})), RangeError, "length undefined"],
  [() => data.joinDocuments([[1]], { length: 1, separator: -1 }), RangeError, "separator -1"],
  [() => data.packSequences([[1], []], { length: 1 }), RangeError, "sequence 1 of 0 tokens must have 1 to 1"],
  [() => data.packSequences([[1, 2]], { length: 1 }), RangeError, "sequence 0 of 2 tokens must have 1 to 1"],
  [() => data.packSequences(given("ab"), { length: 1 }), TypeError, '"ab", it must be a list of sequences'],
  [() => data.packSequences([given(3)], { length: 1 }), TypeError, "3, it must be a list of tokens"],
  [() => data.segmentMask(tensor([1, 2])), TypeError, "float32 [2] must be int32 [batch, length] or [length]"],
  [() => data.segmentMask(tensor(1, { dtype: "int32" })), TypeError, "int32 [] must be"],
  [() => data.segmentMask(given([1])), TypeError, "a list, it must be a tensor"],
];
testWith([], "sequences refuse what they cannot be made of", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});
