/** MLP-Mixer: patches of an image, mixed by turns across patches and across features. */
import { checkOptions, checkShare } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { Conv2d, Dropout, GELU, LayerNorm1d, Linear } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { checkDepth, checkImages, checkImageSize, checkPatch, checkSides, Transposed } from "./parts.ts";

/** Options of {@linkcode MLPMixer}. */
export interface MLPMixerOptions {
  /** The channels, height and width of an image; [3, 224, 224] by default. */
  image?: readonly [channels: number, height: number, width: number];
  /** The height and width of a patch, which divide those of the image; 16 by default. */
  patch?: number;
  /** The number of features of a patch between the blocks; 768 by default. */
  width?: number;
  /** The number of blocks; 12 by default. */
  depth?: number;
  /** The number of features inside the mixing across patches; half the width by default. */
  tokens?: number;
  /** The number of features inside the mixing across features; four times the width by default. */
  hidden?: number;
  /** The number of logits; 1000 by default. */
  classes?: number;
  /** The probability that a feature is dropped in training, behind each linear layer inside a block; 0 by default. */
  dropout?: number;
}

const names = ["image", "patch", "width", "depth", "tokens", "hidden", "classes", "dropout"] as const;

/** Two linear layers with a GELU between them: [..., features] to the same shape. */
class Mixing extends Module<[x: Tensor]> {
  readonly layers: Sequential;

  constructor(features: number, hidden: number, dropout: number) {
    super();
    this.layers = new Sequential(
      new Linear(features, hidden),
      new GELU(),
      new Dropout(dropout),
      new Linear(hidden, features),
      new Dropout(dropout),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.layers.call(x);
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { layers: { name: "" }, "layers.0": { name: "fc1" }, "layers.3": { name: "fc2" } };
  }
}

/** Mixes the patches, then the features of each patch: [batch, patches, width] to the same shape. */
class MixerBlock extends Module<[x: Tensor]> {
  readonly tokenNorm: LayerNorm1d;
  readonly acrossTokens: Transposed;
  readonly featureNorm: LayerNorm1d;
  readonly acrossFeatures: Mixing;

  constructor(patches: number, width: number, tokens: number, hidden: number, dropout: number) {
    super();
    this.tokenNorm = new LayerNorm1d(width, { eps: 1e-6 });
    this.acrossTokens = new Transposed(new Mixing(patches, tokens, dropout));
    this.featureNorm = new LayerNorm1d(width, { eps: 1e-6 });
    this.acrossFeatures = new Mixing(width, hidden, dropout);
  }

  override forward(x: Tensor): Tensor {
    const y = x.add(this.acrossTokens.call(this.tokenNorm.call(x)));
    return y.add(this.acrossFeatures.call(this.featureNorm.call(y)));
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      tokenNorm: { name: "norm1" },
      acrossTokens: { name: "mlp_tokens" },
      featureNorm: { name: "norm2" },
      acrossFeatures: { name: "mlp_channels" },
    };
  }
}

/**
 * MLP-Mixer (Tolstikhin et al. 2021, arXiv 2105.01601): patches, blocks of two perceptrons, the mean over the patches, a linear
 * layer.
 *
 * [batch, channels, height, width] to the logits [batch, classes]. TypeError for other shapes. The defaults are those of
 * Mixer-B/16, 60 million parameters. The names in a state are those of the package timm.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.MLPMixer({ image: [3, 32, 32], patch: 8, width: 16, depth: 2, classes: 10 });
 * if (net.call(zeros([2, 3, 32, 32])).shape.join() !== "2,10") throw new Error("wrong shape");
 * ```
 */
export class MLPMixer extends Module<[x: Tensor]> {
  /** The channels, height and width of an image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** The linear map of a patch, as a convolution whose windows touch. */
  readonly embed: Conv2d;
  /** The blocks. */
  readonly blocks: Sequential;
  /** The norm before the mean. */
  readonly norm: LayerNorm1d;
  /** The linear layer that gives the logits. */
  readonly head: Linear;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0 and `dropout` in [0, 1], and for a patch that does not
   * divide the image; TypeError for an image that is no list of three, and for an option that does not exist.
   */
  constructor(options: MLPMixerOptions = {}) {
    super();
    const action = "make MLPMixer";
    const { image = [3, 224, 224], patch = 16, width = 768, depth = 12, classes = 1000, dropout = 0 } = checkOptions(
      action,
      options,
      "{ width: 512 }",
      names,
    );
    this.image = checkImageSize(action, image);
    checkPatch(action, patch, image);
    checkFeatures(action, "width", width);
    const { tokens = Math.max(1, width >> 1), hidden = 4 * width } = options;
    checkDepth(action, depth);
    checkFeatures(action, "tokens", tokens);
    checkFeatures(action, "hidden", hidden);
    checkFeatures(action, "classes", classes);
    checkShare(action, "dropout", dropout);
    const [channels, rows, columns] = image, patches = rows / patch * (columns / patch);
    this.embed = new Conv2d(channels, width, patch, { stride: patch });
    this.blocks = new Sequential(
      ...Array.from({ length: depth }, () => new MixerBlock(patches, width, tokens, hidden, dropout)),
    );
    this.norm = new LayerNorm1d(width, { eps: 1e-6 });
    this.head = new Linear(width, classes);
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    checkSides(this, checkImages(this, x, this.image[0]), this.image.slice(1));
    const patches = this.embed.call(x).flatten(2).transpose();
    return this.head.call(this.norm.call(this.blocks.call(patches)).mean({ axes: 1 }));
  }

  /** The names of timm. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { embed: { name: "stem.proj" } };
  }
}
