/** Unpacks gzip with a limit, so that a small hostile file cannot fill the memory. */

/** True for bytes that begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip bytes: members one after the other, as files that were joined have them, with or without zeros between and
 * behind them, as tapes leave them. SyntaxError if they are damaged, cut short or hold more than `bytesMax` bytes.
 */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  { bytesMax, source }: { bytesMax: number; source: string },
): Promise<Uint8Array<ArrayBuffer>> {
  // Imported here, since `DecompressionStream` takes one member only and browsers lack this module.
  const { gunzipSync } = await import("node:zlib");
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < bytes.length || parts.length === 0;) {
    const { buffer, engine } = (() => {
      try {
        const options = { maxOutputLength: Math.max(bytesMax - length, 1), info: true };
        // With `info` the function also returns the engine, which knows how many bytes it took; its type omits that.
        return gunzipSync(bytes.subarray(at), options) as unknown as Unpacked;
      } catch (cause) {
        const isTooLarge = (cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
        const what = isTooLarge ? `it holds more than ${bytesMax} bytes` : (cause as Error).message;
        throw new SyntaxError(`Cannot unpack ${source}: ${what}`, { cause });
      }
    })();
    length += buffer.length;
    if (length > bytesMax) throw new SyntaxError(`Cannot unpack ${source}: it holds more than ${bytesMax} bytes`);
    parts.push(buffer);
    at += engine.bytesWritten;
    while (bytes[at] === 0) at++;
  }
  const unpacked = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    unpacked.set(part, at);
    at += part.length;
  }
  return unpacked;
}

/** What `gunzipSync` returns with the option `info`. */
interface Unpacked {
  readonly buffer: Uint8Array;
  /** `bytesWritten` is the number of packed bytes that were taken. */
  readonly engine: { readonly bytesWritten: number };
}
