/**
 * ResMLP: an image as a list of patches, and residual blocks that mix first the patches, then the features of each.
 *
 * Between the parts a batch is [batch, patches, width]. A captured step writes the products across patches in the order in
 * which they are read on, so that the transposes around them cost nothing; patches as the first axis were slower by half.
 */
import { checkFlag, checkOptions, checkRange, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { GELU } from "../layers/activation.ts";
import { Residual, Sequential } from "../container.ts";
import { Dropout } from "../layers/dropout.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { LayerScale } from "../layers/layer_scale.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../module.ts";
import type { MakeNorm, Norm } from "./norm.ts";
import { BatchNorm1d } from "../layers/batch_norm.ts";
import { checkDepth, checkImageSize, checkPatch, makerOf } from "./parts.ts";

/** Options of {@linkcode ResMLP}. */
export interface ResMLPOptions {
  /** The channels, height and width of an image; [3, 224, 224] by default. */
  image?: readonly [channels: number, height: number, width: number];
  /** The height and width of a patch, which divide those of the image; 16 by default. */
  patch?: number;
  /** The number of features of a patch between the blocks; 384 by default. */
  width?: number;
  /** The number of blocks; 12 by default. */
  depth?: number;
  /** How many times as many features as `width` there are inside a block; 4 by default. */
  expansion?: number;
  /** The number of logits; 1000 by default, those of ImageNet. */
  classes?: number;
  /** The norm before both mixings of a block and before the mean over the patches; `affine` by default, as in the paper. */
  norm?: Norm;
  /** The probability that a feature is dropped in training, behind each linear layer inside a block; 0 by default. */
  dropout?: number;
  /**
   * The factor of each branch at first. By default the paper's: 0.1 up to a depth of 18, 1e-5 up to 24, 1e-6 beyond; 1 without
   * `residual`.
   */
  layerScale?: number;
  /** Whether the mixings add their input to their output; true by default. */
  residual?: boolean;
}

const names = [
  "image",
  "patch",
  "width",
  "depth",
  "expansion",
  "classes",
  "norm",
  "dropout",
  "layerScale",
  "residual",
] as const;

/** The factor with which the branches of a net start (table of section A in arXiv 2105.03404). */
function layerScaleOf(depth: number): number {
  return depth <= 18 ? 0.1 : depth <= 24 ? 1e-5 : 1e-6;
}

/** A linear layer whose features are the patches of an image: [batch, patches, width] to the same shape. */
class PatchLinear extends Linear {
  override forward(x: Tensor): Tensor {
    return super.forward(x.transpose()).transpose();
  }
}

/** Takes the statistics of each feature over the patches of all images: [batch, patches, width] to the same shape. */
class PatchBatchNorm extends BatchNorm1d {
  override forward(x: Tensor): Tensor {
    return super.forward(x.reshape([x.size / this.features, this.features])).reshape(x.shape);
  }
}

/** What the blocks of a net have in common. */
interface BlockOptions {
  patches: number;
  width: number;
  hidden: number;
  dropout: number;
  layerScale: number;
  residual: boolean;
  makeNorm: MakeNorm;
}

/** Mixes the patches, then the features of each patch: [batch, patches, width] to the same shape. */
class ResMLPBlock extends Module<[x: Tensor]> {
  readonly acrossPatches: Sequential;
  readonly acrossFeatures: Sequential;

  constructor({ patches, width, hidden, dropout, layerScale, residual, makeNorm }: BlockOptions) {
    super();
    const Branch = residual ? Residual : Sequential;
    const scale = () => new LayerScale(width, { initial: layerScale });
    this.acrossPatches = new Branch(makeNorm(width), new PatchLinear(patches, patches), scale());
    this.acrossFeatures = new Branch(
      makeNorm(width),
      new Linear(width, hidden),
      new GELU(),
      new Dropout(dropout),
      new Linear(hidden, width),
      new Dropout(dropout),
      scale(),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.acrossFeatures.call(this.acrossPatches.call(x));
  }
}

/**
 * The residual multi-layer perceptron for images (Touvron et al. 2021, arXiv 2105.03404): patches, a linear layer, blocks of a
 * linear layer across patches and two with a GELU across features, the mean over the patches, a linear layer.
 *
 * [batch, channels, height, width] to the logits [batch, classes]. TypeError for other shapes. The defaults are those of
 * ResMLP-S12.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.ResMLP({ image: [3, 32, 32], patch: 4, width: 32, depth: 2, classes: 10 });
 * if (net.call(zeros([5, 3, 32, 32])).shape.join() !== "5,10") throw new Error("wrong shape");
 * ```
 */
export class ResMLP extends Module<[x: Tensor]> {
  /** The channels, height and width of an image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** The height and width of a patch. */
  readonly patch: number;
  /** The linear layer on the numbers of a patch: channels, then rows, then columns. */
  readonly embed: Linear;
  /** The residual blocks. */
  readonly blocks: Sequential;
  /** The norm before the mean over the patches. */
  readonly norm: Module<[x: Tensor]>;
  /** The linear layer that gives the logits. */
  readonly head: Linear;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0, `dropout` in [0, 1] and `layerScale` a finite
   * number, for a patch that does not divide the image, and for an unknown norm; TypeError for an image that is no list of
   * three, and for an option that does not exist.
   */
  constructor(options: ResMLPOptions = {}) {
    super();
    const action = "make ResMLP";
    const { image = [3, 224, 224], patch = 16, width = 384, depth = 12, expansion = 4, classes = 1000 } = checkOptions(
      action,
      options,
      "{ width: 192 }",
      names,
    );
    const { norm = "affine", dropout = 0, residual = true } = options;
    this.image = checkImageSize(action, image);
    this.patch = checkPatch(action, patch, image);
    checkFeatures(action, "width", width);
    checkDepth(action, depth);
    const hidden = width * checkFeatures(action, "expansion", expansion);
    checkFeatures(action, "width times expansion", hidden);
    checkFeatures(action, "classes", classes);
    checkFlag(action, "residual", residual);
    const { layerScale = residual ? layerScaleOf(depth) : 1 } = options;
    checkRange(action, "layerScale", layerScale, -Infinity);
    const [channels] = image, patches = this.#rows * this.#columns;
    const makeNorm = norm === "batch" ? (features: number) => new PatchBatchNorm(features) : makerOf(action, norm);
    const block = () => new ResMLPBlock({ patches, width, hidden, dropout, layerScale, residual, makeNorm });
    this.embed = new Linear(channels * patch * patch, width);
    this.blocks = new Sequential(...Array.from({ length: depth }, block));
    this.norm = makeNorm(width);
    this.head = new Linear(width, classes);
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    const [batch, ...axes] = checkInput(this, x).shape;
    if (batch === undefined || showShape(axes) !== showShape(this.image)) {
      throw new TypeError(
        `Cannot apply ResMLP: input of shape ${showShape(x.shape)}, it must be [batch, ${this.image.join(", ")}]`,
      );
    }
    const mixed = this.norm.call(this.blocks.call(this.embed.call(this.#patchesOf(x, batch))));
    return this.head.call(mixed.mean({ axes: [1] }));
  }

  /** The number of patches above one another. */
  get #rows(): number {
    return this.image[1] / this.patch;
  }

  /** The number of patches beside one another. */
  get #columns(): number {
    return this.image[2] / this.patch;
  }

  /** The images cut into patches: [batch, rows * columns, channels * patch * patch]. */
  #patchesOf(x: Tensor, batch: number): Tensor {
    const { patch, image: [channels] } = this;
    return x.reshape([batch, channels, this.#rows, patch, this.#columns, patch])
      .transpose([0, 2, 4, 1, 3, 5])
      .reshape([batch, this.#rows * this.#columns, channels * patch * patch]);
  }

  /** @ignore */
  protected override describe(): string {
    return `image: ${showShape(this.image)}, patch: ${this.patch}`;
  }
}
