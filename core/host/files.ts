/**
 * Reading whole files, and writing them whole or not at all: a file is written under a temporary name beside the target,
 * synced, and renamed over it, so that a kill at any moment leaves the old file or the new one.
 */

/**
 * Writes `bytes` to `path`, replacing what was there. On failure nothing is left behind and the old file stays.
 *
 * Needs permission to write, and for the renaming to read, in the file's folder, where the temporary file lives.
 *
 * @example
 * ```ts
 * import { io } from "deneb";
 *
 * const path = await Deno.makeTempFile();
 * await io.writeWhole(path, new TextEncoder().encode("epoch 3"));
 * if (await Deno.readTextFile(path) !== "epoch 3") throw new Error("not written");
 * await Deno.remove(path);
 * ```
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.partial`;
  let begun = false;
  try {
    const file = await Deno.open(temporary, { write: true, createNew: true });
    begun = true;
    try {
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temporary, path);
  } catch (cause) {
    if (begun) await Deno.remove(temporary).catch(() => {});
    throw new Error(`Cannot write ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** The bytes of a whole file. An error names the path and the cause. */
export async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (cause instanceof Deno.errors.PermissionDenied) return "the system denies access to it";
  return cause instanceof Error ? cause.message : String(cause);
}
