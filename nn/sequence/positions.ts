/** Positions for models that would not see the order of a sequence: PositionalEncoding and PositionalEmbedding. */
import { checkCount, checkFlag, checkOptions, checkShare, showShape } from "../../core/internal.ts";
import { randn, scope, type Tensor, tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Dropout } from "../layers/dropout.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Options of {@linkcode PositionalEmbedding}. */
export interface PositionOptions {
  /** Whether inputs are [batch, length, features] rather than [length, batch, features]; false by default. */
  batchFirst?: boolean;
}

/** Options of {@linkcode PositionalEncoding}. */
export interface PositionalEncodingOptions extends PositionOptions {
  /** The probability with which elements of the sum are dropped in training; 0 by default. */
  dropout?: number;
}

/** The length of an input [length, features], [length, batch, features] or [batch, length, features]. TypeError for others. */
function lengthOf(module: object, x: Tensor, features: number, batchFirst: boolean): number {
  const { shape } = checkLastAxis(module, x, features);
  if (shape.length === 2) return shape[0]!;
  if (shape.length === 3) return shape[batchFirst ? 1 : 0]!;
  throw new TypeError(
    `Cannot apply ${module.constructor.name}: input of shape ${showShape(shape)}, it must have two or three axes`,
  );
}

/** Adds rows [length, features] to an input: to each example of a batch. */
function addRows(x: Tensor, rows: Tensor, batchFirst: boolean): Tensor {
  return x.add(x.shape.length === 3 && !batchFirst ? rows.unsqueeze(1) : rows);
}

/**
 * Adds waves to the rows of a sequence (Vaswani et al. 2017): at position p `sin(p / 10000^(2 i / features))` to element 2 i,
 * and the cosine of the same angle to element 2 i + 1.
 *
 * Input [length, batch, features], [batch, length, features] with `batchFirst`, or [length, features]. The first row is at
 * position 0, or at the `offset` of the call. It has no parameters, and its state is empty.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const y = new nn.PositionalEncoding(2).call(zeros([3, 2])).toArray();
 * if (y[0].join() !== "0,1" || Math.abs(y[2][0] - Math.sin(2)) > 1e-6) throw new Error("wrong");
 * ```
 */
export class PositionalEncoding extends Module<[x: Tensor, offset?: number]> {
  /** The length of the last axis. */
  readonly features: number;
  /** Whether inputs are [batch, length, features]. */
  readonly batchFirst: boolean;
  /** What is applied to the sum. */
  readonly dropout: Dropout;

  /** RangeError unless `features` is a positive integer, and `dropout` in [0, 1]; TypeError for an unknown option. */
  constructor(features: number, options: PositionalEncodingOptions = {}) {
    super();
    const action = "make PositionalEncoding", names = ["batchFirst", "dropout"] as const;
    const { batchFirst = false, dropout = 0 } = checkOptions(action, options, "{ batchFirst: true }", names);
    this.features = checkFeatures(action, "features", features);
    this.batchFirst = checkFlag(action, "batchFirst", batchFirst);
    this.dropout = new Dropout(checkShare(action, "dropout", dropout));
  }

  /** To the same shape. RangeError for an offset that is no integer of at least 0. */
  override forward(x: Tensor, offset: number = 0): Tensor {
    const { features, batchFirst } = this, length = lengthOf(this, x, features, batchFirst);
    checkCount("apply PositionalEncoding", "offset", offset, 0, 2 ** 31);
    const waves = Float64Array.from({ length: length * features }, (_, k) => {
      const element = k % features, angle = (offset + Math.floor(k / features)) / 10000 ** ((element & ~1) / features);
      return element % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    });
    const rows = tensor(waves, { shape: [length, features], dtype: x.dtype, device: x.device });
    return this.dropout.call(addRows(x, rows, batchFirst));
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}

/**
 * Adds a learned row for each position (Gehring et al. 2017), of at most `maxLength` positions.
 *
 * Input [length, batch, features], [batch, length, features] with `batchFirst`, or [length, features]. The first row is at
 * position 0, or at the `offset` of the call.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const positions = new nn.PositionalEmbedding(10, 2), y = positions.call(zeros([3, 2]));
 * if (y.toArray().join() !== positions.weight.at(":3").toArray().join()) throw new Error("wrong");
 * ```
 */
export class PositionalEmbedding extends Module<[x: Tensor, offset?: number]> {
  /** A row for each position: [maxLength, features], normal with a standard deviation of 0.02 at first. */
  readonly weight: Parameter;
  /** The number of positions. */
  readonly maxLength: number;
  /** The length of the last axis. */
  readonly features: number;
  /** Whether inputs are [batch, length, features]. */
  readonly batchFirst: boolean;

  /** RangeError unless both counts are positive integers; TypeError for an unknown option. */
  constructor(maxLength: number, features: number, options: PositionOptions = {}) {
    super();
    const action = "make PositionalEmbedding";
    const { batchFirst = false } = checkOptions(action, options, "{ batchFirst: true }", ["batchFirst"]);
    this.maxLength = checkFeatures(action, "maxLength", maxLength);
    this.features = checkFeatures(action, "features", features);
    this.batchFirst = checkFlag(action, "batchFirst", batchFirst);
    using _ = scope();
    this.weight = new Parameter(randn([maxLength, features]).mul(0.02));
  }

  /** To the same shape. RangeError where a row's position is not below `maxLength`. */
  override forward(x: Tensor, offset: number = 0): Tensor {
    const action = "apply PositionalEmbedding", length = lengthOf(this, x, this.features, this.batchFirst);
    checkCount(action, "offset", offset, 0);
    if (offset + length > this.maxLength) {
      throw new RangeError(`Cannot ${action}: ${length} rows from position ${offset}, there are ${this.maxLength}`);
    }
    return addRows(x, this.weight.narrow(0, offset, length), this.batchFirst);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.maxLength}, ${this.features}`;
  }
}
