/** Unpacks gzip with a limit, so that a small hostile file cannot fill the memory. */

/** True for bytes that begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks gzip bytes. SyntaxError if they are damaged, cut short or hold more than `bytesMax` bytes. */
export async function gunzip(
  bytes: Uint8Array<ArrayBuffer>,
  { bytesMax, source }: { bytesMax: number; source: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))) {
      length += part.length;
      if (length > bytesMax) break;
      parts.push(part);
    }
  } catch (cause) {
    throw new SyntaxError(`Cannot unpack ${source}: ${(cause as Error).message}`, { cause });
  }
  if (length > bytesMax) throw new SyntaxError(`Cannot unpack ${source}: it holds more than ${bytesMax} bytes`);
  const unpacked = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    unpacked.set(part, at);
    at += part.length;
  }
  return unpacked;
}
