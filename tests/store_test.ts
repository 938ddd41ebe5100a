/** The folder of built programs, and the cache folder around it: whose files are read, and whose are removed. */
import { openStore } from "../kernels/native/store.ts";
import { cacheFolder, isGranted, localRefusal } from "../kernels/native/environment.ts";
import { inTemporaryFolder, testUnless, testWith } from "./permissions.ts";
import { assert, assertEquals } from "./support.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const head = new TextEncoder().encode("dnebcl01");

/** A file with these first bytes whose length is `bytes`, though it takes no room, written `daysAgo`. */
function writeSparse(path: string, first: Uint8Array, bytes: number, daysAgo: number): void {
  Deno.writeFileSync(path, first);
  Deno.truncateSync(path, bytes);
  const time = new Date(Date.now() - daysAgo * 86_400_000);
  Deno.utimeSync(path, time, time);
}

/** Runs `body` with a variable of the environment. */
async function withVariable(name: string, value: string, body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get(name);
  Deno.env.set(name, value);
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete(name);
    else Deno.env.set(name, before);
  }
}

testWith(
  ["read", "write", "env"],
  "a store bounds its folder, and touches only what Deneb wrote",
  () =>
    inTemporaryFolder((folder) =>
      withVariable("DENEB_PROGRAMS", folder, () => {
        const own = (digit: string) => `opencl-${digit.repeat(16)}`, text = new TextEncoder().encode("my own text");
        // The user's files: large, old, and with names or beginnings like those of stores.
        const users: [name: string, first: Uint8Array][] = [
          ["thesis.tex", text],
          ["data.bin", head],
          [own("a"), text],
          [own("b") + ".bak", head],
          ["opencl-short", head],
          ["model.safetensors.0123abcd.partial", text],
        ];
        for (const [name, first] of users) writeSparse(`${folder}/${name}`, first, 2 ** 29, 900);
        Deno.mkdirSync(`${folder}/${own("d")}`);
        Deno.symlinkSync(`${folder}/thesis.tex`, `${folder}/${own("e")}`);
        writeSparse(`${folder}/${own("0")}`, head, 2 ** 27, 3);
        writeSparse(`${folder}/${own("1")}`, head, 2 ** 27, 2);
        writeSparse(`${folder}/cuda-${"2".repeat(16)}`, head, 2 ** 26, 1);
        writeSparse(`${folder}/${own("3")}.deneb-0123abcd.partial`, head, 10, 1);
        const bytes = new Uint8Array([...head, 1, 2, 3]);
        const write = openStore({
          name: own("4"),
          news: () => 1,
          save: (target) => {
            target.set(bytes.subarray(0, target.length));
            return bytes.length;
          },
          load: () => {},
        });
        write(true);
        const kept = [...users.map(([name]) => name), own("d"), own("e"), own("1"), `cuda-${"2".repeat(16)}`, own("4")];
        assertEquals(names(folder), kept.sort());
        assertEquals(Deno.readFileSync(`${folder}/${own("4")}`), bytes);
        return Promise.resolve();
      })
    ),
);

const isUnix = Deno.build.os !== "windows";
const permitted = (["read", "write", "env", "run", "sys"] as const).every((name) => isGranted({ name }));
const another = !isUnix || !permitted
  ? "add -A, on a system with owners"
  : Deno.uid() === 0
  ? null
  : "root alone gives files away";

testUnless(
  another,
  "./.deneb is the cache folder only if it is the user's own",
  () =>
    inTemporaryFolder(async (folder) => {
      const before = Deno.cwd(), user = Deno.uid()!;
      Deno.chdir(folder);
      try {
        const both = () => [localRefusal("data"), localRefusal("code")];
        assertEquals(both(), ["there is none", "there is none"]);
        await Deno.writeTextFile(".deneb", "");
        assertEquals(both(), ["it is no folder", "it is no folder"]);
        await Deno.remove(".deneb");
        await Deno.mkdir(".deneb", { mode: 0o755 });
        assertEquals([...both(), cacheFolder("code")], [null, null, "./.deneb"]);
        await Deno.chmod(".deneb", 0o777);
        assertEquals(both(), Array(2).fill("every user may write into it"));
        await Deno.chmod(".deneb", 0o755);
        await Deno.chown(".deneb", user + 1, null);
        assertEquals(both(), Array(2).fill("it belongs to another user"));
        assert(cacheFolder("code") !== "./.deneb" && cacheFolder() !== "./.deneb");
        // A link of another user may lead elsewhere at any time.
        await Deno.chown(".deneb", user, null);
        await Deno.rename(".deneb", "own");
        await Deno.symlink("own", ".deneb");
        assertEquals(both(), [null, null]);
        const given = await new Deno.Command("chown", { args: ["-h", `${user + 1}`, ".deneb"] }).output();
        assert(given.success);
        assertEquals(both(), Array(2).fill("it belongs to another user"));
      } finally {
        Deno.chdir(before);
      }
    }),
);

testWith(
  ["read", "write", "run"],
  "where the owner of ./.deneb cannot be told, it holds data and no code",
  () =>
    inTemporaryFolder(async (folder) => {
      await Deno.mkdir(`${folder}/.deneb`);
      const script = `import { cacheFolder } from ${
        JSON.stringify(import.meta.resolve("../kernels/native/environment.ts"))
      };
      console.log(cacheFolder(), cacheFolder("code"));`;
      await Deno.writeTextFile(`${folder}/script.ts`, script);
      const ask = async (...flags: string[]) => {
        const args = ["run", "--no-check", "--quiet", "--no-prompt", ...flags, "script.ts"];
        const env = { NO_COLOR: "1", HOME: folder, DENEB_CACHE: "/c" };
        const { stdout } = await new Deno.Command(Deno.execPath(), { args, env, cwd: folder }).output();
        return new TextDecoder().decode(stdout).trim();
      };
      const local = "./.deneb ./.deneb";
      assertEquals(await ask("--allow-read=.deneb", "--allow-env=DENEB_CACHE"), isUnix ? "./.deneb /c" : local);
      assertEquals(await ask("--allow-read=.deneb", "--allow-sys=uid"), local);
      // The home folder tells as well.
      assertEquals(await ask("--allow-read", "--allow-env"), local);
    }),
);
