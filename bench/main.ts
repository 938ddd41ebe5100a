/**
 * The bench: `deno task bench [--only NAME,...] [--device NAME] [--threads N] [--mode eager|captured] [--table]`.
 *
 * One JSON line for each workload, so that another framework's program that prints the same can be run in turn with
 * it. Machines are noisy: only ratios from one run mean something.
 */
import { manualSeed, scope, setDefaultDevice, setThreads, zeros } from "../mod.ts";
import { parseFlags } from "../tools/flags.ts";
import { findZig } from "../tools/zig.ts";
import config from "../deno.json" with { type: "json" };
import { type Bound, measure, type Measured, tableRow } from "./measure.ts";
import { shortNames, workloads } from "./workloads.ts";

const help = `Measures the workloads and prints a JSON line for each.

  --only NAME,...        names as printed, or short: ${Object.keys(shortNames).join(" ")}
  --device NAME          auto, cpu, opencl, cuda, wasm, reference (auto)
  --threads N            of the native device              (one for each core)
  --mode eager|captured  of training, inference and eltwise (captured)
  --rounds N             the median is over so many        (7)
  --table                rows for people, with the share of the machine's own bound
  --list                 prints the names`;

async function main(args: string[]): Promise<void> {
  const values = parseFlags(args, {
    text: ["only", "device", "threads", "mode", "rounds"],
    flags: ["table", "list", "help"],
  });
  if (values.help) return console.log(help);
  if (values.list) return console.log(Object.keys(workloads).join("\n"));
  const names = chosenNames(values.only);
  const mode = values.mode ?? "captured";
  if (mode !== "eager" && mode !== "captured") {
    throw new RangeError(`Cannot read --mode: "${mode}" must be eager or captured`);
  }
  const rounds = readCount("rounds", values.rounds ?? "7");
  const wanted = values.device ?? "auto";
  await setDefaultDevice(wanted);
  const device = zeros([]).device;
  const threads = device === "cpu" ? readCount("threads", values.threads ?? String(navigator.hardwareConcurrency)) : 1;
  if (device === "cpu") setThreads(threads);
  const bound = values.table ? await machineBound(threads) : null;

  for (const name of names) {
    using _ = scope();
    manualSeed(0);
    const workload = workloads[name]!(mode);
    // What is read comes after all that was asked for before.
    const last = zeros([1]);
    const rates = measure(workload, rounds, () => void last.item());
    const round = (rate: number) => Math.round(rate * 1000) / 1000;
    const measured: Measured = {
      peer: `deneb-${config.version}-${workloads[name]!.length === 0 ? "eager" : mode}`,
      workload: name,
      unit: workload.unit,
      median: round(rates[rates.length >> 1]!),
      min: round(rates[0]!),
      max: round(rates.at(-1)!),
      device,
      threads,
    };
    console.log(values.table ? tableRow(measured, workload, bound) : JSON.stringify(measured));
  }
}

function chosenNames(only: string | undefined): string[] {
  if (only === undefined) return Object.keys(workloads);
  return only.split(",").map((name) => {
    const found = shortNames[name] ?? name;
    if (!workloads[found]) throw new RangeError(`Cannot measure "${name}": --list names the workloads`);
    return found;
  });
}

function readCount(name: string, word: string): number {
  const value = Number(word);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new RangeError(`Cannot read --${name}: "${word}" must be a whole number of at least 1`);
}

/** Compiles and runs `bound.zig`; null where there is no Zig. */
async function machineBound(threads: number): Promise<Bound | null> {
  const zig = findZig();
  if (!zig) return null;
  const root = new URL("..", import.meta.url);
  const program = new URL(".zig-cache/bound", root);
  await Deno.mkdir(new URL(".zig-cache", root), { recursive: true });
  const words = ["build-exe", "bench/bound.zig", "-O", "fast", "-fstrip", "-femit-bin=.zig-cache/bound"];
  const args = [...zig.slice(1), ...words, "--cache-dir", ".zig-cache"];
  const { success } = await new Deno.Command(zig[0]!, { args, cwd: root }).output();
  if (!success) return null;
  const { stdout } = await new Deno.Command(program, { args: [String(threads)] }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
