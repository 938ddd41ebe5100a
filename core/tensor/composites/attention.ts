/** Attention of queries to keys, whose values they are given. */
import { arrayFrom } from "../../array/elements.ts";
import { checkFlag, checkOptions, checkShare, refuse } from "../../pure/check.ts";
import { broadcastShapes, showShape } from "../../pure/shape.ts";
import { checkOperands, isTensor } from "../operands.ts";
import { BroadcastTo, comparisons, DropoutOp, matmul, Reshape, where } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { noiseLike } from "../update.ts";

/** The options of attention. */
export interface AttentionOptions {
  /**
   * Stretches to [..., l, s]. Of type bool it is true where a query may see a key; of another type it is added to the scaled
   * products.
   */
  mask?: Tensor | null;
  /** Whether query i sees keys 0 to i only; false by default. */
  causal?: boolean;
  /** The probability that a weight becomes 0, while the others are scaled by 1 / (1 - p): 0 by default. */
  dropout?: number;
  /** The factor of the products: 1 / sqrt(e) by default. */
  scale?: number;
  /** Whether several heads of queries, which lie along axis -3, share a head of keys and values; false by default. */
  groupedHeads?: boolean;
}

const action = "scaledDotProductAttention";
const names = ["mask", "causal", "dropout", "scale", "groupedHeads"] as const;

/** softmax(q kᵀ scale) v. */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { mask = null, causal = false, dropout = 0, scale, groupedHeads = false } = checkOptions(
    action,
    options,
    "{ causal: true }",
    names,
  );
  checkOperands({ action, arity: 3, precision: "given" }, [query, key, value], 3);
  checkFlag(action, "causal", causal);
  checkFlag(action, "groupedHeads", groupedHeads);
  checkShare(action, "dropout", dropout);
  const q = query.shape, k = key.shape, v = value.shape, wrong = q.length < 2 || k.length < 2 || v.length < 2;
  if (wrong || q.at(-1) !== k.at(-1) || k.at(-2) !== v.at(-2)) {
    throw new TypeError(
      `Cannot ${action}: shapes ${showShape(q)}, ${showShape(k)} and ${
        showShape(v)
      } must be [..., l, e], [..., s, e] ` +
        "and [..., s, v]",
    );
  }
  if (scale !== undefined && typeof scale !== "number") refuse(action, scale, "a number as the scale");
  if (mask !== null && causal) throw new TypeError(`Cannot ${action}: both mask and causal are given`);
  const [keys, values] = groupedHeads ? [key, value].map((each) => headsOf(each, query)) : [key, value];
  const scores = matmul.call(query.mul(scale ?? 1 / Math.sqrt(q.at(-1)!)), keys!.transpose());
  const seen = causal ? causalMask(query, q.at(-2)!, k.at(-2)!) : mask;
  const weights = seen === null ? scores.softmax(-1) : maskedSoftmax(scores, seen, causal);
  return matmul.call(dropout === 0 ? weights : new DropoutOp(dropout).call(weights, noiseLike(weights)), values!);
}

/** Heads of keys or values, each as often as heads of the query share it. */
function headsOf(shared: Tensor, query: Tensor): Tensor {
  const heads = query.shape.at(-3), { shape } = shared, own = shape.at(-3);
  if (heads === undefined || own === undefined || own === 0 || heads % own !== 0) {
    throw new TypeError(
      `Cannot ${action}: heads of ${showShape(query.shape)} must be a multiple of ${showShape(shape)}'s`,
    );
  }
  const before = shape.slice(0, -3), last = shape.slice(-2);
  const apart = new Reshape([...before, own, 1, ...last]).call(shared);
  const stretched = new BroadcastTo([...before, own, heads / own, ...last]).call(apart);
  return new Reshape([...before, heads, ...last]).call(stretched);
}

/** True where the place of a key is not behind that of the query: [l, s]. */
function causalMask(beside: Tensor, l: number, s: number): Tensor {
  const [row, column] = [[l, 1], [s]].map((shape) => {
    const places = Int32Array.from({ length: shape[0]! }, (_, k) => k);
    return beside.wrap(arrayFrom(places, { shape, dtype: "int32", device: beside.device }));
  });
  return comparisons.greaterEqual.call(row!, column!);
}

/** The softmax of scores where a mask lets them be seen; zeros where it hides a whole row. */
function maskedSoftmax(scores: Tensor, mask: Tensor, isCausal: boolean): Tensor {
  if (!isTensor(mask)) refuse(action, mask, "a tensor or null as the mask");
  broadcastShapes(action, scores.shape, mask.shape);
  const hidden = mask.dtype === "bool" ? where.call(mask, scores, -Infinity) : scores.add(mask.cast(scores.dtype));
  // Each query sees the first key at least.
  if (isCausal || hidden.shape.at(-1) === 0) return hidden.softmax(-1);
  const isBlind = comparisons.equal.call(hidden.detach().max({ axes: -1, keepDims: true }), -Infinity);
  return where.call(isBlind, 0, where.call(isBlind, 0, hidden).softmax(-1));
}
