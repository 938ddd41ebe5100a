/** BERT's encoder: a transformer that reads a text in both directions. */
import { checkOptions, checkShare, showShape } from "../../core/internal.ts";
import { arange, type Tensor, zeros as zerosOf } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { normal, zeros } from "../init/mod.ts";
import { checkInput } from "../input.ts";
import { Dropout, Embedding, GELU, LayerNorm, Linear, Tanh } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { MultiheadAttention } from "../sequence/mod.ts";
import { checkDepth } from "./parts.ts";

/** Options of {@linkcode BERT}. */
export interface BERTOptions {
  /** The number of tokens that there are; 30522 by default. */
  vocabulary?: number;
  /** The most tokens that are read at once; 512 by default. */
  block?: number;
  /** The number of kinds of segments; 2 by default, a first and a second sentence. */
  segments?: number;
  /** The number of features of a token between the blocks; 768 by default. */
  width?: number;
  /** The number of blocks; 12 by default. */
  depth?: number;
  /** The number of attention heads, which divides the width; 12 by default. */
  heads?: number;
  /** The number of features between the two linear layers of a block; four times the width by default. */
  hidden?: number;
  /** The probability that a feature is dropped in training; 0.1 by default. */
  dropout?: number;
}

const names = ["vocabulary", "block", "segments", "width", "depth", "heads", "hidden", "dropout"] as const;

/** Options of a call of {@linkcode BERT}. */
export interface ReadOptions {
  /** [batch, tokens]: bool, or numbers, false and 0 where there is padding, which no token sees; by default there is none. */
  mask?: Tensor;
  /** [batch, tokens]: the segment of each token; 0 by default. */
  segments?: Tensor;
}

/** What {@linkcode BERT} makes of texts. */
export interface Reading {
  /** The features of each token: [batch, tokens, width]. */
  tokens: Tensor;
  /** The first token's, through a linear layer and tanh: [batch, width]. It stands for the text in classifiers. */
  pooled: Tensor;
}

const eps = 1e-12;

/** Attention, then two linear layers, each beside a shortcut and before a norm: [batch, tokens, width] to the same shape. */
class BERTBlock extends Module<[x: Tensor, padding: Tensor | null]> {
  readonly attention: MultiheadAttention;
  readonly norm1: LayerNorm;
  readonly feedForward: Sequential;
  readonly norm2: LayerNorm;
  readonly dropout: Dropout;

  constructor(width: number, heads: number, hidden: number, dropout: number) {
    super();
    this.attention = new MultiheadAttention(width, heads, { batchFirst: true, dropout });
    this.norm1 = new LayerNorm(width, { eps });
    this.feedForward = new Sequential(new Linear(width, hidden), new GELU(), new Linear(hidden, width));
    this.norm2 = new LayerNorm(width, { eps });
    this.dropout = new Dropout(dropout);
  }

  override forward(x: Tensor, padding: Tensor | null): Tensor {
    const [attended] = this.attention.call(x, x, x, { keyPaddingMask: padding });
    const y = this.norm1.call(x.add(this.dropout.call(attended)));
    return this.norm2.call(y.add(this.dropout.call(this.feedForward.call(y))));
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    const inner = (part: string) => ["query", "key", "value"].map((name) => `attention.self.${name}.${part}`);
    return {
      "attention.inProjection.weight": { name: inner("weight"), isTransposed: true },
      "attention.inProjection.bias": { name: inner("bias") },
      "attention.outProjection.weight": { name: "attention.output.dense.weight", isTransposed: true },
      "attention.outProjection.bias": { name: "attention.output.dense.bias" },
      norm1: { name: "attention.output.LayerNorm" },
      "feedForward.0.weight": { name: "intermediate.dense.weight", isTransposed: true },
      "feedForward.0.bias": { name: "intermediate.dense.bias" },
      "feedForward.2.weight": { name: "output.dense.weight", isTransposed: true },
      "feedForward.2.bias": { name: "output.dense.bias" },
      norm2: { name: "output.LayerNorm" },
    };
  }
}

/**
 * The encoder of BERT (Devlin et al. 2019, arXiv 1810.04805): embeddings of tokens, positions and segments, and transformer blocks
 * in which each token sees all others.
 *
 * Tokens [batch, n], integers below `vocabulary`, to {@linkcode Reading}. TypeError for other shapes, RangeError for more than
 * `block` tokens. The defaults are those of BERT-base, 109 million parameters. The names in a state are those of the package
 * transformers.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const net = new nn.models.BERT({ vocabulary: 9, block: 8, width: 12, depth: 2, heads: 3 }).eval();
 * const { tokens, pooled } = net.call(tensor([[1, 2, 0]], { dtype: "int32" }), { mask: tensor([[true, true, false]]) });
 * if (tokens.shape.join() !== "1,3,12" || pooled.shape.join() !== "1,12") throw new Error("wrong shape");
 * ```
 */
export class BERT extends Module<[tokens: Tensor, options?: ReadOptions], Reading> {
  /** The most tokens that are read at once. */
  readonly block: number;
  /** What stands for each token: [vocabulary, width]. */
  readonly tokenEmbedding: Embedding;
  /** What is added at each position: [block, width]. */
  readonly positionEmbedding: Embedding;
  /** What is added in each segment: [segments, width]. */
  readonly segmentEmbedding: Embedding;
  /** The norm of the embeddings' sum. */
  readonly norm: LayerNorm;
  /** Drops features of the embeddings in training. */
  readonly dropout: Dropout;
  /** The transformer blocks. */
  readonly blocks: BERTBlock[];
  /** The layer on the first token. */
  readonly pooler: Sequential;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0, `heads` a divisor of `width` and `dropout` in [0, 1];
   * TypeError for an option that does not exist.
   */
  constructor(options: BERTOptions = {}) {
    super();
    const action = "make BERT";
    const { vocabulary = 30522, block = 512, segments = 2, width = 768, depth = 12, heads = 12, dropout = 0.1 } =
      checkOptions(action, options, "{ width: 384 }", names);
    checkFeatures(action, "vocabulary", vocabulary);
    this.block = checkFeatures(action, "block", block);
    checkFeatures(action, "segments", segments);
    checkFeatures(action, "width", width);
    checkDepth(action, depth);
    const { hidden = 4 * width } = options;
    checkFeatures(action, "hidden", hidden);
    checkShare(action, "dropout", dropout);
    this.tokenEmbedding = new Embedding(vocabulary, width, { paddingIndex: 0 });
    this.positionEmbedding = new Embedding(block, width);
    this.segmentEmbedding = new Embedding(segments, width);
    this.norm = new LayerNorm(width, { eps });
    this.dropout = new Dropout(dropout);
    this.blocks = Array.from({ length: depth }, () => new BERTBlock(width, heads, hidden, dropout));
    this.pooler = new Sequential(new Linear(width, width), new Tanh());
    for (const module of this.modules()) {
      if (module instanceof Linear || module instanceof Embedding) normal(module.weight, { std: 0.02 });
      if (module instanceof Linear) zeros(module.bias!);
    }
  }

  /** [batch, n] to the features of the tokens and of the text. */
  override forward(tokens: Tensor, options: ReadOptions = {}): Reading {
    const { shape } = checkInput(this, tokens);
    const { mask, segments } = checkOptions("apply BERT", options, "{ mask }", ["mask", "segments"]);
    if (shape.length !== 2) {
      throw new TypeError(`Cannot apply BERT: input of shape ${showShape(shape)}, it must be [batch, tokens]`);
    }
    if (shape[1]! > this.block) {
      throw new RangeError(`Cannot apply BERT: ${shape[1]} tokens, it reads at most ${this.block} at once`);
    }
    const positions = arange(shape[1]!, { dtype: "int32", device: tokens.device });
    const sum = this.tokenEmbedding.call(tokens)
      .add(this.positionEmbedding.call(positions))
      .add(this.segmentEmbedding.call(segments ?? zerosOf(shape, { dtype: "int32", device: tokens.device })));
    let y = this.dropout.call(this.norm.call(sum));
    const padding = mask === undefined ? null : mask.equal(0);
    for (const block of this.blocks) y = block.call(y, padding);
    return { tokens: y, pooled: this.pooler.call(y.select(1, 0)) };
  }

  /** The names of the package transformers. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      tokenEmbedding: { name: "embeddings.word_embeddings" },
      positionEmbedding: { name: "embeddings.position_embeddings" },
      segmentEmbedding: { name: "embeddings.token_type_embeddings" },
      norm: { name: "embeddings.LayerNorm" },
      blocks: { name: "encoder.layer" },
      "pooler.0": { name: "pooler.dense" },
    };
  }
}
