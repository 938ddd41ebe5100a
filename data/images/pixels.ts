/** Decoded pixels, whatever file they came from, and their channels as planes. */

/** An image as its file holds it, a byte for each of red, green, blue and alpha. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]. */
  readonly data: ArrayLike<number>;
}

/** The bytes [channels, height, width] of red, green and blue, or of grey alone. Alpha is dropped. */
export function planesOf({ width, height, data }: Pixels, channels: 1 | 3): Uint8Array<ArrayBuffer> {
  const count = width * height, planes = new Uint8Array(channels * count);
  for (let pixel = 0, at = 0; pixel < count; pixel++, at += 4) {
    const red = data[at]!, green = data[at + 1]!, blue = data[at + 2]!;
    if (channels === 1) {
      // The shares of ITU-R BT.601 in 1/65536, rounded, as Pillow has them.
      planes[pixel] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    } else {
      planes[pixel] = red;
      planes[count + pixel] = green;
      planes[2 * count + pixel] = blue;
    }
  }
  return planes;
}
