/** ViT: a transformer over the patches of an image. */
import { checkOptions, checkShare } from "../../core/internal.ts";
import { concat, type Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { normal, truncatedNormal, zeros } from "../init/mod.ts";
import { Conv2d, Dropout, GELU, LayerNorm, Linear } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { MultiheadAttention } from "../sequence/mod.ts";
import { checkDepth, checkImages, checkImageSize, checkPatch, checkSides } from "./parts.ts";

/** Options of {@linkcode VisionTransformer}. */
export interface VisionTransformerOptions {
  /** The channels, height and width of an image; [3, 224, 224] by default. */
  image?: readonly [channels: number, height: number, width: number];
  /** The height and width of a patch, which divide those of the image; 16 by default. */
  patch?: number;
  /** The number of features of a patch between the blocks; 768 by default. */
  width?: number;
  /** The number of blocks; 12 by default. */
  depth?: number;
  /** The number of attention heads, which divides the width; 12 by default. */
  heads?: number;
  /** The number of features between the two linear layers of a block; four times the width by default. */
  hidden?: number;
  /** The number of logits; 1000 by default. */
  classes?: number;
  /** The probability that a feature is dropped in training; 0 by default. */
  dropout?: number;
}

const names = ["image", "patch", "width", "depth", "heads", "hidden", "classes", "dropout"] as const;

/** Attention, then two linear layers, each behind a norm and beside a shortcut: [batch, patches, width] to the same shape. */
class ViTBlock extends Module<[x: Tensor]> {
  readonly norm1: LayerNorm;
  readonly attention: MultiheadAttention;
  readonly dropout: Dropout;
  readonly norm2: LayerNorm;
  readonly feedForward: Sequential;

  constructor(width: number, heads: number, hidden: number, dropout: number) {
    super();
    this.norm1 = new LayerNorm(width, { eps: 1e-6 });
    this.attention = new MultiheadAttention(width, heads, { batchFirst: true });
    this.dropout = new Dropout(dropout);
    this.norm2 = new LayerNorm(width, { eps: 1e-6 });
    this.feedForward = new Sequential(
      new Linear(width, hidden),
      new GELU(),
      new Dropout(dropout),
      new Linear(hidden, width),
      new Dropout(dropout),
    );
    for (const layer of [this.feedForward.at(0), this.feedForward.at(3)] as Linear[]) {
      normal(layer.bias!, { std: 1e-6 });
    }
  }

  override forward(x: Tensor): Tensor {
    const y = this.norm1.call(x), [attended] = this.attention.call(y, y, y), z = x.add(this.dropout.call(attended));
    return z.add(this.feedForward.call(this.norm2.call(z)));
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      norm1: { name: "ln_1" },
      attention: { name: "self_attention" },
      norm2: { name: "ln_2" },
      feedForward: { name: "mlp" },
    };
  }
}

/**
 * The vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929): patches and a token for the class, positions, transformer
 * blocks, and a linear layer on that token.
 *
 * [batch, channels, height, width] to the logits [batch, classes]. TypeError for other shapes. The defaults are those of ViT-B/16,
 * 86.6 million parameters. The names in a state are torchvision's.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.VisionTransformer({ image: [3, 32, 32], patch: 8, width: 24, depth: 2, heads: 3, classes: 10 });
 * if (net.call(zeros([2, 3, 32, 32])).shape.join() !== "2,10") throw new Error("wrong shape");
 * ```
 */
export class VisionTransformer extends Module<[x: Tensor]> {
  /** The channels, height and width of an image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** The linear map of a patch, as a convolution whose windows touch. */
  readonly embed: Conv2d;
  /** The token whose result is classified: [1, 1, width]. */
  readonly classToken: Parameter;
  /** What is added at each position: [1, 1 + patches, width]. */
  readonly positions: Parameter;
  /** Drops features before the blocks in training. */
  readonly dropout: Dropout;
  /** The transformer blocks. */
  readonly blocks: ViTBlock[];
  /** The norm behind the blocks. */
  readonly norm: LayerNorm;
  /** The linear layer that gives the logits: zeros at first. */
  readonly head: Linear;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0, `heads` a divisor of `width` and `dropout` in [0, 1],
   * and for a patch that does not divide the image; TypeError for an image that is no list of three, and for an option that does
   * not exist.
   */
  constructor(options: VisionTransformerOptions = {}) {
    super();
    const action = "make VisionTransformer";
    const { image = [3, 224, 224], patch = 16, width = 768, depth = 12, heads = 12, classes = 1000, dropout = 0 } =
      checkOptions(action, options, "{ width: 384 }", names);
    this.image = checkImageSize(action, image);
    checkPatch(action, patch, image);
    checkFeatures(action, "width", width);
    checkDepth(action, depth);
    const { hidden = 4 * width } = options;
    checkFeatures(action, "hidden", hidden);
    checkFeatures(action, "classes", classes);
    checkShare(action, "dropout", dropout);
    const [channels, rows, columns] = image, fan = channels * patch * patch;
    this.embed = new Conv2d(channels, width, patch, { stride: patch });
    truncatedNormal(this.embed.weight, { std: Math.sqrt(1 / fan) });
    zeros(this.embed.bias!);
    this.classToken = new Parameter(new Float32Array(width), { shape: [1, 1, width] });
    const count = 1 + rows / patch * (columns / patch);
    this.positions = normal(new Parameter(new Float32Array(count * width), { shape: [1, count, width] }), {
      std: 0.02,
    });
    this.dropout = new Dropout(dropout);
    this.blocks = Array.from({ length: depth }, () => new ViTBlock(width, heads, hidden, dropout));
    this.norm = new LayerNorm(width, { eps: 1e-6 });
    this.head = new Linear(width, classes);
    zeros(this.head.weight);
    zeros(this.head.bias!);
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    checkSides(this, checkImages(this, x, this.image[0]), this.image.slice(1));
    const patches = this.embed.call(x).flatten(2).transpose();
    const tokens = concat([this.classToken.expand([x.shape[0]!, 1, -1]), patches], 1);
    let y = this.dropout.call(tokens.add(this.positions));
    for (const block of this.blocks) y = block.call(y);
    return this.head.call(this.norm.call(y).select(1, 0));
  }

  /** The names of torchvision. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      embed: { name: "conv_proj" },
      positions: { name: "encoder.pos_embedding" },
      ...Object.fromEntries(this.blocks.map((_, k) => [`blocks.${k}`, { name: `encoder.layers.encoder_layer_${k}` }])),
      norm: { name: "encoder.ln" },
      head: { name: "heads.head" },
    };
  }
}
