/** Splits, folds, and datasets that are made of others: what is in them, by seed, and what they refuse. */
import { data, memory, type Tensor, tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, k) => k);
const samplesOf = async <S>(set: data.Dataset<S>) => await Promise.all(upTo(set.length).map((k) => set.get(k)));
const sorted = (list: readonly number[]) => list.toSorted((a, b) => a - b);

testWith([], "randomSplit() deals samples out by length or share, as PyTorch counts them", async () => {
  // Lengths of torch.utils.data.random_split(range(n), shares).
  const cases: [samples: number, parts: number[], lengths: number[]][] = [
    [10, [7, 2, 1], [7, 2, 1]],
    [10, [0.5, 0.5], [5, 5]],
    [11, [0.5, 0.5], [6, 5]],
    [17, [0.34, 0.33, 0.33], [6, 6, 5]],
    [5, [0.9, 0.05, 0.05], [5, 0, 0]],
    [100, [0.29, 0.71], [29, 71]],
    [1, [1], [1]],
    [4, [0, 4, 0], [0, 4, 0]],
    [0, [0.5, 0.5], [0, 0]],
    [10, [0.1, 0.2, 0.7], [1, 2, 7]],
  ];
  for (const [count, parts, lengths] of cases) {
    const split = data.randomSplit(upTo(count), parts, { seed: 1 }), samples = await Promise.all(split.map(samplesOf));
    assertEquals(split.map(({ length }) => length), lengths, String(parts));
    assertEquals(sorted(samples.flat()), upTo(count));
    assertEquals(await Promise.all(data.randomSplit(upTo(count), parts, { seed: 1 }).map(samplesOf)), samples);
  }
  const [first, second] = data.randomSplit(upTo(8), [5, 3], { seed: 3 });
  assertEquals([await samplesOf(first!), await samplesOf(second!)], [[0, 5, 4, 3, 1], [7, 2, 6]]);
});

testWith([], "kFold() gives folds that are disjoint and cover the dataset", async () => {
  const classes = upTo(23).map((k) => k % 4 === 0 ? "a" : k % 4 === 1 ? "b" : "c");
  for (const k of [2, 3, 5, 23]) {
    for (
      const options of [{}, { shuffle: true, seed: 2 }, { stratify: classes }, { stratify: classes, shuffle: true }]
    ) {
      const folds = data.kFold(upTo(23), k, options), tests = [];
      for (const { train, test } of folds) {
        const [own, others] = [await samplesOf(test), await samplesOf(train)];
        assertEquals([own, others], [sorted(own), sorted(others)]);
        assertEquals(sorted([...own, ...others]), upTo(23));
        tests.push(own);
      }
      assertEquals(sorted(tests.flat()), upTo(23));
      const evenly = (counts: number[]) => assert(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
      evenly(tests.map((own) => own.length));
      if (options.stratify === undefined) continue;
      for (const name of ["a", "b", "c"]) evenly(tests.map((own) => own.filter((one) => classes[one] === name).length));
    }
  }
  const tests = async (options: data.FoldOptions) =>
    await Promise.all(data.kFold(upTo(8), 3, options).map(({ test }) => samplesOf(test)));
  assertEquals(await tests({}), [[0, 1, 2], [3, 4, 5], [6, 7]]);
  assertEquals(await tests({ shuffle: true, seed: 5 }), [[1, 6, 7], [0, 2, 3], [4, 5]]);
  assertEquals(await tests({ stratify: [0, 0, 0, 0, 0, 0, 1, 1] }), [[0, 3, 6], [1, 4, 7], [2, 5]]);
  assertEquals(await tests({ stratify: [0, 0, 0, 0, 0, 0, 1, 1], shuffle: true, seed: 5 }), [[2, 5, 7], [1, 3, 6], [
    0,
    4,
  ]]);
});

/** Pairs of an ArrayDataset, whose x is [k, 10 k]. */
const arrays = (first: number, count: number) =>
  new data.ArrayDataset(
    tensor(upTo(count).flatMap((k) => [first + k, 10 * (first + k)]), { shape: [count, 2] }),
    tensor(upTo(count).map((k) => first + k), { dtype: "int32" }),
  );

testWith([], "concat() has all samples, one by one and in batches", async () => {
  const single = (set: data.Dataset): data.Dataset => ({ length: set.length, get: (index) => set.get(index) });
  for (const change of [(set: data.Dataset) => set, single]) {
    const set = data.concat(change(arrays(0, 3)), change(arrays(3, 0)), change(arrays(3, 4)));
    assertEquals([set.length, set.batch === undefined], [7, change === single]);
    const loader = new data.DataLoader(set, { batchSize: 3, shuffle: true });
    const seen: number[] = [];
    for await (const [x, y] of loader) {
      assertEquals([x.dtype, y.dtype], ["float32", "int32"]);
      assertEquals(x.toArray(), y.toArray<number[]>().map((k) => [k, 10 * k]));
      seen.push(...y.toArray<number[]>());
    }
    assertEquals(sorted(seen), upTo(7));
    assertThrows(() => set.get(7), RangeError, "7 must be an integer in [0, 7)");
  }
  const other = new data.ArrayDataset(tensor([[1]]), tensor([1], { dtype: "int32" }));
  const wrong = new data.DataLoader(data.concat<[x: Tensor, y: Tensor]>(arrays(0, 2), other), { batchSize: 3 });
  await assertRejects(
    async () => {
      for await (const _ of wrong);
    },
    TypeError,
    "Cannot concatenate samples: float32 [1] and float32 [2] must be the same",
  );
});

testWith([], "map(), zip(), take(), skip() and shard() of datasets", async () => {
  const squares = data.map(upTo(6), (k, index) => k * index);
  assertEquals(await samplesOf(squares), [0, 1, 4, 9, 16, 25]);
  assertEquals((await samplesOf(data.zip(squares, ["a", "b", "c", "d", "e", "f"])))[4], [16, "e"]);
  assertEquals([await samplesOf(data.take(squares, 2)), await samplesOf(data.take(squares, 99))], [
    [0, 1],
    [0, 1, 4, 9, 16, 25],
  ]);
  assertEquals([await samplesOf(data.skip(squares, 4)), await samplesOf(data.skip(squares, 99))], [[16, 25], []]);
  const shards = [0, 1, 2, 3].map((shard) => data.shard(upTo(10), { shards: 4, shard }));
  assertEquals(await Promise.all(shards.map(samplesOf)), [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]);
  const growing = [1, 2], later = data.map(growing, (k) => 2 * k);
  growing.push(3);
  assertEquals([later.length, await later.get(2)], [3, 6]);
});

testWith([], "TensorDataset gives rows of any number of tensors", async () => {
  const set = new data.TensorDataset(
    tensor([[1, 2], [3, 4], [5, 6]]),
    tensor([1, 2, 3], { dtype: "int32" }),
    tensor([true, false, true]),
    tensor([1, 2, 3], { dtype: "bfloat16" }),
  );
  assertEquals(Deno.inspect(set), "TensorDataset(3 samples, float32 [2], int32 [], bool [], bfloat16 [])");
  assertEquals(set.get(1).map((part) => part.toArray()), [[3, 4], 2, false, 2]);
  for await (const [a, b, c, d] of new data.DataLoader(set, { batchSize: 2 })) {
    assertEquals([a!.dtype, b!.dtype, c!.dtype, d!.dtype], ["float32", "int32", "bool", "bfloat16"]);
    assertEquals([a!.shape.slice(1), b!.shape.length], [[2], 1]);
  }
  assertThrows(() => set.get(3), RangeError, "3 must be an integer in [0, 3)");
  assertThrows(() => new data.TensorDataset(), RangeError, "there is no tensor");
  assertThrows(() => new data.TensorDataset(tensor(1)), TypeError, "do not fill [samples, ...]");
  assertThrows(() => new data.TensorDataset(tensor([1]), tensor([1, 2])), TypeError, "tensors of 1, 2 samples");
});

testWith([], "cache() asks for each sample once, up to its limit, and leaves no tensors", async () => {
  const reads: number[] = [];
  const slow: data.Dataset<{ x: Tensor; name: string }> = {
    length: 4,
    get: async (index) => {
      await Promise.resolve();
      reads.push(index);
      return { x: tensor([index, index + 0.5]), name: `sample ${index}` };
    },
  };
  const before = memory().tensors;
  for (const [bytesMax, again] of [[2 ** 20, 0], [350, 2], [0, 4]] as const) {
    reads.length = 0;
    const set = data.cache(slow, { bytesMax }), loader = new data.DataLoader(set, { batchSize: 3 });
    for (let epoch = 0; epoch < 3; epoch++) {
      const seen: unknown[] = [];
      for await (const { x, name } of loader) seen.push(x.toArray(), name);
      assertEquals(seen, [[[0, 0.5], [1, 1.5], [2, 2.5]], ["sample 0", "sample 1", "sample 2"], [[3, 3.5]], [
        "sample 3",
      ]]);
    }
    assertEquals(reads.length, 4 + 2 * again, `${bytesMax}`);
  }
  assert(memory().tensors <= before);
  const failing = data.cache({ length: 1, get: () => Promise.reject(new Error("lost")) });
  for (let k = 0; k < 2; k++) await assertRejects(async () => await failing.get(0), Error, "lost");
});

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  [() => data.randomSplit(upTo(5), [2, 2]), RangeError, "parts [2, 2] must be lengths that add up to 5, or shares"],
  [() => data.randomSplit(upTo(5), [0.5, 0.6]), RangeError, "parts [0.5, 0.6] must be lengths"],
  [() => data.randomSplit(upTo(5), [2.5, 2.5]), RangeError, "parts [2.5, 2.5] must be lengths"],
  [() => data.randomSplit(upTo(5), [6, -1]), RangeError, "part -1 must be a length or a share of at least 0"],
  [() => data.randomSplit(upTo(5), [NaN]), RangeError, "part NaN must be"],
  [() => data.randomSplit(upTo(5), []), RangeError, "parts [] must be lengths that add up to 5"],
  [() => data.randomSplit(upTo(5), given("5")), TypeError, '"5", it must be a list of lengths or shares'],
  [() => data.randomSplit(given(5), [1]), TypeError, "Cannot split dataset: 5, it must be a dataset"],
  [() => data.randomSplit(upTo(5), [5], { seed: -1 }), RangeError, "seed -1"],
  [() => data.kFold(upTo(5), 1), RangeError, "Cannot make folds: k 1 must be an integer of at least 2"],
  [() => data.kFold(upTo(5), 6), RangeError, "k 6 must be an integer of at most 5"],
  [() => data.kFold([], 2), RangeError, "k 2 must be an integer of at most 0"],
  [() => data.kFold(upTo(5), 2, { stratify: [1] }), RangeError, "1 classes for 5 samples, they must be as many"],
  [() => data.kFold(upTo(5), 2, { stratify: given("abcde") }), TypeError, '"abcde", it must be a list'],
  [() => data.kFold(upTo(5), 2, given({ shufle: true })), TypeError, "did you mean shuffle?"],
  [() => data.cache(given(3)), TypeError, "Cannot cache dataset: 3, it must be a dataset"],
  [() => data.cache(upTo(3), { bytesMax: -1 }), RangeError, "bytesMax -1"],
  [() => data.subset(upTo(3), [3]), RangeError, "3 must be an integer in [0, 3)"],
];
testWith([], "splits, folds and caches refuse what they cannot be made of", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});
