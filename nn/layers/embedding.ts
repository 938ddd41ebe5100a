/** Tables of rows that integers name: each row alone, and bags of rows joined. */
import {
  checkFlag,
  checkInteger,
  checkOptions,
  checkRange,
  refuse,
  sameShape,
  shown,
  showShape,
} from "../../core/internal.ts";
import { defineOp, group, noGrad, ones, randn, scope, Tensor, zeros } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";
import { Parameter } from "../parameter.ts";
import { placementNames, placementOf } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** Options of {@linkcode Embedding}. */
export interface EmbeddingLayerOptions extends PlacementOptions {
  /** The row that stands for padding: zeros at first, and no gradient changes it. A negative one counts from the end. */
  paddingIndex?: number | null;
  /** The greatest norm of a row: each row that is asked for is first scaled to it, in place, if it is longer; none by default. */
  maxNorm?: number | null;
  /** The p of the norm that `maxNorm` is for; 2 by default. */
  normType?: number;
  /** Whether the gradient of each row is divided by how often it was asked for; false by default. */
  scaleGradByFreq?: boolean;
  /** The rows to start with, which are copied; drawn from the standard normal distribution by default. */
  weight?: Tensor;
}

/** The table as it is, whose gradient is that of the result times the factors. */
const withScaledGradient = defineOp({
  name: "withScaledGradient",
  forward: (table: Tensor, _factors: Tensor) => table.detach(),
  gradient: (outGrad, _result, [, factors]) => [outGrad.mul(factors), null],
});

/** A table of rows: {@linkcode Embedding} or {@linkcode EmbeddingBag}. */
// deno-lint-ignore no-explicit-any -- as for `Module`.
export abstract class RowTable<Inputs extends any[]> extends Module<Inputs> {
  /** The rows [numEmbeddings, embeddingDim]. */
  readonly weight: Parameter;
  /** How many rows there are. */
  readonly numEmbeddings: number;
  /** How long a row is. */
  readonly embeddingDim: number;
  /** The row that stands for padding, counted from 0, or null. */
  readonly paddingIndex: number | null;
  /** The greatest norm of a row, or null. */
  readonly maxNorm: number | null;
  /** The p of the norm that `maxNorm` is for. */
  readonly normType: number;
  /** Whether the gradient of each row is divided by how often it was asked for. */
  readonly scaleGradByFreq: boolean;

  /** A table of so many rows. */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions) {
    super();
    const action = `make ${this.constructor.name}`;
    const { paddingIndex = null, maxNorm = null, normType = 2, scaleGradByFreq = false, weight } = options;
    this.numEmbeddings = checkFeatures(action, "numEmbeddings", numEmbeddings);
    this.embeddingDim = checkFeatures(action, "embeddingDim", embeddingDim);
    this.paddingIndex = paddingIndex === null ? null : placeOf(action, paddingIndex, numEmbeddings);
    this.maxNorm = maxNorm === null ? null : checkRange(action, "maxNorm", maxNorm, 0);
    if (typeof normType !== "number" || !(normType > 0)) {
      throw new RangeError(`Cannot ${action}: normType ${shown(normType)} must be a number above 0`);
    }
    this.normType = normType;
    this.scaleGradByFreq = checkFlag(action, "scaleGradByFreq", scaleGradByFreq);
    const placement = placementOf(action, options), shape = [numEmbeddings, embeddingDim], row = this.paddingIndex;
    if (weight !== undefined && !sameShape(shapeOf(action, weight), shape)) {
      throw new TypeError(
        `Cannot ${action}: weight of shape ${showShape(weight.shape)}, it must be ${showShape(shape)}`,
      );
    }
    using _ = scope();
    const drawn = weight ?? randn(shape, placement);
    this.weight = new Parameter(row === null || weight !== undefined ? drawn : drawn.setAt(row, 0), placement);
  }

  /** The table for a lookup of these indices, whose rows were scaled to `maxNorm` and whose gradient is scaled if it is to be. */
  protected tableFor(indices: Tensor): Tensor {
    const { weight, numEmbeddings, maxNorm, normType, scaleGradByFreq } = this;
    if (maxNorm === null && !scaleGradByFreq) return weight;
    const list = indices.reshape([indices.size]);
    if (maxNorm !== null && indices.size > 0) {
      noGrad(() =>
        group(() => {
          const rows = weight.take(list), norms = rows.norm({ axes: 1, keepDims: true, p: normType });
          const factors = norms.greater(maxNorm).where(norms.add(1e-7).reciprocal().mul(maxNorm), 1);
          weight.assignAt(list, rows.mul(factors));
        })
      );
    }
    if (!scaleGradByFreq) return weight;
    const place = { device: weight.device, dtype: weight.dtype };
    const counts = zeros([numEmbeddings], place).indexAdd(0, list, ones([indices.size], place));
    return withScaledGradient(weight, counts.clip(1, Infinity).reciprocal().reshape([numEmbeddings, 1]));
  }

  /** @ignore */
  protected override describe(): string {
    const { numEmbeddings, embeddingDim, paddingIndex } = this;
    return `${numEmbeddings}, ${embeddingDim}${paddingIndex === null ? "" : `, paddingIndex: ${paddingIndex}`}`;
  }
}

/** A row counted from 0. RangeError for one that there is not. */
function placeOf(action: string, row: number, count: number): number {
  checkInteger(action, "paddingIndex", row);
  if (row >= -count && row < count) return row < 0 ? row + count : row;
  throw new RangeError(`Cannot ${action}: paddingIndex ${row} must lie in [${-count}, ${count})`);
}

/** The shape of a table that is given. TypeError unless it is one. */
function shapeOf(action: string, rows: Tensor): readonly [numEmbeddings: number, embeddingDim: number] {
  if (!(rows instanceof Tensor)) refuse(action, rows, "a tensor of rows");
  if (rows.shape.length === 2) return rows.shape as unknown as [number, number];
  throw new TypeError(
    `Cannot ${action}: weight of shape ${showShape(rows.shape)}, it must be [numEmbeddings, embeddingDim]`,
  );
}

const tableNames = ["paddingIndex", "maxNorm", "normType", "scaleGradByFreq", "weight", ...placementNames] as const;

/** Options of `fromPretrained` beside those of the layer. */
export interface PretrainedOptions {
  /** Whether the rows stay as they are in training; true by default. */
  freeze?: boolean;
}

/** The layer that `make` makes for these rows, and whether it is trained. */
function frozen<O extends EmbeddingLayerOptions, T extends { readonly weight: Parameter }>(
  name: string,
  rows: Tensor,
  options: O & PretrainedOptions,
  make: (numEmbeddings: number, embeddingDim: number, options: O) => T,
): T {
  const action = `make ${name}`, { freeze = true, ...others } = checkOptions(action, options, "{ freeze: false }");
  checkFlag(action, "freeze", freeze);
  const layer = make(...shapeOf(action, rows), { ...others as unknown as O, weight: rows });
  layer.weight.requiresGrad = !freeze;
  return layer;
}

/**
 * The rows that integers name: [...] to [..., embeddingDim].
 *
 * Rows start as standard normal numbers, and the row `paddingIndex` as zeros. TypeError for indices that are no integers;
 * RangeError for a row that there is not, on GPUs at the next read.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const words = nn.Embedding.fromPretrained(tensor([[1, 2], [3, 4]]));
 * if (words.call(tensor([1, 0, 1], { dtype: "int32" })).toArray().flat().join() !== "3,4,1,2,3,4") throw new Error("wrong");
 * ```
 */
export class Embedding extends RowTable<[indices: Tensor]> {
  /** RangeError unless the counts are positive integers of at most 2^24, and for an option out of its range. */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    checkOptions(`make ${new.target.name}`, options, "{ paddingIndex: 0 }", tableNames);
    super(numEmbeddings, embeddingDim, options);
  }

  /** A layer with a copy of these rows [numEmbeddings, embeddingDim], which are not trained unless `freeze` is false. */
  static fromPretrained(rows: Tensor, options: EmbeddingLayerOptions & PretrainedOptions = {}): Embedding {
    return frozen("Embedding", rows, options, (...given) => new Embedding(...given));
  }

  /** [...] to [..., embeddingDim]. */
  override forward(indices: Tensor): Tensor {
    checkInput(this, indices);
    return indices.embedding(this.tableFor(indices), { paddingIndex: this.paddingIndex });
  }
}

/** Options of {@linkcode EmbeddingBag}. */
export interface EmbeddingBagLayerOptions extends EmbeddingLayerOptions {
  /** What the rows of a bag are joined to: their mean by default. */
  mode?: "sum" | "mean" | "max";
  /** Whether the offsets have one more number, which is where the last bag ends; false by default. */
  includeLastOffset?: boolean;
}

/**
 * The rows that bags of integers name, joined: [bags, count], or a list [n] that `offsets` [bags] divides, to
 * [bags, embeddingDim]. Rows `paddingIndex` do not count. A bag without rows gives zeros.
 *
 * TypeError for indices that are no integers; RangeError for a row that there is not, on GPUs at the next read.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const bags = new nn.EmbeddingBag(3, 1, { mode: "sum" });
 * bags.loadStateDict({ weight: tensor([[1], [2], [4]]) });
 * const ints = (...values: number[]) => tensor(Int32Array.from(values));
 * if (bags.call(ints(0, 1, 2), ints(0, 2)).toArray().flat().join() !== "3,4") throw new Error("wrong");
 * ```
 */
export class EmbeddingBag
  extends RowTable<[indices: Tensor, offsets?: Tensor | null, perSampleWeights?: Tensor | null]> {
  /** What the rows of a bag are joined to. */
  readonly mode: "sum" | "mean" | "max";
  /** Whether the offsets have one more number. */
  readonly includeLastOffset: boolean;

  /** RangeError unless the counts are positive integers of at most 2^24, and for an option out of its range. */
  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagLayerOptions = {}) {
    const action = `make ${new.target.name}`, names = [...tableNames, "mode", "includeLastOffset"] as const;
    const { mode = "mean", includeLastOffset = false, ...table } = checkOptions(
      action,
      options,
      '{ mode: "sum" }',
      names,
    );
    if (!["sum", "mean", "max"].includes(mode)) {
      throw new RangeError(`Cannot ${action}: mode ${shown(mode)} must be sum, mean or max`);
    }
    super(numEmbeddings, embeddingDim, table);
    if (mode === "max" && this.scaleGradByFreq) {
      throw new RangeError(`Cannot ${action}: scaleGradByFreq is not for mode max`);
    }
    this.mode = mode;
    this.includeLastOffset = checkFlag(action, "includeLastOffset", includeLastOffset);
  }

  /** A layer with a copy of these rows [numEmbeddings, embeddingDim], which are not trained unless `freeze` is false. */
  static fromPretrained(rows: Tensor, options: EmbeddingBagLayerOptions & PretrainedOptions = {}): EmbeddingBag {
    return frozen("EmbeddingBag", rows, options, (...given) => new EmbeddingBag(...given));
  }

  /** Bags of indices to [bags, embeddingDim]. `perSampleWeights`, of the indices' shape, are factors of the rows, for sums. */
  override forward(indices: Tensor, offsets: Tensor | null = null, perSampleWeights: Tensor | null = null): Tensor {
    checkInput(this, indices);
    const { mode, includeLastOffset, paddingIndex } = this;
    return indices.embeddingBag(this.tableFor(indices), {
      mode,
      includeLastOffset,
      paddingIndex,
      ...(offsets === null ? {} : { offsets }),
      ...(perSampleWeights === null ? {} : { perSampleWeights }),
    });
  }

  /** @ignore */
  protected override describe(): string {
    return `${super.describe()}, mode: ${this.mode}`;
  }
}
