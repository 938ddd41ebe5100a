/** The options of transformers: how their layers are made, and how they are called. */
import type { Tensor } from "../../core/mod.ts";
import type { KeyValueCache } from "./cache.ts";
import type { RotaryEmbedding } from "./rotary.ts";

/** What lies between the two layers of a feed-forward net: a name, or any function of a tensor. */
export type TransformerActivation = "relu" | "gelu" | ((x: Tensor) => Tensor);

/** Options of {@linkcode TransformerEncoderLayer} and {@linkcode TransformerDecoderLayer}. */
export interface TransformerLayerOptions {
  /** The features between the two layers of the feed-forward net; 2048 by default. */
  dimFeedforward?: number;
  /** The probability with which weights of attention and elements of each branch are dropped in training; 0.1 by default. */
  dropout?: number;
  /** `"relu"`, which is the default, `"gelu"`, or a function. */
  activation?: TransformerActivation;
  /** What norms add to the variance; 1e-5 by default. */
  layerNormEps?: number;
  /** Whether inputs are [batch, length, features] rather than [length, batch, features]; false by default. */
  batchFirst?: boolean;
  /** Whether a branch begins with its norm, rather than that the sum is normalised; false by default. */
  normFirst?: boolean;
  /** Add biases to linear layers and norms; true by default. */
  bias?: boolean;
  /** Turns queries and keys of the attention of a sequence to itself by their positions. */
  rotary?: RotaryEmbedding | null;
  /** The heads of keys and values in the attention of a sequence to itself; as many as there are heads by default. */
  numKeyValueHeads?: number;
}

/** Options of a call of {@linkcode TransformerEncoderLayer}. */
export interface EncodeOptions {
  /** [length, length] or [batch x heads, length, length]: bool, true where a row is hidden, or numbers that are added. */
  mask?: Tensor | null;
  /** [batch, length]: bool, true where a row is padding, or numbers that are added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Whether a row sees none behind it; false by default. No mask is needed for it. */
  causal?: boolean;
  /** The keys and values of the rows of earlier calls, which come before those of this one. */
  cache?: KeyValueCache | null;
}

/** Options of a call of {@linkcode TransformerDecoderLayer}, in which "tgt" is the sequence that is decoded. */
export interface DecodeOptions {
  /** [target, target] or [batch x heads, target, target]: bool, true where a row is hidden, or numbers that are added. */
  tgtMask?: Tensor | null;
  /** [target, memory] or [batch x heads, target, memory], for the memory's rows. */
  memoryMask?: Tensor | null;
  /** [batch, target]: bool, true where a row is padding, or numbers that are added to the scores. */
  tgtKeyPaddingMask?: Tensor | null;
  /** [batch, memory], for the memory's rows. */
  memoryKeyPaddingMask?: Tensor | null;
  /** Whether a row sees none behind it; false by default. No mask is needed for it. */
  tgtCausal?: boolean;
  /** Whether row i sees rows 0 to i of the memory only; false by default. */
  memoryCausal?: boolean;
  /** The keys and values of the rows of earlier calls, which come before those of this one. */
  cache?: KeyValueCache | null;
}
