/** DCGAN: a net that makes images of noise, and one that tells them from real ones. */
import { checkCount, checkOptions, shown, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { normal } from "../init/mod.ts";
import { checkInput } from "../input.ts";
import { BatchNorm2d, Conv2d, ConvTranspose2d, LeakyReLU, ReLU, Tanh } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { checkImages, checkSides } from "./parts.ts";

/** Options of {@linkcode DCGANGenerator} and {@linkcode DCGANDiscriminator}. */
export interface DCGANOptions {
  /** The height and width of an image, a power of two from 8 on; 64 by default. */
  size?: number;
  /** The channels of an image; 3 by default. */
  channels?: number;
  /** The number of features at half the image's size, which doubles from size to size; 64 by default. */
  width?: number;
}

/** Options of {@linkcode DCGANGenerator}. */
export interface DCGANGeneratorOptions extends DCGANOptions {
  /** The number of random numbers that an image is made of; 100 by default. */
  latent?: number;
}

/** The options, checked, and how often the size doubles from 4 x 4. */
function checkDCGAN<T extends DCGANOptions>(action: string, options: T, names: readonly (keyof T)[]) {
  const { size = 64, channels = 3, width = 64 } = checkOptions(
    action,
    options,
    "{ size: 32 }",
    names as readonly (string & keyof T)[],
  );
  const steps = Math.log2(checkCount(action, "size", size, 1)) - 2;
  if (!Number.isInteger(steps) || steps < 1 || steps > 10) {
    throw new RangeError(`Cannot ${action}: size ${shown(size)} must be a power of two from 8 to 4096`);
  }
  checkFeatures(action, "channels", channels);
  checkFeatures(action, "width", checkFeatures(action, "width", width) * 2 ** (steps - 1));
  return { size, channels, width, steps };
}

/** Kernels normal with deviation 0.02, scales of norms too, around 1. */
function drawn(layers: Sequential): Sequential {
  for (const module of layers.modules()) {
    if (module instanceof Conv2d || module instanceof ConvTranspose2d) normal(module.weight, { std: 0.02 });
    if (module instanceof BatchNorm2d) normal(module.weight!, { mean: 1, std: 0.02 });
  }
  return layers;
}

/**
 * The net of DCGAN (Radford, Metz and Chintala 2016, arXiv 1511.06434) that makes images of noise, by transposed convolutions from
 * 4 x 4 on, each of which doubles height and width.
 *
 * [batch, latent], or [batch, latent, 1, 1], to images [batch, channels, size, size] of numbers between -1 and 1. TypeError for other
 * shapes. The names in a state are those of PyTorch's tutorial.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const net = new nn.models.DCGANGenerator({ size: 16, width: 4, latent: 10 });
 * if (net.call(randn([2, 10])).shape.join() !== "2,3,16,16") throw new Error("wrong shape");
 * ```
 */
export class DCGANGenerator extends Module<[noise: Tensor]> {
  /** The number of random numbers that an image is made of. */
  readonly latent: number;
  /** The layers. */
  readonly main: Sequential;

  /** RangeError unless the counts are positive integers and `size` is a power of two; TypeError for an option that does not exist. */
  constructor(options: DCGANGeneratorOptions = {}) {
    super();
    const action = "make DCGANGenerator";
    const { channels, width, steps } = checkDCGAN(action, options, ["size", "channels", "width", "latent"]);
    const { latent = 100 } = options;
    this.latent = checkFeatures(action, "latent", latent);
    const parts: Module<[x: Tensor]>[] = [];
    let from = latent;
    for (let step = 0; step < steps; step++) {
      const to = width * 2 ** (steps - 1 - step), grow = step === 0 ? {} : { stride: 2, padding: 1 };
      parts.push(new ConvTranspose2d(from, to, 4, { ...grow, bias: false }), new BatchNorm2d(to), new ReLU());
      from = to;
    }
    const last = new ConvTranspose2d(from, channels, 4, { stride: 2, padding: 1, bias: false });
    this.main = drawn(new Sequential(...parts, last, new Tanh()));
  }

  /** [batch, latent] or [batch, latent, 1, 1] to images. */
  override forward(noise: Tensor): Tensor {
    const { shape } = checkInput(this, noise), isFlat = shape.length === 2;
    if (shape[1] !== this.latent || !(isFlat || shape.length === 4 && shape[2] === 1 && shape[3] === 1)) {
      throw new TypeError(
        `Cannot apply DCGANGenerator: input of shape ${showShape(shape)}, it must be [batch, ${this.latent}]`,
      );
    }
    return this.main.call(isFlat ? noise.reshape([...shape, 1, 1]) : noise);
  }
}

/**
 * The net of DCGAN that tells real images from made ones, by convolutions that halve height and width down to 4 x 4.
 *
 * Images [batch, channels, size, size] to the logit of each, [batch]: how much rather real than made. TypeError for other shapes. The
 * names in a state are those of PyTorch's tutorial, which applies a sigmoid besides.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.DCGANDiscriminator({ size: 16, width: 4 });
 * if (net.call(zeros([2, 3, 16, 16])).shape.join() !== "2") throw new Error("wrong shape");
 * ```
 */
export class DCGANDiscriminator extends Module<[images: Tensor]> {
  /** The height and width of an image. */
  readonly size: number;
  /** The channels of an image. */
  readonly channels: number;
  /** The layers. */
  readonly main: Sequential;

  /** RangeError unless the counts are positive integers and `size` is a power of two; TypeError for an option that does not exist. */
  constructor(options: DCGANOptions = {}) {
    super();
    const { size, channels, width, steps } = checkDCGAN("make DCGANDiscriminator", options, [
      "size",
      "channels",
      "width",
    ]);
    this.size = size;
    this.channels = channels;
    const parts: Module<[x: Tensor]>[] = [], shrink = { stride: 2, padding: 1, bias: false };
    let from = channels;
    for (let step = 0; step < steps; step++) {
      const to = width * 2 ** step;
      // The first layer has no norm: it sees the images as they are.
      parts.push(
        new Conv2d(from, to, 4, shrink),
        ...(step === 0 ? [] : [new BatchNorm2d(to)]),
        new LeakyReLU({ negativeSlope: 0.2 }),
      );
      from = to;
    }
    this.main = drawn(new Sequential(...parts, new Conv2d(from, 1, 4, { bias: false })));
  }

  /** Images to logits. */
  override forward(images: Tensor): Tensor {
    checkSides(this, checkImages(this, images, this.channels), [this.size, this.size]);
    return this.main.call(images).reshape([-1]);
  }
}
