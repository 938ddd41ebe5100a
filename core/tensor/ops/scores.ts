/** Scores of queries and keys as whole matrices: what attention and its second derivatives are made of. */
import { type Shape, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";

/** The name of attention in messages. */
export const action = "scaledDotProductAttention";

/** TypeError unless the last axes of query, key and value agree. */
export function checkAttended(query: Shape, key: Shape, value: Shape): void {
  const wrong = query.length < 2 || key.length < 2 || value.length < 2;
  if (!wrong && query.at(-1) === key.at(-1) && key.at(-2) === value.at(-2)) return;
  throw new TypeError(
    `Cannot ${action}: shapes ${showShape(query)}, ${showShape(key)} and ${showShape(value)} must be [..., l, e], ` +
      "[..., s, e] and [..., s, v]",
  );
}

/** P ∘ (x - rows of P ∘ x summed): what comes back through a softmax. */
export function backThrough(weights: Tensor, x: Tensor): Tensor {
  return weights.mul(x.sub(weights.mul(x).sum({ axes: -1, keepDims: true })));
}

/** The softmax of scores where they may be seen; zeros where a whole row is hidden. */
export function hidden(scores: Tensor, mask: Tensor | null, causal: boolean): Tensor {
  let seen = scores;
  if (mask !== null) seen = mask.dtype === "bool" ? mask.where(scores, -Infinity) : scores.add(mask);
  if (causal) {
    seen = scores.onesLike().tril().notEqual(0).where(seen, -Infinity);
  }
  if (mask === null || seen.shape.at(-1) === 0) return seen.softmax(-1);
  const isBlind = seen.detach().max({ axes: -1, keepDims: true }).equal(-Infinity);
  return isBlind.where(0, isBlind.where(0, seen).softmax(-1));
}
