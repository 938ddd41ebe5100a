/** Datasets, the loader, transforms, and drawn digits. */
import { data, memory, scope, type Tensor, tensor } from "../mod.ts";
import { RandomStream } from "../data/random.ts";
import { testWith } from "./permissions.ts";
import { assert, assertEquals, assertExact, assertMatch, assertRejects, assertThrows } from "./support.ts";

type Pair = [x: Tensor, y: Tensor];

/** `count` samples: x is [number, 10 * number], y is number. */
function counted(count: number): data.ArrayDataset {
  return new data.ArrayDataset(
    { data: Float32Array.from({ length: 2 * count }, (_, k) => k % 2 ? 10 * (k >> 1) : k >> 1), shape: [count, 2] },
    { data: Int32Array.from({ length: count }, (_, k) => k), shape: [count] },
  );
}

/** The same samples without `batch`, one tensor each, now or later. */
function oneByOne(count: number, later = false): data.Dataset {
  const get = (index: number): Pair => [tensor([index, 10 * index]), tensor(index, { dtype: "int32" })];
  return { length: count, get: (index) => later ? Promise.resolve(index).then(get) : get(index) };
}

/** The targets of each batch of an epoch. */
async function epochOf(loader: data.DataLoader): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const [x, y] of loader) {
    const targets = y.toArray<number[]>();
    assertExact(x.toArray(), targets.map((k) => [k, 10 * k]));
    batches.push(targets);
  }
  return batches;
}

testWith([], "RandomStream is Philox4x32-10", () => {
  const random = new RandomStream(0);
  const words = Array.from({ length: 4 }, () => random.word().toString(16));
  assertEquals(words, ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]);
});

testWith([], "ArrayDataset gives samples and checks its arguments", () => {
  const [x, y] = counted(5).get(3);
  assertExact([x.toArray(), x.dtype, y.shape, y.dtype, y.item()], [[3, 30], "float32", [], "int32", 3]);
  const [pixels] = new data.ArrayDataset(tensor(new Uint8Array([0, 51, 255])), tensor([1, 2, 3]), { divisor: 255 }).get(
    1,
  );
  assertExact([pixels.dtype, pixels.item()], ["float32", Math.fround(0.2)]);
  for (const index of [-1, 5, 0.5, NaN]) {
    assertThrows(() => counted(5).get(index), RangeError, "must be an integer in [0, 5)");
  }
  const samples = (count: number) => ({ data: new Float32Array(count), shape: [count] });
  assertThrows(() => new data.ArrayDataset(samples(3), samples(4)), TypeError, "3 inputs and 4 targets");
  assertThrows(() => new data.ArrayDataset({ ...samples(3), shape: [2, 2] }, samples(2)), TypeError, "3 elements");
  assertThrows(() => new data.ArrayDataset(samples(3), samples(3), { divisor: 255 }), TypeError, "uint8");
});

testWith([], "subset() picks by list or from the front", async () => {
  for (const all of [counted(10), oneByOne(10)]) {
    const load = (set: data.Dataset) => epochOf(new data.DataLoader(set, { batchSize: 4 }));
    assertEquals(await load(data.subset(all, [7, 2, 7])), [[7, 2, 7]]);
    assertEquals(await load(data.subset(all, 5)), [[0, 1, 2, 3], [4]]);
    assertThrows(() => data.subset(all, [10]), RangeError, "10 must be an integer in [0, 10)");
    assertThrows(() => data.subset(all, 5).get(5), RangeError, "5 must be an integer in [0, 5)");
  }
});

for (
  const [what, dataset] of Object.entries({ arrays: counted(10), items: oneByOne(10), promises: oneByOne(10, true) })
) {
  testWith([], `DataLoader stacks batches of ${what}`, async () => {
    assertEquals(await epochOf(new data.DataLoader(dataset, { batchSize: 4 })), [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]);
    assertEquals(await epochOf(new data.DataLoader(dataset, { batchSize: 4, dropLast: true })), [[0, 1, 2, 3], [
      4,
      5,
      6,
      7,
    ]]);
    assertEquals((await epochOf(new data.DataLoader(dataset, { batchSize: 3, prefetch: 2 }))).length, 4);
    assertEquals(await epochOf(new data.DataLoader(data.subset(dataset, 0))), []);
  });
}

testWith([], "DataLoader shuffles anew in each epoch and repeats with the seed", async () => {
  const make = (seed: number) => new data.DataLoader(counted(50), { batchSize: 8, shuffle: true, seed });
  const loader = make(3), first = await epochOf(loader), second = await epochOf(loader), again = make(3);
  assertEquals(first.flat().toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, k) => k));
  assertEquals([await epochOf(again), await epochOf(again)], [first, second]);
  assertEquals(first.join() === second.join(), false);
  assertEquals(first.join() === (await epochOf(make(4))).join(), false);
});

testWith([], "DataLoader goes back to a saved position", async () => {
  const options = { batchSize: 8, shuffle: true, seed: 3, prefetch: 1 },
    whole = new data.DataLoader(counted(50), options);
  const epochs = [await epochOf(whole), await epochOf(whole), await epochOf(whole)];
  const stopped = new data.DataLoader(counted(50), options);
  await epochOf(stopped);
  let batches = 0;
  for await (const _ of stopped) if (++batches === 3) break;
  const state = JSON.parse(JSON.stringify(stopped.stateDict()));
  assertEquals(state, { epoch: 1, batch: 3, seed: 3, batchSize: 8 });
  const resumed = new data.DataLoader(counted(50), { ...options, seed: 9 });
  resumed.loadStateDict(state);
  assertEquals([await epochOf(resumed), await epochOf(resumed)], [epochs[1]!.slice(3), epochs[2]]);
  // A loop that was left early is over: only loadStateDict makes the next loop begin in the middle.
  assertEquals(await epochOf(stopped), epochs[2]);
  for (const wrong of [{ ...state, batchSize: 4 }, { ...state, batch: 8 }, { ...state, epoch: -1 }]) {
    assertThrows(() => resumed.loadStateDict(wrong), RangeError, "Cannot load loader state");
  }
});

testWith([], "DataLoader frees a batch when the next is asked for, unless it is kept", async () => {
  const loader = new data.DataLoader(counted(6), { batchSize: 2, augment: [data.normalize(1, 2)] });
  const seen: Tensor[] = [];
  for await (const [x, y] of loader) {
    if (seen.length > 0) assertThrows(() => seen.at(-1)!.toArray(), Error);
    if (seen.length === 0) y.keep();
    seen.push(y, x);
  }
  assertExact(seen[0]!.toArray(), [0, 1]);
  for (const freed of seen.slice(1)) assertThrows(() => freed.toArray(), Error);
});

testWith([], "DataLoader gives back all memory", async () => {
  const before = memory().bytes;
  for (const dataset of [counted(10), oneByOne(10), oneByOne(10, true)]) {
    const loader = new data.DataLoader(dataset, { batchSize: 4, prefetch: 1, transform: (x) => x.mul(2).div(2) });
    using _ = scope();
    await epochOf(loader);
    for await (const _ of loader) break;
    await assertRejects(async () => {
      for await (const _ of loader) throw new Error("stop");
    });
  }
  // Tensors of other tests may be collected in the meantime.
  assert(memory().bytes <= before, `${memory().bytes - before} bytes are left`);
});

testWith([], "DataLoader throws what a dataset throws, in its turn", async () => {
  const failing: data.Dataset = {
    length: 4,
    get: (index) => index === 2 ? Promise.reject(new Error("sample 2 is lost")) : counted(4).get(index),
  };
  let batches = 0;
  await assertRejects(
    async () => {
      for await (const _ of new data.DataLoader(failing, { prefetch: 3 })) batches++;
    },
    Error,
    "sample 2 is lost",
  );
  assertEquals(batches, 2);
  const ragged: data.Dataset = { length: 2, get: (index) => [tensor(new Float32Array(index + 1)), tensor(0)] };
  await assertRejects(() => epochOf(new data.DataLoader(ragged, { batchSize: 2 })), TypeError, "Cannot stack inputs");
});

testWith([], "DataLoader checks its options", () => {
  for (const options of [{ batchSize: 0 }, { batchSize: 1.5 }, { seed: -1 }, { prefetch: NaN }]) {
    assertThrows(() => new data.DataLoader(counted(2), options), RangeError, "Cannot make DataLoader");
  }
});

const images = () => tensor(Float32Array.from({ length: 24 }, (_, k) => k), { shape: [2, 2, 2, 3] });

testWith([], "flatten() joins axes, compose() applies one transform after the other", () => {
  const random = new RandomStream(0);
  assertEquals(data.flatten()(images(), random).shape, [2, 12]);
  const both = data.compose((x) => x.add(1), (x) => x.mul(2), data.flatten());
  assertExact(both(images(), random).toArray<number[][]>()[0]!.slice(0, 3), [2, 4, 6]);
});

testWith([], "random transforms repeat with the seed, the epoch and the batch", async () => {
  const set = new data.ArrayDataset(images(), tensor([0, 1]));
  const make = () => new data.DataLoader(set, { seed: 1, transform: (x, random) => x.mul(random.between(0, 1)) });
  const epochsOf = async (loader: data.DataLoader, count: number) => {
    const found = [];
    for (let k = 0; k < count; k++) for await (const [x] of loader) found.push(x.toArray());
    return found;
  };
  const all = await epochsOf(make(), 3), late = make();
  assertEquals(new Set(all.map((batch) => JSON.stringify(batch))).size, 6);
  assertEquals(await epochsOf(make(), 3), all);
  late.loadStateDict({ epoch: 1, batch: 1, seed: 1, batchSize: 1 });
  assertEquals(await epochsOf(late, 1), [all[3]]);
});

testWith([], "digits() draws by seed, split and number alone", () => {
  const bytesOf = (set: data.Dataset, index: number) =>
    (set.get(index) as Pair).map((part) => [...part.toTypedArray()].join());
  const long = data.digits({ train: 50, seed: 1 }),
    short = data.digits({ train: 10, seed: 1 }),
    test = data.digits({ test: 50, seed: 1 });
  assertEquals([long.length, short.length, test.length], [50, 10, 50]);
  // The samples are the same in another order, and one by one as together.
  for (const index of [9, 0, 4]) assertEquals(bytesOf(short, index), bytesOf(long, index));
  const seen = new Set<string>();
  for (const set of [long, test, data.digits({ test: 50, seed: 2 })]) {
    for (let index = 0; index < 50; index++) seen.add(bytesOf(set, index)[0]!);
  }
  assertEquals(seen.size, 150);
});

testWith([], "digits() gives every class, in 0..1, with as much ink as handwriting", async () => {
  const [x, y] = await data.digits({ train: 500 }).batch!(Array.from({ length: 500 }, (_, k) => k));
  assertEquals([x.shape, y.shape], [[500, 1, 28, 28], [500]]);
  const counts = new Array<number>(10).fill(0);
  for (const label of y.data) counts[label]!++;
  assertEquals(counts.every((count) => count > 25), true);
  assertExact(x.data.every((value) => value >= 0 && value <= 1), true);
  for (let k = 0; k < 500; k++) {
    const ink = Array.from(x.data.subarray(784 * k, 784 * (k + 1))).reduce((sum, value) => sum + value, 0);
    assertEquals(ink > 15 && ink < 300, true, `digit ${k} has ${ink} pixels of ink`);
  }
});

testWith([], "digits() checks its options", () => {
  assertThrows(() => data.digits({ train: 1, test: 1 } as never), TypeError, "both of train and test");
  assertThrows(() => data.digits({} as never), TypeError, "neither of train and test");
  assertThrows(() => data.digits({ train: -1 }), RangeError, "train -1 must be an integer of at least 0");
  assertThrows(() => data.digits({ test: 2.5 }), RangeError, "test 2.5");
  assertThrows(() => data.digits({ test: 2, seed: -1 }), RangeError, "seed -1");
});

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const pair = (): [Tensor, Tensor] => [tensor([1]), tensor([1])];

/** What datasets, loaders and transforms refuse when they are made, by the text. */
const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  [() => new data.ArrayDataset(given(undefined), tensor([1])), TypeError, "Cannot make dataset: undefined, it must be"],
  [() => new data.ArrayDataset(given([1]), tensor([1])), TypeError, "a list, it must be a tensor or { data, shape }"],
  [() => new data.ArrayDataset(given({ data: [1], shape: [1] }), tensor([1])), TypeError, "with a typed array"],
  [() => new data.ArrayDataset(tensor(1), tensor(1)), TypeError, "do not fill [samples, ...] = []"],
  [() => new data.ArrayDataset(...pair(), given({ divizor: 255 })), TypeError, "did you mean divisor?"],
  [() => new data.ArrayDataset(tensor(new Uint8Array(1)), tensor([1]), { divisor: 0 }), RangeError, "divisor 0"],
  [() => new data.ArrayDataset(tensor(new Uint8Array(1)), tensor([1]), { divisor: NaN }), RangeError, "divisor NaN"],
  [
    () => new data.ArrayDataset({ data: new Float32Array(3), shape: [-1, -3] }, tensor([1])),
    TypeError,
    "3 elements do not fill",
  ],
  [
    () => new data.ArrayDataset(given({ data: new Float32Array(1), shape: [1], dtype: "float" }), tensor([1])),
    TypeError,
    'Cannot make dataset: "float" is no element type',
  ],
  [
    () => counted(3).batch(given({ length: 1e12 })),
    TypeError,
    "Cannot get batch: an Object, it must be a list of indices",
  ],
  [() => data.subset(counted(3), given({ length: 1e12 })), TypeError, "an Object, it must be a list of indices"],
  [() => data.subset(given(new Set([1])), 1), TypeError, "Cannot make subset: a Set, it must be a dataset"],
  [() => data.subset(counted(3), 4), RangeError, "count 4 must be an integer of at most 3"],
  [() => data.subset(counted(3), -1), RangeError, "count -1 must be an integer of at least 0"],
  [() => data.subset(counted(3), NaN), RangeError, "count NaN must be an integer"],
  [() => data.subset(counted(3), 1e12), RangeError, "count 1000000000000 must be an integer of at most 3"],
  [() => data.subset(counted(3), given("12")), TypeError, '"12", it must be a list of indices'],
  [() => data.subset(counted(3), given(null)), TypeError, "null, it must be a list of indices"],
  [() => data.subset(counted(3), given(["1"])), RangeError, 'Cannot get sample: "1" must be an integer'],
  [() => new data.DataLoader(given(null)), TypeError, "null, it must be a dataset with length and get()"],
  [() => new data.DataLoader(given("text")), TypeError, '"text", it must be a dataset'],
  [() => new data.DataLoader(given((_a: unknown, _b: unknown) => [])), TypeError, "it must be a dataset"],
  [() => new data.DataLoader({ length: NaN, get: pair }), RangeError, "the dataset's length NaN must be an integer"],
  [() => new data.DataLoader({ length: -1, get: pair }), RangeError, "the dataset's length -1 must be an integer"],
  [() => new data.DataLoader(counted(3), given({ batchsize: 2 })), TypeError, "did you mean batchSize?"],
  [() => new data.DataLoader(counted(3), given({ threads: 2 })), TypeError, "there is no option threads"],
  [() => new data.DataLoader(counted(3), { workers: 65 }), RangeError, "workers 65 must be an integer of at most 64"],
  [() => new data.DataLoader(counted(3), { shuffle: given("no") }), TypeError, 'shuffle "no" must be true or false'],
  [() => new data.DataLoader(counted(3), { dropLast: given(1) }), TypeError, "dropLast 1 must be true or false"],
  [() => new data.DataLoader(counted(3), { transform: given(1) }), TypeError, "1, it must be a function"],
  [() => new data.DataLoader(counted(3), { batchSize: Infinity }), RangeError, "batchSize Infinity must be an integer"],
  [() => data.digits(given({ trian: 3 })), TypeError, "there is no option trian; did you mean train?"],
  [() => data.digits(given(undefined)), TypeError, "options undefined, they must be an object"],
  [() => data.digits({ train: 2 ** 32 }), RangeError, "train 4294967296 must be an integer of at most 4194304"],
  [() => data.compose(given(1)), TypeError, "Cannot compose: 1, it must be a function"],
  [() => data.flatten()(tensor(1), new RandomStream(0)), TypeError, "Cannot flatten: shape [] must be [batch, ...]"],
  [() => data.flatten()(given("a"), new RandomStream(0)), TypeError, 'Cannot flatten: "a", it must be a tensor'],
  [() => new data.RandomStream(NaN), RangeError, "Cannot make RandomStream: seed NaN must be an integer"],
  [() => new data.RandomStream(0, 2 ** 32), RangeError, "index 4294967296 must be an integer of at most 4294967295"],
  [() => data.dataFolder(""), RangeError, 'folder "" must be a path'],
  [() => data.dataFolder(given(3)), TypeError, "Cannot find the data folder: folder 3 must be a text"],
];
testWith([], "arguments of datasets, loaders and transforms are refused by their text", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});

testWith([], "options of the sets that are read from files are refused by their text", async () => {
  for (const [name, read] of [["MNIST", data.mnist], ["CIFAR-10", data.cifar10]] as const) {
    await assertRejects(() => read(given(undefined)), TypeError, `Cannot read ${name}: options undefined, they must`);
    await assertRejects(() => read(given({})), RangeError, `Cannot read ${name}: split undefined must be`);
    await assertRejects(() => read(given({ split: "toString" })), RangeError, 'split "toString" must be');
    await assertRejects(() => read(given({ split: "test", foldr: "x" })), TypeError, "did you mean folder?");
    await assertRejects(() => read(given({ split: "test", folder: 3 })), TypeError, "folder 3 must be a text");
  }
  await assertRejects(
    () => data.mnist(given({ split: "test", files: {} })),
    TypeError,
    "it must be the files of images",
  );
  await assertRejects(
    () => data.mnist(given({ split: "test", addresses: "x" })),
    TypeError,
    "must be a list of addresses",
  );
  await assertRejects(() => data.mnist(given({ split: "test", download: "no" })), TypeError, 'download "no" must be');
});

/** Datasets and transforms that answer something else than samples, and the text with which a loop over them ends. */
const answers: Record<string, [dataset: data.Dataset, options: data.DataLoaderOptions, text: string]> = {
  "get() gives nothing": [
    given({ length: 2, get: () => {} }),
    {},
    "Cannot get sample 0: undefined, it must be a sample",
  ],
  "get() gives null": [
    given({ length: 2, get: () => [1, null] }),
    {},
    "Cannot collate [1]: null, it must be a tensor, array, number",
  ],
  "augmentations get one tensor": [
    given({ length: 2, get: () => tensor([1]) }),
    { augment: [data.randomFlip()] },
    "Cannot augment: the batch must be a pair [x, y] of tensors",
  ],
  "a transform gets numbers by name": [
    given({ length: 2, get: () => ({ x: 1 }) }),
    { transform: (x) => x },
    "Cannot transform batch: an Object, it must be a tensor, or begin with one",
  ],
  "batch() gives nothing": [given({ length: 2, get: pair, batch: () => {} }), {}, "Cannot get batch: undefined"],
  "batch() gives tensors of no samples": [
    given({ length: 2, get: pair, batch: () => [1, 2] }),
    {},
    "Cannot get batch: 1",
  ],
  "batch() gives fewer samples": [
    { length: 2, get: pair, batch: () => counted(2).batch([0]) },
    { batchSize: 2 },
    "Cannot get batch: shape [1, 2] for 2 samples, they must be as many",
  ],
  "a transform gives a number": [
    counted(2),
    { transform: given(() => 3) },
    "Cannot transform batch: 3, it must be a tensor",
  ],
  "a transform gives a promise": [counted(2), { transform: given(async () => {}) }, "it must be"],
  "the length becomes none": [
    Object.defineProperty(given({ get: pair }), "length", { get: () => lengths.shift() ?? NaN }),
    {},
    "Cannot load batches: the dataset's length NaN",
  ],
};
const lengths = [2];
for (const [name, [dataset, options, text]] of Object.entries(answers)) {
  testWith([], `DataLoader refuses an answer that is none: ${name}`, async () => {
    const loader = new data.DataLoader(dataset, options), before = memory().tensors;
    const error = await assertRejects(async () => {
      for await (const _ of loader);
    });
    assertMatch(String(error), /^(Type|Range)Error: Cannot /);
    assert(String(error).includes(text), String(error));
    assert(memory().tensors <= before);
  });
}

testWith([], "DataLoader goes by the length that the dataset has when an epoch begins", async () => {
  const growing = { ...oneByOne(4), length: 4 }, loader = new data.DataLoader(growing, { batchSize: 2, shuffle: true });
  const seen: number[] = [];
  for await (const [, y] of loader) {
    seen.push(...y.toArray<number[]>());
    growing.length += 3;
  }
  assertEquals(seen.toSorted(), [0, 1, 2, 3]);
  assertEquals([loader.length, (await epochOf(loader)).length], [5, 5]);
});

testWith([], "console.log of datasets and loaders is a line", () => {
  const bytes = new data.ArrayDataset(tensor(new Uint8Array(8), { shape: [2, 4] }), tensor([1, 2]), { divisor: 255 });
  const lines = [
    [counted(5), "ArrayDataset(5 samples, x: float32 [2], y: int32 [])"],
    [bytes, "ArrayDataset(2 samples, x: float32 [4], y: float32 [])"],
    [data.subset(counted(5), [1, 2]), "Subset(2 of 5 samples)"],
    [data.digits({ test: 7, seed: 3 }), "digits(test: 7, seed: 3)"],
    [
      new data.DataLoader(counted(5), { batchSize: 2, shuffle: true }),
      "DataLoader(5 samples, 3 batches of 2, shuffle: true, seed: 0, dropLast: false, prefetch: 0, workers: 0)",
    ],
  ];
  for (const [object, line] of lines) assertEquals(Deno.inspect(object), line as string);
});
