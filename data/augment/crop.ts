/** Random crops of a padded image, which are the image moved. */
import type { RandomCrop } from "./kinds.ts";
import { imageShape, type Step } from "./step.ts";

export function cropStep({ padding, fill }: RandomCrop, shape: readonly number[]): Step {
  const [channels, height, width] = imageShape("crop", shape), size = channels * height * width;
  if (fill === "reflect" && padding >= Math.min(height, width)) {
    throw new RangeError(
      `Cannot crop: padding ${padding} must be smaller than images of ${height} x ${width} to reflect`,
    );
  }
  const kept = new Float32Array(size), rows = new Int32Array(height), columns = new Int32Array(width);
  const place = fill === "zeros" ? zeroed : reflected;
  return (data, start, random) => {
    const down = random.below(2 * padding + 1) - padding, right = random.below(2 * padding + 1) - padding;
    if (down === 0 && right === 0) return;
    place(rows, down);
    place(columns, right);
    kept.set(data.subarray(start, start + size));
    // The columns from `left` to `end` come from within the image, in their order.
    const left = Math.min(width, Math.max(0, right)), end = Math.max(left, Math.min(width, width + right));
    for (let channel = 0, to = start; channel < channels; channel++) {
      for (let row = 0; row < height; row++, to += width) {
        if (rows[row]! < 0) {
          for (let column = 0; column < width; column++) data[to + column] = 0;
          continue;
        }
        const from = (channel * height + rows[row]!) * width;
        for (let column = 0; column < left; column++) data[to + column] = at(from, columns[column]!);
        for (let column = left; column < end; column++) data[to + column] = kept[from + column - right]!;
        for (let column = end; column < width; column++) data[to + column] = at(from, columns[column]!);
      }
    }
  };

  function at(from: number, column: number): number {
    return column < 0 ? 0 : kept[from + column]!;
  }
}

/** Where each row or column comes from after a move by `offset`; -1 for those from beyond the image. */
function zeroed(places: Int32Array, offset: number): void {
  for (let k = 0; k < places.length; k++) {
    const source = k - offset;
    places[k] = source < 0 || source >= places.length ? -1 : source;
  }
}

/** As {@linkcode zeroed}, of an image that is mirrored at its first and last rows. */
function reflected(places: Int32Array, offset: number): void {
  const last = places.length - 1;
  for (let k = 0; k <= last; k++) places[k] = last - Math.abs(last - Math.abs(k - offset));
}
