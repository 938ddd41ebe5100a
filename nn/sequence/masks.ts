/**
 * Masks of attention as PyTorch's modules take them: of type bool they are true where a key is *hidden*, of another type they
 * are added to the scores. `scaledDotProductAttention` takes bools the other way round, true where a key is seen.
 */
import { checkTensor, isFloat, sameShape, showShape } from "../../core/internal.ts";
import { ones, Tensor } from "../../core/mod.ts";

/** The sizes of what a mask is for. */
export interface Attended {
  /** What is being done, for messages. */
  readonly action: string;
  /** The number of examples, of heads, of queries and of keys. */
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Whether there is an axis of examples. */
  readonly isBatched: boolean;
}

/** The mask of scores, as [1 or batch, 1 or heads, queries, keys]. TypeError for another shape. */
export function scoreMask(mask: Tensor, { action, batch, heads, queries, keys }: Attended): Tensor {
  checkMask(action, "attnMask", mask);
  if (sameShape(mask.shape, [queries, keys])) return mask.reshape([1, 1, queries, keys]);
  if (sameShape(mask.shape, [batch * heads, queries, keys])) return mask.reshape([batch, heads, queries, keys]);
  throw new TypeError(
    `Cannot ${action}: attnMask of shape ${showShape(mask.shape)}, it must be [${queries}, ${keys}] ` +
      `or [${batch * heads}, ${queries}, ${keys}]`,
  );
}

/** The mask of keys, as [batch, 1, 1, keys]. TypeError for another shape. */
export function keyMask(mask: Tensor, { action, batch, keys, isBatched }: Attended): Tensor {
  checkMask(action, "keyPaddingMask", mask);
  const wanted = isBatched ? [batch, keys] : [keys];
  if (sameShape(mask.shape, wanted)) return mask.reshape([batch, 1, 1, keys]);
  throw new TypeError(
    `Cannot ${action}: keyPaddingMask of shape ${showShape(mask.shape)}, it must be ${showShape(wanted)}`,
  );
}

/** TypeError for what is no mask. */
function checkMask(action: string, name: string, mask: Tensor): void {
  if (!(mask instanceof Tensor)) checkTensor(action, mask);
  if (mask.dtype === "bool" || isFloat(mask.dtype)) return;
  throw new TypeError(`Cannot ${action}: ${name} of type ${mask.dtype}, it must be bool or a float type`);
}

/** True where a key comes after a query, of which the first is at that position: [1, 1, queries, keys]. */
export function causalMask(queries: number, keys: number, position: number, device: string): Tensor {
  return ones([1, 1, queries, keys], { dtype: "bool", device }).triu(1 + position);
}

/** All masks in one, in the sense of `scaledDotProductAttention`; null where there is none. */
export function combined(masks: readonly Tensor[], like: Tensor): Tensor | null {
  if (masks.length === 0) return null;
  if (masks.every(({ dtype }) => dtype === "bool")) return masks.reduce((a, b) => a.or(b)).not();
  const { dtype } = like;
  return masks
    .map((mask) => mask.dtype === "bool" ? mask.zerosLike().cast(dtype).maskedFill(mask, -Infinity) : mask.cast(dtype))
    .reduce((a, b) => a.add(b));
}
