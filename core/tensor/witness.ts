/**
 * The reports of tensors while a captured function is recorded: which memory the function touches, and which gradients it
 * reads and writes.
 */
import type { NDArray } from "../array/ndarray.ts";
import type { Value } from "./value.ts";

/** The receiver of the reports, which `core/capture/recording.ts` implements. */
export interface Witness {
  /** The memory of a tensor was asked for. */
  touch(tensor: Value, array: NDArray): void;
  /** The gradient of a tensor, at present `found`, was asked for. */
  readGradient(tensor: Value, found: Value | null): void;
  /** The gradient of a tensor, until then `found`, is assigned. */
  writeGradient(tensor: Value, found: Value | null): void;
}

/** The witness of the function that is being recorded, or null. It is a variable, not a function, since every op reads it. */
export let witness: Witness | null = null;

/** Runs `body` while tensors report to `next`. */
export function witnessedBy<T>(next: Witness, body: () => T): T {
  const before = witness;
  witness = next;
  try {
    return body();
  } finally {
    witness = before;
  }
}
