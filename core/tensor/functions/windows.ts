/** Attention, which is a function since none of its tensors is first. */
import { attention, type AttentionOptions } from "../composites/attention.ts";
import type { Tensor } from "../tensor.ts";

export type { AttentionOptions };

/**
 * `softmax(query keyᵀ / sqrt(e)) value`: query [..., l, e], key [..., s, e] and value [..., s, v] give [..., l, v]. The axes
 * before the last two stretch as in NumPy. A query that may see no key gives zeros.
 *
 * TypeError for shapes that do not agree, and where both a mask and `causal` are given.
 *
 * @example
 * ```ts
 * import { ones, scaledDotProductAttention, tensor } from "deneb";
 *
 * const query = ones([2, 3]), value = tensor([[1], [3]]);
 * const all = scaledDotProductAttention(query, query, value), causal = { causal: true };
 * if (all.toArray().join() !== "2,2") throw new Error(`${all}`);
 * if (scaledDotProductAttention(query, query, value, causal).toArray().join() !== "1,2") throw new Error("seen too much");
 * ```
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions = {},
): Tensor {
  return attention(query, key, value, options);
}
