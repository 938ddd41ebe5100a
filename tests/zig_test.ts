/** The tools that install Zig: what may be installed, and how it is unpacked. */
import { requirement } from "../tools/zig.ts";
import { unzip } from "../tools/unzip.ts";
import targets from "../tools/targets.json" with { type: "json" };
import pinned from "../tools/zig.json" with { type: "json" };
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertEquals, assertThrows } from "./support.ts";

testWith([], "Zig is pinned by its bytes for every platform that the library is built for", () => {
  const platforms = Object.keys(targets).filter((name) => name !== "cuda" && name !== "wasm");
  const wheels: Record<string, { address: string; sha256: string }> = pinned.wheels;
  assertEquals(platforms.filter((name) => !Object.hasOwn(wheels, name)), []);
  for (const { address, sha256 } of Object.values(wheels)) {
    assertEquals(
      [/^[0-9a-f]{64}$/.test(sha256), address.includes(`/ziglang-${pinned.version}-`)],
      [true, true],
      address,
    );
    assertEquals(requirement().includes(` --hash=sha256:${sha256}`), true);
  }
  assertEquals(requirement().startsWith(`ziglang==${pinned.version} `), true);
});

interface Item {
  name: string;
  text: string;
  packed?: boolean;
  mode?: number;
  /** What the archive says of the size, if it lies. */
  size?: number;
}

/** A zip archive; the checksums, which are not looked at, are zero. */
async function zip(items: Item[], comment = ""): Promise<Uint8Array<ArrayBuffer>> {
  const bytes: number[] = [], directory: number[] = [], utf8 = new TextEncoder();
  const place = Array(10).fill(0),
    number = (value: number, length: number) => Array.from({ length }, (_, k) => value / 2 ** (8 * k) & 255);
  for (const { name, text, packed = false, mode = 0, size } of items) {
    const plain = utf8.encode(text),
      stream = new Blob([plain]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const content = packed ? await new Response(stream).bytes() : plain,
      title = [...utf8.encode(name)],
      at = bytes.length;
    const lengths = [...number(content.length, 4), ...number(size ?? plain.length, 4), ...number(title.length, 2)];
    const common = [...number(packed ? 8 : 0, 2), 0, 0, 0, 0, 0, 0, 0, 0, ...lengths];
    bytes.push(0x50, 0x4b, 3, 4, 20, 0, 0, 0, ...common, 2, 0, ...title, 9, 9, ...content);
    directory.push(
      0x50,
      0x4b,
      1,
      2,
      20,
      3,
      20,
      0,
      0,
      0,
      ...common,
      ...place,
      ...number(mode, 2),
      ...number(at, 4),
      ...title,
    );
  }
  const count = [...number(items.length, 2), ...number(items.length, 2)], remark = [...utf8.encode(comment)];
  const end = [...number(directory.length, 4), ...number(bytes.length, 4), ...number(remark.length, 2), ...remark];
  return new Uint8Array([...bytes, ...directory, 0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...count, ...end]);
}

testWith(
  ["read", "write"],
  "unzip() writes files with their folders and permissions",
  () =>
    inTemporaryFolder(async (folder) => {
      const long = "zig ".repeat(10_000);
      const archive = await zip([
        { name: "zig/", text: "" },
        { name: "zig/program", text: long, packed: true, mode: 0o755 },
        { name: "zig/lib/std/é.zig", text: "const", mode: 0o644 },
        { name: "empty", text: "" },
      ], "a comment");
      unzip(archive, folder);
      assertEquals(await Deno.readTextFile(`${folder}/zig/program`), long);
      assertEquals(await Deno.readTextFile(`${folder}/zig/lib/std/é.zig`), "const");
      assertEquals((await Deno.stat(`${folder}/empty`)).size, 0);
      if (Deno.build.os !== "windows") assertEquals((await Deno.stat(`${folder}/zig/program`)).mode! & 0o777, 0o755);
    }),
);

testWith(
  ["read", "write"],
  "unzip() refuses damage, and names that lead out of the folder",
  () =>
    inTemporaryFolder(async (outer) => {
      const folder = `${outer}/inner`,
        refused = (bytes: Uint8Array, text: string) =>
          assertThrows(() => unzip(bytes, folder), SyntaxError, `Cannot unpack zip archive: ${text}`);
      for (const name of ["../out", "a/../../out", "/out", "..\\out", "C:\\out", "a/.."]) {
        refused(await zip([{ name, text: "x" }]), "the name ");
      }
      const archive = await zip([{ name: "a", text: "x".repeat(100), packed: true }]);
      for (const length of [0, 10, 30, archive.length - 30, archive.length - 1]) {
        refused(archive.subarray(0, length), "it is damaged");
      }
      refused(await zip([{ name: "a", text: "abc", size: 4 }]), "a has 3 bytes, it must have 4");
      assertEquals([...Deno.readDirSync(outer)].map(({ name }) => name).filter((name) => name !== "inner"), []);
    }),
);
