/** Datasets, the loader, transforms, and the files that data comes from. */
import { data, memory, scope, type Tensor, tensor } from "../mod.ts";
import { download, type RemoteFile } from "../data/download.ts";
import { gunzip } from "../data/gzip.ts";
import { parseIdx } from "../data/idx.ts";
import { RandomStream } from "../data/random.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "./support.ts";

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
    assertEquals(x.toArray(), targets.map((k) => [k, 10 * k]));
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
  assertEquals([x.toArray(), x.dtype, y.shape, y.dtype, y.item()], [[3, 30], "float32", [], "int32", 3]);
  const [pixels] = new data.ArrayDataset(tensor(new Uint8Array([0, 51, 255])), tensor([1, 2, 3]), { divisor: 255 }).get(
    1,
  );
  assertEquals([pixels.dtype, pixels.item()], ["float32", Math.fround(0.2)]);
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
  // Without loading, a loop that was left early is over.
  assertEquals(await epochOf(stopped), epochs[2]);
  for (const wrong of [{ ...state, batchSize: 4 }, { ...state, batch: 8 }, { ...state, epoch: -1 }]) {
    assertThrows(() => resumed.loadStateDict(wrong), RangeError, "Cannot load loader state");
  }
});

testWith([], "DataLoader frees a batch when the next is asked for, unless it is kept", async () => {
  const loader = new data.DataLoader(counted(6), { batchSize: 2, transform: data.normalize(1, 2) });
  const seen: Tensor[] = [];
  for await (const [x, y] of loader) {
    if (seen.length > 0) assertThrows(() => seen.at(-1)!.toArray(), Error);
    if (seen.length === 0) y.keep();
    seen.push(y, x);
  }
  assertEquals(seen[0]!.toArray(), [0, 1]);
  for (const freed of seen.slice(1)) assertThrows(() => freed.toArray(), Error);
});

testWith([], "DataLoader gives back all memory", async () => {
  const before = memory().bytes;
  for (const dataset of [counted(10), oneByOne(10), oneByOne(10, true)]) {
    const loader = new data.DataLoader(dataset, { batchSize: 4, prefetch: 1, transform: data.normalize(0, 1) });
    using _ = scope();
    await epochOf(loader);
    for await (const _ of loader) break;
    await assertRejects(async () => {
      for await (const _ of loader) throw new Error("stop");
    });
  }
  // What other tests left may be collected in the meantime.
  assert.ok(memory().bytes <= before, `${memory().bytes - before} bytes are left`);
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

testWith([], "transforms flatten and normalise", () => {
  const random = new RandomStream(0);
  assertEquals(data.flatten()(images(), random).shape, [2, 12]);
  const scaled = data.compose(data.normalize([0, 6], [1, 2]), data.flatten())(images(), random);
  assertEquals(scaled.toArray<number[][]>()[0], [0, 1, 2, 3, 4, 5, 0, 0.5, 1, 1.5, 2, 2.5]);
  assertThrows(() => data.normalize([1, 2, 3], 1)(images(), random), TypeError, "[2, 2, 2, 3]");
});

testWith([], "randomFlip() mirrors rows, randomShift() moves images", () => {
  const random = new RandomStream(0);
  assertEquals(data.randomFlip(1)(images(), random).toArray<number[][][][]>()[1]![0], [[14, 13, 12], [17, 16, 15]]);
  assertEquals(data.randomFlip(0)(images(), random).toArray(), images().toArray());
  const seen = new Set<string>();
  for (let round = 0; round < 200; round++) {
    const shifted = data.randomShift(1)(images(), random).toArray<number[][][][]>()[1]!;
    // Pixel (0, 1) of the first channel is 13; wherever it went, the second channel's went with it.
    const at = (channel: number, value: number) => {
      const row = shifted[channel]!.findIndex((columns) => columns.includes(value));
      return row < 0 ? "out" : `${row},${shifted[channel]![row]!.indexOf(value)}`;
    };
    assertEquals(at(0, 13), at(1, 19));
    seen.add(at(0, 13));
  }
  assertEquals([...seen].sort(), ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2", "out"]);
  assertThrows(() => data.randomFlip()(tensor([1]), random), TypeError, "[batch, channels, height, width]");
});

testWith([], "random transforms repeat with the seed, the epoch and the batch", async () => {
  const set = new data.ArrayDataset(images(), tensor([0, 1]));
  const make = () => new data.DataLoader(set, { seed: 1, transform: data.randomShift(1) });
  const epochsOf = async (loader: data.DataLoader, count: number) => {
    const found = [];
    for (let k = 0; k < count; k++) for await (const [x] of loader) found.push(x.toArray());
    return found;
  };
  const all = await epochsOf(make(), 3), late = make();
  assertEquals(await epochsOf(make(), 3), all);
  late.loadStateDict({ epoch: 1, batch: 1, seed: 1, batchSize: 1 });
  assertEquals(await epochsOf(late, 1), [all[3]]);
});

const idx = (code: number, sizes: number[], content: number[]) =>
  new Uint8Array([
    0,
    0,
    code,
    sizes.length,
    ...sizes.flatMap((n) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255]),
    ...content,
  ]);

testWith([], "parseIdx() reads every element type", () => {
  const cases: [code: number, sizes: number[], content: number[], wanted: number[]][] = [
    [0x08, [2, 2], [1, 2, 3, 255], [1, 2, 3, 255]],
    [0x09, [2], [1, 255], [1, -1]],
    [0x0b, [2], [1, 0, 255, 254], [256, -2]],
    [0x0c, [1], [0, 0, 1, 0], [256]],
    [0x0d, [1], [0x3f, 0x80, 0, 0], [1]],
    [0x0e, [1], [0xbf, 0xf0, 0, 0, 0, 0, 0, 0], [-1]],
    [0x08, [], [7], [7]],
    [0x08, [3, 0], [], []],
  ];
  for (const [code, sizes, content, wanted] of cases) {
    const { shape, data } = parseIdx(idx(code, sizes, content), "file");
    assertEquals([shape, [...data]], [sizes, wanted]);
  }
});

testWith([], "parseIdx() refuses malformed files", () => {
  const cases: [bytes: Uint8Array, message: string][] = [
    [new Uint8Array(3), "Cannot read file: it holds 3 bytes"],
    [new Uint8Array([1, 0, 8, 1]), "it begins with 01 00 08 01"],
    [idx(0x07, [1], [1]), "it begins with 00 00 07 01"],
    [new Uint8Array([0, 0, 8, 3, 0, 0, 0]), "the header of 3 axes alone takes 16"],
    [idx(0x08, [2, 2], [1, 2, 3]), "it holds 15 bytes, but its shape [2, 2] takes 16"],
    [idx(0x08, [2], [1, 2, 3]), "it holds 11 bytes, but its shape [2] takes 10"],
    [idx(0x0e, [4294967295, 4294967295, 4294967295], []), "it holds 16 bytes"],
    [idx(0x08, new Array(255).fill(4294967295), []), "takes Infinity"],
  ];
  for (const [bytes, message] of cases) assertThrows(() => parseIdx(bytes, "file"), SyntaxError, message);
});

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

testWith([], "gunzip() stops at its limit and refuses damage", async () => {
  const bytes = new Uint8Array(1_000_000).fill(3), packed = await gzip(bytes), source = "file.gz";
  assertEquals(await gunzip(packed, { bytesMax: 1_000_000, source }), bytes);
  await assertRejects(() => gunzip(packed, { bytesMax: 999_999, source }), SyntaxError, "more than 999999 bytes");
  const cut = packed.slice(0, -6), flipped = packed.slice();
  flipped[packed.length - 6]! ^= 1;
  for (const wrong of [cut, flipped, new Uint8Array([1, 2, 3])]) {
    await assertRejects(() => gunzip(wrong, { bytesMax: 1_000_000, source }), SyntaxError, "Cannot unpack file.gz");
  }
});

/** Three images and their labels, as files and as what `mnist` takes for the real ones. */
async function smallMnist() {
  const pixels = Array.from({ length: 3 * 784 }, (_, k) => k % 256);
  const unpacked = { images: idx(0x08, [3, 28, 28], pixels), labels: idx(0x08, [3], [4, 0, 9]) };
  const remote = async (name: string, bytes: Uint8Array<ArrayBuffer>): Promise<RemoteFile> => ({
    name,
    bytes: bytes.length,
    sha256: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(),
  });
  const train = { images: await remote("images", unpacked.images), labels: await remote("labels", unpacked.labels) };
  return { unpacked, files: { train, test: train } satisfies data.MnistFiles };
}

/** Runs `body` with the address of a server that answers as the first part of the path says. */
async function withServer(body: (address: string, asked: string[]) => Promise<void>): Promise<void> {
  const { unpacked } = await smallMnist(), asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const [, mirror, file] = new URL(request.url).pathname.split("/");
    asked.push(`${mirror}/${file}`);
    const bytes = unpacked[file!.replace(".gz", "") as keyof typeof unpacked];
    switch (mirror) {
      case "good":
        return new Response(await gzip(bytes));
      case "plain":
        return new Response(bytes);
      case "wrong":
        return new Response(await gzip(bytes.with(-1, 77)));
      case "endless":
        return new Response(new Uint8Array(1_000_000));
      case "silent":
        return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([0x1f])) }));
      default:
        return new Response("gone", { status: 500 });
    }
  });
  try {
    await body(`http://127.0.0.1:${server.addr.port}/`, asked);
  } finally {
    await server.shutdown();
  }
}

/** Runs `body` with the address of a server that promises more than it sends. */
async function withCuttingServer(body: (address: string) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"));
      connection.close();
    }
  })();
  try {
    await body(`http://127.0.0.1:${listener.addr.port}/`);
  } finally {
    listener.close();
    await serving;
  }
}

const filesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();

testWith(
  ["read", "write", "net"],
  "mnist() downloads once, past broken mirrors",
  () =>
    inTemporaryFolder((folder) =>
      withCuttingServer((cutting) =>
        withServer(async (address, asked) => {
          const { files } = await smallMnist();
          const addresses = [
            "http://127.0.0.1:1/",
            cutting,
            `${address}broken/`,
            `${address}wrong/`,
            `${address}good/`,
          ];
          const heard: string[] = [];
          const options = { split: "train" as const, folder, files, addresses };
          const set = await data.mnist({
            ...options,
            progress: ({ file, received }) => heard.push(`${file} ${received > 0}`),
          });
          assertEquals(set.length, 3);
          const [x, y] = set.get(2);
          assertEquals([x.shape, x.dtype, y.shape, y.dtype, y.item()], [[1, 28, 28], "float32", [], "int32", 9]);
          assertEquals(x.toTypedArray()[5], Math.fround(((2 * 784 + 5) % 256) / 255));
          assertEquals([heard.includes("images true"), heard.includes("labels true")], [true, true]);
          assertEquals(await filesIn(`${folder}/mnist`), ["images.gz", "labels.gz"]);
          const before = asked.length;
          await data.mnist(options);
          assertEquals(asked.length, before);
        })
      )
    ),
);

testWith(
  ["read", "write", "net"],
  "mnist() keeps nothing that is wrong",
  () =>
    inTemporaryFolder((folder) =>
      withServer(async (address) => {
        const { files } = await smallMnist(),
          addresses = [`${address}wrong/`, `${address}broken/`, `${address}endless/`];
        for (const message of ["its SHA-256 is ", "the server answered 500", "it sends more than "]) {
          await assertRejects(
            () => data.mnist({ split: "test", folder, files, addresses }),
            data.MissingDataError,
            message,
          );
        }
        assertEquals(await filesIn(folder), []);
        await assertRejects(
          () => data.mnist({ split: "test", folder, download: false }),
          data.MissingDataError,
          "no such file",
        );
        // A server that unpacks on the way is as good.
        await data.mnist({ split: "test", folder, files, addresses: [`${address}plain/`] });
        assertEquals(await filesIn(`${folder}/mnist`), ["images", "labels"]);
        assertEquals((await data.mnist({ split: "test", folder, files, download: false })).length, 3);
      })
    ),
);

testWith(
  ["read", "write", "net"],
  "download() gives up a server that falls silent",
  () =>
    inTemporaryFolder((folder) =>
      withServer(async (address) => {
        const { files } = await smallMnist();
        const attempt = () =>
          download(files.train.images, folder, { addresses: [`${address}silent/`], secondsMax: 0.2 });
        await assertRejects(attempt, data.MissingDataError, "nothing arrived for 0.2 s");
      })
    ),
);

testWith(["read", "write"], "mnist() refuses damaged files", () =>
  inTemporaryFolder(async (folder) => {
    const { unpacked: { images, labels }, files } = await smallMnist();
    await Deno.mkdir(`${folder}/mnist`);
    const cases: [images: Uint8Array<ArrayBuffer>, labels: Uint8Array<ArrayBuffer>, message: string][] = [
      [images.slice(0, -1), labels, "images.gz: it holds 2367 bytes, but its shape [3, 28, 28] takes 2368"],
      [images, labels.slice(0, -1), "labels.gz: it holds 10 bytes"],
      [images, idx(0x08, [2], [1, 2]), "labels.gz: its shape [2] must be [3]"],
      [images, idx(0x08, [3], [1, 10, 2]), "labels.gz: label 1 is 10, which must lie in 0..9"],
      [labels, labels, "images.gz: its shape [3] must be [n, 28, 28]"],
    ];
    for (const [left, right, message] of cases) {
      await Deno.writeFile(`${folder}/mnist/images.gz`, await gzip(left));
      await Deno.writeFile(`${folder}/mnist/labels.gz`, await gzip(right));
      await assertRejects(() => data.mnist({ split: "train", folder, files }), SyntaxError, message);
    }
    await Deno.writeFile(`${folder}/mnist/images.gz`, images);
    await assertRejects(() => data.mnist({ split: "train", folder, files }), SyntaxError, "Cannot unpack");
    await assertRejects(() => data.mnist({ split: "all" as "test", folder }), RangeError, '"all"');
  }));

testWith(["read", "write"], "cifar10() reads the binary version", () =>
  inTemporaryFolder(async (folder) => {
    const home = `${folder}/cifar-10-batches-bin`,
      record = (label: number) => [label, ...new Array(3072).fill(51 * (label % 6))];
    await assertRejects(
      () => data.cifar10({ split: "test", folder }),
      data.MissingDataError,
      "unpack the binary version",
    );
    await Deno.mkdir(home);
    const write = (name: string, bytes: number[]) => Deno.writeFile(`${home}/${name}`, new Uint8Array(bytes));
    for (let k = 1; k <= 5; k++) await write(`data_batch_${k}.bin`, [...record(k), ...record(9)]);
    const train = await data.cifar10({ split: "train", folder }), [x, y] = train.get(2);
    assertEquals([train.length, x.shape, x.dtype, y.dtype, y.item()], [10, [3, 32, 32], "float32", "int32", 2]);
    assertEquals(x.toTypedArray()[3071], Math.fround(0.4));
    for (
      const [bytes, message] of [[[], "it holds 0 bytes"], [record(1).slice(1), "it holds 3072 bytes"], [
        record(10),
        "label 0 is 10",
      ]] as const
    ) {
      await write("test_batch.bin", [...bytes]);
      await assertRejects(() => data.cifar10({ split: "test", folder }), SyntaxError, message);
    }
  }));

testWith([], "digits() draws by seed, split and number alone", () => {
  const bytesOf = (set: data.Dataset, index: number) =>
    (set.get(index) as Pair).map((part) => [...part.toTypedArray()].join());
  const long = data.digits({ train: 50, seed: 1 }),
    short = data.digits({ train: 10, seed: 1 }),
    test = data.digits({ test: 50, seed: 1 });
  assertEquals([long.length, short.length, test.length], [50, 10, 50]);
  // Asked in another order, and one by one or together.
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
  assertEquals(x.data.every((value) => value >= 0 && value <= 1), true);
  for (let k = 0; k < 500; k++) {
    const ink = Array.from(x.data.subarray(784 * k, 784 * (k + 1))).reduce((sum, value) => sum + value, 0);
    assertEquals(ink > 15 && ink < 300, true, `digit ${k} has ${ink} pixels of ink`);
  }
});

testWith([], "digits() checks its options", () => {
  assertThrows(() => data.digits({ train: 1, test: 1 } as never), TypeError, "both of train and test");
  assertThrows(() => data.digits({} as never), TypeError, "neither of train and test");
  assertThrows(() => data.digits({ train: -1 }), RangeError, "train -1 must be a non-negative integer");
  assertThrows(() => data.digits({ test: 2.5 }), RangeError, "test 2.5");
  assertThrows(() => data.digits({ test: 2, seed: -1 }), RangeError, "seed -1");
});

testWith(
  ["read", "write", "run"],
  "data folders are found without a prompt",
  () =>
    inTemporaryFolder(async (folder) => {
      const moduleAt = (path: string) => JSON.stringify(new URL(`../${path}`, import.meta.url).href);
      const script = `import { dataFolder } from ${moduleAt("data/folders.ts")};
      import { cacheFolder } from ${moduleAt("kernels/native/environment.ts")};
      let found; try { found = dataFolder(); } catch (error) { found = error.name; } console.log(cacheFolder() + " " + found);`;
      await Deno.writeTextFile(`${folder}/script.ts`, script);
      const ask = async (flags: string[], env: Record<string, string> = {}) => {
        const args = ["run", "--no-check", "--quiet", "--no-prompt", ...flags, "script.ts"];
        const command = new Deno.Command(Deno.execPath(), {
          args,
          cwd: folder,
          env: { HOME: "/home/x", XDG_CACHE_HOME: "", DENEB_CACHE: "", DENEB_DATA: "", ...env },
        });
        return new TextDecoder().decode((await command.output()).stdout).trim();
      };
      assertEquals(await ask([]), "null MissingDataError");
      if (Deno.build.os === "linux") {
        assertEquals(await ask(["--allow-env"]), "/home/x/.cache/deneb /home/x/.cache/deneb");
      }
      assertEquals(await ask(["--allow-env=DENEB_CACHE,DENEB_DATA"], { DENEB_CACHE: "/c" }), "/c /c");
      assertEquals(await ask(["--allow-env"], { DENEB_CACHE: "/c", DENEB_DATA: "/d" }), "/c /d");
      await Deno.mkdir(`${folder}/.deneb`);
      assertEquals(await ask(["--allow-env"], { DENEB_CACHE: "/c" }), "/c /c");
      assertEquals(await ask(["--allow-env", "--allow-read=.deneb"], { DENEB_CACHE: "/c" }), "./.deneb ./.deneb");
    }),
);

const folder = Deno.permissions.querySync({ name: "env", variable: "DENEB_DATA" }).state === "granted"
  ? Deno.env.get("DENEB_DATA")
  : undefined;
Deno.test({
  name: "mnist() reads the real files" + (folder ? "" : " (set DENEB_DATA to a folder with mnist/)"),
  ignore: !folder,
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const [train, test] = [await data.mnist({ split: "train" }), await data.mnist({ split: "test" })];
    assertEquals([train.length, test.length], [60000, 10000]);
    const [x, y] = await train.batch(Array.from({ length: 8 }, (_, k) => k));
    assertEquals([...y.data], [5, 0, 4, 1, 9, 2, 1, 3]);
    const mean = Array.from(x.data).reduce((sum, value) => sum + value, 0) / x.data.length;
    assertEquals(mean > 0.1 && mean < 0.2, true);
  },
});
