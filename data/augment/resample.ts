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
      const across = Math.min(width + 1, Math.max(0, x[pixel]! + 1)), column = Math.floor(across);
      const down = Math.min(height + 1, Math.max(0, y[pixel]! + 1)), row = Math.floor(down);
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
