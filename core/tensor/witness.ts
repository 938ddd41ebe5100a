/**
 * What tensors report while a captured function is recorded: whose memory it touches and what becomes of gradients.
 */
import type { NDArray } from "../array/ndarray.ts";
import type { Value } from "./value.ts";

/** What tensors report to; see `core/capture/recording.ts`. */
export interface Witness {
  /** The memory of a tensor was asked for. */
  touch(tensor: Value, array: NDArray): void;
  /** The gradient of a tensor, at present `found`, was asked for. */
  readGradient(tensor: Value, found: Value | null): void;
  /** The gradient of a tensor, until then `found`, is assigned. */
  writeGradient(tensor: Value, found: Value | null): void;
}

/** The witness of the function that is being captured, or null. A variable rather than a function: every op asks. */
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
