/**
 * JPEG files, decoded by MozJPEG in WebAssembly: a libjpeg, so that the pixels are those of other programs that use one. It
 * starts when the first file is decoded.
 */
import { decodeJpeg as decode, initJpeg, jpegModule } from "./npm.ts";
import type { Pixels } from "./pixels.ts";

/** The most pixels times scans: a progressive file of a few bytes may claim thousands of scans, which take hours. */
const scannedMax = 2 ** 31;
/** From so many pixels on, the decoder's memory is given back after an image. */
const pixelsKept = 2 ** 22;

/** What a file says of itself before any pixel is decoded. */
interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly scans: number;
}

/**
 * The pixels of a JPEG file, turned upright as its EXIF orientation says. Throws for a file that is damaged or cut, in CMYK, or
 * of more than `pixelsMax` pixels.
 */
export async function decodeJpeg(bytes: Uint8Array<ArrayBuffer>, pixelsMax: number): Promise<Pixels> {
  const { width, height, components, scans } = frameOf(bytes), pixels = width * height;
  if (pixels > pixelsMax) throw new Error(`it claims ${width} x ${height} pixels, more than ${pixelsMax}`);
  if (pixels * scans > scannedMax) throw new Error(`it claims ${scans} scans of ${width} x ${height} pixels`);
  if (components === 4) throw new Error("its colours are CMYK; save it as RGB");
  return await inTurn(async () => {
    warnings.length = 0;
    try {
      ready ??= initJpeg(jpegModule, { printErr: (line) => warnings.push(line) });
      await ready;
      const image = await decode(bytes, { preserveOrientation: true });
      const damage = warnings.find((line) => !harmless.test(line));
      if (damage !== undefined) throw new Error(damage);
      if (pixels >= pixelsKept) ready = null;
      return image;
    } catch (cause) {
      // After an exit the decoder's state is lost.
      ready = null;
      throw new Error(warnings.join("; ") || String((cause as Error)?.message ?? cause), { cause });
    }
  });
}

/** Warnings of what some cameras write: bytes between the segments, and other numbers of JFIF's version. */
const harmless = /extraneous bytes|unknown JFIF revision/;

let ready: Promise<void> | null = null;
/** What the decoder said of the image under way. */
const warnings: string[] = [];
let turn: Promise<unknown> = Promise.resolve();

/** Runs `body` when those before it have ended, since the decoder's warnings do not say which image they are about. */
function inTurn<T>(body: () => Promise<T>): Promise<T> {
  const mine = turn.then(body);
  turn = mine.catch(() => {});
  return mine;
}

/** Reads the segments of the file. */
function frameOf(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let frame: Omit<Frame, "scans"> | null = null, scans = 0;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    // Bytes of pixels, and markers without a segment: restarts, and fillers.
    if (bytes[at] !== 0xff || marker === 0xff || marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at = bytes.indexOf(0xff, at + 1);
      if (at < 0) break;
      continue;
    }
    if (marker === 0xd9) break;
    if (marker === 0xda) scans++;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && at + 10 <= bytes.length) {
      if (frame !== null) throw new Error("it holds two frames");
      frame = { height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: bytes[at + 9]! };
    }
    at += 2 + view.getUint16(at + 2);
  }
  if (frame === null) throw new Error("it is cut or damaged: it has no header of a frame");
  return { ...frame, scans };
}
