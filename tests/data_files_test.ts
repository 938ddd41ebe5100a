/** Files of data: their formats, how they are found, and how they are downloaded. */
import { data } from "../mod.ts";
import { download } from "../data/download.ts";
import type { RemoteFile } from "../data/remote_file.ts";
import { gunzip } from "../data/gzip.ts";
import { parseIdx } from "../data/idx.ts";
import { environment } from "../kernels/native/environment.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertEquals, assertExact, assertRejects, assertThrows } from "./support.ts";

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
    assertExact([shape, [...data]], [sizes, wanted]);
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

const join = (...parts: Uint8Array[]) => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

testWith([], "gunzip() reads several members, and zeros between and behind them", async () => {
  const text = (word: string) => new TextEncoder().encode(word), zeros = new Uint8Array(512);
  const [a, b, empty] = await Promise.all([text("joined "), text("files"), text("")].map(gzip)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const cases: [packed: Uint8Array<ArrayBuffer>, wanted: string][] = [
    [join(a, b), "joined files"],
    [join(a, empty, b, empty), "joined files"],
    [join(a, zeros), "joined "],
    [join(a, b, zeros), "joined files"],
    [join(a, zeros, b, zeros), "joined files"],
    [join(empty, zeros), ""],
    [join(...Array.from({ length: 200 }, () => b)), "files".repeat(200)],
  ];
  const options = { bytesMax: 1000, source: "file.gz" };
  for (const [packed, wanted] of cases) {
    assertEquals(new TextDecoder().decode(await gunzip(packed, options)), wanted);
    // The limit is one for all members together.
    if (wanted.length < 2) continue;
    await assertRejects(() => gunzip(packed, { ...options, bytesMax: wanted.length - 1 }), SyntaxError, "more than");
  }
  const damaged = [
    join(a, text("x")),
    join(a, zeros, text("x")),
    join(a, b.subarray(0, -1)),
    join(a, zeros, b.subarray(0, 12)),
    zeros,
    new Uint8Array(0),
  ];
  for (const packed of damaged) {
    await assertRejects(() => gunzip(packed, options), SyntaxError, "Cannot unpack file.gz: ");
  }
});

testWith([], "gunzip() stops a bomb before it fills the memory", async () => {
  // A gigabyte of zeros in a megabyte.
  const zeros = new Uint8Array(1 << 24), members = await gzip(zeros);
  const bomb = join(...Array.from({ length: 64 }, () => members)), before = Deno.memoryUsage().rss;
  await assertRejects(() => gunzip(bomb, { bytesMax: 1 << 20, source: "bomb.gz" }), SyntaxError, "more than 1048576");
  assertEquals(Deno.memoryUsage().rss - before < 1 << 28, true);
});

/** Three images and their labels: the files, and their description for the option `files` of `mnist`. */
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
          assertExact([x.shape, x.dtype, y.shape, y.dtype, y.item()], [[1, 28, 28], "float32", [], "int32", 9]);
          assertExact(x.toTypedArray()[5], Math.fround(((2 * 784 + 5) % 256) / 255));
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
        // A server may unpack a file while it sends it.
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
    assertExact([train.length, x.shape, x.dtype, y.dtype, y.item()], [10, [3, 32, 32], "float32", "int32", 2]);
    assertExact(x.toTypedArray()[3071], Math.fround(0.4));
    for (
      const [bytes, message] of [[[], "it holds 0 bytes"], [record(1).slice(1), "it holds 3072 bytes"], [
        record(10),
        "test_batch.bin: label 0 is 10",
      ]] as const
    ) {
      await write("test_batch.bin", [...bytes]);
      await assertRejects(() => data.cifar10({ split: "test", folder }), SyntaxError, message);
    }
  }));

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

const folder = environment("DENEB_DATA");
Deno.test({
  name: "mnist() reads the real files" + (folder ? "" : " (set DENEB_DATA to a folder with mnist/)"),
  ignore: !folder,
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const [train, test] = [await data.mnist({ split: "train" }), await data.mnist({ split: "test" })];
    assertEquals([train.length, test.length], [60000, 10000]);
    const [x, y] = await train.batch(Array.from({ length: 8 }, (_, k) => k));
    assertExact([...y.data], [5, 0, 4, 1, 9, 2, 1, 3]);
    const mean = Array.from(x.data).reduce((sum, value) => sum + value, 0) / x.data.length;
    assertEquals(mean > 0.1 && mean < 0.2, true);
  },
});
