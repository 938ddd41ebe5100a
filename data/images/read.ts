/** Reads one image into planes of bytes, one a channel. */
import { checkOptions, readWhole, refuse, shown, shownList } from "../../core/internal.ts";
import { decodeImage, pixelsMax } from "./decode.ts";
import { type Pixels, planesOf } from "./pixels.ts";
import { resize } from "./resize.ts";

/** How images are read. */
export interface ImageOptions {
  /** 3 for red, green and blue, which is the default; 1 for grey. */
  channels?: 1 | 3;
  /** The [height, width] to which an image is resized, whatever its own are. By default it keeps its size. */
  size?: readonly [height: number, width: number];
}

/** An image as planes of bytes. */
export interface Image {
  /** The bytes of the first channel row by row, then those of the next. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** [channels, height, width]. */
  readonly shape: readonly [channels: number, height: number, width: number];
}

/**
 * Reads a PNG or JPEG image from a file or from its bytes.
 *
 * A JPEG image is turned upright as its EXIF orientation says. Transparency is dropped, as Pillow's `convert("RGB")` does, and
 * of 16 bits the upper 8 are kept. Grey is 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). Resizing averages where an image
 * becomes smaller (a triangle filter), without keeping its aspect. The numbers are those of Pillow, after resizing within 1.
 *
 * SyntaxError for a file that is damaged, cut, of another format, in CMYK, or of more than 2^26 pixels; Error for one that
 * cannot be read; RangeError for other channels and sizes.
 *
 * @example
 * ```ts
 * import { readImage } from "deneb/images";
 *
 * // A PNG image of one pixel.
 * const bytes = Uint8Array.fromBase64(
 *   "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
 * );
 * const { data, shape } = await readImage(bytes);
 * if (data.join() !== "255,0,0" || shape.join() !== "3,1,1") throw new Error("another image");
 * ```
 */
export async function readImage(source: string | Uint8Array<ArrayBuffer>, options: ImageOptions = {}): Promise<Image> {
  const action = "read image";
  checkImageOptions(action, checkOptions(action, options, "{ channels: 1 }", ["channels", "size"]));
  const isBytes = source instanceof Uint8Array;
  if (!isBytes && typeof source !== "string") refuse(action, source, "a path or the bytes of a file");
  const bytes = isBytes ? source : await readWhole(source);
  return toImage(await decodeImage(bytes, isBytes ? "image" : source), options);
}

/** RangeError for channels other than 1 and 3, and for a size that is no pair of positive integers or too large. */
export function checkImageOptions(action: string, { channels = 3, size }: ImageOptions): void {
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`Cannot ${action}: channels ${shown(channels)} must be 1 or 3`);
  }
  if (size === undefined) return;
  const isSize = Array.isArray(size) && size.length === 2 && size.every((side) => Number.isInteger(side) && side > 0);
  if (!isSize || size[0] * size[1] > pixelsMax) {
    const given = Array.isArray(size) ? shownList(size) : shown(size);
    throw new RangeError(`Cannot ${action}: size ${given} must be [height, width], at most ${pixelsMax} pixels`);
  }
}

/** Decoded pixels as planes, of the channels and the size that are wanted. */
export function toImage(pixels: Pixels, { channels = 3, size }: ImageOptions): Image {
  const { width, height } = pixels, planes = planesOf(pixels, channels);
  const [newHeight, newWidth] = size ?? [height, width];
  return {
    data: resize(planes, [channels, height, width], [newHeight, newWidth]),
    shape: [channels, newHeight, newWidth],
  };
}
