/** Attention of queries to keys, whose values they are given. */
import { checkFlag, checkOptions, refuse } from "../../pure/check.ts";
import { showShape } from "../../pure/shape.ts";
import { checkOperands, isTensor } from "../operands.ts";
import { BroadcastTo, Reshape, ScaledDotProductAttention } from "../ops/mod.ts";
import { action, checkAttended } from "../ops/scores.ts";
import type { Tensor } from "../tensor.ts";

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

const names = ["mask", "causal", "dropout", "scale", "groupedHeads"] as const;

/** softmax(q kᵀ scale) v. */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { mask = null, causal = false, dropout, scale, groupedHeads = false } = checkOptions(
    action,
    options,
    "{ causal: true }",
    names,
  );
  checkOperands({ action, arity: 3, precision: "given" }, [query, key, value], 3);
  checkFlag(action, "groupedHeads", groupedHeads);
  checkAttended(query.shape, key.shape, value.shape);
  if (mask !== null && !isTensor(mask)) refuse(action, mask, "a tensor or null as the mask");
  if (mask !== null && causal) throw new TypeError(`Cannot ${action}: both mask and causal are given`);
  const op = new ScaledDotProductAttention({
    scale: scale ?? 1 / Math.sqrt(query.shape.at(-1)!),
    causal,
    ...(dropout === undefined ? {} : { dropout }),
  });
  const attend = (query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null) =>
    mask === null ? op.call(query, key, value) : op.call(query, key, value, mask);
  return groupedHeads ? inGroups(attend, query, key, value, mask) : attend(query, key, value, mask);
}

/** Attention of groups of heads of the query, of which each shares a head of keys and values: nothing is copied for them. */
function inGroups(
  attend: (query: Tensor, key: Tensor, value: Tensor, mask: Tensor | null) => Tensor,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
): Tensor {
  const heads = query.shape.at(-3), own = key.shape.at(-3);
  for (const { shape } of [key, value]) {
    const shared = shape.at(-3);
    if (heads !== undefined && shared !== undefined && shared > 0 && heads % shared === 0) continue;
    throw new TypeError(
      `Cannot ${action}: heads of ${showShape(query.shape)} must be a multiple of ${showShape(shape)}'s`,
    );
  }
  if (own !== value.shape.at(-3)) return attend(query, repeated(key, heads!), repeated(value, heads!), mask);
  const apart = (x: Tensor, first: number, second: number) =>
    new Reshape([...x.shape.slice(0, -3), first, second, ...x.shape.slice(-2)]).call(x);
  const isForEach = mask !== null && mask.shape.length > 2;
  const maskApart = !isForEach ? mask : mask.shape.at(-3) === 1 ? apart(mask, 1, 1) : apart(mask, own!, heads! / own!);
  const result = attend(apart(query, own!, heads! / own!), apart(key, own!, 1), apart(value, own!, 1), maskApart);
  return new Reshape([...result.shape.slice(0, -4), heads!, ...result.shape.slice(-2)]).call(result);
}

/** Heads of keys or values, each as often as heads of the query share it. */
function repeated(shared: Tensor, heads: number): Tensor {
  const { shape } = shared, own = shape.at(-3)!, before = shape.slice(0, -3), last = shape.slice(-2);
  const apart = new Reshape([...before, own, 1, ...last]).call(shared);
  const stretched = new BroadcastTo([...before, own, heads / own, ...last]).call(apart);
  return new Reshape([...before, heads, ...last]).call(stretched);
}
