/**
 * PNG files, decoded by pngjs. The decoder gets the chunks that hold pixels only, after their sizes are checked against the
 * header: compressed text, profiles and transparency, which is not read, cost nothing and cannot do harm.
 */
import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { PNG } from "./npm.ts";
import type { Pixels } from "./pixels.ts";

/** The samples of a pixel and the bits that a sample may have, by colour type. */
const colorTypes: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** The first pixel and the steps of each pass of an interlaced image: x, y, x step, y step. */
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

/**
 * The pixels of a PNG file. Transparency is dropped and 16 bits are cut to the upper 8. Throws for a file that is damaged, and
 * for one of more than `pixelsMax` pixels.
 */
export function decodePng(bytes: Uint8Array, pixelsMax: number): Pixels {
  const { chunks, packed } = chunksOf(bytes);
  const header = chunks[1]!, view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const width = view.getUint32(8), height = view.getUint32(12);
  const [depth, colorType, , , interlaced] = header.subarray(16) as unknown as [number, number, number, number, number];
  if (width === 0 || height === 0) throw new Error(`its size is ${width} x ${height}`);
  if (width * height > pixelsMax) throw new Error(`it claims ${width} x ${height} pixels, more than ${pixelsMax}`);
  const { samples, depths } = colorTypes[colorType] ?? { samples: 0, depths: [] };
  if (!depths.includes(depth)) throw new Error(`its colour type ${colorType} of ${depth} bits is none of PNG's`);
  const rowBytes = (pixels: number) => pixels === 0 ? 0 : 1 + Math.ceil(pixels * samples * depth / 8);
  const unpacked = (interlaced === 0 ? [[0, 0, 1, 1]] : passes).reduce(
    (sum, [x, y, xStep, yStep]) =>
      sum + Math.max(0, Math.ceil((height - y!) / yStep!)) * rowBytes(Math.max(0, Math.ceil((width - x!) / xStep!))),
    0,
  );
  checkUnpacked(packed, unpacked);
  const wide = depth === 16;
  const { data } = PNG.sync.read(Buffer.concat(chunks), { skipRescale: wide });
  return { width, height, data: wide ? Uint8Array.from(data, (sample) => sample >> 8) : data };
}

/** The chunks that the pixels depend on, each with its length and checksum, and the compressed pixels. */
function chunksOf(bytes: Uint8Array): { chunks: Uint8Array[]; packed: Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = [bytes.subarray(0, 8)], packed: Uint8Array[] = [];
  for (let at = 8, name = ""; name !== "IEND";) {
    const length = at + 12 <= bytes.length ? view.getUint32(at) : Infinity, end = at + 12 + length;
    if (end > bytes.length) throw new Error(`it is cut: chunk ${chunks.length} ends behind byte ${bytes.length}`);
    name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const isFirst = at === 8;
    if (isFirst !== (name === "IHDR") || (isFirst && length !== 13)) throw new Error("its first chunk is no header");
    if (name === "IDAT") packed.push(bytes.subarray(at + 8, end - 4));
    if (["IHDR", "PLTE", "IDAT", "IEND"].includes(name)) chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return { chunks, packed };
}

/** Throws unless the compressed pixels unpack to as many bytes as the header takes: a bomb is larger. */
function checkUnpacked(packed: readonly Uint8Array[], wanted: number): void {
  let found: number;
  try {
    found = inflateSync(Buffer.concat(packed), { maxOutputLength: wanted }).length;
  } catch (cause) {
    throw new Error(`its pixels do not unpack to ${wanted} bytes: ${(cause as Error).message}`, { cause });
  }
  if (found !== wanted) throw new Error(`its pixels unpack to ${found} bytes, its header takes ${wanted}`);
}
