/** A step of augmentation: what changes one sample in place, made once for samples of one shape. */
import { showShape } from "../../core/pure/shape.ts";
import type { RandomStream } from "../random.ts";

/** Changes the sample whose elements begin at `start` of `data`. Two samples that begin alike draw alike. */
export type Step = (data: Float32Array, start: number, random: RandomStream) => void;

/** The shape of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** The shape of a sample as that of an image. TypeError unless it has three axes. */
export function imageShape(action: string, shape: readonly number[]): ImageShape {
  if (shape.length === 3) return shape as unknown as ImageShape;
  throw new TypeError(`Cannot ${action}: samples of shape ${showShape(shape)} must be [channels, height, width]`);
}
