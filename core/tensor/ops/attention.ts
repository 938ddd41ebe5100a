/**
 * Attention of queries to keys, whose values they are given, and its gradient. Both hold the scores of a few queries at a time.
 *
 * Second derivatives hold all scores: they are written in ops on whole matrices.
 */
import { attend, attendBack, type Attended, type Attending, attendNoise } from "../../array/attention.ts";
import { RandomPlace } from "../../array/counters.ts";
import { groupResults } from "../../array/group.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { checkFlag, checkOptions, checkShare, refuse } from "../../pure/check.ts";
import { toFloat } from "../../pure/dtype.ts";
import { broadcastShapes, type Shape } from "../../pure/shape.ts";
import { aside } from "../aside.ts";
import { type Adjoints, callWith, TensorOp, TensorTupleOp } from "../op.ts";
import { checkOperands, fitted } from "../operands.ts";
import { commonType, operandType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { DropoutOp } from "./activation.ts";
import { action, backThrough, checkAttended, hidden } from "./scores.ts";

/** What attention is, beside its operands. */
export interface AttentionSettings {
  /** The factor of the products. */
  scale: number;
  /** Whether query i sees keys 0 to i only; false by default. */
  causal?: boolean;
  /** The probability that a weight becomes 0, while the others are scaled by 1 / (1 - p): 0 by default. */
  dropout?: number;
}

const names = ["scale", "causal", "dropout"] as const;

/**
 * softmax(q kᵀ scale) v, of a query [..., l, e], a key [..., s, e] and a value [..., s, v]. A fourth operand is a mask, which
 * stretches to [..., l, s]: of type bool it is true where a query may see a key; of another type it is added to the products.
 * The axes before the last two stretch as in NumPy. A query that may see no key gives zeros.
 */
export class ScaledDotProductAttention extends TensorOp {
  /** The factor of the products. */
  readonly scale: number;
  /** Whether query i sees keys 0 to i only. */
  readonly causal: boolean;
  /** The probability that a weight becomes 0. */
  readonly dropout: number;
  /** Where the numbers of a call's dropout begin. */
  #place: RandomPlace | null = null;

  /** The settings may be another op of this kind: its fields have the same names. */
  constructor(settings: AttentionSettings) {
    super();
    const { scale, causal = false, dropout = 0 } = settings instanceof ScaledDotProductAttention
      ? settings
      : checkOptions(action, settings, "{ scale: 0.125 }", names);
    if (typeof scale !== "number") refuse(action, scale, "a number as the scale");
    checkFlag(action, "causal", causal);
    checkShare(action, "dropout", dropout);
    this.scale = scale;
    this.causal = causal;
    this.dropout = dropout;
  }
  /** @ignore Three, or four with a mask. */
  override get arity(): number {
    return 0;
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, inputs.length === 4 ? 4 : 3);
    const [query, key, value, mask] = inputs as [Tensor, Tensor, Tensor, Tensor?];
    checkAttended(query.shape, key.shape, value.shape);
    const dtype = operandType("half", toFloat(commonType([query, key, value])));
    let batch = [query, key, value].map(({ shape }): Shape => shape.slice(0, -2)).reduce((a, b) =>
      broadcastShapes(action, a, b)
    );
    const scores = (batch: Shape) => [...batch, query.shape.at(-2)!, key.shape.at(-2)!];
    if (mask !== undefined) batch = broadcastShapes(action, scores(batch), mask.shape).slice(0, -2);
    const ready = [query, key, value].flatMap((each) => fitted([each], dtype, [...batch, ...each.shape.slice(-2)]));
    return mask === undefined
      ? ready
      : [...ready, ...fitted([mask], mask.dtype === "bool" ? "bool" : dtype, scores(batch))];
  }
  /** Computes the result once, with what the gradient reads again. */
  override call(...inputs: Tensor[]): Tensor {
    // The gradient of a call draws the numbers of that call again.
    if (this.#place !== null) return new ScaledDotProductAttention(this).call(...inputs);
    const ready = this.prepare(inputs);
    if (!ready.every(({ hasElements }) => hasElements)) {
      if (this.dropout > 0) throw new Error(`Cannot ${action}: there is no dropout inside vmap`);
      return this.record(ready);
    }
    if (this.dropout > 0) this.#place = new RandomPlace();
    const [out, logSum] = aside(ready, (...arrays) => attend(attendedOf(arrays), this.attending));
    return callWith(() => this.record(ready, [out!, logSum!]), out!, logSum!);
  }
  /** @ignore The settings with the place where the numbers of dropout begin. */
  get attending(): Attending {
    return { causal: this.causal, scale: this.scale, dropout: this.dropout, place: this.#place };
  }
  /** Blocks of queries, unless the result was computed. */
  compute(query: NDArray, key: NDArray, value: NDArray, ...more: NDArray[]): NDArray {
    const out = more.at(-2);
    return out !== undefined ? out.share() : attend(attendedOf([query, key, value, ...more]), this.attending)[0];
  }
  /** Those of {@linkcode AttentionGradient}, and for a mask that of the scores. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const { inputs, saved } = y, mask = inputs[3];
    const back = new AttentionGradient(this), given = [...inputs, g];
    const adjoints = inputs.slice(0, 3).some(({ requiresGrad }) => requiresGrad)
      ? back.callKnowing(saved, given)
      : [null, null, null];
    return mask === undefined ? adjoints : [...adjoints, mask.requiresGrad ? back.inWhole(given).toScores : null];
  }
}

function attendedOf([query, key, value, mask]: readonly NDArray[]): Attended {
  return { query: query!, key: key!, value: value!, mask: mask ?? null };
}

/** The matrices of attention as a whole. */
interface Whole {
  /** The weights before dropout, and the adjoint of the scores. */
  readonly weights: Tensor;
  readonly toScores: Tensor;
  /** The adjoint of the weights before dropout. */
  readonly slopes: Tensor;
  /** Dropout with the numbers of the call. */
  readonly drop: (weights: Tensor) => Tensor;
}

/** The adjoints of query, key and value; of that of the result, which stands behind them and the mask. */
export class AttentionGradient extends TensorTupleOp {
  readonly #op: ScaledDotProductAttention;

  /** The gradient of `op`: of its one call, if it drops weights. */
  constructor(op: ScaledDotProductAttention) {
    super();
    this.#op = op;
  }
  /** @ignore */
  override get arity(): number {
    return 0;
  }
  /** Applies the op, with the result and the logarithms of sums known if there are any. */
  callKnowing(known: readonly Tensor[], inputs: readonly Tensor[]): readonly Tensor[] {
    return this.record(inputs, known);
  }
  /** Blocks of queries. */
  compute(...arrays: NDArray[]): readonly NDArray[] {
    const isKnown = arrays.length > 5, [out, logSum] = isKnown ? arrays.slice(-2) : [];
    const given = isKnown ? arrays.slice(0, -2) : arrays, attended = attendedOf(given.slice(0, -1)), g = given.at(-1)!;
    if (isKnown) return attendBack(attended, this.#op.attending, g, out!, logSum!);
    return groupResults(() => attendBack(attended, this.#op.attending, g, ...attend(attended, this.#op.attending)));
  }
  /** The matrices that blocks are parts of, in ops. */
  inWhole(inputs: readonly Tensor[]): Whole {
    const [query, key, value] = inputs as [Tensor, Tensor, Tensor], g = inputs.at(-1)!;
    const mask = inputs.length > 4 ? inputs[3]! : null;
    const scores = query.mul(this.#op.scale).matmul(key.transpose());
    const weights = hidden(scores, mask, this.#op.causal);
    const drop = this.#dropping(inputs), slopes = drop(g.matmul(value.transpose()));
    return { weights, slopes, drop, toScores: backThrough(weights, slopes) };
  }
  #dropping(inputs: readonly Tensor[]): (weights: Tensor) => Tensor {
    if (this.#op.dropout === 0) return (weights) => weights;
    const [noise] = aside(inputs, (...arrays) => [attendNoise(attendedOf(arrays.slice(0, 3)), this.#op.attending)]);
    return (weights) => new DropoutOp(this.#op.dropout).call(weights, noise!);
  }
  /**
   * With P the weights, M those that are kept, each scaled, S the adjoint of the scores, V = M ∘ (g vᵀ), and (a, b, c) the
   * adjoints of the results: the sum of S ∘ E and (M ∘ P) ∘ (g cᵀ), where E = scale (a kᵀ + q bᵀ), is differentiated.
   */
  gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints {
    const { inputs } = results[0]!, [query, key, value] = inputs as [Tensor, Tensor, Tensor], g = inputs.at(-1)!;
    const [a, b, c] = outGrads as [Tensor | null, Tensor | null, Tensor | null], { scale } = this.#op;
    const { weights, slopes, toScores, drop } = this.inWhole(inputs);
    const sum = (terms: readonly (Tensor | null)[]) =>
      terms.reduce((x, y) => x === null ? y : y === null ? x : x.add(y), null);
    const e = sum([a && a.matmul(key.transpose()), b && query.matmul(b.transpose())])?.mul(scale) ?? null;
    const flow = (x: Tensor, y: Tensor) => x.mul(y).sum({ axes: -1, keepDims: true });
    // What flows to the slopes, before and behind dropout.
    const toSlopes = e && drop(backThrough(weights, e));
    const toWeights = sum([
      e && e.mul(slopes.sub(flow(weights, slopes))).sub(flow(e, weights).mul(slopes)),
      c && drop(g.matmul(c.transpose())),
    ])!;
    const second = backThrough(weights, toWeights), mask = inputs.length > 4 ? inputs[3]! : null;
    const adjoints = [
      query.requiresGrad ? sum([second.matmul(key), b && toScores.matmul(b)])!.mul(scale) : null,
      key.requiresGrad
        ? sum([second.transpose().matmul(query), a && toScores.transpose().matmul(a)])!.mul(scale)
        : null,
      value.requiresGrad && toSlopes !== null ? toSlopes.transpose().matmul(g) : null,
    ];
    const toG = () => sum([toSlopes && toSlopes.matmul(value), c && drop(weights).matmul(c)]);
    const toMask = mask === null ? [] : [mask.requiresGrad ? second : null];
    return [...adjoints, ...toMask, g.requiresGrad ? toG() : null];
  }
}
