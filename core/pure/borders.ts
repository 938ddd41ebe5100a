/** Borders around the axes of a shape. */
import { checkShape, type Shape, showShape } from "./shape.ts";

/** The borders of one axis: elements before and after it, fewer than none where it is cropped. */
export type Border = readonly [before: number, after: number];

/**
 * The borders of each axis of a shape, by PyTorch's rule: widths in pairs, the last axis first. TypeError for an odd number
 * of widths and for more than two for each axis; RangeError where more is cropped than there is.
 */
export function bordersOf(action: string, widths: readonly number[], shape: Shape): Border[] {
  if (widths.length % 2 !== 0 || widths.length > 2 * shape.length) {
    throw new TypeError(
      `Cannot ${action}: ${widths.length} widths, they must be two for each of the last axes of ${showShape(shape)}`,
    );
  }
  const borders = shape.map((length, axis): Border => {
    const at = 2 * (shape.length - 1 - axis), before = widths[at] ?? 0, after = widths[at + 1] ?? 0;
    if (length + Math.min(before, 0) + Math.min(after, 0) >= 0) return [before, after];
    throw new RangeError(`Cannot ${action}: widths ${before} and ${after} crop more than axis ${axis} has, ${length}`);
  });
  checkShape(action, shape.map((length, axis) => length + borders[axis]![0] + borders[axis]![1]));
  return borders;
}
