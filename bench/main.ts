/**
 * The bench: `deno task bench [--curves | --startup] [--only NAME,...] [--device NAME] [--threads N]
 * [--mode eager|captured] [--table]`.
 *
 * It prints a JSON line for each workload. Programs of other frameworks print the same lines, and can be run in turn with it.
 * Machines are noisy: only ratios of figures from one run mean something.
 */
import { manualSeed, scope, setDefaultDevice, setThreads, zeros } from "../mod.ts";
import { parseFlags } from "../tools/flags.ts";
import { runProgram } from "../tools/program.ts";
import { findZig } from "../tools/zig.ts";
import config from "../deno.json" with { type: "json" };
import { curveHead, curveRow, curves, type Point } from "./curves.ts";
import { type Bound, measure, type Measured, spread, tableRow, type Workload } from "./measure.ts";
import { measureStartup } from "./startup.ts";
import { type Mode, shortNames, workloads } from "./workloads.ts";

const help = `Measures the workloads and prints a JSON line for each.

  --curves               a training step at batches and depths that double, instead
  --startup              the import and the first op of a new process, in ms, instead
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
    flags: ["curves", "startup", "table", "list", "help"],
  });
  if (values.help) return console.log(help);
  const known: Record<string, (mode: Mode) => Workload> = values.curves
    ? Object.fromEntries(Object.entries(curves).map(([name, { make }]) => [name, make]))
    : workloads;
  if (values.list) return console.log(Object.keys(known).join("\n"));
  const names = chosenNames(values.only, known);
  const mode = values.mode ?? "captured";
  if (mode !== "eager" && mode !== "captured") {
    throw new RangeError(`Cannot read --mode: "${mode}" must be eager or captured`);
  }
  const rounds = readCount("rounds", values.rounds ?? "7");
  const wanted = values.device ?? "auto";
  if (values.startup) return await printStartup(wanted, rounds, values.table === true);
  await setDefaultDevice(wanted);
  const device = zeros([]).device;
  const threads = device === "cpu" ? readCount("threads", values.threads ?? String(navigator.hardwareConcurrency)) : 1;
  if (device === "cpu") setThreads(threads);
  const bound = values.table ? await machineBound(threads) : null;
  if (values.table && values.curves) console.log(curveHead);

  let before: { point: Point; median: number } | null = null;
  for (const name of names) {
    using _ = scope();
    manualSeed(0);
    const make = known[name]!, workload = make(mode);
    // Reading this tensor waits for all that was asked of the device before.
    const last = zeros([1]);
    const rates = measure(workload, rounds, () => void last.item());
    const measured: Measured = {
      peer: `deneb-${config.version}-${make.length === 0 ? "eager" : mode}`,
      workload: name,
      unit: workload.unit,
      ...spread(rates),
      device,
      threads,
    };
    const point = values.curves ? curves[name]! : null;
    if (!values.table) console.log(JSON.stringify(measured));
    else if (point === null) console.log(tableRow(measured, workload, bound));
    else {
      console.log(curveRow(measured, workload, point, before, bound));
      before = { point, median: measured.median };
    }
  }
}

async function printStartup(device: string, rounds: number, table: boolean): Promise<void> {
  for (const measured of await measureStartup(device, rounds)) {
    const { workload, median, unit } = measured;
    if (table) console.log(`${workload.padEnd(36)}  ${median.toFixed(1).padStart(9)} ${unit}`);
    else console.log(JSON.stringify({ peer: `deneb-${config.version}`, ...measured }));
  }
}

function chosenNames(only: string | undefined, known: Record<string, unknown>): string[] {
  if (only === undefined) return Object.keys(known);
  return only.split(",").map((name) => {
    const found = shortNames[name] ?? name;
    if (!Object.hasOwn(known, found)) throw new RangeError(`Cannot measure "${name}": --list names the workloads`);
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

if (import.meta.main) await runProgram(main);
