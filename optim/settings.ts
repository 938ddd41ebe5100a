/** The check of settings for which an optimizer needs state. */
import { shown } from "../core/internal.ts";

/** The number itself. RangeError unless it is 0, as it was when the optimizer was made: what it would need was not made then. */
export function checkZero(action: string, name: string, value: number): number {
  if (value === 0) return value;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(value)}, the optimizer was made without and it must stay 0`);
}
