/** Lines and JSON Lines: of files and streams in pieces of any size, with the number of the line in errors. */
import { data } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assertEquals, assertRejects, assertThrows } from "../support.ts";

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A stream of bytes in pieces of one size, which says when it is cancelled. */
function pieces(bytes: Uint8Array, size: number, log: string[] = []): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += size));
    },
    cancel: () => void log.push("cancelled"),
  }, { highWaterMark: 0 });
}

async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of source) list.push(each);
  return list;
}

const texts: [text: string, lines: string[]][] = [
  ["", []],
  ["\n", [""]],
  ["one", ["one"]],
  ["one\ntwo\n", ["one", "two"]],
  ["one\r\ntwo\r\n\r\nthree", ["one", "two", "", "three"]],
  ["a\rb\n", ["a\rb"]],
  ["\ufeffhead\n\ufeffbody\n", ["head", "\ufeffbody"]],
  ["Größe 🙂\n損失\u2028x\n", ["Größe 🙂", "損失\u2028x"]],
];
testWith([], "lines() are the same however a stream is cut", async () => {
  for (const [text, wanted] of texts) {
    for (const size of [1, 2, 3, 7, 100]) {
      assertEquals(await listOf(data.lines(() => pieces(bytesOf(text), size))), wanted);
    }
  }
  const source = data.lines(() => pieces(bytesOf("a\nb\nc\nd\ne\n"), 3));
  for (let batch = 0; batch <= 3; batch++) {
    const loader = new data.DataLoader(source, { batchSize: 2 });
    loader.loadStateDict({ epoch: 0, batch, seed: 0, batchSize: 2 });
    assertEquals(await listOf(loader), [["a", "b"], ["c", "d"], ["e"]].slice(batch));
  }
});

testWith([], "jsonLines() gives records, passes over empty lines, and goes on from any", async () => {
  const text = '{"x": 1}\n\n  \n[2, null]\r\n"\\ud83d\\ude42"\n4';
  const source = data.jsonLines(() => pieces(bytesOf(text), 4)), all = [{ x: 1 }, [2, null], "🙂", 4];
  assertEquals(await listOf(source), all);
  for (let start = 0; start <= 5; start++) assertEquals(await listOf(data.skip(source, start)), all.slice(start));
});

testWith(
  ["read", "write"],
  "lines of files, packed or not, are read again in each epoch",
  () =>
    inTemporaryFolder(async (folder) => {
      const text = '{"k": 0}\n{"k": 1}\n{"k": 2}\n', path = `${folder}/a.jsonl`;
      await Deno.writeTextFile(path, text);
      const packed = new Response(text).body!.pipeThrough(new CompressionStream("gzip"));
      await Deno.writeFile(`${path}.gz`, packed);
      for (const each of [path, `${path}.gz`]) {
        const loader = new data.DataLoader(data.jsonLines<{ k: number }>(each), { batchSize: 2, shuffle: true });
        for (let epoch = 0; epoch < 2; epoch++) {
          const seen: number[] = [];
          for await (const { k } of loader) seen.push(...k.toArray<number[]>());
          assertEquals(seen.sort(), [0, 1, 2]);
        }
        // The file is closed, as the sanitizer of resources sees.
        for await (const _ of loader) break;
      }
      await assertRejects(() => listOf(data.lines(`${folder}/none`)), Error, "/none: there is no such file or folder");
      await Deno.writeTextFile(`${path}.gz`, "no gzip");
      await assertRejects(() => listOf(data.lines(`${path}.gz`)), Error);
    }),
);

testWith([], "broken lines are refused with their numbers, and the stream is cancelled", async () => {
  const json = (text: string | Uint8Array, options = {}) => {
    const log: string[] = [], bytes = typeof text === "string" ? bytesOf(text) : text;
    return { source: data.jsonLines(pieces(bytes, 5, log), options), log };
  };
  const long = `1\n${"x".repeat(50)}\n${" ".repeat(1000)}`;
  const broken: [text: string | Uint8Array, options: data.LineOptions, message: RegExp][] = [
    ["1\n2\n{\n4\n5\n6", {}, /^SyntaxError: Cannot read stream: line 3: /],
    ["1\n\n{'a': 1}\n\n\n", {}, /line 3: /],
    ["1\nNaN\n        ", {}, /line 2: /],
    [Uint8Array.of(49, 10, 255, 254, 10, 49, 10, 49, 10, 49, 10), {}, /line 2: it is no UTF-8$/],
    [long, { bytesMax: 10 }, /line 2: it has more than 10 bytes$/],
    ["x".repeat(1000), { bytesMax: 10 }, /line 1: it has more than 10 bytes$/],
    [`12345678901\n${" ".repeat(99)}`, { bytesMax: 10 }, /line 1: it has more than 10 bytes$/],
  ];
  for (const [text, options, message] of broken) {
    const { source, log } = json(text, options), error = await assertRejects(() => listOf(source));
    assertEquals(message.test(String(error)), true, String(error));
    assertEquals(log, ["cancelled"]);
  }
  assertEquals(await listOf(data.lines(pieces(bytesOf("1234567890\r\n"), 4), { bytesMax: 10 })), ["1234567890"]);
  const log: string[] = [];
  for await (const _ of data.lines(pieces(bytesOf("a\nb\nc\n"), 2, log))) break;
  assertEquals(log, ["cancelled"]);
});

testWith([], "lines() refuses what gives none", async () => {
  const refused: [make: () => unknown, kind: ErrorConstructor, text: string][] = [
    [
      () => data.lines(given(3)),
      TypeError,
      "Cannot read lines: 3, it must be a path, a stream of bytes, or a function",
    ],
    [() => data.lines("a", given({ bytes: 1 })), TypeError, "did you mean bytesMax?"],
    [() => data.jsonLines("a", { bytesMax: 0 }), RangeError, "Cannot read JSON Lines: bytesMax 0"],
  ];
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
  await assertRejects(() => listOf(data.lines(given(() => "text"))), TypeError, '"text", it must be a stream of bytes');
  await assertRejects(
    () => listOf(data.lines(given(ReadableStream.from(["a"])))),
    SyntaxError,
    "something else than bytes",
  );
  const once = data.lines(pieces(bytesOf("a\n"), 1));
  assertEquals(await listOf(once), ["a"]);
  await assertRejects(() => listOf(once), Error, "the stream was read already; give a function");
});
