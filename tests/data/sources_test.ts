/** Sources, whose samples come in turn: what is one, their order, resuming anywhere, closing, memory, and errors. */
import { data, memory, type Tensor, tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support.ts";

type Pair = [x: Tensor, y: Tensor];

const upTo = (count: number) => Array.from({ length: count }, (_, k) => k);
const pairOf = (k: number): Pair => [tensor([k, 10 * k]), tensor(k, { dtype: "int32" })];

/** What happens to a source: how many samples were read of it, and whether it was ended. */
const log = { read: 0, opened: 0, closed: 0 };

async function* later(count: number): AsyncGenerator<number> {
  log.opened++;
  try {
    for (let k = 0; k < count; k++) {
      await Promise.resolve();
      log.read++;
      yield k;
    }
  } finally {
    log.closed++;
  }
}

function* now(count: number): Generator<number> {
  yield* upTo(count);
}

/** Samples that can be begun anywhere, of another number in each epoch. */
const seekable: data.Seekable<number> = {
  from: (start, epoch) => upTo(13 + epoch).slice(start),
};

/** Each kind of source of the numbers below 13, and whether it is good for one epoch only. */
const sources: Record<string, [make: () => data.Source<number>, once?: boolean]> = {
  "a set": [() => new Set(upTo(13))],
  "a generator": [() => now(13), true],
  "an asynchronous generator": [() => later(13), true],
  "a function of generators": [() => () => now(13)],
  "a function of asynchronous generators": [() => () => later(13)],
  "a stream": [() => ReadableStream.from(upTo(13)), true],
  "a function of streams": [() => () => ReadableStream.from(now(13))],
  "promises": [() => new Set(upTo(13).map((k) => Promise.resolve(k))) as unknown as Set<number>],
  "samples that can be begun anywhere": [() => ({ from: (start) => seekable.from(start, 0) })],
  "a part of a source": [() => data.map(data.take(data.skip(() => later(99), 20), 13), (k) => k - 20)],
  "a changed source": [() => data.map(() => later(13), (k) => k)],
  "sources one after the other": [() => data.concat<number>(new Set([0, 1, 2]), () => later(0), seekableFrom(3))],
  "a shard": [() => data.map(data.shard(() => later(26), { shards: 2, shard: 1 }), (k) => (k - 1) / 2)],
  "sources side by side": [() => data.map(data.zip(() => now(13), () => now(15)), ([a]) => a as number)],
};
function seekableFrom(first: number): data.Seekable<number> {
  return { from: (start) => upTo(13).slice(first + start) };
}

/** The samples of what is left of an epoch, in lists by batch. */
async function epochOf(loader: data.DataLoader<number>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const x of loader) batches.push(x.toArray<number[]>());
  return batches;
}

for (const [name, [make, once = false]] of Object.entries(sources)) {
  testWith([], `a loader batches the samples of ${name}, and goes on from any batch`, async () => {
    const inOrder = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12]], drop = { batchSize: 4, dropLast: true };
    for (const prefetch of [0, 1, 9]) {
      assertEquals(await epochOf(new data.DataLoader<number>(make(), { batchSize: 4, prefetch })), inOrder);
      assertEquals(await epochOf(new data.DataLoader<number>(make(), { ...drop, prefetch })), inOrder.slice(0, 3));
    }
    const options = { batchSize: 3, shuffle: true, shuffleBuffer: 5, seed: 2 };
    const first = await epochOf(new data.DataLoader<number>(make(), options));
    assertEquals(first, [[2, 4, 6], [1, 0, 7], [10, 5, 11], [3, 9, 8], [12]]);
    for (const shuffle of [true, false]) {
      const each = shuffle ? options : { batchSize: 3, seed: 2 };
      const whole = shuffle ? first : await epochOf(new data.DataLoader<number>(make(), each));
      for (let batch = 0; batch <= whole.length; batch++) {
        const resumed = new data.DataLoader<number>(make(), { ...each, seed: 0, prefetch: batch });
        resumed.loadStateDict({ epoch: 0, batch, seed: 2, batchSize: 3 });
        assertEquals(await epochOf(resumed), whole.slice(batch), `batch ${batch}`);
      }
    }
    const loader = new data.DataLoader<number>(make(), options), again = await epochOf(loader);
    assertEquals([again, loader.length, loader.epoch], [first, Infinity, 1]);
    if (once) return void await assertRejects(() => epochOf(loader), Error, "was read already; give a function");
    const second = await epochOf(loader);
    assertEquals(second.flat().sort((a, b) => a - b), upTo(13));
    assert(second.join() !== first.join());
  });
}

testWith([], "a source is told the epoch", async () => {
  const epochs: number[] = [];
  const source = (epoch: number) => (epochs.push(epoch), [epoch]);
  const loader = new data.DataLoader<number>(source),
    stretched = new data.DataLoader<number>(seekable, { batchSize: 99 });
  for (let k = 0; k < 3; k++) await epochOf(loader);
  assertEquals(epochs, [0, 1, 2]);
  assertEquals([await epochOf(stretched), await epochOf(stretched)], [[upTo(13)], [upTo(14)]]);
  const derived = new data.DataLoader<number>(data.take(data.map(source, (k) => 2 * k), 1));
  assertEquals([await epochOf(derived), await epochOf(derived)], [[[0]], [[2]]]);
});

testWith([], "a buffer shuffles as widely as it is large", async () => {
  for (const [shuffleBuffer, farthest] of [[1, 0], [10, 9], [1000, 199]] as const) {
    const order = (await epochOf(new data.DataLoader<number>(() => now(200), { shuffle: true, shuffleBuffer }))).flat();
    assertEquals(order.toSorted((a, b) => a - b), upTo(200));
    // A sample cannot come earlier than the buffer reads ahead.
    assertEquals(order.every((sample, place) => sample - place <= farthest), true);
    assertEquals(order.join() === upTo(200).join(), shuffleBuffer === 1);
  }
});

testWith(
  [],
  "a source is ended once, whenever and however a loop ends, and reads no further than it must",
  async () => {
    const ways: Record<string, () => data.Source<number>> = {
      "itself": () => () => later(100),
      "shuffled": () => () => later(100),
      "changed": () => data.map(() => later(100), (k) => k),
      "cut": () => data.take(data.skip(() => later(100), 3), 50),
      "zipped": () => data.map(data.zip(() => later(100), () => now(100)), ([k]) => k as number),
      "joined": () => data.concat<number>(() => later(100), () => later(100)),
    };
    for (const [name, make] of Object.entries(ways)) {
      const options = name === "shuffled" ? { shuffle: true, shuffleBuffer: 4 } : {};
      for (const prefetch of [0, 2]) {
        Object.assign(log, { read: 0, opened: 0, closed: 0 });
        const loader = new data.DataLoader<number>(make(), { batchSize: 5, prefetch, ...options });
        for await (const _ of loader) break;
        assertEquals([log.opened, log.closed], [1, 1], name);
        assertEquals(
          log.read,
          5 * (1 + prefetch) + (name === "shuffled" ? 4 : name === "cut" ? 3 : 0) - (name === "shuffled" ? 1 : 0),
          name,
        );
        await assertRejects(async () => {
          for await (const _ of loader) throw new Error("stop");
        });
        assertEquals([log.opened, log.closed], [2, 2], name);
      }
    }
    Object.assign(log, { opened: 0, closed: 0 });
    // A source that ends by itself is not ended again.
    for await (const _ of new data.DataLoader<number>(() => later(3)));
    assertEquals([log.opened, log.closed], [1, 1]);
    let cancelled = 0;
    const stream = new ReadableStream<number>({
      pull: (controller) => controller.enqueue(1),
      cancel: () => void cancelled++,
    });
    for await (const _ of new data.DataLoader<number>(stream)) break;
    assertEquals(cancelled, 1);
  },
);

testWith([], "a loader frees what a source gives, and keeps what waits in the buffer", async () => {
  const before = memory().tensors, own = tensor([7, 8]);
  async function* pairs() {
    for (let k = 0; k < 20; k++) {
      await Promise.resolve();
      yield pairOf(k);
    }
  }
  const mapped = data.map(pairs, ([x, y]): Pair => [x.add(0), y]);
  const through = async (source: data.Source<Pair>, most: number) => {
    for (const options of [{}, { shuffle: true, shuffleBuffer: 6 }, { prefetch: 2, shuffle: true, shuffleBuffer: 3 }]) {
      const loader = new data.DataLoader<Pair>(source, { batchSize: 4, ...options });
      for await (const [x, y] of loader) {
        assertEquals(x.toArray(), y.toArray<number[]>().map((k) => [k, 10 * k]));
        assert(memory().tensors <= before + most);
      }
      for await (const _ of loader) break;
      const late = new data.DataLoader<Pair>(source, { batchSize: 4, ...options });
      late.loadStateDict({ epoch: 0, batch: 2, seed: 0, batchSize: 4 });
      for await (const _ of late) break;
    }
  };
  // A batch of two tensors, the pairs in the buffer, and those of a batch that is being read, each changed once.
  for (const source of [pairs, mapped, data.take(mapped, 15), data.skip(mapped, 3)]) await through(source, 2 + 12 + 16);
  assert(memory().tensors <= before + 1, `${memory().tensors - before - 1} tensors are left`);
  // A tensor that the source keeps is its own.
  for await (const x of new data.DataLoader<Tensor>(() => [own, own, own], { shuffle: true, batchSize: 2 })) {
    assertEquals(x.toArray<number[][]>()[0], [7, 8]);
  }
  assertEquals(own.toArray(), [7, 8]);
  own.dispose();
  // A list that a source makes at once outlives the batches. The garbage collector has its tensors.
  await through(() => upTo(20).map(pairOf), Infinity);
});

testWith(["read"], "batches of a source are augmented the same for any number of workers", async () => {
  const image = (k: number): Pair => [tensor([[[k, 1, 2], [3, 4, 5]]]), tensor(k, { dtype: "int32" })];
  const augment = [data.randomFlip(), data.randomCrop(1), data.mixup(0.5, { classes: 13 })];
  const textsOf = async (workers: number) => {
    const options = { workers, augment, batchSize: 4, shuffle: true, shuffleBuffer: 5, seed: 1 };
    const texts: string[] = [], loader = new data.DataLoader<Pair>(data.map(() => now(13), image), options);
    for (let epoch = 0; epoch < 2; epoch++) {
      for await (const [x, y] of loader) texts.push(`${x.toTypedArray().join()}; ${y.toTypedArray().join()}`);
    }
    return texts;
  };
  const plain = await textsOf(0);
  assertEquals(plain.length, 8);
  for (const workers of [1, 3]) assertEquals(await textsOf(workers), plain);
});

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

/** Sources that go wrong, how many batches they give before, and the error. */
const broken: Record<string, [source: unknown, batches: number, text: string]> = {
  "a generator that throws": [
    function* () {
      yield* [1, 2];
      throw new Error("the line is cut");
    },
    2,
    "the line is cut",
  ],
  "a stream that fails": [
    () => new ReadableStream({ start: (controller) => (controller.enqueue(1), controller.error(new Error("gone"))) }),
    0,
    "gone",
  ],
  "a rejected sample": [() => [1, Promise.reject(new Error("lost"))], 1, "lost"],
  "a function that throws": [
    () => {
      throw new Error("no such file");
    },
    0,
    "no such file",
  ],
  "a function that gives nothing": [() => {}, 0, "Cannot load batches: undefined, it must be samples to iterate over"],
  "a sample that is none": [() => [1, undefined], 1, "Cannot get sample 1: undefined, it must be a sample"],
  "samples of different kinds": [() => [1, "a"], 2, ""],
  "a change that throws": [
    data.map([1, 2], (k) => {
      if (k === 2) throw new Error("cannot change 2");
      return k;
    }),
    1,
    "cannot change 2",
  ],
};

testWith([], "errors of a source come in their turn, whatever is asked ahead", async () => {
  for (const [name, [source, batches, text]] of Object.entries(broken)) {
    for (const prefetch of [0, 3]) {
      let seen = 0;
      const loop = async () => {
        for await (const _ of new data.DataLoader<number>(given(source), { prefetch })) seen++;
      };
      if (text === "") await loop();
      else await assertRejects(loop, Error, text);
      assertEquals(seen, batches, name);
    }
  }
});

const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  [() => new data.DataLoader(given(null)), TypeError, "null, it must be a dataset with length and get(), a list, or"],
  [() => new data.DataLoader(given(3)), TypeError, "3, it must be a dataset"],
  [() => new data.DataLoader(given({})), TypeError, "an Object, it must be a dataset"],
  [() => new data.DataLoader(new Set([1]), { shuffle: true, shuffleBuffer: 0 }), RangeError, "shuffleBuffer 0"],
  [() => new data.DataLoader(new Set([1]), { shuffle: true, shuffleBuffer: NaN }), RangeError, "shuffleBuffer NaN"],
  [() => data.map(given(3), (k) => k), TypeError, "Cannot map samples: 3, it must be a dataset"],
  [() => data.map([1], given(3)), TypeError, "Cannot map samples: 3, it must be a function"],
  [() => data.take([1], -1), RangeError, "Cannot take samples: count -1"],
  [() => data.skip([1], 0.5), RangeError, "Cannot skip samples: count 0.5"],
  [
    () => data.shard([1], { shards: 2, shard: 2 }),
    RangeError,
    "Cannot shard samples: shard 2 must be an integer of at most 1",
  ],
  [() => data.shard([1], given({ shards: 0, shard: 0 })), RangeError, "shards 0"],
  [() => data.zip([1], [1, 2]), TypeError, "Cannot zip samples: datasets of 1, 2 samples must have equally many"],
  [() => data.zip(given([1]), given(new Set([1]))), TypeError, "1 datasets and 1 sources do not go together"],
  [() => data.zip(), RangeError, "Cannot zip samples: there is nothing"],
  [() => data.concat(), RangeError, "Cannot concatenate samples: there is nothing"],
  [() => data.concat(given([1]), given(new Set([1]))), TypeError, "do not go together"],
];
testWith([], "what is no source, and what sources cannot be made into, is refused", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});

testWith([], "sources of nothing give nothing, and can be ended before they begin", async () => {
  for (const source of [new Set<number>(), () => now(0), ReadableStream.from([]), data.take(() => now(3), 0)]) {
    assertEquals(await epochOf(new data.DataLoader<number>(given(source), { shuffle: true, batchSize: 2 })), []);
  }
  const late = new data.DataLoader<number>(() => now(3), { batchSize: 2 });
  late.loadStateDict({ epoch: 0, batch: 7, seed: 0, batchSize: 2 });
  assertEquals([await epochOf(late), await epochOf(late)], [[], [[0, 1], [2]]]);
});

testWith([], "a loader over a source shows what it is", () => {
  assertEquals(
    Deno.inspect(new data.DataLoader<number>(() => now(3), { batchSize: 2 })),
    "DataLoader(samples of a source, batches of 2, shuffle: false, seed: 0, dropLast: false, prefetch: 0, workers: 0)",
  );
});
