/** Images read between their pixels: what warps of all kinds end in. */
import type { ImageShape } from "./step.ts";

/** Reads each pixel of an image at the place that `x` and `y` name: 0 is the middle of the first pixel. */
export type Resampler = (data: Float32Array, start: number) => void;

/**
 * A function that puts in place of each pixel the bilinear mean of the four around the place (x, y), and the places that it
 * reads, which are to be filled before. Beyond the image all is zero.
 */
export function makeResampler(
  [channels, height, width]: ImageShape,
): { x: Float64Array; y: Float64Array; resample: Resampler } {
  const pixels = height * width, x = new Float64Array(pixels), y = new Float64Array(pixels);
  // The image with a frame of zeros, so that no neighbour needs a test: one pixel before it, and two behind.
  const stride = width + 3, plane = (height + 3) * stride, framed = new Float32Array(channels * plane);
  const resample: Resampler = (data, start) => {
    for (let channel = 0, from = start; channel < channels; channel++) {
      for (let row = 1; row <= height; row++) {
        const to = channel * plane + row * stride + 1;
        for (let column = 0; column < width; column++) framed[to + column] = data[from++]!;
      }
    }
    for (let pixel = 0; pixel < pixels; pixel++) {
      const across = within(x[pixel]! + 1, width + 1), column = across | 0;
      const down = within(y[pixel]! + 1, height + 1), row = down | 0;
      const shareX = across - column, shareY = down - row;
      let at = row * stride + column, to = start + pixel;
      for (let channel = 0; channel < channels; channel++, at += plane, to += pixels) {
        const topLeft = framed[at]!, bottomLeft = framed[at + stride]!;
        const top = topLeft + (framed[at + 1]! - topLeft) * shareX;
        const bottom = bottomLeft + (framed[at + stride + 1]! - bottomLeft) * shareX;
        data[to] = top + (bottom - top) * shareY;
      }
    }
  };
  return { x, y, resample };
}

/** The place itself if it lies from 0 to `last`, else the nearest that does. */
function within(place: number, last: number): number {
  return place < 0 ? 0 : place > last ? last : place;
}
