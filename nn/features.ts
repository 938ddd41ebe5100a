/** The check of a layer's size. */
import { checkCount } from "../core/internal.ts";

/** The most features that a layer takes: a count beyond it is surely another number, and its memory would take minutes. */
const featuresMost = 2 ** 24;

/** The count itself. RangeError unless it is a positive integer of at most 2^24. */
export function checkFeatures(action: string, name: string, count: number): number {
  return checkCount(action, name, count, 1, featuresMost);
}
