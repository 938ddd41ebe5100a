/**
 * Warps of all kinds: they map places, and the image is read once at the places that come out, however many warps follow one
 * another. So it is blurred by one interpolation only, and what one warp moves out of sight another may bring back.
 */
import type { RandomStream } from "../random.ts";
import { type ImageShape, imageShape, type Step } from "./step.ts";

/**
 * Maps the places (x, y), one for each pixel of the result, in place: what is to be seen at the pixel stood at the new place
 * before this warp. 0 is the middle of the first pixel.
 */
export type Warp = (x: Float64Array, y: Float64Array, random: RandomStream) => void;

/** The step of warps that follow one another, the first one first. */
export function warpStep(warps: readonly Warp[], shape: readonly number[]): Step {
  const image = imageShape("warp", shape), [, height, width] = image, pixels = height * width;
  const x = new Float64Array(pixels), y = new Float64Array(pixels), resample = makeResampler(image);
  // What the last warp shows at a place, it found where it maps the place to, among what the warp before it shows.
  const backwards = warps.toReversed();
  return (data, start, random) => {
    for (let row = 0, pixel = 0; row < height; row++) {
      for (let column = 0; column < width; column++, pixel++) {
        x[pixel] = column;
        y[pixel] = row;
      }
    }
    for (const warp of backwards) warp(x, y, random);
    resample(data, start, x, y);
  };
}

/** Puts in place of each pixel the bilinear mean of the four around its place (x, y). Beyond the image all is zero. */
type Resampler = (data: Float32Array, start: number, x: Float64Array, y: Float64Array) => void;

function makeResampler([channels, height, width]: ImageShape): Resampler {
  const pixels = height * width;
  // The image with a frame of zeros, so that no neighbour needs a test: one pixel before it, and two behind.
  const stride = width + 3, plane = (height + 3) * stride, framed = new Float32Array(channels * plane);
  return (data, start, x, y) => {
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
}

/** The place itself if it lies from 0 to `last`, else the nearest that does. */
function within(place: number, last: number): number {
  return place < 0 ? 0 : place > last ? last : place;
}
