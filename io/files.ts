/** Files of any kind. */
import { checkText, refuse, writeWhole as write } from "../core/internal.ts";

/**
 * Writes `bytes`, or several pieces one after the other, to `path`, replacing what was there: a file, whose permissions stay,
 * also behind a link, which stays as well. On failure nothing is left behind and the old file stays.
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
export async function writeWhole(path: string, bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
  checkText("write", "path", path);
  const isWrong = Array.isArray(bytes) ? bytes.some((piece) => !isBytes(piece)) : !isBytes(bytes);
  if (isWrong) refuse(`write ${path}`, bytes, "a Uint8Array or a list of such");
  await write(path, bytes);
}

function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}
