/**
 * Programs that a device's driver has built, kept in the cache folder from one process to the next: a file for each device
 * and driver, written whole or not at all. Without permission for the folder nothing is kept, and nothing asked.
 */
import { cacheFolder, isGranted } from "./environment.ts";

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
/** Between two writes of a process that goes on building. */
const pauseMs = 30_000;

/** Reads the store into the device. Returns what writes it, now if `now`, or when it has been long enough. */
export function openStore(stored: Stored): (now: boolean) => void {
  const cache = cacheFolder();
  if (cache === null) return () => {};
  const folder = `${cache}/programs`, path = `${folder}/${stored.name}`;
  if (isGranted({ name: "read", path: folder })) {
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
    if (!isGranted({ name: "write", path: folder }) || !isGranted({ name: "read", path: folder })) return;
    const length = stored.save(new Uint8Array(0));
    if (length === 0 || length > bytesMax) return;
    const bytes = new Uint8Array(length);
    if (stored.save(bytes) === length) writeWhole(folder, path, bytes);
  };
}

/** A cache that cannot be written is none: whatever goes wrong, the file is as it was. */
function writeWhole(folder: string, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeFileSync(temporary, bytes);
    Deno.renameSync(temporary, path);
  } catch {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was not made.
    }
  }
}
