/** The parameters of layers as they are at first: where they lie, of which type they are, and which numbers they hold. */
import { checkDType, isFloat } from "../../core/internal.ts";
import { full, rand, scope, type Shape } from "../../core/mod.ts";
import { Parameter } from "../parameter.ts";
import type { PlacementOptions } from "./placement.ts";

/** The names of {@linkcode PlacementOptions}, for checks of options. */
export const placementNames = ["dtype", "device"] as const;

/** The placement alone, of a layer's options. TypeError for a type that is no float type. */
export function placementOf(action: string, { dtype, device }: PlacementOptions): PlacementOptions {
  if (dtype !== undefined) {
    checkDType(action, dtype);
    if (!isFloat(dtype)) throw new TypeError(`Cannot ${action}: type ${dtype} must be a float type`);
  }
  return { ...(dtype === undefined ? {} : { dtype }), ...(device === undefined ? {} : { device }) };
}

/** A parameter of uniform numbers in ±bound. */
export function uniformParameter(shape: Shape, bound: number, placement: PlacementOptions): Parameter {
  using _ = scope();
  return new Parameter(rand(shape, placement).mul(2 * bound).sub(bound));
}

/** A parameter of one number everywhere. */
export function constantParameter(shape: Shape, value: number, placement: PlacementOptions): Parameter {
  using _ = scope();
  return new Parameter(full(shape, value, placement));
}
