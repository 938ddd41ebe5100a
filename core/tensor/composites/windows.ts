/** Windows as images are cut into and joined from, and pixels that become channels. */
import { checkCount, checkOptions } from "../../pure/check.ts";
import { type Shape, showShape, span } from "../../pure/shape.ts";
import { extentOf, perAxis } from "../../pure/windows.ts";
import { Reshape, Slice, Transpose, Unfold, UnfoldGradient, Unslice } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";

/** The windows along an axis. A scalar counts as an axis of length one. */
export function unfold(x: Tensor, axis: number, size: number, step: number): Tensor {
  if (x.shape.length > 0) return new Unfold(axis, size, step).call(x);
  return new Reshape([size]).call(new Slice([{ start: 0, step: 1, length: 1, dropped: true }, span(0, size)]).call(
    new Unfold(axis, size, step).call(new Reshape([1]).call(x)),
  ));
}

/** How windows lie over the last two axes. A number stands for both axes. */
export interface ColumnsOptions {
  /** The lengths of a window. */
  size: number | readonly number[];
  /** From one window to the next: 1 by default. */
  stride?: number | readonly number[];
  /** How many zeros stand before and behind each axis: 0 by default. */
  padding?: number | readonly number[];
  /** From one element of a window to the next: 1 by default. */
  dilation?: number | readonly number[];
}

const columnsNames = ["size", "stride", "padding", "dilation"] as const;

function numbersOf(action: string, options: ColumnsOptions) {
  const { size, stride = 1, padding = 0, dilation = 1 } = checkOptions(action, options, "{ size: 3 }", columnsNames);
  return {
    size: perAxis(action, "size", size, 2, 1),
    step: perAxis(action, "stride", stride, 2, 1),
    padding: perAxis(action, "padding", padding, 2, 0),
    dilation: perAxis(action, "dilation", dilation, 2, 1),
  };
}

/** Where the image lies in what has padding around it. */
function inPadding(shape: Shape, padding: readonly number[]) {
  const slices = shape.map((length, axis) => span(axis < 2 ? 0 : padding[axis - 2]!, length));
  return { slices, padded: shape.map((length, axis) => length + (axis < 2 ? 0 : 2 * padding[axis - 2]!)) };
}

/** A batch of tensors with `rank` axes, and what makes the result for a single one of the result for a batch. */
function asBatch(action: string, x: Tensor, rank: number): { batch: Tensor; unbatched: (result: Tensor) => Tensor } {
  if (x.shape.length === rank) return { batch: x, unbatched: (result) => result };
  if (x.shape.length !== rank - 1) {
    throw new TypeError(`Cannot ${action}: tensor ${showShape(x.shape)} must have ${rank - 1} or ${rank} axes`);
  }
  const batch = new Reshape([1, ...x.shape]).call(x);
  return { batch, unbatched: (result) => new Reshape(result.shape.slice(1)).call(result) };
}

/** Images [n, c, h, w] as [n, c * size, windows]. */
export function imageToColumns(x: Tensor, options: ColumnsOptions): Tensor {
  const action = "imageToColumns", { size, step, padding, dilation } = numbersOf(action, options);
  const { batch, unbatched } = asBatch(action, x, 4), { slices, padded } = inPadding(batch.shape, padding);
  const image = padding.some((each) => each > 0) ? new Unslice(slices, padded).call(batch) : batch;
  const rows = new Unfold(2, size[0]!, step[0]!, dilation[0]!).call(image);
  const windows = new Unfold(3, size[1]!, step[1]!, dilation[1]!).call(rows);
  const [n, c, down, across] = windows.shape as [number, number, number, number];
  const turned = new Transpose([0, 1, 4, 5, 2, 3]).call(windows);
  return unbatched(new Reshape([n, c * size[0]! * size[1]!, down * across]).call(turned));
}

/** Columns [n, c * size, windows] added into images [n, c, ...lengths]. */
export function columnsToImage(x: Tensor, lengths: readonly number[], options: ColumnsOptions): Tensor {
  const action = "columnsToImage", { size, step, padding, dilation } = numbersOf(action, options);
  const [height, width] = perAxis(action, "lengths", lengths, 2, 1) as [number, number];
  const { batch, unbatched } = asBatch(action, x, 3), [n, rows, columns] = batch.shape as [number, number, number];
  const each = size[0]! * size[1]!, c = rows / each;
  const [down, across] = [height, width].map((length, k) =>
    Math.floor((length + 2 * padding[k]! - extentOf(size[k]!, dilation[k]!)) / step[k]!) + 1
  ) as [number, number];
  if (!Number.isInteger(c) || down < 1 || across < 1 || columns !== down * across) {
    throw new TypeError(
      `Cannot ${action}: tensor ${showShape(x.shape)} must have channels of ${each} rows, and a column for each of ` +
        `${down} x ${across} windows`,
    );
  }
  const windows = new Reshape([n, c, size[0]!, size[1]!, down, across]).call(batch);
  const turned = new Transpose([0, 1, 4, 5, 2, 3]).call(windows);
  const { slices, padded } = inPadding([n, c, height, width], padding);
  const lines = new UnfoldGradient([n, c, down, padded[3]!, size[0]!], 3, size[1]!, step[1]!, dilation[1]!).call(
    turned,
  );
  const image = new UnfoldGradient(padded, 2, size[0]!, step[0]!, dilation[0]!).call(lines);
  return unbatched(padding.some((each) => each > 0) ? new Slice(slices).call(image) : image);
}

/** The shape's last three axes, and those before. TypeError for fewer. */
function pixelsOf(action: string, { shape }: Tensor): { before: Shape; c: number; h: number; w: number } {
  if (shape.length < 3) throw new TypeError(`Cannot ${action}: tensor ${showShape(shape)} must be [..., c, h, w]`);
  const [c, h, w] = shape.slice(-3) as [number, number, number];
  return { before: shape.slice(0, -3), c, h, w };
}

/** The axes before as they are, and the ones behind them in another order. */
function turnedBehind(before: Shape, order: readonly number[]): Transpose {
  return new Transpose([...before.keys(), ...order.map((axis) => axis + before.length)]);
}

/** [..., c r², h, w] as [..., c, h r, w r]. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  const action = "pixelShuffle", r = checkCount(action, "factor", factor, 1), { before, c, h, w } = pixelsOf(action, x);
  if (c % (r * r) !== 0) throw new TypeError(`Cannot ${action}: ${c} channels must be a multiple of ${r * r}`);
  const apart = new Reshape([...before, c / r / r, r, r, h, w]).call(x);
  return new Reshape([...before, c / r / r, h * r, w * r]).call(turnedBehind(before, [0, 3, 1, 4, 2]).call(apart));
}

/** [..., c, h r, w r] as [..., c r², h, w]. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  const action = "pixelUnshuffle", r = checkCount(action, "factor", factor, 1);
  const { before, c, h, w } = pixelsOf(action, x);
  if (h % r !== 0 || w % r !== 0) {
    throw new TypeError(`Cannot ${action}: lengths ${h} and ${w} must be multiples of ${r}`);
  }
  const apart = new Reshape([...before, c, h / r, r, w / r, r]).call(x);
  return new Reshape([...before, c * r * r, h / r, w / r]).call(turnedBehind(before, [0, 2, 4, 1, 3]).call(apart));
}

/** The channels of [n, c, ...], of `groups` groups one after another, dealt out in turn. */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const action = "channelShuffle", { shape } = x;
  checkCount(action, "groups", groups, 1);
  if (shape.length < 3 || shape[1]! % groups !== 0) {
    throw new TypeError(
      `Cannot ${action}: tensor ${showShape(shape)} must be [n, c, ...] with c a multiple of ${groups}`,
    );
  }
  const apart = new Reshape([shape[0]!, groups, shape[1]! / groups, ...shape.slice(2)]).call(x);
  return new Reshape(shape).call(
    turnedBehind([shape[0]!], [1, 0, ...shape.slice(2).keys().map((k) => k + 2)]).call(apart),
  );
}
