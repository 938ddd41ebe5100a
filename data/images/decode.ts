/**
 * Decodes the bytes of an image file. PNG and JPEG files are told by their first bytes, whatever their names say; what a file
 * claims to hold is checked before anything is allocated for it.
 */
import { decodeJpeg } from "./jpeg.ts";
import type { Pixels } from "./pixels.ts";
import { decodePng } from "./png.ts";

/** The most pixels of an image that is read: 64 million, 256 MiB in memory. */
export const pixelsMax = 2 ** 26;

/** SyntaxError for what is no PNG or JPEG file, is damaged or cut, or has more than 2^26 pixels. `source` names the file. */
export async function decodeImage(bytes: Uint8Array<ArrayBuffer>, source: string): Promise<Pixels> {
  try {
    if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return decodePng(bytes, pixelsMax);
    if (startsWith(bytes, [0xff, 0xd8])) return await decodeJpeg(bytes, pixelsMax);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${source}: ${(cause as Error).message}`, { cause });
  }
  throw new SyntaxError(
    `Cannot read ${source}: ${bytes.length === 0 ? "it is empty" : "it is neither a PNG nor a JPEG file"}`,
  );
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, k) => bytes[k] === byte);
}
