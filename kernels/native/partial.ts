/**
 * Temporary files: a file is written under such a name beside its target, and renamed over it when it is whole, so that a
 * kill at any moment leaves the old file or the new one.
 *
 * A writer holds a lock on its temporary file. A temporary file without a lock has lost its writer: the next writer in the
 * folder removes it. Only names that Deneb gives are ever looked at.
 */
import { isGranted, mayRead } from "./environment.ts";

const pattern = /^(.*)\.deneb-[0-9a-f]{8}\.partial$/;
/** A temporary file of another target is left alone so long, since locks may not be seen from other machines. */
const strangerAgeMs = 3_600_000;

/** The folder of a path, and the name in it. */
function split(path: string): [folder: string, name: string] {
  const end = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  return end < 0 ? [".", path] : [path.slice(0, end) || "/", path.slice(end + 1)];
}

/**
 * The path without symbolic links, as far as it exists and may be read. Where the system opens a file, the permission for this
 * path is asked for, too.
 */
export function realOf(path: string): string {
  if (!mayRead(path)) return path;
  try {
    return Deno.realPathSync(path);
  } catch {
    const [folder, name] = split(path);
    return folder === path ? path : `${realOf(folder).replace(/\/$/, "")}/${name}`;
  }
}

/**
 * Why a file cannot be written whole, by the permissions alone, with the flag to add; null if it can. Renaming takes reading
 * too, and the temporary file writing into the folder.
 */
export function writeRefusal(path: string): string | null {
  const [folder, name] = split(path), temporary = temporaryOf(name);
  // A link is followed only where it may be read.
  return refusalIn(folder, [name, temporary]) ?? refusalIn(realOf(folder), [name, temporary]);
}

function refusalIn(folder: string, files: readonly string[]): string | null {
  const may = (name: "read" | "write") => files.every((file) => isGranted({ name, path: `${folder}/${file}` }));
  if (!may("write")) return `writing into ${folder} is not permitted (--allow-write=${folder})`;
  if (!may("read")) {
    return `reading in ${folder}, which renaming a file takes, is not permitted (--allow-read=${folder})`;
  }
  return null;
}

function temporaryOf(path: string): string {
  return `${path}.deneb-${crypto.randomUUID().slice(0, 8)}.partial`;
}

/** Opens a new temporary file for `path`, locked, after files of writers that are gone are removed. */
export function openPartial(path: string): { file: Deno.FsFile; temporary: string } {
  sweep(path);
  for (;;) {
    const temporary = temporaryOf(path), file = Deno.openSync(temporary, { write: true, createNew: true });
    // Where another process sweeps between the two calls, the file is taken for a lost one.
    if (isLockable(file) && file.statSync().nlink !== 0) return { file, temporary };
    file.close();
  }
}

/** Takes the lock; false if another process holds it. A file system without locks counts as if it were taken. */
function isLockable(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

function sweep(path: string): void {
  const [given, target] = split(path), folder = realOf(given);
  if (!mayRead(folder) || !isGranted({ name: "write", path: folder })) return;
  try {
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      const found = isFile ? pattern.exec(name) : null;
      if (found !== null) sweepFile(`${folder}/${name}`, found[1] === target);
    }
  } catch {
    // A folder that cannot be listed is not swept; why it cannot be written is said when it is written.
  }
}

function sweepFile(path: string, isOwn: boolean): void {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    const { mtime } = file.statSync();
    if (!isOwn && Date.now() - (mtime?.getTime() ?? Infinity) < strangerAgeMs) return;
    if (file.tryLockSync(true)) Deno.removeSync(path);
  } catch {
    // Another process has removed the file, or it is another user's.
  }
}
