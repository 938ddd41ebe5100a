/** Files appear whole or not at all. */
import { io } from "../mod.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertRejects, delay } from "./support.ts";

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
  "writeWhole() keeps permissions and links, and replaces nothing but files",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/file`, link = `${folder}/link`, bytes = new Uint8Array([1]);
      await Deno.mkdir(`${folder}/away`);
      await Deno.writeFile(`${folder}/away/file`, new Uint8Array(9), { mode: 0o600 });
      await Deno.symlink("away/file", link);
      await io.writeWhole(link, bytes);
      assertEquals((await Deno.lstat(link)).isSymlink, true);
      assertEquals(await Deno.readFile(`${folder}/away/file`), bytes);
      if (Deno.build.os !== "windows") assertEquals((await Deno.stat(link)).mode! & 0o777, 0o600);
      // A link that leads nowhere is replaced.
      await Deno.symlink("absent/file", path);
      await io.writeWhole(path, bytes);
      assertEquals(await Deno.readFile(path), bytes);
      if (Deno.build.os === "windows") return;
      const pipe = `${folder}/pipe`;
      assertEquals((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success, true);
      await assertRejects(() => io.writeWhole(pipe, bytes), Error, `Cannot write ${pipe}: it is no file`);
      assertEquals((await Deno.stat(pipe)).isFile, false);
      assertEquals(await names(folder), ["away", "file", "link", "pipe"]);
    }),
);

const moduleAt = (path: string) => JSON.stringify(new URL(`../${path}`, import.meta.url).href);

/** What a script prints that runs in `folder` with these permissions and no others, and cannot prompt. */
async function say(folder: string, script: string, flags: readonly string[], env: Record<string, string> = {}) {
  await Deno.writeTextFile(`${folder}/script.ts`, script);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "--no-prompt", ...flags, "script.ts"],
    cwd: folder,
    env: { NO_COLOR: "1", ...env },
  }).output();
  return new TextDecoder().decode(stdout).trim() + new TextDecoder().decode(stderr).trim();
}

/**
 * What is done, the permissions that it is given, and what it says. `HERE` is the working folder, and `link` in it a link to
 * `AWAY`.
 */
const cases: [code: string, flags: string[], said: string][] = [
  [
    `io.save("m.safetensors", state)`,
    [],
    "Cannot save m.safetensors: writing into . is not permitted (--allow-write=.)",
  ],
  [
    `io.save("HERE/sub/m.safetensors", state)`,
    ["--allow-read"],
    "Cannot save HERE/sub/m.safetensors: writing into HERE/sub is not permitted (--allow-write=HERE/sub)",
  ],
  // The file alone is not enough: written in place, it would be torn by a kill.
  [
    `io.save("m.safetensors", state)`,
    ["--allow-read", "--allow-write=m.safetensors"],
    "Cannot save m.safetensors: writing into . is not permitted (--allow-write=.)",
  ],
  [
    `io.save("m.safetensors", state)`,
    ["--allow-write=."],
    "Cannot save m.safetensors: reading in ., which renaming a file takes, is not permitted (--allow-read=.)",
  ],
  [`io.save("m.safetensors", state)`, ["--allow-read=.", "--allow-write=."], "done"],
  [`io.save("sub/m.safetensors", state)`, ["--allow-read=sub", "--allow-write=sub"], "done"],
  [`io.load("sub/m.safetensors")`, ["--allow-read=sub/m.safetensors"], "done"],
  [
    `io.load("sub/m.safetensors")`,
    [],
    "Cannot load sub/m.safetensors: reading it is not permitted (--allow-read=sub/m.safetensors)",
  ],
  // To read a file behind a link takes the link's permission, to write one also that of the folder behind it.
  [`io.load("link/m.safetensors")`, ["--allow-read=link"], "done"],
  [
    `io.save("link/m.safetensors", state)`,
    ["--allow-read=link", "--allow-write=link"],
    "Cannot save link/m.safetensors: writing into AWAY is not permitted (--allow-write=AWAY)",
  ],
  [`io.save("link/m.safetensors", state)`, ["--allow-read", "--allow-write"], "done"],
  [
    `io.save("linked.safetensors", state)`,
    ["--allow-read=.", "--allow-write=."],
    "Cannot save linked.safetensors: writing into AWAY is not permitted (--allow-write=AWAY)",
  ],
  [
    `io.saveCheckpoint("c", { random: io.random })`,
    [],
    "Cannot save checkpoint c: writing into . is not permitted (--allow-write=.)",
  ],
  [
    `io.loadCheckpoint("c", { random: io.random })`,
    ["--allow-write"],
    "Cannot load checkpoint c: reading it is not permitted (--allow-read=c)",
  ],
  [`io.writeWhole("w", new Uint8Array(1))`, [], "Cannot write w: writing into . is not permitted (--allow-write=.)"],
  [
    `data.mnist({ split: "test", folder: "HERE" })`,
    [],
    "Cannot read HERE/mnist/t10k-images-idx3-ubyte.gz: it needs --allow-read=HERE/mnist/t10k-images-idx3-ubyte.gz",
  ],
  [
    `data.mnist({ split: "test", folder: "HERE" })`,
    ["--allow-read"],
    "Cannot download t10k-images-idx3-ubyte: " +
    "writing into HERE/mnist is not permitted (--allow-write=HERE/mnist)",
  ],
  [
    `data.mnist({ split: "test", folder: "HERE", addresses: ["http://127.0.0.1:1/"] })`,
    ["--allow-read", "--allow-write"],
    "Cannot download t10k-images-idx3-ubyte: http://127.0.0.1:1/t10k-images-idx3-ubyte.gz: " +
    "it needs --allow-net=127.0.0.1:1",
  ],
  [
    `data.cifar10({ split: "test", folder: "HERE" })`,
    [],
    "Cannot read HERE/cifar-10-batches-bin/test_batch.bin: it needs --allow-read=HERE/cifar-10-batches-bin/test_batch.bin",
  ],
  // Without a permission another device is taken, and no folder is read or written.
  [`(async () => { devices(); await setDefaultDevice(); ones([2]).add(1).toArray(); })()`, [], "done"],
  [
    `(async () => { devices(); await setDefaultDevice(); ones([2]).add(1).toArray(); })()`,
    ["--allow-ffi"],
    "done",
  ],
  [`open("cpu")`, [], "Cannot open cpu: "],
];

for (const [code, flags, said] of cases) {
  testWith(
    ["read", "write", "run"],
    `nothing prompts: ${code} with ${flags.join(" ") || "no permission"}`,
    () =>
      inTemporaryFolder(async (folder) => {
        const away = await Deno.makeTempDir();
        await Deno.mkdir(`${folder}/sub`);
        await Deno.symlink(away, `${folder}/link`);
        await Deno.symlink(`${away}/m.safetensors`, `${folder}/linked.safetensors`);
        for (const path of [`${folder}/sub/m.safetensors`, `${away}/m.safetensors`]) await io.save(path, {});
        const put = (text: string) => text.replaceAll("HERE", folder).replaceAll("AWAY", away);
        const script = `import { data, devices, io, ones, open, setDefaultDevice, tensor } from ${moduleAt("mod.ts")};
        const state = { x: tensor([1], { device: "reference" }) };
        await ${put(code)}.then(() => console.log("done"), ({ message }) => console.log(message));`;
        const found = await say(folder, script, flags);
        await Deno.remove(away, { recursive: true });
        assert(found.startsWith(put(said)), found);
        assertEquals(found.includes("run again with"), false, found);
      }),
  );
}

testWith(
  ["read", "write", "net", "run"],
  "nothing prompts: an address that leads on to another host",
  () =>
    inTemporaryFolder(async (folder) => {
      const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () =>
        new Response(null, { status: 302, headers: { location: "http://localhost:1/elsewhere" } }));
      const host = `127.0.0.1:${server.addr.port}`;
      const script = `import { data } from ${moduleAt("mod.ts")};
        await data.mnist({ split: "test", folder: ".", addresses: ["http://${host}/"] })
          .catch(({ message }) => console.log(message));`;
      const found = await say(folder, script, ["--allow-read", "--allow-write", `--allow-net=${host}`]);
      await server.shutdown();
      assert(found.includes("it leads on to localhost:1: it needs --allow-net=localhost:1"), found);
    }),
);

testWith(
  ["read", "write"],
  "temporary files of writers that are gone are removed, and no others",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/model.safetensors`, lost = `${path}.deneb-0123abcd.partial`;
      const stranger = `${folder}/other.deneb-0123abcd.partial`, alive = `${path}.deneb-89abcdef.partial`;
      const others = [
        "model.safetensors.partial",
        "notes.partial",
        "x.deneb-0123.partial",
        "x.deneb-0123abcd.partial.txt",
      ];
      for (const name of others) await Deno.writeTextFile(`${folder}/${name}`, "mine");
      for (const file of [lost, stranger, alive]) await Deno.writeTextFile(file, "begun");
      using working = await Deno.open(alive, { write: true });
      await working.lock(true);
      await io.save(path, {});
      // A file of another target may be written to from another machine, whose lock is not seen here.
      const kept = ["model.safetensors", "model.safetensors.deneb-89abcdef.partial", ...others];
      assertEquals(await names(folder), [...kept, "other.deneb-0123abcd.partial"].sort());
      const dayAgo = new Date(Date.now() - 86_400_000);
      await Deno.utime(stranger, dayAgo, dayAgo);
      await Deno.utime(alive, dayAgo, dayAgo);
      await io.save(path, {});
      assertEquals(await names(folder), kept.sort());
      assertEquals(await Deno.readTextFile(`${folder}/notes.partial`), "mine");
    }),
);

testWith(["read", "write"], "two writers of one file at once both succeed", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/file`,
      writes = [1, 2, 3, 4].map((k) => io.writeWhole(path, new Uint8Array(100_000).fill(k)));
    await Promise.all(writes);
    const bytes = await Deno.readFile(path);
    assertEquals([bytes.length, bytes.every((byte) => byte === bytes[0])], [100_000, true]);
    assertEquals(await names(folder), ["file"]);
  }));

/** Ways of writing a file again and again, each time with another number in all of it. */
const writers: Record<string, string> = {
  "writeWhole()": "io.writeWhole(path, new Uint8Array(length).fill(k))",
  "save()": "io.save(path, { x: full([length / 4], k, { device: 'reference' }) })",
  "saveCheckpoint()":
    "io.saveCheckpoint(path, { part: { stateDict: () => ({ x: full([length / 4], k, { device: 'reference' }) }) } })",
};
const killsEach = 20;

for (const [name, write] of Object.entries(writers)) {
  testWith(
    ["read", "write", "run"],
    `${name} survives a kill at any moment, and the next one leaves nothing behind`,
    () =>
      inTemporaryFolder(async (folder) => {
        const path = `${folder}/file`, length = 4_000_000;
        const script = `import { full, io } from ${moduleAt("mod.ts")};
        const path = ${JSON.stringify(path)}, length = ${length};
        for (let k = 1;; k = k % 200 + 1) await ${write};`;
        await Deno.writeTextFile(`${folder}/script.ts`, script);
        for (let round = 0; round < killsEach; round++) {
          const child = new Deno.Command(Deno.execPath(), {
            args: ["run", "--no-check", "--quiet", "-A", `${folder}/script.ts`],
            stdout: "null",
            stderr: "null",
          }).spawn();
          while (!(await names(folder)).includes("file")) await delay(10);
          await delay(1 + 3.7 * round);
          child.kill("SIGKILL");
          await child.status;
          const bytes = await Deno.readFile(path);
          const elements = name === "writeWhole()" ? bytes : new Float32Array(bytes.slice(-length).buffer);
          assertEquals(elements.byteLength, length);
          assertEquals(elements.every((element) => element === elements[0]!), true);
          if (name !== "writeWhole()") await io.load(path);
          await Deno.remove(path);
        }
        await io.save(path, {});
        assertEquals(await names(folder), ["file", "script.ts"]);
      }),
  );
}
