/** Multi-head attention: several attentions side by side, each on its own projection of queries, keys and values. */
import {
  affine,
  checkFlag,
  checkOptions,
  checkShare,
  decided,
  maskedSoftmax,
  refuse,
  showShape,
} from "../../core/internal.ts";
import { concat, type DType, randn, scaledDotProductAttention, scope, type Tensor, zeros } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { xavierUniform, zeros as fillZeros } from "../init/mod.ts";
import { Dropout } from "../layers/dropout.ts";
import { Linear } from "../layers/linear.ts";
import { Module, type PytorchPlace } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { KeyValueCache } from "./cache.ts";
import { type Attended, causalMask, combined, keyMask, scoreMask } from "./masks.ts";
import { RotaryEmbedding } from "./rotary.ts";

/** Options of {@linkcode MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** The probability with which weights are dropped in training; 0 by default. */
  dropout?: number;
  /** Add biases to the projections; true by default. */
  bias?: boolean;
  /** Add a learned key and value behind those of the input; false by default. */
  addBiasKv?: boolean;
  /** Add a key and value of zeros behind all others; false by default. */
  addZeroAttn?: boolean;
  /** The features of keys; `embedDim` by default. */
  kdim?: number;
  /** The features of values; `embedDim` by default. */
  vdim?: number;
  /** Whether inputs are [batch, length, features] rather than [length, batch, features]; false by default. */
  batchFirst?: boolean;
  /** The heads of keys and values, each shared by as many heads of queries (Ainslie et al. 2023); `numHeads` by default. */
  numKeyValueHeads?: number;
  /** Turns queries and keys by their positions. Its features are those of one head. */
  rotary?: RotaryEmbedding | null;
  /** The parameters' element type, a float type; float32 by default. */
  dtype?: DType;
  /** The parameters' device; the default device when absent. */
  device?: string;
}

/** Options of a call of {@linkcode MultiheadAttention}. */
export interface AttendOptions {
  /** [batch, keys], or [keys] without a batch: bool, true where a key is padding, or numbers that are added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** [queries, keys] or [batch x heads, queries, keys]: bool, true where a key is hidden, or numbers that are added. */
  attnMask?: Tensor | null;
  /** Whether a query sees no key behind its own position; false by default. No mask is needed for it. */
  causal?: boolean;
  /** Whether the weights are returned, for which all of them are held at once; false by default, other than in PyTorch. */
  needWeights?: boolean;
  /** Whether the weights are the mean of all heads' rather than each head's own; true by default. */
  averageAttnWeights?: boolean;
  /** The keys and values of earlier calls, which come before those of this one; it then holds these too. */
  cache?: KeyValueCache | null;
}

const names = [
  "dropout",
  "bias",
  "addBiasKv",
  "addZeroAttn",
  "kdim",
  "vdim",
  "batchFirst",
  "numKeyValueHeads",
  "rotary",
  "dtype",
  "device",
] as const;
const callNames = [
  "keyPaddingMask",
  "attnMask",
  "causal",
  "needWeights",
  "averageAttnWeights",
  "cache",
] as const;

/**
 * `concat(head_1, ..., head_n) W + b` with `head_i = softmax(q_i k_iᵀ / sqrt(d)) v_i`, where q_i, k_i and v_i are projections
 * of the queries, keys and values (Vaswani et al. 2017), and d is embedDim / numHeads.
 *
 * `call(query, key, value, options)` gives `[output, weights]`, in which weights are null unless they are asked for. A query
 * that may see no key gets the output of zeros, with weights or without.
 *
 * The three projections are one matrix, `inProjection.weight` [embedDim, 3 embedDim], with query, key and value side by side:
 * the transpose of PyTorch's `in_proj_weight`. Where keys or values have other features they are three layers,
 * `queryProjection`, `keyProjection` and `valueProjection`.
 *
 * @example
 * ```ts
 * import { nn, randn } from "deneb";
 *
 * const attention = new nn.MultiheadAttention(8, 2, { batchFirst: true }), x = randn([3, 5, 8]);
 * const [y] = attention.call(x, x, x, { causal: true });
 * const [, weights] = attention.call(x, x, x, { needWeights: true });
 * if (y.shape.join() !== "3,5,8" || weights!.shape.join() !== "3,5,5") throw new Error("wrong shape");
 * ```
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, options?: AttendOptions],
  [output: Tensor, weights: Tensor | null]
> {
  /** Query, key and value from inputs of the same features; null where these differ. */
  readonly inProjection: Linear | null;
  /** Queries [embedDim] where keys or values have other features; else null. */
  readonly queryProjection: Linear | null;
  /** Keys from inputs of kdim features; else null. */
  readonly keyProjection: Linear | null;
  /** Values from inputs of vdim features; else null. */
  readonly valueProjection: Linear | null;
  /** A key behind those of the input: [1, 1, its features], or null. */
  readonly biasKey: Parameter | null;
  /** The value of that key, or null. */
  readonly biasValue: Parameter | null;
  /** All heads' results to the output. */
  readonly outProjection: Linear;
  /** What drops weights in training. */
  readonly dropout: Dropout;
  /** What turns queries and keys, or null. */
  readonly rotary: RotaryEmbedding | null;
  /** The features of queries and of the output. */
  readonly embedDim: number;
  /** The number of heads of queries. */
  readonly numHeads: number;
  /** The number of heads of keys and values. */
  readonly numKeyValueHeads: number;
  /** The features of one head. */
  readonly headDim: number;
  /** Whether inputs are [batch, length, features]. */
  readonly batchFirst: boolean;
  readonly #addsZero: boolean;
  readonly #features: readonly [query: number, key: number, value: number];

  /**
   * RangeError unless `embedDim` is a multiple of `numHeads`, and this of `numKeyValueHeads`, and for a `dropout` outside
   * [0, 1]; TypeError for an unknown option.
   */
  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super();
    const action = "make MultiheadAttention";
    const given = checkOptions(action, options, "{ batchFirst: true }", names);
    const { bias = true, kdim = embedDim, vdim = embedDim, numKeyValueHeads = numHeads, rotary = null } = given;
    this.embedDim = checkFeatures(action, "embedDim", embedDim);
    this.numHeads = checkDivisor(action, "numHeads", numHeads, "embedDim", embedDim);
    this.numKeyValueHeads = checkDivisor(action, "numKeyValueHeads", numKeyValueHeads, "numHeads", numHeads);
    this.headDim = embedDim / numHeads;
    this.#features = [embedDim, checkFeatures(action, "kdim", kdim), checkFeatures(action, "vdim", vdim)];
    checkFlag(action, "bias", bias);
    this.batchFirst = checkFlag(action, "batchFirst", given.batchFirst ?? false);
    this.#addsZero = checkFlag(action, "addZeroAttn", given.addZeroAttn ?? false);
    this.dropout = new Dropout(checkShare(action, "dropout", given.dropout ?? 0));
    if (rotary !== null && !(rotary instanceof RotaryEmbedding)) refuse(action, rotary, "a RotaryEmbedding or null");
    if (rotary !== null && rotary.features !== this.headDim) {
      throw new RangeError(`Cannot ${action}: rotary of ${rotary.features} features, a head has ${this.headDim}`);
    }
    this.rotary = rotary;
    const { dtype, device } = given;
    const place = { ...dtype === undefined ? {} : { dtype }, ...device === undefined ? {} : { device } };
    const width = this.headDim * numKeyValueHeads, isAlike = kdim === embedDim && vdim === embedDim;
    const projection = (inputs: number, outputs: number) => {
      const layer = withoutShift(new Linear(inputs, outputs, { bias, ...place }));
      xavierUniform(layer.weight);
      return layer;
    };
    this.inProjection = isAlike ? projection(embedDim, embedDim + 2 * width) : null;
    this.queryProjection = isAlike ? null : projection(embedDim, embedDim);
    this.keyProjection = isAlike ? null : projection(kdim, width);
    this.valueProjection = isAlike ? null : projection(vdim, width);
    const row = () => {
      using _ = scope();
      return new Parameter(randn([1, 1, width], place).div(Math.sqrt(width)));
    };
    const hasRow = checkFlag(action, "addBiasKv", given.addBiasKv ?? false);
    this.biasKey = hasRow ? row() : null;
    this.biasValue = hasRow ? row() : null;
    this.outProjection = withoutShift(new Linear(embedDim, embedDim, { bias, ...place }));
  }

  /**
   * Queries [length, batch, embedDim], [batch, length, embedDim] with `batchFirst`, or [length, embedDim]; keys and values of
   * another length, which both have, and of kdim and vdim features. The output is shaped as the queries; weights are
   * [batch, queries, keys], or [batch, heads, queries, keys] of all heads, or lack the batch.
   *
   * TypeError for shapes that do not agree.
   */
  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: AttendOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    const action = "apply MultiheadAttention";
    const { causal = false, needWeights = false, averageAttnWeights = true, cache = null, ...masks } = checkOptions(
      action,
      options,
      "{ causal: true }",
      callNames,
    );
    checkFlag(action, "causal", causal);
    checkFlag(action, "needWeights", needWeights);
    checkFlag(action, "averageAttnWeights", averageAttnWeights);
    if (cache !== null && !(cache instanceof KeyValueCache)) refuse(action, cache, "a KeyValueCache or null");
    const isBatched = this.#checkInputs(action, query, key, value), past = cache?.length ?? 0;
    const apart = this.#projected(query, key, value).map((each, k) =>
      this.#inHeads(isBatched ? each : each.unsqueeze(this.#batchAxis), k === 0 ? this.numHeads : this.numKeyValueHeads)
    ) as [Tensor, Tensor, Tensor];
    const q = this.rotary === null ? apart[0] : this.rotary.call(apart[0], past);
    const turned = this.rotary === null ? apart[1] : this.rotary.call(apart[1], past);
    const all = cache === null ? [turned, apart[2]] as const : cache.extend(turned, apart[2]);
    const [k, v] = this.#lengthened(...all), [batch, , queries] = q.shape as [number, number, number, number];
    const keys = all[0].shape[2]!, more = k.shape[2]! - keys;
    const isPlain = past === 0 && more === 0 && !masks.attnMask && !masks.keyPaddingMask;
    const sizes: Attended = { action, batch, heads: this.numHeads, queries, keys, isBatched };
    const list = [
      ...masks.attnMask ? [scoreMask(masks.attnMask, sizes)] : [],
      ...masks.keyPaddingMask ? [keyMask(masks.keyPaddingMask, sizes)] : [],
      ...causal && !isPlain ? [causalMask(queries, keys, past, q.device)] : [],
    ];
    // Keys that are added to the input's are seen by all queries.
    const mask = combined(more === 0 ? list : list.map((each) => each.pad([0, more])), q);
    const isCausal = causal && isPlain;
    const [found, weights] = needWeights
      ? this.#withWeights(q, k, v, mask, isCausal)
      : [this.#inBlocks(q, k, v, mask, isCausal), null];
    const joined = this.batchFirst ? found.permute(0, 2, 1, 3) : found.permute(2, 0, 1, 3);
    const output = this.outProjection.call(joined.flatten(2));
    const shown = weights === null ? null : averageAttnWeights ? weights.mean({ axes: 1 }) : weights;
    if (isBatched) return [output, shown];
    return [output.squeeze(this.#batchAxis), shown === null ? null : shown.squeeze(0)];
  }

  get #batchAxis(): 0 | 1 {
    return this.batchFirst ? 0 : 1;
  }

  /** Whether the inputs are a batch. */
  #checkInputs(action: string, ...inputs: readonly [query: Tensor, key: Tensor, value: Tensor]): boolean {
    const shapes = inputs.map((each) => checkInput(this, each).shape), rank = shapes[0]!.length;
    const [query, key, value] = shapes as [readonly number[], readonly number[], readonly number[]];
    const alike = key.length === value.length && key.slice(0, -1).every((length, axis) => length === value[axis]);
    const isBatch = rank === 3 && key.length === 3 && query[this.#batchAxis] === key[this.#batchAxis];
    const fits = shapes.every((shape, k) => shape.at(-1) === this.#features[k]);
    if (alike && fits && (isBatch || (rank === 2 && key.length === 2))) return isBatch;
    const [l, s] = this.batchFirst ? ["batch, l", "batch, s"] : ["l, batch", "s, batch"], [e, a, b] = this.#features;
    throw new TypeError(
      `Cannot ${action}: shapes ${shapes.map(showShape).join(", ")} must be [${l}, ${e}], [${s}, ${a}] and ` +
        `[${s}, ${b}], or lack the batch`,
    );
  }

  /** Queries, keys and values of all heads side by side. */
  #projected(...inputs: readonly [query: Tensor, key: Tensor, value: Tensor]): readonly Tensor[] {
    const { inProjection } = this, [query, key, value] = inputs;
    if (inProjection === null) {
      return [this.queryProjection!.call(query), this.keyProjection!.call(key), this.valueProjection!.call(value)];
    }
    const width = this.headDim * this.numKeyValueHeads, widths = [this.embedDim, width, width];
    if (query === key && key === value) return inProjection.call(query).split(widths, -1);
    const weights = inProjection.weight.split(widths, 1), biases = inProjection.bias?.split(widths);
    return inputs.map((each, k) => affine(each, weights[k]!, biases?.[k] ?? null));
  }

  /** [length, batch, heads x size], or with the batch first, to [batch, heads, length, size]. */
  #inHeads(x: Tensor, heads: number): Tensor {
    const apart = x.reshape([...x.shape.slice(0, 2), heads, this.headDim]);
    return this.batchFirst ? apart.permute(0, 2, 1, 3) : apart.permute(1, 2, 0, 3);
  }

  /** Keys and values with those that do not come from the input behind them. */
  #lengthened(key: Tensor, value: Tensor): [key: Tensor, value: Tensor] {
    const rows = [this.biasKey, this.biasValue], batch = key.shape[0]!, { numKeyValueHeads: heads, headDim } = this;
    const shape = [batch, heads, 1, headDim];
    return [key, value].map((each, k) => {
      const row = rows[k]?.reshape([1, heads, 1, headDim]).expand(shape);
      const zero = this.#addsZero ? zeros(shape, { dtype: each.dtype, device: each.device }) : undefined;
      const parts = [each, row, zero].filter((part) => part !== undefined);
      return parts.length === 1 ? each : concat(parts, 2);
    }) as [Tensor, Tensor];
  }

  #inBlocks(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, causal: boolean): Tensor {
    const groupedHeads = this.numKeyValueHeads < this.numHeads, { dropout } = this;
    const share = decided(() => dropout.training) ? dropout.p : 0;
    return scaledDotProductAttention(q, k, v, { mask, causal, dropout: share, groupedHeads });
  }

  #withWeights(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, causal: boolean): [Tensor, weights: Tensor] {
    const shared = this.numHeads / this.numKeyValueHeads;
    const [keys, values] = shared === 1 ? [k, v] : [k.repeatInterleave(shared, 1), v.repeatInterleave(shared, 1)];
    const scores = q.div(Math.sqrt(this.headDim)).matmul(keys.transpose());
    const weights = this.dropout.call(maskedSoftmax(scores, mask, causal));
    return [weights.matmul(values), weights];
  }

  /** The projections are single tensors there, and their biases are together even where their weights are not. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    const separate = ["query", "key", "value"].flatMap((part, piece): [string, PytorchPlace][] => [
      [`${part}Projection.weight`, { name: `${part[0]}_proj_weight`, isTransposed: true }],
      [`${part}Projection.bias`, { name: "in_proj_bias", piece }],
    ]);
    return {
      "inProjection.weight": { name: "in_proj_weight", isTransposed: true },
      "inProjection.bias": { name: "in_proj_bias" },
      ...Object.fromEntries(separate),
      outProjection: { name: "out_proj" },
      biasKey: { name: "bias_k" },
      biasValue: { name: "bias_v" },
    };
  }

  /** @ignore */
  protected override describe(): string {
    const { numHeads, numKeyValueHeads } = this;
    const grouped = numKeyValueHeads === numHeads ? "" : `, numKeyValueHeads: ${numKeyValueHeads}`;
    return `${this.embedDim}, ${numHeads}${grouped}${this.batchFirst ? ", batchFirst: true" : ""}`;
  }
}

/** The divisor itself. RangeError unless it divides the number. */
function checkDivisor(action: string, name: string, divisor: number, whole: string, number: number): number {
  checkFeatures(action, name, divisor);
  if (number % divisor === 0) return divisor;
  throw new RangeError(`Cannot ${action}: ${whole} ${number} must be a multiple of ${name} ${divisor}`);
}

/** A layer whose biases are 0 at first. */
function withoutShift(layer: Linear): Linear {
  if (layer.bias !== null) fillZeros(layer.bias);
  return layer;
}
