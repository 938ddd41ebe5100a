/**
 * The choice of the native library, and the messages if there is none. Each case is a process of its own, since a process
 * keeps the library that it found first, and a process that could prompt would wait.
 */
import { libraryFile } from "../kernels/native/library.ts";
import { freshWasm } from "./built.ts";
import { absence } from "./kernels.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, equals, fromFileUrl } from "./support.ts";

const home = new URL("..", import.meta.url);
const mod = JSON.stringify(new URL("mod.ts", home).href);
const built = fromFileUrl(new URL(`zig-out/lib/${libraryFile()}`, home));

/** The output of a process that asks for the native device, and then makes a tensor. */
interface Answer {
  available: boolean;
  reason?: string;
  description: string;
  /** The description once the device is open. */
  found: string;
  /** The message of the error of opening the native device; null if it opened. */
  error: string | null;
  /** The device of a tensor that names none, or why there is no such tensor. */
  taken: string;
  /** The other output on the console. */
  complained: string;
}

const script = `
  import { devices, open, tensor } from ${mod};
  const attempt = async (body) => { try { return await body(); } catch (error) { return error.name + ": " + error.message; } };
  const { available, reason, description } = devices().find(({ name }) => name === "cpu");
  const opened = await attempt(() => open("cpu")), taken = await attempt(() => tensor([1]).device);
  const found = devices().find(({ name }) => name === "cpu").description, error = opened === "cpu" ? null : opened;
  console.log(JSON.stringify({ available, reason, description, found, error, taken }));
`;

/** Runs a script with flags, in an environment of the given variables alone. */
async function run(text: string, flags: readonly string[], env: Record<string, string> = {}) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--no-config", ...flags, "-"],
    clearEnv: true,
    env: { NO_COLOR: "1", DENO_DIR: fromFileUrl(new URL(".zig-cache/tests/deno", home)), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, signal, stdout, stderr } = await child.output();
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, signal, said: said!, complained: complained! };
}

async function ask(flags: readonly string[], env: Record<string, string>): Promise<Answer> {
  const { code, signal, said, complained } = await run(script, flags, env);
  assertEquals({ code, signal }, { code: 0, signal: null }, complained);
  return { ...JSON.parse(said), complained };
}

interface Case {
  flags: readonly string[];
  /** `FILE` stands for a file that `make` makes, by default of the library's bytes. */
  env?: Record<string, string>;
  make?: (library: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** The beginning of the expected error, and the expected device; `FILE` as above. */
  error: string | null;
  taken: string;
}

/** The bytes with a text replaced by another of the same length. The text occurs once. */
function patched(bytes: Uint8Array<ArrayBuffer>, pattern: RegExp, change: (found: string) => string) {
  const text = new TextDecoder("latin1").decode(bytes), found = pattern.exec(text)!;
  assert(found, `there is no ${pattern} in the library`);
  const copied = bytes.slice();
  copied.set(new TextEncoder().encode(change(found[0])), found.index);
  return copied;
}

const nextDigit = (digits: string) => digits.replace(/\d$/, (last) => `${(Number(last) + 1) % 10}`);
const all = ["--allow-env", "--allow-ffi"];
const again = "run `deno task build` again";

const cases: Record<string, Case> = {
  "the permission for the library's file is enough": { flags: [`--allow-ffi=${built}`], error: null, taken: "cpu" },
  "without --allow-ffi the reason is the flag to add, and wasm is taken": {
    flags: [],
    error: `Error: Cannot open cpu: ${built}: it needs --allow-ffi=${built}`,
    taken: "wasm",
  },
  "DENEB_QUIET=1 keeps the notice away": {
    flags: ["--allow-env"],
    env: { DENEB_QUIET: "1" },
    error: "Error: Cannot open cpu: ",
    taken: "wasm",
  },
  "wasm by name needs no notice": {
    flags: ["--allow-env"],
    env: { DENEB_DEVICE: "wasm" },
    error: "Error: Cannot open cpu: ",
    taken: "wasm",
  },
  "DENEB_LIB names the file": { flags: all, env: { DENEB_LIB: "FILE" }, error: null, taken: "cpu" },
  "DENEB_LIB without --allow-ffi for it gives the flag to add": {
    flags: ["--allow-env", `--allow-ffi=${built}`],
    env: { DENEB_LIB: "FILE" },
    error: "Error: Cannot open cpu: FILE: it needs --allow-ffi=FILE",
    taken: "wasm",
  },
  "DENEB_LIB is not seen without --allow-env": {
    flags: ["--allow-ffi"],
    env: { DENEB_LIB: "/nowhere/lib" },
    error: null,
    taken: "cpu",
  },
  "a DENEB_LIB that is not there is said to be missing": {
    flags: all,
    env: { DENEB_LIB: "FILE.absent" },
    error: "Error: Cannot open cpu: FILE.absent: there is no such file",
    taken: "wasm",
  },
  "a DENEB_LIB that is no library is named": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: () => new TextEncoder().encode("not a library\n"),
    error: "Error: Cannot open cpu: FILE: ",
    taken: "wasm",
  },
  "a library of other rows is refused by name": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: (library) => patched(library, /"table":\d+/, nextDigit),
    error:
      `Error: Cannot open cpu: FILE: Cannot use the library: it was built from another kernels/table.json; ${again}`,
    taken: "wasm",
  },
  "a library of other opcodes is refused by name": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: (library) => patched(library, /"free":\d/, nextDigit),
    error:
      `Error: Cannot open cpu: FILE: Cannot use the library: it was built from other opcodes than kernels/instruction.ts`,
    taken: "wasm",
  },
  "a library of other limits is refused by name": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: (library) => patched(library, /"rank":\d/, nextDigit),
    error:
      `Error: Cannot open cpu: FILE: Cannot use the library: it was built from other limits than kernels/instruction.ts`,
    taken: "wasm",
  },
  "a library that lacks a function is refused by name": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: (library) => patched(library, /"deneb_landed":/, (found) => found.replace("landed", "handed")),
    error:
      `Error: Cannot open cpu: FILE: Cannot use the library: it has other functions than these sources call; ${again}`,
    taken: "wasm",
  },
  "a library whose function takes other parameters is refused by name": {
    flags: all,
    env: { DENEB_LIB: "FILE" },
    make: (library) =>
      patched(library, /"deneb_threads":\{"parameters":\["u32","u32"\]/, (found) => found.replace(',"u32"', "      ")),
    error:
      `Error: Cannot open cpu: FILE: Cannot use the library: it has other functions than these sources call; ${again}`,
    taken: "wasm",
  },
  "a CPU level that there is not is a RangeError with its name": {
    flags: all,
    env: { DENEB_LEVEL: "x86_64_v9" },
    error: `RangeError: Cannot open: this machine or this library has no CPU level "x86_64_v9"`,
    taken: `RangeError: Cannot open: this machine or this library has no CPU level "x86_64_v9"`,
  },
  ...Object.fromEntries(["abc", "0", "-1", "1.5", "1e9", "257"].map((count): [string, Case] => [
    `DENEB_THREADS=${count} is a RangeError`,
    {
      flags: all,
      env: { DENEB_THREADS: count },
      error: `RangeError: Cannot open cpu: DENEB_THREADS=${count} must be an integer in [1, 256]`,
      taken: `RangeError: Cannot open cpu: DENEB_THREADS=${count} must be an integer in [1, 256]`,
    },
  ])),
  "DENEB_THREADS=1 and an empty DENEB_LEVEL are as good as any": {
    flags: all,
    env: { DENEB_THREADS: "1", DENEB_LEVEL: "" },
    error: null,
    taken: "cpu",
  },
  "DENEB_DEVICE chooses what is taken": {
    flags: all,
    env: { DENEB_DEVICE: "reference" },
    error: null,
    taken: "reference",
  },
  "a DENEB_DEVICE that is none is a RangeError": {
    flags: all,
    env: { DENEB_DEVICE: "abacus" },
    error: null,
    taken:
      `RangeError: Cannot open device: "abacus" is not one of auto, cpu, cuda, cuda:N, opencl, opencl:N, wasm, reference`,
  },
};

const absent = absence("cpu"), needed = ["run", "read", "write", "ffi"] as const;

const unchanged = (library: Uint8Array<ArrayBuffer>) => library;
for (const [name, { flags, env = {}, make = unchanged, error, taken }] of Object.entries(cases)) {
  testWith(needed, name, () =>
    inTemporaryFolder(async (folder) => {
      const file = `${folder}/${libraryFile()}`, put = (text: string) => text.replaceAll("FILE", file);
      if (env.DENEB_LIB === "FILE") await Deno.writeFile(file, make(await Deno.readFile(built)));
      const variables = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, put(value)]));
      const answer = await ask(flags, variables);
      if (error === null) assertEquals(answer.error, null);
      else assert(answer.error?.startsWith(put(error)), `it says "${answer.error}"`);
      assertEquals(answer.taken, put(taken));
      // The console has one line where wasm stands in for the library, unless it was to be quiet, and else nothing.
      const why = env.DENEB_LIB !== undefined
        ? "for DENEB_LIB cannot be opened"
        : "with one thread; the native library is several times as fast";
      const quiet = answer.taken !== "wasm" || env.DENEB_DEVICE !== undefined || env.DENEB_QUIET === "1";
      assertEquals(answer.complained, quiet ? "" : `Deneb computes on wasm, ${why}: ${answer.reason}\n`);
      // devices() gives the same reason beforehand as opening does.
      if (!answer.available) assertEquals(answer.error, `Error: Cannot open cpu: ${answer.reason}`);
      else {
        const path = variables.DENEB_LIB === file ? file : built, listed = `${path}, the best of `;
        assert(answer.description.startsWith(listed), answer.description);
        if (answer.error === null) {
          const levels = answer.description.slice(listed.length).split(", ");
          assert(levels.some((level) => answer.found === `${path}, ${level}`), answer.found);
        }
      }
    }), absent);
}

testWith(
  ["run", "read", "write"],
  "a library that was not built is told of once, with the command that makes it",
  async () => {
    // The sources are imported from a copy, beside which nothing was built.
    await inTemporaryFolder(async (folder) => {
      for (const name of ["mod.ts", "core", "kernels", "nn", "optim", "data", "io", "train"]) {
        await copyTree(new URL(name, home), `${folder}/${name}`);
      }
      const text = (device: string) => `
      import { setDefaultDevice, tensor } from ${JSON.stringify(`file://${folder}/mod.ts`)};
      ${device}
      console.log([tensor([1]).add(1).device, tensor([2]).device].join());
    `;
      const auto = await run(text(""), ["--allow-ffi"]);
      assertEquals(auto.said, "wasm,wasm\n", auto.complained);
      assertMatch(auto.complained, /^Deneb computes on wasm, .*: there is no such file; `deno task build` makes it\n$/);
      const named = await run(text('await setDefaultDevice("wasm");'), ["--allow-ffi"]);
      assertEquals([named.said, named.complained], ["wasm,wasm\n", ""]);
    });
  },
);

/** Copies the sources of a file or folder. */
async function copyTree(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copyTree(new URL(`${from.href}/${name}`), `${to}/${name}`);
}

const use = `import { open, tensor } from ${mod}; await open("cpu"); tensor([1]);`;
const inWorker = (end: string) => `
  const text = ${JSON.stringify(use)} + "self.postMessage(1);" + ${JSON.stringify(end)};
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(address, { type: "module" });
  await new Promise((resolve) => worker.onmessage = resolve);
`;

/** Ways in which a process may end while the library's threads work, and the exit code of each. */
const ends: Record<string, { text: string; code: number }> = {
  "a script that comes to its end": { text: use, code: 0 },
  "a script that throws": { text: `${use} throw new Error("on purpose");`, code: 1 },
  "a script that exits": { text: `${use} Deno.exit(7);`, code: 7 },
  "a script that exits with the threads asleep": {
    text: `${use} await new Promise((done) => setTimeout(done, 20));`,
    code: 0,
  },
  "a Worker that is terminated": { text: `${inWorker("")} worker.terminate();`, code: 0 },
  "a Worker that closes itself": {
    text: `${inWorker("self.close();")} await new Promise((done) => setTimeout(done, 20));`,
    code: 0,
  },
};
/** The number of tries: a race does not go wrong each time. */
const attempts = 10;

for (const [name, { text, code }] of Object.entries(ends)) {
  testWith(needed, `${name} ends as it should`, async () => {
    const found = [];
    for (let k = 0; k < attempts; k++) {
      const { code, signal } = await run(text, ["--allow-ffi", "--allow-read"]);
      found.push(signal ?? code);
    }
    assertEquals(found, Array.from({ length: attempts }, () => code));
  }, absent);
}

const leaving = `
  const text = ${
  JSON.stringify(`
  import { capture, ones, open, setThreads } from ${mod};
  await open("cpu");
  setThreads(3);
  const x = ones([200, 200], { device: "cpu" });
  const step = capture((x) => x.matmul(x).matmul(x).sum());
  step(x).item();
  self.postMessage(1);
  // A Worker that is terminated ends amid a run, now and then.
  for (;;) await step.async(x);
`)
};
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const threads = () => [...Deno.readDirSync("/proc/self/task")].length;
  const found = [];
  for (let k = 0; k < 40; k++) {
    const worker = new Worker(address, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
    if (k === 9 || k === 39) {
      // The system ends the threads some time later.
      let count = threads();
      for (let again = 0; again < 100; again++) {
        await new Promise((done) => setTimeout(done, 20));
        count = Math.min(count, threads());
      }
      found.push(count);
    }
  }
  console.log(JSON.stringify(found));
`;

testWith(needed, "a Worker that is terminated leaves no threads and no context", async () => {
  // Looking into /proc takes all permissions.
  const { code, signal, said, complained } = await run(leaving, ["--allow-all"]);
  assertEquals({ code, signal }, { code: 0, signal: null }, complained);
  const [early, late] = JSON.parse(said);
  // Each Worker's context has three threads: a leak would leave ninety.
  assert(late <= early + 4, said);
}, Deno.build.os === "linux" ? absent : "there is no /proc");

testWith(["read", "write", "run", "env"], "the wasm module is what its source gives", async () => {
  const [committed, fresh] = await Promise.all([
    Deno.readFile(new URL("kernels/deneb.wasm", home)),
    Deno.readFile(await freshWasm()),
  ]);
  assert(
    equals(committed, fresh),
    "kernels/deneb.wasm is not what the source gives: run `deno task build --wasm` and commit it",
  );
});
