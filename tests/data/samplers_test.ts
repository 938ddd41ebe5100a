/** Samplers: exact orders by seed, what they promise of every order, resuming anywhere, and what they refuse. */
import { data } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

const sorted = (order: ArrayLike<number>) => Array.from(order).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, k) => k);
const weights = [0.5, 0, 4, 1, 0.25, 2, 0, 1, 1, 3];
const labels = ["a", "b", "a", "a", "b", "a", "a", "c", "a", "a", "a", "b"];
const lengths = [5, 90, 17, 3, 64, 18, 2, 33, 41, 6, 7, 88];

/** Each sampler of 12 samples or fewer, its length, and its orders for seed 3 and the epochs 0 and 1. */
const samplers: Record<string, [sampler: data.Sampler, first: number[], second: number[]]> = {
  "sequential": [new data.SequentialSampler(5), [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]],
  "random": [new data.RandomSampler(8), [2, 7, 4, 1, 5, 3, 0, 6], [2, 0, 4, 3, 7, 5, 6, 1]],
  "random, more than all": [new data.RandomSampler(3, { numSamples: 8 }), [1, 0, 2, 0, 2, 1, 2, 1], [
    2,
    1,
    0,
    1,
    0,
    2,
    0,
    1,
  ]],
  "random, fewer than all": [new data.RandomSampler(9, { numSamples: 4 }), [3, 5, 8, 2], [8, 3, 0, 5]],
  "random with replacement": [new data.RandomSampler(5, { replacement: true, numSamples: 9 }), [
    4,
    0,
    3,
    3,
    1,
    2,
    1,
    3,
    3,
  ], [1, 4, 4, 1, 4, 3, 1, 0, 0]],
  "subset": [new data.SubsetRandomSampler([7, 1, 9, 4]), [9, 1, 7, 4], [4, 1, 9, 7]],
  "weighted": [new data.WeightedRandomSampler(weights), [9, 7, 2, 2, 9, 9, 2, 7, 9, 2], [2, 9, 9, 2, 2, 5, 5, 5, 9, 4]],
  "weighted without replacement": [
    new data.WeightedRandomSampler(weights, { numSamples: 7, replacement: false }),
    [2, 9, 3, 5, 7, 8, 0],
    [9, 3, 4, 5, 0, 7, 2],
  ],
  "stratified": [new data.StratifiedSampler(labels), [3, 1, 10, 6, 2, 7, 11, 8, 5, 4, 0, 9], [
    3,
    11,
    0,
    6,
    5,
    10,
    1,
    8,
    9,
    4,
    2,
    7,
  ]],
  "distributed": [new data.DistributedSampler(11, { numReplicas: 3, rank: 2 }), [10, 3, 5, 0], [5, 3, 7, 8]],
  "distributed, of weights": [
    new data.DistributedSampler(new data.WeightedRandomSampler(weights), { numReplicas: 2, rank: 1, dropLast: true }),
    [7, 2, 9, 7, 2],
    [9, 2, 5, 5, 4],
  ],
};

const batchSamplers: Record<string, [sampler: data.BatchSource, first: number[][], second: number[][]]> = {
  "batches of an order": [new data.BatchSampler(new data.RandomSampler(7), { batchSize: 3 }), [[2, 1, 6], [4, 3, 0], [
    5,
  ]], [[0, 3, 2], [6, 4, 5], [1]]],
  "length buckets": [new data.LengthBucketSampler(lengths, { batchSize: 3 }), [[4, 11, 1], [2, 7, 8], [0, 10, 3], [
    6,
    9,
    5,
  ]], [[9, 6, 0], [2, 7, 8], [4, 11, 1], [3, 10, 5]]],
  "length buckets by elements": [new data.LengthBucketSampler(lengths, { elementsMax: 100 }), [[4], [5, 2], [1], [11], [
    0,
    10,
    3,
    6,
    9,
  ], [7, 8]], [[11], [9, 6, 0, 3, 10], [5, 2], [4], [1], [7, 8]]],
};

/** The samples of what is left of an epoch, in lists by batch. */
async function epochOf(loader: data.DataLoader<number>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const x of loader) batches.push(x.toArray<number[]>());
  return batches;
}

testWith([], "each sampler gives these orders", () => {
  for (const [name, [sampler, first, second]] of Object.entries(samplers)) {
    const orders = [0, 1].map((epoch) => Array.from(sampler.order(3, epoch)));
    assertEquals(orders, [first, second], name);
    assertEquals(sampler.length, first.length, name);
  }
  for (const [name, [sampler, first, second]] of Object.entries(batchSamplers)) {
    const epochs = [0, 1].map((epoch) => sampler.batches(3, epoch).map((batch) => Array.from(batch)));
    assertEquals(epochs, [first, second], name);
    assertEquals(sampler.length, first.length, name);
  }
});

testWith(
  [],
  "an order without replacement has each sample once, and all but the sequential change with epoch and seed",
  () => {
    const whole: [sampler: data.Sampler, samples: number[]][] = [
      [new data.RandomSampler(100), upTo(100)],
      [new data.RandomSampler(100, { numSamples: 300 }), sorted([...upTo(100), ...upTo(100), ...upTo(100)])],
      [new data.SubsetRandomSampler([5, 8, 2, 90]), [2, 5, 8, 90]],
      [new data.WeightedRandomSampler(upTo(50), { numSamples: 49, replacement: false }), upTo(50).slice(1)],
      [new data.StratifiedSampler(upTo(100).map((k) => k % 3)), upTo(100)],
    ];
    for (const [sampler, samples] of whole) {
      const orders = [[0, 0], [0, 1], [1, 0]].map(([seed, epoch]) => sampler.order(seed!, epoch!));
      for (const order of orders) assertEquals(sorted(order), samples);
      assertEquals(new Set(orders.map((order) => Array.from(order).join())).size, 3);
      assertEquals(Array.from(sampler.order(0, 1)), Array.from(orders[1]!));
    }
  },
);

testWith([], "the shares of all processes are all samples, as PyTorch deals them out", () => {
  // DistributedSampler(range(10), num_replicas=4, rank, shuffle=False), and with drop_last=True.
  const filled = [[0, 4, 8], [1, 5, 9], [2, 6, 0], [3, 7, 1]], dropped = [[0, 4], [1, 5], [2, 6], [3, 7]];
  for (const [dropLast, shares] of [[false, filled], [true, dropped]] as const) {
    for (const [rank, share] of shares.entries()) {
      const sampler = new data.DistributedSampler(10, { numReplicas: 4, rank, shuffle: false, dropLast });
      assertEquals([Array.from(sampler.order(0, 0)), sampler.length], [share, share.length]);
    }
  }
  const shuffled = [0, 1, 2].map((rank) => new data.DistributedSampler(12, { numReplicas: 3, rank }).order(4, 2));
  assertEquals(sorted(shuffled.flatMap((share) => Array.from(share))), upTo(12));
  // Fewer samples than processes: PyTorch gives them again and again.
  const few = [0, 1, 2, 3, 4].map((rank) =>
    Array.from(new data.DistributedSampler(2, { numReplicas: 5, rank, shuffle: false }).order(0, 0))
  );
  assertEquals(few, [[0], [1], [0], [1], [0]]);
});

testWith([], "weighted draws come as often as their weights say", () => {
  const draws = 40_000, total = weights.reduce((sum, weight) => sum + weight, 0);
  const again = new data.WeightedRandomSampler(weights, { numSamples: draws }).order(1, 0);
  for (const [index, weight] of weights.entries()) {
    const share = weight / total, found = again.filter((one) => one === index).length;
    // Five deviations of the binomial distribution.
    assert(Math.abs(found - draws * share) <= 5 * Math.sqrt(draws * share * (1 - share)), `sample ${index}: ${found}`);
  }
  // Without replacement: the first of each order has the weights' distribution, the second that of the weights left.
  const epochs = 20_000, apart = new data.WeightedRandomSampler([1, 2, 5, 0], { numSamples: 2, replacement: false });
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const pair = apart.order(0, epoch).join();
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  for (const [a, b] of [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]] as const) {
    const own = [1, 2, 5], share = own[a]! / 8 * own[b]! / (8 - own[a]!), found = counts.get(`${a},${b}`) ?? 0;
    assert(Math.abs(found - epochs * share) <= 5 * Math.sqrt(epochs * share * (1 - share)), `${a},${b}: ${found}`);
  }
  assertEquals([...counts.keys()].some((pair) => pair.includes("3")), false);
});

testWith([], "every batch of a stratified order has about the shares of the whole", () => {
  const rare = upTo(1000).map((k) => k % 10 === 0 ? "rare" : "common");
  for (let epoch = 0; epoch < 20; epoch++) {
    const order = Array.from(new data.StratifiedSampler(rare).order(0, epoch));
    for (let start = 0; start < 1000; start += 50) {
      const found = order.slice(start, start + 50).filter((index) => rare[index] === "rare").length;
      assert(found >= 3 && found <= 7, `${found} of 50`);
    }
  }
});

testWith([], "buckets hold all samples, and pad little", () => {
  const many = upTo(1000).map((k) => 1 + (k * 37) % 200);
  for (const options of [{ batchSize: 32 }, { elementsMax: 2000 }, { batchSize: 16, elementsMax: 1600, width: 1 }]) {
    const sampler = new data.LengthBucketSampler(many, options);
    for (const epoch of [0, 1, 2]) {
      const batches = sampler.batches(7, epoch);
      assertEquals(batches.length, sampler.length);
      assertEquals(sorted(batches.flatMap((batch) => Array.from(batch))), upTo(1000));
      for (const batch of batches) {
        const own = Array.from(batch, (index) => many[index]!), longest = Math.max(...own);
        assert(
          batch.length <= (options.batchSize ?? Infinity) &&
            longest * batch.length <= (options.elementsMax ?? Infinity),
        );
        assert(longest - Math.min(...own) <= 2 * (options.width ?? 8) + 7);
      }
    }
    const dropped = new data.LengthBucketSampler(many, { ...options, dropLast: true, shuffle: false });
    assert(sampler.length - dropped.length <= 1);
    assertEquals(dropped.batches(0, 0), dropped.batches(1, 5));
  }
});

testWith(
  [],
  "a loader goes on from any batch of each sampler, for any number of workers and batches ahead",
  async () => {
    const set = upTo(12);
    const options: data.DataLoaderOptions<number, never>[] = [
      ...Object.values(samplers).map(([sampler]) => ({ sampler, batchSize: 2 })),
      ...Object.values(batchSamplers).map(([batchSampler]) => ({ batchSampler })),
      { shuffle: true, batchSize: 5 },
    ];
    for (const each of options) {
      const make = (more = {}) => new data.DataLoader<number>(set, { seed: 3, ...each, ...more });
      const whole = make(), epochs = [await epochOf(whole), await epochOf(whole), await epochOf(whole)];
      assertEquals(epochs[0]!.length, whole.length);
      for (let batch = 0; batch <= epochs[1]!.length; batch++) {
        const resumed = make({ seed: 9, prefetch: batch % 3, workers: batch % 2 });
        resumed.loadStateDict({ epoch: 1, batch, seed: 3, batchSize: whole.batchSize });
        assertEquals([await epochOf(resumed), await epochOf(resumed)], [epochs[1]!.slice(batch), epochs[2]]);
      }
    }
  },
);

testWith([], "a sampler of one's own is asked for every epoch, and checked", async () => {
  const seen: number[][] = [];
  const sampler = { length: 2, order: (...place: number[]) => (seen.push(place), [4, 0]) };
  const loader = new data.DataLoader<number>(upTo(5), { sampler, seed: 8 });
  assertEquals([await epochOf(loader), await epochOf(loader)], [[[4], [0]], [[4], [0]]]);
  assertEquals(seen, [[8, 0], [8, 1]]);
  for (
    const [order, text] of [
      [() => [5], "Cannot get sample: 5 must be an integer in [0, 5)"],
      [() => [-1], "Cannot get sample: -1 must be"],
      [() => [0.5], "Cannot get sample: 0.5 must be"],
      [() => [, 1], "Cannot get sample: undefined must be"],
      [() => ({ length: 1e12 }), "Cannot order samples: an Object, it must be a list of indices"],
      [() => null, "Cannot order samples: null"],
    ] as const
  ) {
    const loader = new data.DataLoader(upTo(5), { sampler: given({ length: 1, order }) });
    await assertRejects(() => epochOf(given(loader)), Error, text);
  }
  for (
    const [batches, text] of [
      [() => [[5]], "Cannot get sample: 5 must be an integer in [0, 5)"],
      [() => [[]], "Cannot order batches: batch 0 is empty"],
      [() => [7], "Cannot order batches: 7, it must be a list of indices"],
      [() => undefined, "Cannot order batches: undefined"],
    ] as const
  ) {
    const loader = new data.DataLoader(upTo(5), { batchSampler: given({ length: 1, batches }) });
    await assertRejects(() => epochOf(given(loader)), Error, text);
  }
});

const five = upTo(5), order = new data.SequentialSampler(5), batched = new data.BatchSampler(order, { batchSize: 2 });
const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  [() => new data.SequentialSampler(-1), RangeError, "samples -1 must be an integer of at least 0"],
  [() => new data.SequentialSampler(given("5")), TypeError, '"5", it must be a dataset'],
  [() => new data.RandomSampler(5, { numSamples: 0.5 }), RangeError, "numSamples 0.5"],
  [() => new data.RandomSampler(5, given({ replace: true })), TypeError, "did you mean replacement?"],
  [() => new data.RandomSampler(5, { replacement: given(1) }), TypeError, "replacement 1 must be true or false"],
  [() => new data.RandomSampler(0, { numSamples: 3 }).order(0, 0), RangeError, "3 of a dataset without any"],
  [() => new data.RandomSampler(0, { numSamples: 3, replacement: true }).order(0, 0), RangeError, "without any"],
  [() => new data.SubsetRandomSampler([1, -1]), RangeError, "index -1 must be an integer"],
  [() => new data.SubsetRandomSampler(given({ length: 1e12 })), TypeError, "it must be a list of indices"],
  [() => new data.WeightedRandomSampler([1, -1]), RangeError, "weight -1 of sample 1 must lie in [0, Infinity)"],
  [() => new data.WeightedRandomSampler([NaN]), RangeError, "weight NaN of sample 0"],
  [() => new data.WeightedRandomSampler([Infinity]), RangeError, "weight Infinity of sample 0"],
  [() => new data.WeightedRandomSampler([1e308, 1e308]), RangeError, "2 weights add up to Infinity"],
  [() => new data.WeightedRandomSampler(given(["1"])), RangeError, 'weight "1" of sample 0'],
  [() => new data.WeightedRandomSampler([0, 0]), RangeError, "2 weights add up to 0, it must be above 0"],
  [() => new data.WeightedRandomSampler([], { numSamples: 1 }), RangeError, "0 weights add up to 0"],
  [
    () => new data.WeightedRandomSampler([1, 0, 2], { replacement: false }),
    RangeError,
    "3 samples without replacement of 2 with a weight above 0",
  ],
  [() => new data.StratifiedSampler(given("abc")), TypeError, '"abc", it must be a list'],
  [() => new data.StratifiedSampler([1, NaN]), TypeError, "NaN, it must be the class of sample 1"],
  [() => new data.DistributedSampler(5, given({})), RangeError, "numReplicas undefined must be"],
  [
    () => new data.DistributedSampler(5, { numReplicas: 2, rank: 2 }),
    RangeError,
    "rank 2 must be an integer of at most 1",
  ],
  [
    () => new data.DistributedSampler(order, { numReplicas: 2, rank: 0, shuffle: true }),
    TypeError,
    "shuffle is for datasets",
  ],
  [() => new data.BatchSampler(given(5), { batchSize: 2 }), TypeError, "undefined, it must be a function"],
  [() => new data.BatchSampler(order, { batchSize: 0 }), RangeError, "batchSize 0"],
  [() => new data.LengthBucketSampler([1], {}), RangeError, "a batch has no end"],
  [() => new data.LengthBucketSampler([1, -2], { batchSize: 2 }), RangeError, "length -2 must be an integer"],
  [
    () => new data.LengthBucketSampler([1, 9], { elementsMax: 10 }),
    RangeError,
    "sample 1 of length 9, up to 16 in its bucket, must be at most elementsMax 10",
  ],
  [() => new data.LengthBucketSampler([1], { batchSize: 1, width: 0 }), RangeError, "width 0"],
  [() => new data.DataLoader(five, { sampler: order, shuffle: true }), TypeError, "sampler and shuffle must not both"],
  [() => new data.DataLoader(five, { batchSampler: batched, batchSize: 2 }), TypeError, "batchSampler and batchSize"],
  [() => new data.DataLoader(five, { batchSampler: batched, sampler: order }), TypeError, "batchSampler and sampler"],
  [() => new data.DataLoader(five, { batchSampler: batched, dropLast: true }), TypeError, "batchSampler and dropLast"],
  [() => new data.DataLoader(five, { sampler: given(null) }), TypeError, "undefined, it must be a function"],
  [() => new data.DataLoader(new Set(five), { sampler: order }), TypeError, "sampler is for datasets"],
  [() => new data.DataLoader(new Set(five), { batchSampler: batched }), TypeError, "batchSampler is for datasets"],
  [() => new data.DataLoader(five, { shuffleBuffer: 3, shuffle: true }), TypeError, "shuffleBuffer is for sources"],
];
testWith([], "samplers and loaders refuse what they cannot be made of", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});

testWith([], "samplers of nothing give nothing", async () => {
  for (
    const sampler of [
      new data.SequentialSampler(0),
      new data.RandomSampler(0),
      new data.SubsetRandomSampler([]),
      new data.WeightedRandomSampler([]),
      new data.StratifiedSampler([]),
      new data.DistributedSampler(0, { numReplicas: 2, rank: 1 }),
    ]
  ) {
    assertEquals(await epochOf(new data.DataLoader<number>([], { sampler })), [], sampler.constructor.name);
  }
  assertEquals(new data.LengthBucketSampler([], { batchSize: 2 }).batches(0, 0), []);
  assertEquals(await epochOf(new data.DataLoader<number>([])), []);
});
