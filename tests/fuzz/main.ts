/**
 * The fuzzer: `deno task fuzz [--seconds N] [--seed N] [--only NAME,...] [--device NAME,...]`.
 *
 * It draws cases of each kind until the time is up, shrinks those that fail, and prints a program that shows each fault.
 * The exit code is 1 if there was a find. Cases run in a process of their own, whose crash or standstill is a find too.
 */
import { devices } from "../../mod.ts";
import { parseFlags } from "../../tools/flags.ts";
import { safeLibrary, standIn } from "../built.ts";
import type { Kind } from "./kind.ts";
import { kinds } from "./kinds.ts";
import { type Find, randomFor, type Report, run, type RunOptions } from "./run.ts";

const help = `Draws cases at random, and shows what fails as a small program.

  --seconds N        how long (60)
  --seed N           of the cases; by default another one at each run
  --only NAME,...    of ${kinds.map(({ name }) => name).join(", ")}
  --device NAME,...  cpu, wasm, opencl, cuda; all that are there but cuda. Without a GPU, cuda is the tests' stand-in
  --from N           the number of the first case of each kind (0)
  --cases N          how many cases of each kind on each device, if there is time`;

/** Seconds without a new case after which a process is taken to stand still: a device may compile many kernels for one. */
const stillMax = 300;

/** The environment variable that names the file of the running case, in the process that runs cases. */
const progressName = "FUZZ_PROGRESS";

interface Options extends RunOptions {
  seed: number;
}

function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`Cannot read flags: --${flag} ${text}, it must be a whole number`);
  return Number(text);
}

/** The named ones of a list. RangeError for a name that is not in the list. */
function chosen(flag: string, text: string, list: readonly string[]): string[] {
  const wanted = text.split(",");
  for (const name of wanted) {
    if (!list.includes(name)) {
      throw new RangeError(`Cannot read flags: --${flag} ${name}, it must be one of ${list.join(", ")}`);
    }
  }
  return wanted;
}

function readOptions(words: string[]): Options | null {
  const flags = parseFlags(words, { text: ["seconds", "seed", "only", "device", "from", "cases"], flags: ["help"] });
  if (flags.help) return null;
  const names = chosen("only", flags.only ?? kinds.map(({ name }) => name).join(), kinds.map(({ name }) => name));
  const entries = devices(),
    there = entries.filter((one) => one.available && ["cpu", "wasm", "opencl"].includes(one.name));
  const asked = flags.device === undefined
    ? there.map(({ name }) => name)
    : chosen("device", flags.device, ["cpu", "wasm", "opencl", "cuda", "reference"]);
  // Cases on any device are compared with the native library. The stand-in takes the place of a CUDA that is not there.
  for (const name of ["cpu", ...asked.filter((name) => name !== "cuda")]) {
    const { available, reason } = entries.find((entry) => entry.name === name) ?? { available: true };
    if (!available) throw new Error(`Cannot fuzz on ${name}: ${reason}`);
  }
  return {
    kinds: kinds.filter(({ name }) => names.includes(name)),
    devices: asked,
    seed: flags.seed === undefined
      ? crypto.getRandomValues(new Uint32Array(1))[0]! % 1e9
      : wholeNumber("seed", flags.seed),
    seconds: wholeNumber("seconds", flags.seconds ?? "60"),
    from: wholeNumber("from", flags.from ?? "0"),
    ...(flags.cases === undefined ? {} : { casesMax: wholeNumber("cases", flags.cases) }),
  };
}

function showFind({ kind, device, number, wrong, program }: Find, seed: number): string {
  const again = `deno task fuzz --only ${kind} --device ${device} --seed ${seed} --from ${number} --cases 1`;
  return `\n${kind} on ${device}: ${wrong}\nagain: ${again}\n\n${program}\n`;
}

/** One line: how many cases of each kind ran on each device. */
function summary({ counts, finds }: Report, seed: number): string {
  const parts = Object.entries(counts).map(([kind, on]) =>
    `${kind} ${Object.entries(on).map(([device, count]) => `${count} (${device})`).join(" ")}`
  );
  return `fuzz, seed ${seed}: ${parts.join(", ")}; ${finds.length} ${finds.length === 1 ? "find" : "finds"}`;
}

/** Runs the cases in this process, and notes in the file which one is running. */
async function runHere(options: Options, progress: string): Promise<void> {
  using file = await Deno.open(progress, { write: true });
  const encoder = new TextEncoder();
  const report = await run({
    ...options,
    onCase(...words) {
      file.seekSync(0, Deno.SeekMode.Start);
      file.writeSync(encoder.encode(JSON.stringify(words).padEnd(80)));
    },
    onFind: (find) => console.log(showFind(find, options.seed)),
  });
  console.log(summary(report, options.seed));
  Deno.exit(report.finds.length > 0 ? 1 : 0);
}

/** Runs the cases in another process; a find if that process dies or stands still. */
async function runApart(options: Options, words: string[]): Promise<number> {
  // Building it takes minutes where no test has built it before.
  if (options.kinds.some(({ name }) => name === "border")) await safeLibrary();
  const progress = await Deno.makeTempFile();
  const entry = devices().find(({ name }) => name === "cuda");
  const driver: Record<string, string> = options.devices.includes("cuda") && !entry?.available
    ? { CUDA_HOME: await standIn() }
    : {};
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", import.meta.url, ...words, "--seed", `${options.seed}`],
    env: { ...driver, [progressName]: progress },
  }).spawn();
  let last = "", changed = performance.now();
  const watch = setInterval(() => {
    const now = Deno.readTextFileSync(progress);
    if (now !== last) [last, changed] = [now, performance.now()];
    else if (performance.now() - changed > 1000 * stillMax) child.kill("SIGKILL");
  }, 5000);
  const { code, signal } = await child.status;
  clearInterval(watch);
  const running = await Deno.readTextFile(progress);
  await Deno.remove(progress);
  if (signal === null && code <= 1) return code;
  if (running.trim() === "") {
    throw new Error(`Cannot fuzz: the process ended with ${signal ?? `code ${code}`} before a case`);
  }
  const [name, device, number] = JSON.parse(running) as [string, string, number];
  const kind = kinds.find((one) => one.name === name) as Kind;
  const wrong = performance.now() - changed > 1000 * stillMax
    ? `it stands still for ${stillMax} s`
    : `the process ends with ${signal ?? `code ${code}`}`;
  const program = kind.show(kind.draw(randomFor(options.seed, name, number)), device);
  console.log(showFind({ kind: name, device, number, wrong, program }, options.seed));
  return 1;
}

if (import.meta.main) {
  const options = readOptions(Deno.args), progress = Deno.env.get(progressName);
  if (options === null) console.log(help);
  else if (progress !== undefined) await runHere(options, progress);
  else {Deno.exit(
      await runApart(
        options,
        Deno.args.filter((word, k, all) => word !== "--seed" && all[k - 1] !== "--seed"),
      ),
    );}
}
