/**
 * Programs that a device's driver has built, kept in the cache folder from one process to the next: a file for each device
 * and driver, written whole or not at all. Without permission for the folder nothing is kept, and nothing asked. The
 * folder holds so many bytes at most; the files that were not written for longest go first.
 */
import { cacheFolder, environment, isGranted, mayRead } from "./environment.ts";

/** What a store is to the device that fills it. */
export interface Stored {
  /** Tells the device and its driver from all others. */
  readonly name: string;
  /** How much was built so far that is not in the file. */
  news(): number;
  /** Copies the store as far as it fits; returns how many bytes it has. */
  save(target: Uint8Array): number;
  load(bytes: Uint8Array): void;
}

const bytesMax = 1 << 28;
/** Of all files in the folder. */
const folderBytesMax = 1 << 28;
/** Between two writes of a process that goes on building. */
const pauseMs = 30_000;

/** Reads the store into the device. Returns what writes it, now if `now`, or when it has been long enough. */
export function openStore(stored: Stored): (now: boolean) => void {
  const folder = programsFolder();
  if (folder === null) return () => {};
  const path = `${folder}/${stored.name}`;
  if (mayRead(folder)) {
    try {
      if (Deno.statSync(path).size <= bytesMax) stored.load(Deno.readFileSync(path));
    } catch {
      // There is none yet, or none that can be read: programs are built.
    }
  }
  let known = 0, written = performance.now();
  return (now) => {
    const news = stored.news();
    if (news === known || (!now && performance.now() - written < pauseMs)) return;
    known = news;
    written = performance.now();
    if (!isGranted({ name: "write", path: folder }) || !mayRead(folder)) return;
    const length = stored.save(new Uint8Array(0));
    if (length === 0 || length > bytesMax) return;
    const bytes = new Uint8Array(length);
    if (stored.save(bytes) === length) keep(folder, path, bytes);
  };
}

/** `DENEB_PROGRAMS`, else `programs` in the cache folder; null where no permission leads to one. */
function programsFolder(): string | null {
  const cache = cacheFolder();
  return environment("DENEB_PROGRAMS") ?? (cache === null ? null : `${cache}/programs`);
}

/** Removes the files that were not written for longest, as far as all are too large; never the newest. */
function prune(folder: string): void {
  const files = [...Deno.readDirSync(folder)].filter((entry) => entry.isFile).map(({ name }) => {
    const { size, mtime } = Deno.statSync(`${folder}/${name}`);
    return { name, size, written: mtime?.getTime() ?? 0 };
  }).sort((a, b) => b.written - a.written);
  let bytes = 0;
  for (const [place, { name, size }] of files.entries()) {
    bytes += size;
    if (place > 0 && bytes > folderBytesMax) Deno.removeSync(`${folder}/${name}`);
  }
}

/**
 * Writes the file whole, at once: a process that ends waits for nothing. A cache that cannot be written is none: whatever
 * goes wrong, the file is as it was.
 */
function keep(folder: string, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeFileSync(temporary, bytes);
    Deno.renameSync(temporary, path);
    prune(folder);
  } catch {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was not made.
    }
  }
}
