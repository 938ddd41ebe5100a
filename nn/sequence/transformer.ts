/** Stacks of transformer layers: TransformerEncoder, TransformerDecoder, and both as a Transformer. */
import { checkCount, checkFlag, checkFunction, checkOptions, refuse } from "../../core/internal.ts";
import { full, type Tensor } from "../../core/mod.ts";
import { xavierUniform } from "../init/mod.ts";
import { checkLastAxis } from "../input.ts";
import { type AnyModule, Module } from "../module.ts";
import { KeyValueCache } from "./cache.ts";
import { TransformerDecoderLayer, TransformerEncoderLayer } from "./transformer_layers.ts";
import type { DecodeOptions, EncodeOptions, TransformerLayerOptions } from "./transformer_options.ts";
import { decodeNames, layerNames, layerNorm } from "./transformer_parts.ts";

/** The most layers of a stack: a count beyond it is surely another number. */
const layersMost = 1024;

/** Options of {@linkcode TransformerEncoder} and {@linkcode TransformerDecoder}. */
export interface StackOptions {
  /** What is applied to the output of the last layer, which with `normFirst` is no norm's; nothing by default. */
  norm?: Module<[x: Tensor]> | null;
}

/** Options of a call of a stack, beside those of each layer. */
export interface StackCallOptions {
  /** The caches of all layers, the lowest first. */
  caches?: readonly KeyValueCache[] | null;
}

/** Options of a call of {@linkcode TransformerEncoder}: those of its layers, with a cache for each. */
export interface EncoderOptions extends Omit<EncodeOptions, "cache">, StackCallOptions {}

/** Options of a call of {@linkcode TransformerDecoder}: those of its layers, with a cache for each. */
export interface DecoderOptions extends Omit<DecodeOptions, "cache">, StackCallOptions {}

/** The layers that a function makes. */
function layersOf<Layer extends AnyModule>(
  action: string,
  make: (layer: number) => Layer,
  count: number,
  Kind: abstract new (...inputs: never[]) => Layer,
): readonly Layer[] {
  checkFunction(action, make);
  checkCount(action, "numLayers", count, 1, layersMost);
  const layers = Array.from({ length: count }, (_, layer) => make(layer));
  for (const layer of layers) if (!(layer instanceof Kind)) refuse(action, layer, `a ${Kind.name}`);
  return layers;
}

function normOf(action: string, options: StackOptions): Module<[x: Tensor]> | null {
  const { norm = null } = checkOptions(action, options, "{ norm: new nn.LayerNorm1d(512) }", ["norm"]);
  return norm === null || norm instanceof Module ? norm : refuse(action, norm, "a module or null as the norm");
}

/** A list of one cache for each layer. TypeError for another number of them. */
function checkCaches(action: string, caches: readonly KeyValueCache[] | null, count: number): void {
  if (caches === null) return;
  const isList = Array.isArray(caches) && caches.length === count;
  if (!isList || caches.some((cache) => !(cache instanceof KeyValueCache))) {
    throw new TypeError(`Cannot ${action}: caches must be a list of ${count}, one for each layer`);
  }
}

/**
 * Encoder layers one above the other, and a norm behind them if there is one.
 *
 * It is made of a function that makes the layers, each of them with numbers of its own; PyTorch copies one layer instead.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const encoder = new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16 }), 2);
 * if (encoder.call(randn([5, 3, 8])).shape.join() !== "5,3,8") throw new Error("wrong shape");
 * ```
 */
export class TransformerEncoder extends Module<[x: Tensor, options?: EncoderOptions]> {
  /** The layers, the lowest first. */
  readonly layers: readonly TransformerEncoderLayer[];
  /** What is applied to the output of the last layer, or null. */
  readonly norm: Module<[x: Tensor]> | null;

  /** TypeError unless `make` gives encoder layers; RangeError for no layers. */
  constructor(make: (layer: number) => TransformerEncoderLayer, numLayers: number, options: StackOptions = {}) {
    super();
    const action = "make TransformerEncoder";
    this.norm = normOf(action, options);
    this.layers = layersOf(action, make, numLayers, TransformerEncoderLayer);
  }

  /** To the same shape. The masks are those of each layer. */
  override forward(x: Tensor, options: EncoderOptions = {}): Tensor {
    const action = "apply TransformerEncoder", names = ["mask", "keyPaddingMask", "causal", "caches"] as const;
    const { caches = null, ...rest } = checkOptions(action, options, "{ causal: true }", names);
    checkCaches(action, caches, this.layers.length);
    let y = checkLastAxis(this, x, this.layers[0]!.dModel);
    this.layers.forEach((layer, k) => y = layer.call(y, { ...rest, cache: caches?.[k] ?? null }));
    return this.norm === null ? y : this.norm.call(y);
  }
}

/**
 * Decoder layers one above the other, and a norm behind them if there is one. It is made as {@linkcode TransformerEncoder} is.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const decoder = new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 16 }), 2);
 * const y = decoder.call(randn([5, 3, 8]), randn([7, 3, 8]), { tgtCausal: true });
 * if (y.shape.join() !== "5,3,8") throw new Error("wrong shape");
 * ```
 */
export class TransformerDecoder extends Module<[x: Tensor, memory: Tensor, options?: DecoderOptions]> {
  /** The layers, the lowest first. */
  readonly layers: readonly TransformerDecoderLayer[];
  /** What is applied to the output of the last layer, or null. */
  readonly norm: Module<[x: Tensor]> | null;

  /** TypeError unless `make` gives decoder layers; RangeError for no layers. */
  constructor(make: (layer: number) => TransformerDecoderLayer, numLayers: number, options: StackOptions = {}) {
    super();
    const action = "make TransformerDecoder";
    this.norm = normOf(action, options);
    this.layers = layersOf(action, make, numLayers, TransformerDecoderLayer);
  }

  /** To the shape of x. The masks are those of each layer. */
  override forward(x: Tensor, memory: Tensor, options: DecoderOptions = {}): Tensor {
    const action = "apply TransformerDecoder", names = [...decodeNames, "caches"] as const;
    const { caches = null, ...rest } = checkOptions(action, options, "{ tgtCausal: true }", names);
    checkCaches(action, caches, this.layers.length);
    let y = checkLastAxis(this, x, this.layers[0]!.dModel);
    checkLastAxis(this, memory, this.layers[0]!.dModel);
    this.layers.forEach((layer, k) => y = layer.call(y, memory, { ...rest, cache: caches?.[k] ?? null }));
    return this.norm === null ? y : this.norm.call(y);
  }
}

/** Options of {@linkcode Transformer}. */
export interface TransformerOptions extends Omit<TransformerLayerOptions, "rotary" | "numKeyValueHeads"> {
  /** The features of all rows; 512 by default. */
  dModel?: number;
  /** The number of heads; 8 by default. */
  nhead?: number;
  /** The layers of the encoder; 6 by default. */
  numEncoderLayers?: number;
  /** The layers of the decoder; 6 by default. */
  numDecoderLayers?: number;
}

/** Options of a call of {@linkcode Transformer}, in which "src" is what the encoder reads and "tgt" what is decoded. */
export interface TransformOptions extends Omit<DecodeOptions, "cache"> {
  /** [source, source] or [batch x heads, source, source]: bool, true where a row is hidden, or numbers that are added. */
  srcMask?: Tensor | null;
  /** [batch, source]: bool, true where a row is padding, or numbers that are added to the scores. */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether a row of the source sees none behind it; false by default. */
  srcCausal?: boolean;
}

/**
 * An encoder and a decoder, each with a norm behind its layers (Vaswani et al. 2017).
 *
 * `call(src, tgt, options)`: both [length, batch, dModel], [batch, length, dModel] with `batchFirst`, or [length, dModel]. The
 * output is shaped as tgt. Matrices start as Glorot and Bengio (2010) say. Words and positions are not part of it.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const sizes = { dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16 };
 * const net = new nn.Transformer({ ...sizes, batchFirst: true });
 * const y = net.call(randn([3, 7, 8]), randn([3, 5, 8]), { tgtCausal: true });
 * if (y.shape.join() !== "3,5,8") throw new Error("wrong shape");
 * ```
 */
export class Transformer extends Module<[src: Tensor, tgt: Tensor, options?: TransformOptions]> {
  /** Reads the source. */
  readonly encoder: TransformerEncoder;
  /** Makes the target from what the encoder made of the source. */
  readonly decoder: TransformerDecoder;

  /** RangeError and TypeError as the layers. */
  constructor(options: TransformerOptions = {}) {
    super();
    const action = "make Transformer", sizes = ["dModel", "nhead", "numEncoderLayers", "numDecoderLayers"] as const;
    const own = layerNames.filter((name) => name !== "rotary" && name !== "numKeyValueHeads");
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...layer } = checkOptions(
      action,
      options,
      "{ batchFirst: true }",
      [...sizes, ...own],
    );
    checkCount(action, "numEncoderLayers", numEncoderLayers, 1, layersMost);
    checkCount(action, "numDecoderLayers", numDecoderLayers, 1, layersMost);
    const norm = () => layerNorm(dModel, layer.layerNormEps ?? 1e-5, layer.bias ?? true);
    const encode = () => new TransformerEncoderLayer(dModel, nhead, layer);
    const decode = () => new TransformerDecoderLayer(dModel, nhead, layer);
    this.encoder = new TransformerEncoder(encode, numEncoderLayers, { norm: norm() });
    this.decoder = new TransformerDecoder(decode, numDecoderLayers, { norm: norm() });
    for (const parameter of this.parameters()) if (parameter.shape.length === 2) xavierUniform(parameter);
  }

  /**
   * A mask for `attnMask` of numbers: -Infinity where a column is behind its row, else 0. `causal: true` does the same without
   * a mask, in less memory.
   *
   * @example
   * ```ts
   * import { nn } from "deneb";
   *
   * if (nn.Transformer.generateSquareSubsequentMask(2).toArray().join() !== "0,-Infinity,0,0") throw new Error("wrong");
   * ```
   */
  static generateSquareSubsequentMask(size: number): Tensor {
    checkCount("generateSquareSubsequentMask", "size", size, 0, 2 ** 16);
    return full([size, size], -Infinity).triu(1);
  }

  /** To the shape of tgt. */
  override forward(src: Tensor, tgt: Tensor, options: TransformOptions = {}): Tensor {
    const names = ["srcMask", "srcKeyPaddingMask", "srcCausal", ...decodeNames] as const;
    const { srcMask = null, srcKeyPaddingMask = null, srcCausal = false, ...rest } = checkOptions(
      "apply Transformer",
      options,
      "{ tgtCausal: true }",
      names,
    );
    checkFlag("apply Transformer", "srcCausal", srcCausal);
    const { dModel } = this.encoder.layers[0]!;
    checkLastAxis(this, src, dModel);
    checkLastAxis(this, tgt, dModel);
    const memory = this.encoder.call(src, { mask: srcMask, keyPaddingMask: srcKeyPaddingMask, causal: srcCausal });
    return this.decoder.call(tgt, memory, rest);
  }
}
