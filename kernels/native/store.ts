/**
 * Programs that a device's driver has built, kept in the cache folder from one process to the next: a file for each
 * device and driver, written whole or not at all. Without permission for the folder nothing is kept, and no prompt
 * appears. The size of all these files is bounded; those that were not written for longest are removed first. Other files
 * in the folder are neither counted nor touched.
 */
import { cacheFolder, environment, isGranted, mayRead } from "./environment.ts";
import { openPartial, realOf, writeRefusal } from "./partial.ts";

/** The store of a device that builds programs. */
export interface Stored {
  /** A name that tells the device and its driver from all others. */
  readonly name: string;
  /** How many programs were built so far that are not in the file. */
  news(): number;
  /** Copies the store as far as it fits; returns how many bytes the whole store has. */
  save(target: Uint8Array): number;
  load(bytes: Uint8Array): void;
}

const bytesMax = 1 << 28;
/** The names that the library gives to stores. */
const storeName = /^(opencl|cuda)-[0-9a-f]{16}$/;
/** How every store begins: the `magic_number` of `kernels/host/store.zig`. */
const storeHead = "dnebcl01";
/** The most bytes of all stores in the folder. */
const folderBytesMax = 1 << 28;
/** Milliseconds between two writes of a process that goes on building programs. */
const pauseMs = 30_000;

/**
 * Reads the file into the device's store. Returns the function that writes it: at once if `now`, else after a pause.
 */
export function openStore(stored: Stored): (now: boolean) => void {
  const folder = programsFolder();
  if (folder === null) return () => {};
  const path = `${folder}/${stored.name}`;
  if (mayRead(folder)) {
    try {
      if (Deno.statSync(path).size <= bytesMax) stored.load(Deno.readFileSync(path));
    } catch {
      // The file does not exist yet or cannot be read: the driver builds the programs.
    }
  }
  let known = 0, written = performance.now();
  return (now) => {
    const news = stored.news();
    if (news === known || (!now && performance.now() - written < pauseMs)) return;
    known = news;
    written = performance.now();
    if (writeRefusal(path) !== null || !isGranted({ name: "write", path: folder }) || !mayRead(folder)) return;
    const length = stored.save(new Uint8Array(0));
    if (length === 0 || length > bytesMax) return;
    const bytes = new Uint8Array(length);
    if (stored.save(bytes) === length) keep(folder, path, bytes);
  };
}

/** `DENEB_PROGRAMS`, else `programs` in the cache folder; null where no permission leads to one. */
function programsFolder(): string | null {
  const cache = cacheFolder("code");
  return environment("DENEB_PROGRAMS") ?? (cache === null ? null : `${cache}/programs`);
}

/** Removes the stores that were not written for longest, until the rest fits; never removes the newest. */
function prune(given: string): void {
  const folder = realOf(given);
  if (!mayRead(folder) || !isGranted({ name: "write", path: folder })) return;
  const stores = [...Deno.readDirSync(folder)].filter(({ name, isFile }) => isFile && storeName.test(name))
    .map(({ name }) => `${folder}/${name}`).filter(isStore).map((path) => {
      const { size, mtime } = Deno.statSync(path);
      return { path, size, written: mtime?.getTime() ?? 0 };
    }).sort((a, b) => b.written - a.written);
  let bytes = 0;
  for (const [place, { path, size }] of stores.entries()) {
    bytes += size;
    if (place > 0 && bytes > folderBytesMax) Deno.removeSync(path);
  }
}

/** Whether a file begins as stores do. One that cannot be read counts as none. */
function isStore(path: string): boolean {
  try {
    using file = Deno.openSync(path);
    const head = new Uint8Array(storeHead.length);
    return file.readSync(head) === head.length && new TextDecoder().decode(head) === storeHead;
  } catch {
    return false;
  }
}

/**
 * Writes the file whole and synchronously, since a process that ends waits for nothing. If the cache cannot be written,
 * the file stays as it was.
 */
function keep(folder: string, path: string, bytes: Uint8Array): void {
  let begun: string | null = null;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    const { file, temporary } = openPartial(path);
    begun = temporary;
    try {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      Deno.renameSync(temporary, path);
      begun = null;
    } finally {
      file.close();
    }
    prune(folder);
  } catch {
    if (begun !== null) discard(begun);
  }
}

function discard(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The file is gone already.
  }
}
