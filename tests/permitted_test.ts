/** The tasks: each permission is named, and a program gets what its environment and its flags call for. */
import config from "../deno.json" with { type: "json" };
import { libraryFile } from "../kernels/native/library.ts";
import { commandOf, flagsOf, programs } from "../tools/permitted.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertThrows, fromFileUrl } from "./support.ts";

const broad = /(^|\s)(-A|--allow-all|--allow-(read|write|net|env|ffi|run|sys|import))(\s|$)/;

testWith(["env", "read"], "every permission of a task is named, also those that a program gets", () => {
  const commands = Object.values(config.tasks).map(({ command }) => command);
  const given = Object.keys(programs).map((name) => commandOf(name, []).join(" "));
  for (const words of [...commands, ...given]) assertEquals(broad.test(words), false, words);
  const run = commands.flatMap((command) => /tools\/permitted\.ts (\w+)$/.exec(command)?.[1] ?? []);
  assertEquals(run.sort(), Object.keys(programs).sort());
  // No path is the whole disk, which an empty variable would make of it.
  for (const words of given) assertEquals(/[=,]\/(,|\s|$)/.test(words), false, words);
});

testWith([], "a permission without names is left out, and a path with a comma is refused", () => {
  assertEquals(flagsOf({ ffi: [null, undefined, ""], net: ["a.b", "a.b", "c:1"] }), ["--allow-net=a.b,c:1"]);
  assertThrows(() => flagsOf({ ffi: ["a,b"] }), RangeError, "Cannot permit a,b: it has a comma");
  assertThrows(() => commandOf("paint", []), RangeError, "Cannot run paint: it is not one of train");
});

testWith(
  ["read", "write", "env", "run"],
  "deno task train reads and writes what it is told to, and no more",
  () =>
    inTemporaryFolder(async (folder) => {
      const script = `import { commandOf } from ${JSON.stringify(import.meta.resolve("../tools/permitted.ts"))};
      console.log(JSON.stringify(commandOf("train", Deno.args)));`;
      const ask = async (words: string[], env: Record<string, string>) => {
        await Deno.writeTextFile(`${folder}/script.ts`, script);
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", "--quiet", "--no-config", `${folder}/script.ts`, ...words],
          cwd: folder,
          clearEnv: true,
          env: { DENO_DIR: `${folder}/deno`, ...env },
        }).output();
        const all = JSON.parse(new TextDecoder().decode(stdout)) as string[];
        const names = (flag: string) =>
          all.find((word) => word.startsWith(`--allow-${flag}=`))?.split("=")[1]?.split(",") ?? [];
        return { read: names("read"), write: names("write"), ffi: names("ffi") };
      };
      const library = `zig-out/lib/${libraryFile()}`;
      const plain = await ask([], { DENEB_CACHE: "/cache" });
      assertEquals(plain.write, ["/cache/programs", "runs/mnist", "/cache/mnist"]);
      assertEquals(plain.ffi, [library]);
      const told = await ask(["--out=away/run", "--data", "/numbers"], {
        DENEB_DATA: "/data",
        DENEB_CACHE: "/cache",
        DENEB_LIB: "/lib/own.so",
        DENEB_PROGRAMS: "/programs",
      });
      assertEquals(told.write, ["/programs", "away/run"]);
      assertEquals([told.read.includes("/numbers"), told.read.includes("away/run")], [true, true]);
      assertEquals(told.ffi, [library, "/lib/own.so"]);
      // What a config says counts as a flag does.
      await Deno.mkdir(`${folder}/run`);
      await Deno.writeTextFile(`${folder}/run/config.json`, '{ "data": "/numbers", "model": "/nets/my.ts" }');
      const resumed = await ask(["--resume", "--out", `${folder}/run`], {});
      assertEquals(["/numbers", "/nets/my.ts", "/nets"].map((path) => resumed.read.includes(path)), [
        true,
        true,
        false,
      ]);
    }),
);

testWith(
  ["read", "write", "run"],
  "deno task train --out saves into a folder that is elsewhere, and fails in words",
  () =>
    inTemporaryFolder(async (folder) => {
      const train = async (...words: string[]) => {
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [
            "task",
            "--quiet",
            "train",
            "--data",
            "digits",
            "--limit",
            "60",
            "--batch-size",
            "20",
            "--epochs",
            "1",
            "--device",
            "wasm",
            ...words,
          ],
          cwd: fromFileUrl(new URL("..", import.meta.url)),
          env: { NO_COLOR: "1" },
        }).output();
        return { success, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
      };
      const small = ["--width", "4", "--depth", "0", "--out", `${folder}/run`];
      const { success, said } = await train(...small);
      assert(success, said);
      assertEquals([...Deno.readDirSync(`${folder}/run`)].map(({ name }) => name).sort(), [
        "checkpoint.safetensors",
        "config.json",
        "log.jsonl",
        "model.safetensors",
        "result.json",
      ]);
      const wrong = await train("--epochs", "many");
      assertEquals([wrong.success, wrong.said.includes("Cannot read flags: --epochs")], [false, true], wrong.said);
    }),
);
