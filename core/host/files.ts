/**
 * Reading files, as a whole or piece by piece, and writing them whole or not at all: see `kernels/native/partial.ts`.
 *
 * What is not permitted is refused before anything is read or written, with the flag to add; nothing prompts.
 */
import { mayRead } from "../../kernels/native/environment.ts";
import { openPartial, realOf, writeRefusal } from "../../kernels/native/partial.ts";

/** The most bytes of one call of the system, which takes no more than 2 GiB at a time. */
const pieceBytes = 1 << 26;

/** Error unless the permissions to write a whole file are granted. */
export function checkWritable(action: string, path: string): void {
  const refusal = writeRefusal(path) ?? writeRefusal(realOf(path));
  if (refusal !== null) throw new Error(`Cannot ${action} ${path}: ${refusal}`);
}

/**
 * Writes `bytes`, or several pieces one after the other, to `path`, replacing what was there: a file, whose permissions stay,
 * also behind a link, which stays as well. On failure nothing is left behind and the old file stays.
 */
export async function writeWhole(path: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
  checkWritable("write", path);
  const target = realOf(path);
  let begun: string | null = null;
  try {
    const old = await Deno.stat(target).catch(() => null);
    // Renaming would put a file in the place of a device or a pipe.
    if (old !== null && !old.isFile) throw new Error(old.isDirectory ? "it is a folder" : "it is no file");
    const { file, temporary } = openPartial(target);
    begun = temporary;
    // The file is closed after it is renamed: until then its lock tells others that it is being written.
    try {
      for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
        for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at, at + pieceBytes));
      }
      if (typeof old?.mode === "number") await Deno.chmod(temporary, old.mode & 0o777);
      await file.sync();
      await Deno.rename(temporary, target);
    } finally {
      file.close();
    }
  } catch (cause) {
    if (begun !== null) await Deno.remove(begun).catch(() => {});
    throw new Error(`Cannot write ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** Bytes that are read piece by piece. */
export interface Source {
  /** The number of all bytes. */
  readonly length: number;
  /** A copy of the bytes in [start, end), which lie within `length`. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Runs `body` with the bytes of a file. An error of the file names the path and the cause; others pass. */
export async function withFile<T>(action: string, path: string, body: (source: Source) => Promise<T>): Promise<T> {
  const fail = (cause: unknown) => new Error(`Cannot ${action} ${path}: ${reasonOf(cause)}`, { cause });
  // To open a link takes permission for what it leads to, to read it as a whole does not.
  if (!mayRead(realOf(path))) return await body(sourceOf(await readWhole(path, action)));
  const file = await Deno.open(path).catch((cause) => {
    throw fail(cause);
  });
  try {
    const { isFile, isDirectory, size } = await file.stat();
    if (isDirectory) throw new Error(`Cannot ${action} ${path}: it is a folder`);
    // A pipe has no length and cannot be read twice.
    if (!isFile) return await body(sourceOf(await new Response(file.readable).bytes()));
    const read = async (start: number, end: number) => {
      const bytes = new Uint8Array(end - start);
      await file.seek(start, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) {
        const count = await file.read(bytes.subarray(at, at + pieceBytes));
        if (count === null) throw new Error("it became shorter while it was read");
        at += count;
      }
      return bytes;
    };
    const guarded = (start: number, end: number) =>
      read(start, end).catch((cause) => {
        throw fail(cause);
      });
    return await body({ length: size, read: guarded });
  } finally {
    try {
      file.close();
    } catch {
      // A pipe that was read to its end is closed already.
    }
  }
}

/** Bytes in memory, to be read as a file is. */
function sourceOf(bytes: Uint8Array<ArrayBuffer>): Source {
  return { length: bytes.length, read: (start, end) => Promise.resolve(bytes.slice(start, end)) };
}

/** The bytes of a whole file. An error names the path and the cause. */
export async function readWhole(path: string, action = "read"): Promise<Uint8Array<ArrayBuffer>> {
  if (!mayRead(path)) throw new Error(`Cannot ${action} ${path}: reading it is not permitted (--allow-read=${path})`);
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new Error(`Cannot ${action} ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (cause instanceof Deno.errors.PermissionDenied) return "the system denies access to it";
  return cause instanceof Error ? cause.message : String(cause);
}
