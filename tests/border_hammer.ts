/**
 * Calls the native library with broken programs and random arguments. `border_test.ts` runs it in a process of its own, so
 * that a crash is a failed test. `deno run --allow-ffi --allow-read tests/border_hammer.ts LIBRARY PART SEED ROUNDS`
 * repeats a run; with a fifth word it prints each step before it takes the step.
 *
 * It never lies about the length of a buffer, and never lets an attached buffer go: no library could detect either.
 */
import { readManifest } from "../kernels/native/border.ts";
import { limits, opcode, status } from "../kernels/instruction.ts";
import { headOf } from "../kernels/schema.ts";
import { type Random, randomOf } from "./arrays.ts";
import {
  broken,
  confuse,
  freeing,
  ofGeneration,
  recordPrograms,
  repeatable,
  type Step,
  strange,
} from "./border_programs.ts";

type Symbols = Record<string, (...values: unknown[]) => number>;

/** The task of a worker. */
interface Task {
  path: string;
  part: keyof typeof parts;
  seed: number;
  rounds: number;
  context: number;
  shared: Int32Array<SharedArrayBuffer>;
}

const inWorker = typeof (globalThis as { WorkerGlobalScope?: unknown }).WorkerGlobalScope !== "undefined";
const verbose = !inWorker && Deno.args.length > 4;
const encoder = new TextEncoder();

function say(...values: unknown[]): void {
  if (verbose) Deno.stderr.writeSync(encoder.encode(values.map((value) => Deno.inspect(value)).join(" ") + "\n"));
}

function fail(message: string): never {
  throw new Error(message);
}

/** Opens the library with the symbols of its manifest. */
function load(path: string) {
  const only = Deno.dlopen(path, { deneb_manifest: { parameters: ["buffer", "u32"], result: "u32" } });
  const buffer = new Uint8Array(1 << 16), length = only.symbols.deneb_manifest(buffer, buffer.length);
  const manifest = readManifest(new TextDecoder().decode(buffer.subarray(0, length)));
  only.close();
  const library = Deno.dlopen(path, manifest.symbols as Deno.ForeignLibraryInterface);
  return { manifest, symbols: library.symbols as unknown as Symbols, close: () => library.close() };
}

/** Checks a status, and that a failure comes with a message. */
function checked(symbols: Symbols, context: number, code: number): number {
  if (!Object.values<number>(status).includes(code)) fail(`status ${code}`);
  if (code === status.ok || code === status.context) return code;
  const text = new Uint8Array(512), length = symbols.deneb_error!(context, text, text.length);
  const message = new TextDecoder().decode(text.subarray(0, length));
  // The message of a context that others use may be that of another call.
  if (!inWorker && !message.startsWith("Cannot ")) fail(`status ${code} with the message "${message}"`);
  return code;
}

function open(symbols: Symbols, threads: number): number {
  const settings = encoder.encode(`threads ${threads}`), context = symbols.deneb_open!(settings, settings.length);
  if (context === 0) fail("no context could be opened");
  return context;
}

/** Runs a program, of which one step may be broken. True if no step failed. */
function replay(
  symbols: Symbols,
  context: number,
  buffer: Float64Array,
  program: Step[],
  at: number,
  from: Random,
): boolean {
  let fine = true;
  const run = (words: Float64Array) => {
    buffer.set(words);
    // Sometimes the count is a few words too large or too small.
    const count = at >= 0 && from() < 0.02 ? Math.floor(from() * (words.length + 3)) : words.length;
    fine = checked(symbols, context, symbols.deneb_run!(context, count)) === status.ok && fine;
  };
  const cleanings: Float64Array[] = [];
  program.forEach((step, k) => {
    if ("bytes" in step) {
      say("write", step.handle, step.bytes.length);
      fine =
        checked(symbols, context, symbols.deneb_write!(context, step.handle, 0, step.bytes, step.bytes.length)) === 0 &&
        fine;
      return;
    }
    const words = k === at ? broken(step.words, from) : step.words;
    say("run", words);
    run(words);
    cleanings.push(freeing(words));
  });
  const outcome = fine;
  if (at >= 0) {
    at = -1;
    cleanings.forEach(run);
  }
  return outcome;
}

/** Runs programs with a broken word: each answers a status, and all that it allocated can be freed. */
function breakWords({ path, seed, rounds, context: given }: Task): Record<string, number> {
  const { symbols, close } = load(path), from = randomOf(seed), programs = recordPrograms(from);
  const context = given || open(symbols, 2), buffer = new Float64Array(limits.words);
  checked(symbols, context, symbols.deneb_attach!(context, buffer, buffer.length));
  const counts = { programs: programs.length, whole: 0, failed: 0 };
  if (!given) {
    for (const program of programs) if (replay(symbols, context, buffer, program, -1, from)) counts.whole++;
  }
  for (let round = 0; round < rounds; round++) {
    const program = programs[Math.floor(from() * programs.length)]!;
    // The steps with the most words are those that compute.
    const most = program.reduce((best, step, k) => lengthOf(step) > lengthOf(program[best]!) ? k : best, 0);
    say("round", round);
    const at = from() < 0.8 ? most : Math.floor(from() * program.length);
    if (!replay(symbols, context, buffer, program, at, from)) counts.failed++;
    const bytes = symbols.deneb_memory!(context, 0);
    if (!given && bytes !== 0) fail(`round ${round} of seed ${seed} left ${bytes} bytes`);
  }
  if (!given) {
    if (symbols.deneb_close!(context) !== status.ok) fail("the context did not close");
    close();
  }
  return counts;
}

function lengthOf(step: Step): number {
  return "words" in step ? step.words.length : 0;
}

/** How often words at one address run, so that a program of them is made, and kept for some runs. */
const runsEach = 7;

/**
 * Runs programs from words that stay at their address, and changes them and the memory that they read between the runs:
 * a kept program takes over what it allows to change, and all else is refused or runs the usual way.
 */
function keepWords({ path, seed, rounds }: Task): Record<string, number> {
  const { symbols, close } = load(path), from = randomOf(seed), programs = recordPrograms(from);
  const context = open(symbols, 2), counts = { runs: 0, whole: 0, changed: 0, refused: 0 };
  const whole = programs.filter((program) => program.some((step) => "words" in step && step.words.length > 8));
  const run = (words: Float64Array) =>
    checked(symbols, context, symbols.deneb_run_words!(context, words, words.length)) === status.ok;
  // Few addresses, so that words of other programs come where a kept program's words were.
  const buffers = Array.from({ length: 20 }, () => new Float64Array(4096));
  for (let round = 0; round < rounds; round++) {
    const generation = from() < 0.5 ? 0 : Math.floor(from() * 2 ** 12),
      steps = whole[Math.floor(from() * whole.length)]!;
    const renumber = (step: Step): Step =>
      "words" in step
        ? { words: ofGeneration(step.words, generation) }
        : { ...step, handle: step.handle + generation * limits.handles };
    const program = steps.map(renumber),
      most = program.reduce((best, step, k) => lengthOf(step) > lengthOf(program[best]!) ? k : best, 0);
    const before = program.slice(0, most), cleanings: Float64Array[] = [];
    say("round", round);
    for (const step of before) {
      if ("words" in step) {
        run(step.words);
        cleanings.push(freeing(step.words));
      } else checked(symbols, context, symbols.deneb_write!(context, step.handle, 0, step.bytes, step.bytes.length));
    }
    const all = repeatable((program[most] as { words: Float64Array<ArrayBuffer> }).words);
    const buffer = buffers[Math.floor(from() * buffers.length)]!;
    if (all.length > buffer.length) fail(`a program of ${all.length} words`);
    buffer.set(all);
    const view = buffer.subarray(0, all.length);
    let changed = false;
    for (let k = 0; k < runsEach; k++) {
      if (k >= 2 && from() < 0.3) {
        if (from() < 0.5) confuse(view, all, from);
        else view.set(broken(view.slice(), from));
        changed = true;
        counts.changed++;
      }
      const written = before.filter((step) => "bytes" in step);
      if (written.length > 0 && from() < 0.2) {
        const { handle, bytes } = written[Math.floor(from() * written.length)] as { handle: number; bytes: Uint8Array };
        checked(symbols, context, symbols.deneb_write!(context, handle, 0, bytes, bytes.length));
      }
      say("run", k, view);
      counts.runs++;
      if (run(view)) counts.whole++;
      else if (changed) counts.refused++;
      else fail(`round ${round} of seed ${seed}: words that are not broken are refused`);
      if (changed) run(freeing(view));
    }
    cleanings.forEach(run);
    const bytes = symbols.deneb_memory!(context, 0);
    if (bytes !== 0) fail(`round ${round} of seed ${seed} left ${bytes} bytes`);
  }
  if (symbols.deneb_close!(context) !== status.ok) fail("the context did not close");
  close();
  return counts;
}

const contextsMax = 10;
/** Symbols that answer a status. */
const statuses = [
  "close",
  "leave",
  "attach",
  "run",
  "run_words",
  "start_run",
  "start_read",
  "wait",
  "write",
  "read",
  "threads",
  "store_load",
].map((name) => `deneb_${name}`);

/** Symbols whose buffer holds words, and whose length counts them. */
const wordTakers = ["deneb_attach", "deneb_run_words", "deneb_start_run"];

/** Calls every symbol with arguments of the right types and of any value. */
function callAnything({ path, seed, rounds }: Task): Record<string, number> {
  const { manifest, symbols, close } = load(path), from = randomOf(seed);
  const any = <T>(list: readonly T[]): T => list[Math.floor(from() * list.length)]!;
  const names = Object.keys(manifest.symbols), programs = recordPrograms(from), attached: Uint8Array[] = [];
  const contexts = new Set<number>(), left = new Set<number>(), known = [0];
  const counts = { calls: 0, opened: 0, ok: 0 };
  const word = () =>
    from() < 0.7 ? Math.floor(from() * 6) : from() < 0.9 ? any(strange) >>> 0 : Math.floor(from() * 2 ** 32);
  const real = () => from() < 0.5 ? Math.floor(from() * 70) : any(strange);
  const attach = () => {
    const step = any(any(programs).filter((step) => "words" in step && step.words.length < 200));
    const words = step !== undefined && "words" in step ? broken(step.words, from) : new Float64Array(8);
    const bytes = new Uint8Array(words.buffer);
    attached.push(bytes);
    // The library refuses a buffer that begins between two words.
    return from() < 0.1 ? bytes.subarray(1) : bytes;
  };
  const settings = () => {
    const threads = from() < 0.005 ? 2 ** 32 - 1 : Math.floor(from() * 4);
    const level = any(["", ...manifest.levels, "x86_64_v9", "x86_64_v", "\0"]);
    const lines = [
      `threads ${threads}`,
      `level ${level}`,
      "index 0",
      `folder ${level}/`,
      "device cpu",
      "device x",
      "\n",
    ];
    const usual = from() < 0.8 ? lines.slice(0, 5) : lines;
    return encoder.encode(usual.filter(() => from() < 0.6).join("\n"));
  };
  for (let round = 0; round < rounds; round++) {
    const name = any(names), { parameters } = manifest.symbols[name]!;
    const isOfWords = wordTakers.includes(name);
    const buffer = isOfWords
      ? attach()
      : ["deneb_open", "deneb_devices"].includes(name) && from() < 0.9
      ? settings()
      : new Uint8Array(Math.floor(from() * 300)).fill(Math.floor(from() * 256));
    const room = isOfWords ? Math.floor(buffer.length / 8) : buffer.length;
    const values: unknown[] = parameters.map((type, k) => {
      if (type === "buffer") return buffer;
      if (type === "f64") return real();
      if (parameters[k - 1] === "buffer") {
        return from() < 0.7 ? room : Math.floor(from() * (room + 1));
      }
      if (name === "deneb_threads" && k === 1) return from() < 0.01 ? 2 ** 32 - 1 : Math.floor(from() * 4);
      if (k === 0 && from() < 0.9) return from() < 0.9 && contexts.size > 0 ? any([...contexts]) : any(known);
      return word();
    });
    if (name === "deneb_close" && contexts.size > 1 && from() < 0.5) continue;
    say(round, name, values);
    const result = symbols[name]!(...values);
    counts.calls++;
    if (name === "deneb_open") {
      if (result !== 0) {
        // Opening closes what this thread has left.
        for (const context of left) contexts.delete(context);
        left.clear();
        contexts.add(result);
        known.push(result);
        counts.opened++;
      }
      if (contexts.size > contextsMax) {
        for (const context of contexts) if (symbols.deneb_close!(context) === 0) contexts.delete(context);
      }
    } else if (name === "deneb_close" && result === status.ok) contexts.delete(values[0] as number);
    else if (name === "deneb_leave" && result === status.ok) left.add(values[0] as number);
    if (!statuses.includes(name)) continue;
    if (checked(symbols, values[0] as number, result) === status.ok) counts.ok++;
  }
  for (const context of contexts) if (symbols.deneb_close!(context) !== status.ok) fail("a context did not close");
  if (attached.length === 0) fail("nothing was attached");
  close();
  return counts;
}

/** Runs gathers whose results overwrite their indices: an index may have changed between its check and its use. */
function overlap({ path }: Task): Record<string, number> {
  const { symbols, close } = load(path), context = open(symbols, 1), buffer = new Float64Array(64);
  checked(symbols, context, symbols.deneb_attach!(context, buffer, buffer.length));
  const run = (words: number[]) => {
    buffer.set(words);
    return checked(symbols, context, symbols.deneb_run!(context, words.length));
  };
  const counts = { ok: 0, refused: 0 }, bytes = (values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
  for (const operation of [opcode.gather, opcode.scatter]) {
    run([opcode.alloc, headOf.alloc, 1, 20, opcode.alloc, headOf.alloc, 2, 16]);
    symbols.deneb_write!(context, 1, 0, bytes([0, 0, 0, 0, 0]), 20);
    symbols.deneb_write!(context, 2, 0, bytes([-(2 ** 30), 0, 0, 0]), 16);
    // Four indices at the start of the first storage, and the result one element further on.
    const views = [1, 2, 1, 4, 1, 1, 2, 2, 0, 4, 1, 1, 1, 2, 0, 0, 1, 0], row = operation === opcode.scatter ? [0] : [];
    const words = [operation, headOf.gather + row.length + views.length, ...row, 1, 4, 4, 1, ...views];
    counts[run(words) === status.ok ? "ok" : "refused"]++;
    run([opcode.free, headOf.free + 2, 1, 2]);
  }
  symbols.deneb_close!(context);
  close();
  return counts;
}

/** Opens and closes contexts while others work. */
function openAndClose({ path, seed, rounds }: Task): Record<string, number> {
  const { symbols, close } = load(path), from = randomOf(seed), programs = recordPrograms(from);
  const buffer = new Float64Array(limits.words), counts = { opened: 0, whole: 0 };
  for (let round = 0; round < rounds; round++) {
    const context = open(symbols, 1 + round % 2);
    counts.opened++;
    checked(symbols, context, symbols.deneb_attach!(context, buffer, buffer.length));
    for (let k = 0; k < 5; k++) {
      const program = programs[Math.floor(from() * programs.length)]!;
      if (!replay(symbols, context, buffer, program, -1, from)) fail(`round ${round} of seed ${seed} failed`);
      counts.whole++;
    }
    if (symbols.deneb_memory!(context, 0) !== 0) fail(`round ${round} of seed ${seed} left storages`);
    if (symbols.deneb_close!(context) !== status.ok) fail("a context did not close");
  }
  close();
  return counts;
}

/** Opens and closes contexts, and tells the other Workers which is open. */
function openForOthers({ path, rounds, shared }: Task): Record<string, number> {
  const { symbols } = load(path), counts = { closed: 0 };
  for (let round = 0; round < rounds; round++) {
    const context = open(symbols, 1);
    Atomics.store(shared, 0, context);
    for (let k = 0; k < round % 50; k++) symbols.deneb_memory!(context, 0);
    if (symbols.deneb_close!(context) === status.ok) counts.closed++;
  }
  Atomics.store(shared, 0, -1);
  return counts;
}

/** Calls functions on the context that another Worker has opened, until that Worker has finished. */
function callOnOthers({ path, shared }: Task): Record<string, number> {
  const { symbols } = load(path), counts = { calls: 0, closed: 0 };
  for (let context = 0; context >= 0; context = Atomics.load(shared, 0)) {
    counts.calls++;
    const code = checked(symbols, context, symbols.deneb_threads!(context, 1));
    if (code === status.context) counts.closed++;
  }
  return counts;
}

/** A storage beside those of the programs. */
const handleBeside = limits.handles - 1;

/** Calls every function but `run` on a context in which another Worker runs programs. */
function lookOn({ path, seed, rounds, context }: Task): Record<string, number> {
  const { symbols } = load(path), from = randomOf(seed), bytes = new Uint8Array(64), counts = { calls: 0, ok: 0 };
  const text = new Uint8Array(256);
  for (let round = 0; round < rounds; round++) {
    const handle = from() < 0.5 ? handleBeside : Math.floor(from() * 5),
      offset = Math.floor(from() * 9),
      length = Math.floor(from() * 64);
    const code = from() < 0.5
      ? symbols.deneb_write!(context, handle, offset, bytes, length)
      : symbols.deneb_read!(context, handle, offset, bytes, length);
    if (checked(symbols, context, code) === status.ok) counts.ok++;
    if (symbols.deneb_memory!(context, round % 2) < 0) fail("the context is gone");
    if (symbols.deneb_error!(context, text, text.length) > text.length) fail("an error without end");
    if (round % 50 === 0) checked(symbols, context, symbols.deneb_threads!(context, 1 + round / 50 % 3));
    counts.calls += 4;
  }
  return counts;
}

const parts = { overlap, breakWords, keepWords, callAnything, openAndClose, openForOthers, callOnOthers, lookOn };

/** Runs tasks in Workers, side by side. The Workers end together, since attached buffers must live until all have ended. */
async function inWorkers(tasks: readonly Task[]): Promise<Record<string, number>[]> {
  const workers = tasks.map(() => new Worker(import.meta.url, { type: "module" }));
  const answers = await Promise.all(tasks.map((task, k) =>
    new Promise<Record<string, number>>((resolve, reject) => {
      const worker = workers[k]!;
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(task);
    })
  ));
  for (const worker of workers) worker.terminate();
  return answers;
}

async function main([path, part, seedText, roundsText]: string[]): Promise<unknown> {
  const seed = Number(seedText), rounds = Number(roundsText), shared = new Int32Array(new SharedArrayBuffer(4));
  const task = { path: path!, seed, rounds, context: 0, shared };
  if (Object.hasOwn(parts, part!)) {
    return parts[part as keyof typeof parts]({ ...task, part: part as keyof typeof parts });
  }
  const { symbols, close } = load(path!);
  const two = (name: keyof typeof parts, context = 0): Task[] =>
    [0, 1].map((k) => ({ ...task, part: name, seed: seed + k, context }));
  let answers;
  if (part === "workers") answers = await inWorkers([...two("openAndClose"), ...two("breakWords")]);
  else if (part === "shared") {
    const context = open(symbols, 2);
    const words = Float64Array.of(opcode.alloc, headOf.alloc, handleBeside, 64);
    checked(symbols, context, symbols.deneb_attach!(context, words, words.length));
    checked(symbols, context, symbols.deneb_run!(context, words.length));
    const looking: Task = { ...task, part: "lookOn", rounds: 200 * rounds, context };
    answers = await inWorkers([{ ...looking, part: "breakWords", rounds }, looking]);
    if (symbols.deneb_close!(context) !== status.ok) fail("the context did not close");
  } else if (part === "closing") {
    const [using] = two("callOnOthers");
    answers = await inWorkers([using!, using!, { ...using!, part: "openForOthers" }]);
  } else fail(`there is no part ${part}`);
  close();
  return answers;
}

if (inWorker) {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Task>) => void;
    postMessage(value: unknown): void;
  };
  scope.onmessage = ({ data }) => scope.postMessage(parts[data.part](data));
} else if (import.meta.main) console.log(JSON.stringify(await main(Deno.args)));
