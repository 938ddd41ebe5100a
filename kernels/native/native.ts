/**
 * The native devices: contexts of the Zig library, opened with `Deno.dlopen`. They differ only in the settings with
 * which the library opens a context.
 *
 * Opening one needs `--allow-ffi` for the library's file and nothing wider: no pointer ever crosses the border, only
 * numbers and buffers with their lengths.
 */
import { errorOf, type Manifest } from "./border.ts";
import { cudaFolders } from "./cuda_folders.ts";
import type { Device, Started } from "../device.ts";
import { environment } from "./environment.ts";
import { limits, status } from "../instruction.ts";
import { openStore } from "./store.ts";
import { type Candidate, findLibrary, type Library } from "./library.ts";
import type { Symbols } from "./symbols.ts";

function load({ path, manifest }: Library): { symbols: Symbols; close: () => void } {
  const { deneb_manifest: _, ...symbols } = manifest.symbols;
  const library = Deno.dlopen(path, {
    ...symbols,
    deneb_wait_async: { ...symbols.deneb_wait!, name: "deneb_wait", nonblocking: true },
  } as Deno.ForeignLibraryInterface);
  return { symbols: library.symbols as unknown as Symbols, close: () => library.close() };
}

/** The text that `copy` writes into a buffer. */
function textOf(copy: (target: Uint8Array, capacity: number) => number, capacity = 512): string {
  const buffer = new Uint8Array(capacity);
  return new TextDecoder().decode(buffer.subarray(0, copy(buffer, buffer.length)));
}

let found: ReturnType<typeof findLibrary> | null = null;

/** The result of the first search for the library, which the process keeps. */
function lookUp(): ReturnType<typeof findLibrary> {
  return found ??= findLibrary();
}

/** Every candidate of the search, in order. */
export function libraryCandidates(): readonly Candidate[] {
  return lookUp().candidates;
}

/** Forgets a search without result, so that a library installed since is found. */
export function lookAgain(): void {
  if (found?.library === null) found = null;
}

/** The kinds of devices that the library drives. */
export type Kind = "cpu" | "opencl" | "cuda";

/** Whether a device is available: its description, or the reason why it is not. */
export interface Probe {
  /** Whether the device can be opened, as far as can be told without opening it. */
  available: boolean;
  /** Why the device is not available. */
  reason?: string;
  /** For people: the library's file and level, or the chip's name; empty if the device is not available. */
  description: string;
  /** Whether the device is a chip of its own with memory of its own. */
  discrete?: boolean;
}

/** A device as the library lists it. */
interface Listed {
  platform: string;
  name: string;
  /** "cpu", "gpu" or "accelerator". */
  type: string;
  /** Bytes of memory. */
  memory: number;
  /** Whether the device uses the host's memory. */
  unified: boolean;
  /** Absent libraries that would make the device faster. */
  lacks?: string;
}

function absent(reason: string): Probe {
  return { available: false, reason, description: "" };
}

/** Why there is no library; null if there is one. */
function libraryAbsence(): string | null {
  const { library, candidates } = lookUp();
  if (library !== null) return null;
  const reasons = candidates.map(({ path, reason }) => `${path}: ${reason}`);
  return reasons.join("; ") || "nothing native can be opened here";
}

/** Settings by key; a list gives a line for each of its values. */
export type Settings = Record<string, string | number | readonly string[]>;

/** The settings as the library reads them: lines of `key value`. */
function linesOf(values: Settings): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(values).flatMap(([key, value]) =>
    [value].flat().map((one) => {
      if (/[\n\0]/.test(`${one}`)) throw new RangeError(`Cannot open: ${key} "${one}" must be one line`);
      return `${key} ${one}\n`;
    })
  );
  return new TextEncoder().encode(lines.join(""));
}

/** The settings of one kind of device: folders with the driver's libraries, and the user's choices. */
function further(kind: Kind): Settings {
  if (kind === "opencl") return { clblast: environment("DENEB_CLBLAST") === "1" ? 1 : 0 };
  if (kind !== "cuda") return {};
  return { folder: cudaFolders(), tf32: environment("DENEB_TF32") === "1" ? 1 : 0 };
}

/** The devices of a kind, or why there are none. No context is created. */
function list(kind: Kind): { devices: Listed[] } | { reason: string } {
  const reason = libraryAbsence();
  if (reason !== null) return { reason };
  const { symbols, close } = load(lookUp().library!);
  try {
    const settings = linesOf({ device: kind, ...further(kind) });
    const text = textOf((target, room) => symbols.deneb_devices(settings, settings.length, target, room), 1 << 16);
    return JSON.parse(text);
  } finally {
    close();
  }
}

/** The index of the device meant without a number: the variable's, else the first GPU, else the first device. */
function chosen(kind: Kind, devices: readonly Listed[]): number {
  const variable = `DENEB_${kind.toUpperCase()}_DEVICE`, word = environment(variable);
  if (word === undefined) return Math.max(0, devices.findIndex(({ type }) => type === "gpu"));
  const found = /^\d+$/.test(word)
    ? Number(word)
    : devices.findIndex(({ platform, name }) => `${platform} ${name}`.toLowerCase().includes(word.toLowerCase()));
  if (devices[found] !== undefined) return found;
  throw new RangeError(`Cannot open ${kind}: ${variable}=${word} is none of ${devices.map(show).join("; ")}`);
}

function show({ platform, name, memory, lacks }: Listed, index: number): string {
  const without = lacks ? `, slower without ${lacks}` : "";
  return `${index}: ${platform}, ${name}, ${(memory / 2 ** 30).toFixed(1)} GiB${without}`;
}

/** The device of that kind and index, or the chosen one. */
function find(kind: Kind, index: number | null): { index: number; device: Listed } | { reason: string } {
  const listed = list(kind);
  if ("reason" in listed) return listed;
  const { devices } = listed;
  if (devices.length === 0) return { reason: `there are no devices of ${kind}` };
  const at = index ?? chosen(kind, devices), device = devices[at];
  return device === undefined ? { reason: `there is no ${kind}:${at}, only ${devices.map(show).join("; ")}` } : {
    index: at,
    device,
  };
}

/** Whether the native CPU device is available. */
export function probeCpu(): Probe {
  const reason = libraryAbsence();
  if (reason !== null) return absent(reason);
  const { path, manifest } = lookUp().library!;
  return { available: true, description: describe(path, manifest, "") };
}

/** Whether a device of another kind is available. */
export function probeNative(kind: Kind, index: number | null = null): Probe {
  let found;
  try {
    found = find(kind, index);
  } catch (error) {
    return absent((error as Error).message);
  }
  if ("reason" in found) return absent(found.reason);
  const { device } = found;
  return {
    available: true,
    description: show(device, found.index),
    discrete: device.type === "gpu" && !device.unified,
  };
}

function describe(path: string, manifest: Manifest, level: string): string {
  const mode = manifest.mode === "fast" ? "" : `, mode ${manifest.mode}`;
  return `${path}, ${level === "" ? `the best of ${manifest.levels.join(", ")}` : level}${mode}`;
}

function threadsWanted(): number {
  const word = environment("DENEB_THREADS");
  if (word === undefined) return navigator.hardwareConcurrency;
  const count = Number(word);
  if (!Number.isInteger(count) || count < 1 || count > limits.threads) {
    throw new RangeError(`Cannot open cpu: DENEB_THREADS=${word} must be an integer in [1, ${limits.threads}]`);
  }
  return count;
}

/** The settings with which the device of that kind and index is opened. Throws if there is none. */
export function settingsFor(kind: Kind, index: number | null = null): Settings {
  if (kind === "cpu") {
    const reason = libraryAbsence();
    if (reason !== null) throw new Error(`Cannot open cpu: ${reason}`);
    return { device: "cpu", threads: threadsWanted(), level: environment("DENEB_LEVEL") ?? "" };
  }
  const found = find(kind, index);
  if ("reason" in found) throw new Error(`Cannot open ${nameOf(kind, index)}: ${found.reason}`);
  return { device: kind, index: found.index, ...further(kind) };
}

function nameOf(kind: Kind, index: number | null): string {
  return index === null ? kind : `${kind}:${index}`;
}

/** Opens a context on the CPU. Throws if there is no library. */
export function openCpu(): Device {
  return openContext("cpu", settingsFor("cpu"));
}

/** Opens a context on a device of another kind, under its name: "opencl", "opencl:1". Throws if there is none. */
export function openNative(kind: Kind, index: number | null = null): Device {
  return openContext(nameOf(kind, index), settingsFor(kind, index));
}

/** The most bytes that one call copies: the library counts them in 32 bits. */
const bytesAtOnce = 2 ** 30;

/** Calls `copy` for each piece of the bytes, in order: once if they are few, or none. */
function inPieces(bytes: Uint8Array, each: number, copy: (piece: Uint8Array, at: number) => void): void {
  if (bytes.length <= each) return copy(bytes, 0);
  for (let at = 0; at < bytes.length; at += each) copy(bytes.subarray(at, at + each), at);
}

/** Opens a context of the library with these settings; see `host/settings.zig`. Throws if the library refuses. */
export function openContext(name: string, values: Settings, each: number = bytesAtOnce): Device {
  const library = lookUp().library!, { symbols, close } = load(library), settings = linesOf(values);
  const context = symbols.deneb_open(settings, settings.length);
  if (context === 0) {
    const reason = textOf((target, capacity) => symbols.deneb_error(0, target, capacity));
    close();
    throw new RangeError(reason);
  }
  // The buffer lives as long as the functions below, and the library reads it only while they run.
  const words = new Float64Array(limits.words);
  const check = (code: number) => {
    if (code === status.ok) return;
    throw errorOf(code, textOf((target, capacity) => symbols.deneb_error(context, target, capacity)));
  };
  check(symbols.deneb_attach(context, words, words.length));
  const describeNow = () =>
    describe(
      library.path,
      library.manifest,
      textOf((target, room) => symbols.deneb_describe(context, target, room), 2048),
    );
  let description = describeNow();
  const store = textOf((target, capacity) => symbols.deneb_store_name(context, target, capacity));
  const writeStore = store === "" ? null : openStore({
    name: store,
    news: () => symbols.deneb_store_news(context),
    save: (target) => symbols.deneb_store_save(context, target, target.length),
    load: (bytes) => check(symbols.deneb_store_load(context, bytes, bytes.length)),
  });
  // Whatever listens to the same event may still compute, so the context is left and not closed.
  const atEnd = () => {
    writeStore?.(true);
    symbols.deneb_leave(context);
  };
  addEventListener("unload", atEnd);
  const started = (): Started => ({
    ended: symbols.deneb_wait_async(context),
    finish(target) {
      check(symbols.deneb_wait(context));
      if (target === undefined) return;
      symbols.deneb_landed(context, target, target.length);
      writeStore?.(false);
    },
  });
  const read = (handle: number, offset: number, target: Uint8Array) =>
    inPieces(target, each, (piece, at) => {
      check(symbols.deneb_read(context, handle, offset + at, piece, piece.length));
    });
  const run = symbols.deneb_run, runWords = symbols.deneb_run_words;
  let open = true;
  return {
    name,
    // The description is asked for anew while the context is open, for it also names libraries that have failed since.
    get description() {
      return open ? description = describeNow() : description;
    },
    words,
    run(length) {
      const code = run(context, length);
      if (code !== status.ok) check(code);
    },
    runWords(list) {
      const code = runWords(context, list, list.length);
      if (code !== status.ok) check(code);
    },
    startWords(list) {
      check(symbols.deneb_start_run(context, list, list.length));
      return started();
    },
    // The CPU computes during calls, so that all it has to do for a read is to copy.
    ...(values.device !== "cpu" && {
      startRead(handle: number, offset: number, length: number) {
        // More than one call copies is read before anything that follows can change it.
        if (length > each) {
          const bytes = new Uint8Array(length);
          read(handle, offset, bytes);
          return { ended: Promise.resolve(status.ok), finish: (target?: Uint8Array) => target?.set(bytes) };
        }
        check(symbols.deneb_start_read(context, handle, offset, length));
        return started();
      },
    }),
    write(handle, offset, source) {
      inPieces(source, each, (piece, at) => {
        check(symbols.deneb_write(context, handle, offset + at, piece, piece.length));
      });
    },
    read(handle, offset, target) {
      read(handle, offset, target);
      writeStore?.(false);
    },
    memory: () => ({ bytes: symbols.deneb_memory(context, 0), reserved: symbols.deneb_memory(context, 1) }),
    setThreads: (count) => check(symbols.deneb_threads(context, count)),
    close() {
      if (!open) return;
      open = false;
      writeStore?.(true);
      removeEventListener("unload", atEnd);
      symbols.deneb_close(context);
      close();
    },
  };
}
