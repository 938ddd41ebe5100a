/**
 * Augmentations, which a loader takes as `augment: [...]` and applies to each batch in their order. Each sample draws from a
 * stream of its own, named by seed, epoch and the sample's number, so that batches are the same however they are made.
 */
import {
  asItIs,
  checkCount,
  checkOptions,
  checkRange,
  checkShare,
  checkTensor,
  refuse,
  shown,
} from "../core/internal.ts";
import { type Tensor, tensor } from "../core/mod.ts";
import { Augmenter, isMixture } from "./augment/augmenter.ts";
import type {
  Augmentation,
  Cutout,
  ElasticDistortion,
  Interval,
  Mixture,
  Normalization,
  RandomAffine,
  RandomCrop,
  RandomFlip,
} from "./augment/kinds.ts";
import { checkAugmentations, made } from "./augment/made.ts";

/** Options of {@linkcode randomCrop}. */
export interface CropOptions {
  /** What stands beyond the borders: "zeros", the default, or "reflect", the image mirrored at its outermost pixels. */
  fill?: "zeros" | "reflect";
}

/**
 * Crops each image [channels, height, width] at random out of itself with `padding` pixels around: it moves by up to so many
 * each way.
 *
 * RangeError unless `padding` is a count, and, when a batch is made, unless it is smaller than an image that is reflected.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const augment = [data.randomCrop(4, { fill: "reflect" }), data.randomFlip(), data.normalize(0.13, 0.31)];
 * const loader = new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, augment });
 * for await (const [x] of loader) if (x.shape.join() !== "8,1,28,28") throw new Error("another shape");
 * ```
 */
export function randomCrop(padding = 4, options: CropOptions = {}): RandomCrop {
  const action = "make crop", { fill = "zeros" } = checkOptions(action, options, '{ fill: "reflect" }', ["fill"]);
  if (fill !== "zeros" && fill !== "reflect") {
    throw new RangeError(`Cannot ${action}: fill ${shown(fill)} must be "zeros" or "reflect"`);
  }
  return made({ kind: "crop", padding: checkCount(action, "padding", padding, 0, 2 ** 20), fill });
}

/**
 * Mirrors each image [channels, height, width] left to right with the given probability. RangeError unless it lies in [0, 1].
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const mirrored = data.augment(tensor([[[[1, 2, 3]]]]), [data.randomFlip(1)]);
 * if (mirrored.toTypedArray().join() !== "3,2,1") throw new Error("not mirrored");
 * ```
 */
export function randomFlip(probability = 0.5): RandomFlip {
  return made({ kind: "flip", probability: checkShare("make flip", "probability", probability) });
}

/** Options of {@linkcode randomAffine}. What is not given stays as it is. */
export interface AffineOptions {
  /** Angles of the rotation, clockwise: at most so many either way, or from one to another. */
  degrees?: number | Interval;
  /** The largest translation in shares of the width and height: one number for both, or two. */
  translate?: number | readonly [x: number, y: number];
  /** Factors of the size: at most so far from 1, or from one to another; 0.1 means from 0.9 to 1.1. */
  scale?: number | Interval;
  /** Angles in degrees by which columns lean: at most so many either way, or from one to another; within (-90, 90). */
  shear?: number | Interval;
}

/**
 * Rotates, translates, scales and shears each image [channels, height, width] at random, about its middle. Pixels are
 * interpolated bilinearly, between zeros beyond the borders.
 *
 * Affine maps and elastic distortions that follow one another in a list read the image once, so that it is blurred by one
 * interpolation only. The map is that of torchvision's `RandomAffine`, whose translations are whole pixels. RangeError for angles beyond
 * ten turns, factors outside [0.001, 1000), and an interval that ends before it begins.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const image = tensor([[[[1, 2], [3, 4]]]]), quarter = data.randomAffine({ degrees: [90, 90] });
 * if (data.augment(image, [quarter]).toTypedArray().join() !== "3,1,4,2") throw new Error("not turned clockwise");
 * ```
 */
export function randomAffine(options: AffineOptions): RandomAffine {
  const action = "make affine map", names = ["degrees", "translate", "scale", "shear"] as const;
  const { degrees = 0, translate = 0, scale = 0, shear = 0 } = checkOptions(action, options, "{ degrees: 15 }", names);
  const [x, y] = pairOf(action, "translate", translate, (share) => [share, share]);
  return made({
    kind: "affine",
    degrees: interval(action, "degrees", degrees, 0, [-3600, 3600]),
    translate: Object.freeze([checkShare(action, "translate", x), checkShare(action, "translate", y)] as const),
    scale: interval(action, "scale", scale, 1, [0.001, 1000]),
    shear: interval(action, "shear", shear, 0, [-90 + 1e-6, 90]),
  });
}

/** What one number means, or the two numbers of a list. RangeError for another list. */
function pairOf(
  action: string,
  name: string,
  given: number | readonly [number, number],
  meant: (one: number) => [number, number],
): readonly [number, number] {
  if (!Array.isArray(given)) return meant(given as number);
  if (given.length === 2) return given as unknown as [number, number];
  throw new RangeError(`Cannot ${action}: ${name} of ${given.length} numbers must be one or two`);
}

/** From `middle` less to `middle` plus a number, or the two numbers of a list, which lie in [least, most). */
function interval(
  action: string,
  name: string,
  given: number | Interval,
  middle: number,
  [least, most]: Interval,
): Interval {
  const [low, high] = pairOf(action, name, given, (one) => {
    const most = checkRange(action, name, one, 0);
    return [middle - most, middle + most];
  });
  checkRange(action, name, low, least, most);
  checkRange(action, name, high, least, most);
  if (low > high) {
    throw new RangeError(`Cannot ${action}: ${name} from ${low} to ${high} must not end before it begins`);
  }
  return Object.freeze([low, high] as const);
}

/** Options of {@linkcode elastic}. */
export interface ElasticOptions {
  /** The factor of the smoothed displacements; 34 by default. */
  alpha?: number;
  /** The deviation of the Gaussian that smooths them, in pixels; 4 by default. */
  sigma?: number;
}

/**
 * Distorts each image [channels, height, width] as if it were drawn on rubber: each pixel is read at a place that is moved by
 * a random field, uniform noise in [-1, 1] that is smoothed by a Gaussian of `sigma` pixels and multiplied by `alpha`
 * (Simard, Steinkraus and Platt, "Best practices for convolutional neural networks", 2003; the defaults are theirs).
 *
 * Away from the borders a displacement has the deviation alpha / (sigma sqrt(12 pi)): 1.4 pixels by default. RangeError unless
 * alpha lies in [0, 1e6) and sigma in [0, 1000).
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const augment = [data.randomAffine({ degrees: 15, scale: 0.15 }), data.elastic({ alpha: 34, sigma: 4 })];
 * const loader = new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, augment });
 * for await (const [x] of loader) if (x.shape.join() !== "8,1,28,28") throw new Error("another shape");
 * ```
 */
export function elastic(options: ElasticOptions = {}): ElasticDistortion {
  const action = "make elastic distortion";
  const { alpha = 34, sigma = 4 } = checkOptions(action, options, "{ alpha: 34 }", ["alpha", "sigma"]);
  return made({
    kind: "elastic",
    alpha: checkRange(action, "alpha", alpha, 0, 1e6),
    sigma: checkRange(action, "sigma", sigma, 0, 1000),
  });
}

/**
 * Puts zeros into a square of `size` x `size` pixels of each image [channels, height, width]. Its middle is any pixel, so that
 * a part may lie outside (DeVries and Taylor 2017, arXiv 1708.04552). After {@linkcode normalize}, zero is the mean.
 * RangeError unless `size` is a count.
 *
 * @example
 * ```ts
 * import { data, ones } from "deneb";
 *
 * const holed = data.augment(ones([1, 3, 32, 32]), [data.cutout(8)]), left = holed.sum().item();
 * if (left < 3 * (32 * 32 - 8 * 8) || left > 3 * (32 * 32 - 4 * 4)) throw new Error("another size");
 * ```
 */
export function cutout(size: number): Cutout {
  return made({ kind: "cutout", size: checkCount("make cutout", "size", size, 0, 2 ** 20) });
}

/**
 * Makes each element (x - mean) / deviation. Both are numbers, or lists with a number for each channel of
 * [batch, channels, ...]; {@linkcode statistics} finds those of a dataset.
 *
 * RangeError for a number that is not finite, and for a deviation of 0; TypeError, when a batch is made, for lists of another
 * length than there are channels.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * const scaled = data.augment(tensor([[1, 10], [3, 30]]), [data.normalize([2, 20], [1, 10])]);
 * if (scaled.toTypedArray().join() !== "-1,-1,1,1") throw new Error("not normalised");
 * ```
 */
export function normalize(mean: number | readonly number[], deviation: number | readonly number[]): Normalization {
  const [means, deviations] = [asItIs(mean), asItIs(deviation)];
  for (const value of Array.isArray(means) ? means : [means]) checkRange("normalize", "mean", value, -Infinity);
  for (const value of Array.isArray(deviations) ? deviations : [deviations]) {
    if (checkRange("normalize", "deviation", value, -Infinity) === 0) {
      throw new RangeError("Cannot normalize: deviation 0 must be another number");
    }
  }
  return made({ kind: "normalize", mean: means, deviation: deviations });
}

/** Options of {@linkcode mixup} and {@linkcode cutmix}. */
export interface MixtureOptions {
  /** The number of classes. Without it, targets must be float32 already, such as probabilities [batch, classes]. */
  classes?: number;
}

/**
 * Mixes each sample of a batch with another one: w x + (1 - w) x', and the targets likewise, with one w for the batch, drawn
 * from Beta(alpha, alpha) (Zhang et al. 2018, arXiv 1710.09412).
 *
 * Integer labels [batch] become float32 probabilities [batch, classes], which `nn.CrossEntropyLoss` takes. Mixtures come after
 * all augmentations of single samples; of several in one list, each batch gets one, drawn at random. RangeError unless alpha
 * is at least 0.001 and classes a count; when a batch is made, for a label that is no class, and TypeError for labels without
 * `classes`.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const augment = [data.mixup(0.2, { classes: 10 }), data.cutmix(1, { classes: 10 })];
 * const loader = new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, augment });
 * for await (const [, y] of loader) if (y.shape.join() !== "8,10") throw new Error("another shape");
 * ```
 */
export function mixup(alpha = 0.2, options: MixtureOptions = {}): Mixture {
  return mixture("mixup", alpha, options);
}

/**
 * Puts a rectangle of another image of the batch [batch, channels, height, width] in the same place of each. It has the share
 * 1 - w of the area, w drawn from Beta(alpha, alpha), and any pixel as its middle; what lies outside is cut off. The targets
 * are mixed by the areas that are seen (Yun et al. 2019, arXiv 1905.04899). All else is as for {@linkcode mixup}.
 *
 * @example
 * ```ts
 * import { data, nn } from "deneb";
 *
 * const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10)), loss = new nn.CrossEntropyLoss();
 * const augment = [data.cutmix(1, { classes: 10 })];
 * for await (const [x, y] of new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, augment })) {
 *   if (!(loss.call(model.call(x), y).item() > 0)) throw new Error("no loss");
 * }
 * ```
 */
export function cutmix(alpha = 1, options: MixtureOptions = {}): Mixture {
  return mixture("cutmix", alpha, options);
}

function mixture(kind: Mixture["kind"], alpha: number, options: MixtureOptions): Mixture {
  const action = `make ${kind}`, { classes } = checkOptions(action, options, "{ classes: 10 }", ["classes"]);
  return made({
    kind,
    alpha: checkRange(action, "alpha", alpha, 0.001),
    classes: classes === undefined ? null : checkCount(action, "classes", classes, 1, 2 ** 20),
  });
}

/** Options of {@linkcode augment}. */
export interface AugmentOptions {
  /** The seed of what is random; 0 by default. */
  seed?: number;
  /** The epoch, from 0; in each, a sample draws other numbers. */
  epoch?: number;
  /** The number of the first sample, whose neighbours count on from it; 0 by default. */
  first?: number;
}

/**
 * Augments samples [batch, ...] in float32 by hand, as a loader of this seed would in this epoch, for samples `first`,
 * `first + 1`, and so on. Returns a new tensor, without a gradient.
 *
 * TypeError for inputs of another type, and for {@linkcode mixup} and {@linkcode cutmix}, which change targets too.
 *
 * @example
 * ```ts
 * import { data, zeros } from "deneb";
 *
 * const images = zeros([2, 3, 32, 32]);
 * const scaled = data.augment(images, [data.normalize(0.5, 0.25)]);
 * if (scaled.toTypedArray().some((value) => value !== -2)) throw new Error("not normalised");
 * ```
 */
export function augment(x: Tensor, augmentations: readonly Augmentation[], options: AugmentOptions = {}): Tensor {
  const action = "augment", list = checkAugmentations(action, augmentations);
  checkTensor(action, x);
  const names = ["seed", "epoch", "first"] as const;
  const { seed = 0, epoch = 0, first = 0 } = checkOptions(action, options, "{ seed: 1 }", names);
  checkCount(action, "seed", seed, 0);
  checkCount(action, "epoch", epoch, 0, 2 ** 32 - 1);
  const count = x.shape[0];
  if (count === undefined) throw new TypeError(`Cannot ${action}: shape [] must be [batch, ...]`);
  checkCount(action, "first", first, 0, 2 ** 32 - 1 - count);
  const mixture = list.find(isMixture);
  if (mixture !== undefined) {
    refuse(action, mixture.kind, "an augmentation of single samples, since only a loader has targets");
  }
  const samples = { data: x.toTypedArray(), shape: x.shape, dtype: x.dtype };
  const indices = Array.from({ length: count }, (_, k) => first + k);
  const [{ data, shape }] = new Augmenter(list).apply([samples, samples], { seed, epoch, batch: 0, indices });
  return tensor(data, { shape, device: x.device });
}
