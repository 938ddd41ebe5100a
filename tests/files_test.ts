/** Files appear whole or not at all. */
import { io } from "../mod.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assertEquals, assertRejects, delay } from "./support.ts";

const names = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();

testWith(
  ["read", "write"],
  "writeWhole() writes, replaces and leaves nothing else",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/file`;
      for (const bytes of [new Uint8Array([1, 2, 3]), new Uint8Array(100_000).fill(7), new Uint8Array(0)]) {
        await io.writeWhole(path, bytes);
        assertEquals(await Deno.readFile(path), bytes);
      }
      assertEquals(await names(folder), ["file"]);
    }),
);

testWith(
  ["read", "write"],
  "writeWhole() says why it cannot, and leaves nothing",
  () =>
    inTemporaryFolder(async (folder) => {
      const bytes = new Uint8Array([1]);
      await assertRejects(
        () => io.writeWhole(`${folder}/absent/file`, bytes),
        Error,
        "there is no such file or folder",
      );
      await Deno.mkdir(`${folder}/taken/full`, { recursive: true });
      await assertRejects(() => io.writeWhole(`${folder}/taken`, bytes), Error, `Cannot write ${folder}/taken: `);
      assertEquals(await names(folder), ["taken"]);
    }),
);

testWith(
  ["read", "write", "run"],
  "writeWhole() survives a kill at any moment",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/file`, length = 4_000_000;
      const script = `import { writeWhole } from ${
        JSON.stringify(new URL("../core/host/files.ts", import.meta.url).href)
      };
      for (let k = 1;; k++) await writeWhole(${JSON.stringify(path)}, new Uint8Array(${length}).fill(k));`;
      await Deno.writeTextFile(`${folder}/script.ts`, script);
      for (let round = 0; round < 3; round++) {
        const child = new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-check", "--quiet", "-A", `${folder}/script.ts`],
          stdout: "null",
          stderr: "null",
        }).spawn();
        while (!(await names(folder)).includes("file")) await delay(10);
        await delay(20 + 17 * round);
        child.kill("SIGKILL");
        await child.status;
        const bytes = await Deno.readFile(path);
        assertEquals(bytes.length, length);
        assertEquals(bytes.every((byte) => byte === bytes[0]), true);
        await Deno.remove(path);
      }
    }),
);
