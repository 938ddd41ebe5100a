/** What the constructors of all nets need: the maker of a norm by its name, and the check of a depth. */
import { checkCount, shown } from "../../core/internal.ts";
import { Affine } from "../layers/affine.ts";
import { Identity } from "../container.ts";
import { BatchNorm1d } from "../layers/batch_norm.ts";
import { LayerNorm1d } from "../layers/norm.ts";
import type { MakeNorm, Norm, NormName } from "./norm.ts";

const makers: Record<NormName, MakeNorm> = {
  affine: (features) => new Affine(features),
  batch: (features) => new BatchNorm1d(features),
  layer: (features) => new LayerNorm1d(features),
  // In the norm's place, so that the other parts keep their names.
  none: () => new Identity(),
};

/** The function that makes the norm. RangeError for what is neither a norm's name nor a function. */
export function makerOf(action: string, norm: Norm): MakeNorm {
  if (typeof norm === "function") return norm;
  if (typeof norm === "string" && Object.hasOwn(makers, norm)) return makers[norm];
  throw new RangeError(`Cannot ${action}: norm ${shown(norm)} must be affine, batch, layer, none or a function`);
}

/** The number of blocks itself. RangeError unless it is an integer from 0 to 10,000: more would take minutes to make. */
export function checkDepth(action: string, depth: number): number {
  return checkCount(action, "depth", depth, 0, 10_000);
}
