/** Cutout (DeVries and Taylor 2017, arXiv 1708.04552): a square of zeros, whose middle is any pixel of the image. */
import type { Cutout } from "./kinds.ts";
import { imageShape, type Step } from "./step.ts";

export function cutoutStep({ size }: Cutout, shape: readonly number[]): Step {
  const [channels, height, width] = imageShape("cut out", shape);
  return (data, start, random) => {
    const top = random.below(height) - (size >> 1), left = random.below(width) - (size >> 1);
    const from = Math.max(0, left), to = Math.min(width, left + size);
    for (let channel = 0; channel < channels; channel++) {
      for (let row = Math.max(0, top); row < Math.min(height, top + size); row++) {
        const line = start + (channel * height + row) * width;
        data.fill(0, line + from, line + to);
      }
    }
  };
}
