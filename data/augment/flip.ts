/** Mirror images, left to right. */
import type { RandomFlip } from "./kinds.ts";
import { imageShape, type Step } from "./step.ts";

export function flipStep({ probability }: RandomFlip, shape: readonly number[]): Step {
  const [channels, height, width] = imageShape("flip", shape), end = channels * height * width;
  return (data, start, random) => {
    if (random.between(0, 1) >= probability) return;
    for (let row = start; row < start + end; row += width) {
      for (let left = row, right = row + width - 1; left < right; left++, right--) {
        const value = data[left]!;
        data[left] = data[right]!;
        data[right] = value;
      }
    }
  };
}
