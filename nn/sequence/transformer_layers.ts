/**
 * Layers of transformers (Vaswani et al. 2017): attention and a small net on every row, each in a residual branch.
 *
 * A branch is `norm(x + f(x))`, or `x + f(norm(x))` with `normFirst`, which trains deep stacks without a warm-up (Xiong et al.
 * 2020).
 */
import { checkFlag, checkOptions, checkRange, checkShare } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Dropout } from "../layers/dropout.ts";
import { Linear } from "../layers/linear.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { type AttendOptions, MultiheadAttention } from "./attention.ts";
import type { DecodeOptions, EncodeOptions, TransformerLayerOptions } from "./transformer_options.ts";
import { activationOf, attentionPart, checkHeads, decodeNames, layerNames, layerNorm } from "./transformer_parts.ts";

/** What the layers of encoders and decoders have in common. */
export abstract class TransformerLayer<Inputs extends [x: Tensor, ...more: unknown[]]> extends Module<Inputs> {
  /** The attention of the sequence to itself. */
  readonly selfAttention: MultiheadAttention;
  /** The first layer of the feed-forward net: dModel to dimFeedforward features. */
  readonly linear1: Linear;
  /** The second layer of the feed-forward net. */
  readonly linear2: Linear;
  /** The norm of the first branch, attention of the sequence to itself. */
  readonly norm1: Module<[x: Tensor]>;
  /** The norm of the second branch. */
  readonly norm2: Module<[x: Tensor]>;
  /** What is applied to the branches, and inside the feed-forward net. */
  readonly dropout: Dropout;
  /** The features of all rows. */
  readonly dModel: number;
  /** Whether a branch begins with its norm. */
  readonly normFirst: boolean;
  /** What lies between the two layers of the feed-forward net. */
  readonly activation: (x: Tensor) => Tensor;

  /** RangeError and TypeError as the parts of the layer. */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super();
    const action = `make ${this.constructor.name}`;
    const { dimFeedforward = 2048, dropout = 0.1, activation = "relu", layerNormEps = 1e-5, normFirst = false } =
      checkOptions(action, options, "{ batchFirst: true }", layerNames);
    this.dModel = checkFeatures(action, "dModel", dModel);
    checkHeads(action, dModel, nhead);
    checkFeatures(action, "dimFeedforward", dimFeedforward);
    this.dropout = new Dropout(checkShare(action, "dropout", dropout));
    this.activation = activationOf(action, activation);
    checkRange(action, "layerNormEps", layerNormEps, 0);
    this.normFirst = checkFlag(action, "normFirst", normFirst);
    const { rotary = null, numKeyValueHeads = nhead } = options, attention = attentionPart(action, options);
    const bias = attention.bias;
    this.selfAttention = new MultiheadAttention(dModel, nhead, { ...attention, rotary, numKeyValueHeads });
    this.linear1 = new Linear(dModel, dimFeedforward, { bias });
    this.linear2 = new Linear(dimFeedforward, dModel, { bias });
    this.norm1 = layerNorm(dModel, layerNormEps, bias);
    this.norm2 = layerNorm(dModel, layerNormEps, bias);
  }

  /** A residual branch. */
  protected branch(x: Tensor, norm: Module<[x: Tensor]>, f: (x: Tensor) => Tensor): Tensor {
    return this.normFirst ? x.add(this.dropout.call(f(norm.call(x)))) : norm.call(x.add(this.dropout.call(f(x))));
  }

  /** The attention of rows to themselves. */
  protected attend(x: Tensor, options: AttendOptions): Tensor {
    return this.selfAttention.call(x, x, x, options)[0];
  }

  /** The feed-forward net. */
  protected feed(x: Tensor): Tensor {
    return this.linear2.call(this.dropout.call(this.activation(this.linear1.call(x))));
  }

  /** The attentions have other names there. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { selfAttention: { name: "self_attn" }, crossAttention: { name: "multihead_attn" } };
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.dModel}, ${this.selfAttention.numHeads}${this.normFirst ? ", normFirst: true" : ""}`;
  }
}

/** The names of the options of a call. */
const encodeNames = ["mask", "keyPaddingMask", "causal", "cache"] as const;

/**
 * A layer of an encoder: attention of a sequence to itself, then a feed-forward net on each row.
 *
 * Input [length, batch, dModel], [batch, length, dModel] with `batchFirst`, or [length, dModel]; the output is shaped alike.
 * With `causal: true` and a `cache` it is a layer of a model that generates.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true });
 * if (layer.call(randn([3, 5, 8]), { causal: true }).shape.join() !== "3,5,8") throw new Error("wrong shape");
 * ```
 */
export class TransformerEncoderLayer extends TransformerLayer<[x: Tensor, options?: EncodeOptions]> {
  /**
   * RangeError unless `dModel` is a multiple of `nhead`, for other sizes that are no positive integers and for a `dropout`
   * outside [0, 1]; TypeError for an unknown option.
   */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
  }

  /** To the same shape. */
  override forward(x: Tensor, options: EncodeOptions = {}): Tensor {
    checkLastAxis(this, x, this.dModel);
    const { mask = null, ...rest } = checkOptions(
      "apply TransformerEncoderLayer",
      options,
      "{ causal: true }",
      encodeNames,
    );
    const attended = this.branch(x, this.norm1, (x) => this.attend(x, { attnMask: mask, ...rest }));
    return this.branch(attended, this.norm2, (x) => this.feed(x));
  }
}

/**
 * A layer of a decoder: attention of a sequence to itself, attention to the rows of a memory, which an encoder made, and a
 * feed-forward net on each row.
 *
 * `call(x, memory, options)`: both [length, batch, dModel], [batch, length, dModel] with `batchFirst`, or [length, dModel]. The
 * output is shaped as x.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const layer = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true });
 * const y = layer.call(randn([3, 5, 8]), randn([3, 7, 8]), { tgtCausal: true });
 * if (y.shape.join() !== "3,5,8") throw new Error("wrong shape");
 * ```
 */
export class TransformerDecoderLayer extends TransformerLayer<[x: Tensor, memory: Tensor, options?: DecodeOptions]> {
  /** The attention to the memory. */
  readonly crossAttention: MultiheadAttention;
  /** The norm of the third branch, the feed-forward net. */
  readonly norm3: Module<[x: Tensor]>;

  /**
   * RangeError unless `dModel` is a multiple of `nhead`, for other sizes that are no positive integers and for a `dropout`
   * outside [0, 1]; TypeError for an unknown option.
   */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super(dModel, nhead, options);
    const attention = attentionPart("make TransformerDecoderLayer", options);
    this.crossAttention = new MultiheadAttention(dModel, nhead, attention);
    this.norm3 = layerNorm(dModel, options.layerNormEps ?? 1e-5, attention.bias);
  }

  /** To the shape of x. */
  override forward(x: Tensor, memory: Tensor, options: DecodeOptions = {}): Tensor {
    checkLastAxis(this, x, this.dModel);
    checkLastAxis(this, memory, this.dModel);
    const given = checkOptions("apply TransformerDecoderLayer", options, "{ tgtCausal: true }", [
      ...decodeNames,
      "cache",
    ]);
    const own: AttendOptions = {
      attnMask: given.tgtMask ?? null,
      keyPaddingMask: given.tgtKeyPaddingMask ?? null,
      causal: given.tgtCausal ?? false,
      cache: given.cache ?? null,
    };
    const other: AttendOptions = {
      attnMask: given.memoryMask ?? null,
      keyPaddingMask: given.memoryKeyPaddingMask ?? null,
      causal: given.memoryCausal ?? false,
    };
    const attended = this.branch(x, this.norm1, (x) => this.attend(x, own));
    const crossed = this.branch(attended, this.norm2, (x) => this.crossAttention.call(x, memory, memory, other)[0]);
    return this.branch(crossed, this.norm3, (x) => this.feed(x));
  }
}
