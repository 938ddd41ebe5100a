/**
 * Methods that look at windows of neighbouring elements: convolutions and pools.
 */
import {
  convolution,
  type ConvolutionOptions,
  convolutionTranspose,
  type ConvolutionTransposeOptions,
  type KernelOptions,
} from "../composites/convolution.ts";
import { embedding, embeddingBag, type EmbeddingBagOptions, type EmbeddingOptions } from "../composites/embedding.ts";
import { maxUnpool, type MaxUnpoolOptions } from "../composites/unpooling.ts";
import { affineGrid, type AffineGridOptions, gridSample, type GridSampleOptions } from "../composites/grid_sample.ts";
import { interpolate, type InterpolationMode, type InterpolationOptions } from "../composites/interpolation.ts";
import {
  adaptiveAvgPool,
  adaptiveMaxPool,
  adaptiveMaxPoolWithIndices,
  type AdaptiveSize,
  avgPool,
  type AvgPoolOptions,
  lpPool,
  type LpPoolOptions,
  maxPool,
  type MaxPoolOptions,
  maxPoolWithIndices,
  type PoolWindowsOptions,
} from "../composites/pooling.ts";
import {
  channelShuffle,
  type ColumnsOptions,
  columnsToImage,
  imageToColumns,
  pixelShuffle,
  pixelUnshuffle,
  unfold,
} from "../composites/windows.ts";
import type { Shape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { SortMethods } from "./sorting.ts";

export type {
  AdaptiveSize,
  AffineGridOptions,
  AvgPoolOptions,
  ColumnsOptions,
  ConvolutionOptions,
  ConvolutionTransposeOptions,
  EmbeddingBagOptions,
  EmbeddingOptions,
  GridSampleOptions,
  InterpolationMode,
  InterpolationOptions,
  KernelOptions,
  LpPoolOptions,
  MaxPoolOptions,
  PoolWindowsOptions,
};

/** The methods of {@linkcode Tensor} that look at windows of neighbouring elements. */
export abstract class WindowMethods extends SortMethods {
  /**
   * The windows of `size` elements along an axis, one every `step`: a view [..., windows, ..., size], whose last axis runs
   * through a window. RangeError if not one window fits.
   */
  unfold(this: Tensor, axis: number, size: number, step: number): Tensor {
    return unfold(this, axis, size, step);
  }

  /** Images [n, c, h, w] or [c, h, w] cut into windows, one a column: [n, c * size, windows]. `F.unfold` in PyTorch. */
  imageToColumns(this: Tensor, options: ColumnsOptions): Tensor {
    return imageToColumns(this, options);
  }

  /**
   * Columns [n, c * size, windows] added into images [n, c, ...lengths] where `imageToColumns` takes them from. `F.fold` in
   * PyTorch.
   */
  columnsToImage(this: Tensor, lengths: readonly number[], options: ColumnsOptions): Tensor {
    return columnsToImage(this, lengths, options);
  }

  // Convolutions. Stride, padding and dilation are a number for all axes, or a list with one for each.

  /**
   * The convolution of [n, c, length] or [c, length] with a weight [out, c / groups, size], over one axis: a cross-correlation, as in PyTorch.
   */
  conv1d(this: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
    return convolution(this, weight, 1, options);
  }

  /**
   * The convolution of [n, c, h, w] or [c, h, w] with a weight [out, c / groups, kh, kw], over two axes: a cross-correlation, as in PyTorch.
   */
  conv2d(this: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
    return convolution(this, weight, 2, options);
  }

  /**
   * The convolution of [n, c, d, h, w] or [c, d, h, w] with a weight [out, c / groups, kd, kh, kw], over three axes: a cross-correlation, as in PyTorch.
   */
  conv3d(this: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
    return convolution(this, weight, 3, options);
  }

  /** The adjoint of `conv1d` by its input: [n, c, length] or [c, length] with a weight [c, out / groups, size]. */
  convTranspose1d(this: Tensor, weight: Tensor, options: ConvolutionTransposeOptions = {}): Tensor {
    return convolutionTranspose(this, weight, 1, options);
  }

  /** The adjoint of `conv2d` by its input: [n, c, h, w] or [c, h, w] with a weight [c, out / groups, kh, kw]. */
  convTranspose2d(this: Tensor, weight: Tensor, options: ConvolutionTransposeOptions = {}): Tensor {
    return convolutionTranspose(this, weight, 2, options);
  }

  /** The adjoint of `conv3d` by its input: [n, c, d, h, w] or [c, d, h, w] with a weight [c, out / groups, kd, kh, kw]. */
  convTranspose3d(this: Tensor, weight: Tensor, options: ConvolutionTransposeOptions = {}): Tensor {
    return convolutionTranspose(this, weight, 3, options);
  }

  // Pools over the last axes of [n, c, ...] or [c, ...]. A size is a number for all axes, or a list with one for each.

  /** The largest element of each window over one axis. The gradient goes to the first of the largest; NaN counts as larger than all. */
  maxPool1d(this: Tensor, size: number | readonly number[], options: MaxPoolOptions = {}): Tensor {
    return maxPool(this, size, 1, options);
  }

  /** The largest element of each window over two axes. */
  maxPool2d(this: Tensor, size: number | readonly number[], options: MaxPoolOptions = {}): Tensor {
    return maxPool(this, size, 2, options);
  }

  /** The largest element of each window over three axes. */
  maxPool3d(this: Tensor, size: number | readonly number[], options: MaxPoolOptions = {}): Tensor {
    return maxPool(this, size, 3, options);
  }

  /** As `maxPool1d`, with the places of the largest elements (int32), in row-major order of the last axis. */
  maxPool1dWithIndices(
    this: Tensor,
    size: number | readonly number[],
    options: MaxPoolOptions = {},
  ): [values: Tensor, indices: Tensor] {
    return maxPoolWithIndices(this, size, 1, options);
  }

  /** As `maxPool2d`, with the places of the largest elements (int32), in row-major order of the last two axes. */
  maxPool2dWithIndices(
    this: Tensor,
    size: number | readonly number[],
    options: MaxPoolOptions = {},
  ): [values: Tensor, indices: Tensor] {
    return maxPoolWithIndices(this, size, 2, options);
  }

  /** As `maxPool3d`, with the places of the largest elements (int32), in row-major order of the last three axes. */
  maxPool3dWithIndices(
    this: Tensor,
    size: number | readonly number[],
    options: MaxPoolOptions = {},
  ): [values: Tensor, indices: Tensor] {
    return maxPoolWithIndices(this, size, 3, options);
  }

  /** Zeros, but for the elements at their places (integers) along the last axis, as `maxPool1dWithIndices` tells them. */
  maxUnpool1d(
    this: Tensor,
    indices: Tensor,
    size: number | readonly number[],
    options: MaxUnpoolOptions = {},
  ): Tensor {
    return maxUnpool(this, indices, size, 1, options);
  }

  /** As `maxUnpool1d`, over the last two axes. */
  maxUnpool2d(
    this: Tensor,
    indices: Tensor,
    size: number | readonly number[],
    options: MaxUnpoolOptions = {},
  ): Tensor {
    return maxUnpool(this, indices, size, 2, options);
  }

  /** As `maxUnpool1d`, over the last three axes. */
  maxUnpool3d(
    this: Tensor,
    indices: Tensor,
    size: number | readonly number[],
    options: MaxUnpoolOptions = {},
  ): Tensor {
    return maxUnpool(this, indices, size, 3, options);
  }

  /** The average of each window over one axis; integers give float32. */
  avgPool1d(this: Tensor, size: number | readonly number[], options: AvgPoolOptions = {}): Tensor {
    return avgPool(this, size, 1, options);
  }

  /** The average of each window over two axes; integers give float32. */
  avgPool2d(this: Tensor, size: number | readonly number[], options: AvgPoolOptions = {}): Tensor {
    return avgPool(this, size, 2, options);
  }

  /** The average of each window over three axes; integers give float32. */
  avgPool3d(this: Tensor, size: number | readonly number[], options: AvgPoolOptions = {}): Tensor {
    return avgPool(this, size, 3, options);
  }

  /** `(sum of x^p)^(1/p)` of each window over one axis; 0 where the sum is negative. */
  lpPool1d(this: Tensor, p: number, size: number | readonly number[], options: LpPoolOptions = {}): Tensor {
    return lpPool(this, p, size, 1, options);
  }

  /** `(sum of x^p)^(1/p)` of each window over two axes; 0 where the sum is negative. */
  lpPool2d(this: Tensor, p: number, size: number | readonly number[], options: LpPoolOptions = {}): Tensor {
    return lpPool(this, p, size, 2, options);
  }

  /** `(sum of x^p)^(1/p)` of each window over three axes; 0 where the sum is negative. */
  lpPool3d(this: Tensor, p: number, size: number | readonly number[], options: LpPoolOptions = {}): Tensor {
    return lpPool(this, p, size, 3, options);
  }

  /** The averages of `size` windows along the last axis, which share it out evenly; null keeps a length. */
  adaptiveAvgPool1d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveAvgPool(this, size, 1);
  }

  /** The averages of `size` windows along each of the last two axes, which share it out evenly; null keeps a length. */
  adaptiveAvgPool2d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveAvgPool(this, size, 2);
  }

  /** The averages of `size` windows along each of the last three axes, which share it out evenly; null keeps a length. */
  adaptiveAvgPool3d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveAvgPool(this, size, 3);
  }

  /** The largest elements of `size` windows along the last axis, as `adaptiveAvgPool1d` has them. */
  adaptiveMaxPool1d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveMaxPool(this, size, 1);
  }

  /** The largest elements of `size` windows along each of the last two axes, as `adaptiveAvgPool2d` has them. */
  adaptiveMaxPool2d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveMaxPool(this, size, 2);
  }

  /** The largest elements of `size` windows along each of the last three axes, as `adaptiveAvgPool3d` has them. */
  adaptiveMaxPool3d(this: Tensor, size: AdaptiveSize): Tensor {
    return adaptiveMaxPool(this, size, 3);
  }

  /** As `adaptiveMaxPool1d`, with the places of the largest elements (int32). */
  adaptiveMaxPool1dWithIndices(this: Tensor, size: AdaptiveSize): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPoolWithIndices(this, size, 1);
  }

  /** As `adaptiveMaxPool2d`, with the places of the largest elements (int32), in row-major order of the last two axes. */
  adaptiveMaxPool2dWithIndices(this: Tensor, size: AdaptiveSize): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPoolWithIndices(this, size, 2);
  }

  /** As `adaptiveMaxPool3d`, with the places of the largest elements (int32), in row-major order of the last three axes. */
  adaptiveMaxPool3dWithIndices(this: Tensor, size: AdaptiveSize): [values: Tensor, indices: Tensor] {
    return adaptiveMaxPoolWithIndices(this, size, 3);
  }

  // Images and tables.

  /**
   * [n, c, ...] in another size, as `{ size }` or `{ scale }` asks for it: over one to three axes, by `mode` "nearest",
   * "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" or "area".
   */
  interpolate(this: Tensor, options: InterpolationOptions): Tensor {
    return interpolate(this, options);
  }

  /**
   * [n, c, h, w] at the places of a grid [n, out h, out w, 2], whose last axis holds x and y: from -1 to 1 over the edges of
   * the image. Volumes [n, c, d, h, w] take a grid [n, out d, out h, out w, 3]. RangeError for an unknown mode.
   */
  gridSample(this: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
    return gridSample(this, grid, options);
  }

  /**
   * The grid for `gridSample` over images of a size [n, c, h, w] that these affine maps [n, 2, 3] move: [n, h, w, 2]. Over
   * volumes [n, c, d, h, w], maps [n, 3, 4] make a grid [n, d, h, w, 3].
   */
  affineGrid(this: Tensor, size: Shape, options: AffineGridOptions = {}): Tensor {
    return affineGrid(this, size, options);
  }

  /**
   * The rows of `weight` [rows, width] that these integers [...] name: [..., width]. No gradient flows to the row
   * `paddingIndex`. RangeError for a row that there is not, on GPUs at the next read.
   */
  embedding(this: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
    return embedding(this, weight, options);
  }

  /**
   * The rows of `weight` that bags of these integers name, joined to [bags, width]: their mean, or what `mode` says. The bags
   * are [bags, count], or a list that `offsets` divides. A bag without rows is zeros; of the largest rows that are equal the
   * first has the gradient.
   */
  embeddingBag(this: Tensor, weight: Tensor, options: EmbeddingBagOptions = {}): Tensor {
    return embeddingBag(this, weight, options);
  }

  // Pixels and channels.

  /** [..., c r², h, w] as [..., c, h r, w r]: each pixel's channels as a square of r by r pixels. */
  pixelShuffle(this: Tensor, factor: number): Tensor {
    return pixelShuffle(this, factor);
  }

  /** [..., c, h r, w r] as [..., c r², h, w]: the inverse of `pixelShuffle`. */
  pixelUnshuffle(this: Tensor, factor: number): Tensor {
    return pixelUnshuffle(this, factor);
  }

  /** The channels of [n, c, ...], which lie in groups one after another, dealt out in turn. */
  channelShuffle(this: Tensor, groups: number): Tensor {
    return channelShuffle(this, groups);
  }
}
