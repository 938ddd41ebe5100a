/**
 * In which of two orders a fold joins elements. The order is part of the result, so a pass that moves memory must leave it.
 */
import { ofView, placeOf } from "../../../kernels/schema.ts";
import type { Instruction } from "../list.ts";

const ofFold = placeOf.fold;

/**
 * Whether a fold goes down columns rather than along rows: what `isColumn` of `kernels/program/facts.zig` answers for the
 * same instruction. `kernels/program/fold_orders.json` lists cases that both are tested by.
 */
export function isColumn({ words, views }: Pick<Instruction, "words" | "views">): boolean {
  const rank = words[ofFold.rank]!, lengths = words.slice(ofFold.shape, ofFold.shape + rank);
  const isLong = (length: number) => length !== 1;
  const kept = lengths.slice(0, words[ofFold.kept]!).findLastIndex(isLong);
  if (kept < 0) return false;
  const reduced = lengths.findLastIndex(isLong);
  if (reduced < words[ofFold.kept]!) return true;
  for (const { at } of views.slice(1)) {
    const outside = Math.abs(words[at + ofView.strides + kept]!),
      inside = Math.abs(words[at + ofView.strides + reduced]!);
    if (outside === 0 && inside === 0) continue;
    return outside !== 0 && (inside === 0 || outside < inside);
  }
  return false;
}
