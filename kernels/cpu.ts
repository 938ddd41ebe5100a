/**
 * The native CPU device: a context of the Zig library, opened with `Deno.dlopen`.
 *
 * It needs `--allow-ffi` for the library's file and nothing wider: no pointer ever crosses the border, only numbers and
 * buffers whose lengths go with them.
 */
import { errorOf, type Manifest } from "./border.ts";
import type { Device } from "./device.ts";
import { environment } from "./environment.ts";
import { limits, status } from "./instruction.ts";
import { type Candidate, findLibrary, type Library } from "./library.ts";

/** The symbols as called from here. Their native types come from the manifest. */
interface Symbols {
  deneb_open(threads: number, level: Uint8Array<ArrayBuffer>, levelLength: number): number;
  deneb_close(context: number): number;
  deneb_attach(context: number, words: Float64Array, count: number): number;
  deneb_run(context: number, count: number): number;
  deneb_run_words(context: number, words: Float64Array, count: number): number;
  /** The same function, called on a thread of Deno's pool. */
  deneb_run_words_async(context: number, words: Float64Array, count: number): Promise<number>;
  deneb_write(context: number, handle: number, offset: number, source: Uint8Array, length: number): number;
  deneb_read(context: number, handle: number, offset: number, target: Uint8Array, length: number): number;
  deneb_memory(context: number, beside: number): number;
  deneb_threads(context: number, count: number): number;
  deneb_level(context: number, target: Uint8Array, capacity: number): number;
  deneb_error(context: number, target: Uint8Array, capacity: number): number;
}

function load({ path, manifest }: Library): { symbols: Symbols; close: () => void } {
  const { deneb_manifest: _, ...symbols } = manifest.symbols;
  const library = Deno.dlopen(path, {
    ...symbols,
    deneb_run_words_async: { ...symbols.deneb_run_words!, name: "deneb_run_words", nonblocking: true },
  } as Deno.ForeignLibraryInterface);
  return { symbols: library.symbols as unknown as Symbols, close: () => library.close() };
}

/** The text that `copy` puts into a buffer. */
function textOf(copy: (target: Uint8Array, capacity: number) => number): string {
  const buffer = new Uint8Array(512);
  return new TextDecoder().decode(buffer.subarray(0, copy(buffer, buffer.length)));
}

let found: ReturnType<typeof findLibrary> | null = null;

/** What was found at the first look; a process keeps to it. */
function lookUp(): ReturnType<typeof findLibrary> {
  return found ??= findLibrary();
}

/** Every place that was looked at, in order. */
export function libraryCandidates(): readonly Candidate[] {
  return lookUp().candidates;
}

/** Forgets what was not found, so that a library that came since is seen. */
export function lookAgain(): void {
  if (found?.library === null) found = null;
}

/** Whether the library is there: what describes it, or why not. No context is created. */
export function probeCpu(): { available: boolean; reason?: string; description: string } {
  const { library, candidates } = lookUp();
  if (library === null) {
    const reasons = candidates.map(({ path, reason }) => `${path}: ${reason}`);
    return { available: false, reason: reasons.join("; ") || "nothing native can be opened here", description: "" };
  }
  return { available: true, description: describe(library.path, library.manifest, "") };
}

function describe(path: string, manifest: Manifest, level: string): string {
  const mode = manifest.mode === "fast" ? "" : `, mode ${manifest.mode}`;
  return `${path}, ${level === "" ? manifest.levels.join(", ") : level}${mode}`;
}

function threadsWanted(): number {
  const word = environment("DENEB_THREADS");
  if (word === undefined) return navigator.hardwareConcurrency;
  const count = Number(word);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new RangeError(`Cannot open cpu: DENEB_THREADS=${word} must be an integer in [1, 1024]`);
  }
  return count;
}

/** Opens a context on the library. Throws where there is none. */
export function openCpu(): Device {
  const { library } = lookUp();
  if (library === null) throw new Error(`Cannot open cpu: ${probeCpu().reason}`);
  const level = new TextEncoder().encode(environment("DENEB_LEVEL") ?? ""), threads = threadsWanted();
  const { symbols, close } = load(library);
  const context = symbols.deneb_open(threads, level, level.length);
  if (context === 0) {
    const reason = textOf((target, capacity) => symbols.deneb_error(0, target, capacity));
    close();
    throw new RangeError(reason);
  }
  // The buffer lives as long as these functions do, and the library reads it only when they run.
  const words = new Float64Array(limits.words);
  const check = (code: number) => {
    if (code === status.ok) return;
    throw errorOf(code, textOf((target, capacity) => symbols.deneb_error(context, target, capacity)));
  };
  check(symbols.deneb_attach(context, words, words.length));
  const used = textOf((target, capacity) => symbols.deneb_level(context, target, capacity));
  const run = symbols.deneb_run, runWords = symbols.deneb_run_words;
  let open = true;
  return {
    name: "cpu",
    description: describe(library.path, library.manifest, used),
    words,
    run(length) {
      const code = run(context, length);
      if (code !== status.ok) check(code);
    },
    runWords(list) {
      const code = runWords(context, list, list.length);
      if (code !== status.ok) check(code);
    },
    runWordsAsync: async (list) => check(await symbols.deneb_run_words_async(context, list, list.length)),
    write: (handle, offset, source) => check(symbols.deneb_write(context, handle, offset, source, source.length)),
    read: (handle, offset, target) => check(symbols.deneb_read(context, handle, offset, target, target.length)),
    memory: () => ({ bytes: symbols.deneb_memory(context, 0), reserved: symbols.deneb_memory(context, 1) }),
    setThreads: (count) => check(symbols.deneb_threads(context, count)),
    close() {
      if (!open) return;
      open = false;
      symbols.deneb_close(context);
      close();
    },
  };
}
