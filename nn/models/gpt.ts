/** GPT: a transformer that says which token comes next. */
import {
  checkCount,
  checkFlag,
  checkFunction,
  checkOptions,
  checkRange,
  checkShare,
  showShape,
} from "../../core/internal.ts";
import { arange, concat, keep, noGrad, scope, type Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { normal, zeros } from "../init/mod.ts";
import { checkInput } from "../input.ts";
import { Dropout, Embedding, GELU, LayerNorm, Linear } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { KeyValueCache, MultiheadAttention } from "../sequence/mod.ts";
import { checkDepth } from "./parts.ts";

/** Options of {@linkcode GPT}. */
export interface GPTOptions {
  /** The number of tokens that there are; 50304 by default, those of GPT-2 rounded up to a multiple of 64. */
  vocabulary?: number;
  /** The most tokens that are read at once; 1024 by default. */
  block?: number;
  /** The number of features of a token between the blocks; 768 by default. */
  width?: number;
  /** The number of blocks; 12 by default. */
  depth?: number;
  /** The number of attention heads, which divides the width; 12 by default. */
  heads?: number;
  /** The probability that a feature is dropped in training; 0 by default. */
  dropout?: number;
  /** Whether linear layers and norms add a bias; true by default, as in GPT-2. */
  bias?: boolean;
}

const names = ["vocabulary", "block", "width", "depth", "heads", "dropout", "bias"] as const;

/** Options of {@linkcode GPT.generate}. */
export interface GenerateOptions {
  /** The number of new tokens. */
  count: number;
  /** What the logits are divided by: lower is less surprising, 0 takes the likeliest token each time; 1 by default. */
  temperature?: number;
  /** From how many of the likeliest tokens the next one is drawn; from all by default. */
  topK?: number;
  /** Called with each new token as soon as it is drawn, [batch, 1]; the tensor is freed when the call is over. */
  onToken?: (token: Tensor) => void;
}

const generateNames = ["count", "temperature", "topK", "onToken"] as const;

/** Attention, then two linear layers, each behind a norm and beside a shortcut: [batch, tokens, width] to the same shape. */
class GPTBlock extends Module<[x: Tensor, cache: KeyValueCache | null]> {
  readonly norm1: LayerNorm;
  readonly attention: MultiheadAttention;
  readonly norm2: LayerNorm;
  readonly feedForward: Sequential;
  readonly dropout: Dropout;

  constructor(width: number, heads: number, dropout: number, bias: boolean) {
    super();
    this.norm1 = new LayerNorm(width, { bias });
    this.attention = new MultiheadAttention(width, heads, { batchFirst: true, dropout, bias });
    this.norm2 = new LayerNorm(width, { bias });
    this.feedForward = new Sequential(
      new Linear(width, 4 * width, { bias }),
      new GELU(),
      new Linear(4 * width, width, { bias }),
      new Dropout(dropout),
    );
    this.dropout = new Dropout(dropout);
  }

  override forward(x: Tensor, cache: KeyValueCache | null): Tensor {
    const y = this.norm1.call(x), [attended] = this.attention.call(y, y, y, { causal: true, cache });
    const z = x.add(this.dropout.call(attended));
    return z.add(this.feedForward.call(this.norm2.call(z)));
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      norm1: { name: "ln_1" },
      "attention.inProjection.weight": { name: "attn.c_attn.weight", isTransposed: true },
      "attention.inProjection.bias": { name: "attn.c_attn.bias" },
      "attention.outProjection.weight": { name: "attn.c_proj.weight", isTransposed: true },
      "attention.outProjection.bias": { name: "attn.c_proj.bias" },
      norm2: { name: "ln_2" },
      "feedForward.0.weight": { name: "mlp.c_fc.weight", isTransposed: true },
      "feedForward.0.bias": { name: "mlp.c_fc.bias" },
      "feedForward.2.weight": { name: "mlp.c_proj.weight", isTransposed: true },
      "feedForward.2.bias": { name: "mlp.c_proj.bias" },
    };
  }
}

/**
 * GPT-2 (Radford et al. 2019) in the form of nanoGPT: embeddings of tokens and positions, transformer blocks in which a token
 * sees itself and those before it, and logits by the embedding of tokens itself.
 *
 * Tokens [batch, n], integers below `vocabulary`, to the logits of the token behind each, [batch, n, vocabulary]. TypeError for
 * other shapes, RangeError for more than `block` tokens. The defaults are those of the smallest GPT-2, 124 million parameters. The
 * names in a state are nanoGPT's.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const net = new nn.models.GPT({ vocabulary: 7, block: 8, width: 12, depth: 2, heads: 3 }).eval();
 * if (net.call(tensor([[1, 2, 3]], { dtype: "int32" })).shape.join() !== "1,3,7") throw new Error("wrong shape");
 * const longer = net.generate(tensor([[1, 2]], { dtype: "int32" }), { count: 3 });
 * if (longer.shape.join() !== "1,5") throw new Error("another length");
 * ```
 */
export class GPT extends Module<[tokens: Tensor]> {
  /** The most tokens that are read at once. */
  readonly block: number;
  /** What stands for each token: [vocabulary, width]. Its products with the results are the logits. */
  readonly tokenEmbedding: Embedding;
  /** What is added at each position: [block, width]. */
  readonly positionEmbedding: Embedding;
  /** Drops features of the embeddings in training. */
  readonly dropout: Dropout;
  /** The transformer blocks. */
  readonly blocks: GPTBlock[];
  /** The norm before the logits. */
  readonly norm: LayerNorm;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0, `heads` a divisor of `width` and `dropout` in [0, 1];
   * TypeError for an option that does not exist.
   */
  constructor(options: GPTOptions = {}) {
    super();
    const action = "make GPT";
    const { vocabulary = 50304, block = 1024, width = 768, depth = 12, heads = 12, dropout = 0, bias = true } =
      checkOptions(action, options, "{ width: 384 }", names);
    checkFeatures(action, "vocabulary", vocabulary);
    this.block = checkFeatures(action, "block", block);
    checkFeatures(action, "width", width);
    checkDepth(action, depth);
    checkShare(action, "dropout", dropout);
    checkFlag(action, "bias", bias);
    this.tokenEmbedding = new Embedding(vocabulary, width);
    this.positionEmbedding = new Embedding(block, width);
    this.dropout = new Dropout(dropout);
    this.blocks = Array.from({ length: depth }, () => new GPTBlock(width, heads, dropout, bias));
    this.norm = new LayerNorm(width, { bias });
    this.#draw();
  }

  /** Weights normal with deviation 0.02, and less where a branch ends, so that the sum of all branches keeps its size. */
  #draw(): void {
    const ends = new Set<unknown>(
      this.blocks.flatMap(({ attention, feedForward }) => [attention.outProjection, feedForward.at(2)]),
    );
    for (const module of this.modules()) {
      if (module instanceof Embedding) normal(module.weight, { std: 0.02 });
      if (!(module instanceof Linear)) continue;
      normal(module.weight, { std: ends.has(module) ? 0.02 / Math.sqrt(2 * this.blocks.length) : 0.02 });
      if (module.bias !== null) zeros(module.bias);
    }
  }

  /** [batch, n] to the logits [batch, n, vocabulary]. */
  override forward(tokens: Tensor): Tensor {
    return this.#logits(this.#features(tokens, []));
  }

  /** What the last block makes of tokens that come behind those in the caches. */
  #features(tokens: Tensor, caches: readonly KeyValueCache[]): Tensor {
    const { shape } = checkInput(this, tokens), past = caches[0]?.length ?? 0;
    if (shape.length !== 2) {
      throw new TypeError(`Cannot apply GPT: input of shape ${showShape(shape)}, it must be [batch, tokens]`);
    }
    const end = past + shape[1]!;
    if (end > this.block) {
      throw new RangeError(`Cannot apply GPT: ${end} tokens, it reads at most ${this.block} at once`);
    }
    const positions = arange(past, end, { dtype: "int32", device: tokens.device });
    let x = this.dropout.call(this.tokenEmbedding.call(tokens).add(this.positionEmbedding.call(positions)));
    this.blocks.forEach((block, k) => x = block.call(x, caches[k] ?? null));
    return this.norm.call(x);
  }

  #logits(features: Tensor): Tensor {
    return features.matmul(this.tokenEmbedding.weight.transpose());
  }

  /**
   * The tokens [batch, n] with `count` more behind them, each drawn from what the net expects there: [batch, n + count], int32.
   *
   * Keys and values of earlier tokens are kept, so that a token costs one step, until `block` is full; from then on the last
   * `block` tokens are read anew each time. Drawn by the seed of `manualSeed`; dropout is off if the net was switched to `eval()`.
   * RangeError for a count below 0, a temperature below 0, or a `topK` below 1.
   */
  generate(tokens: Tensor, options: GenerateOptions): Tensor {
    const action = "generate";
    const { count, temperature = 1, topK, onToken } = checkOptions(action, options, "{ count: 100 }", generateNames);
    checkCount(action, "count", count, 0);
    checkRange(action, "temperature", temperature, 0);
    if (topK !== undefined) checkCount(action, "topK", topK, 1);
    if (onToken !== undefined) checkFunction(action, onToken);
    checkInput(this, tokens);
    const caches = this.blocks.map(() => new KeyValueCache());
    try {
      let all = tokens.cast("int32");
      for (let k = 0; k < count; k++) {
        using _ = scope();
        const length = all.shape[1] ?? 0, read = caches[0]?.length ?? 0;
        if (length > this.block) { for (const cache of caches) cache.clear(); }
        const fresh = length > this.block
          ? all.narrow(1, length - this.block, this.block)
          : all.narrow(1, read, length - read);
        const features = noGrad(() => this.#features(fresh, length > this.block ? [] : caches));
        const logits = noGrad(() => this.#logits(features.at(":, -1")));
        const token = drawn(logits, temperature, topK), longer = keep(concat([all, token], 1));
        if (k > 0) all.dispose();
        all = longer;
        onToken?.(token);
      }
      return all;
    } finally {
      for (const cache of caches) cache.clear();
    }
  }

  /** The names of nanoGPT, in which the last layer is a linear one that shares the embedding's weight. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      "tokenEmbedding.weight": { name: "transformer.wte.weight", also: ["lm_head.weight"] },
      positionEmbedding: { name: "transformer.wpe" },
      blocks: { name: "transformer.h" },
      norm: { name: "transformer.ln_f" },
    };
  }
}

/** A token [batch, 1] for each row of logits. */
function drawn(logits: Tensor, temperature: number, topK: number | undefined): Tensor {
  if (temperature === 0) return logits.argmax({ axis: -1, keepDims: true });
  const scaled = logits.div(temperature);
  if (topK === undefined) return scaled.softmax(-1).multinomial(1);
  const { values, indices } = scaled.topk(Math.min(topK, logits.shape.at(-1)!));
  return indices.takeAlongAxis(values.softmax(-1).multinomial(1), -1);
}
