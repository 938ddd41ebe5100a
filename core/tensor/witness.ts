/**
 * The reports of tensors to whoever watches them: which memory is touched, which gradients are read and written, what ops
 * make. A captured function is watched while it is recorded.
 */
import type { NDArray } from "../array/ndarray.ts";
import type { Op, Value } from "./value.ts";

/** The receiver of the reports, such as a recording of `core/capture/recording.ts`. */
export interface Witness {
  /** The memory of a tensor was asked for. */
  touch(tensor: Value, array: NDArray): void;
  /** The gradient of a tensor, at present `found`, was asked for. */
  readGradient(tensor: Value, found: Value | null): void;
  /** The gradient of a tensor, until then `found`, is assigned. */
  writeGradient(tensor: Value, found: Value | null): void;
  /** Computes the results of `op` in its place; null where the op is to do so. */
  derive?(op: Op, inputs: readonly Value[], saved: readonly Value[]): readonly Value[] | null;
  /** `op` has made a tensor from `inputs`. */
  made?(tensor: Value, op: Op, inputs: readonly Value[]): void;
  /** Runs the gradient of a node's op. */
  differentiate?<T>(node: Value, gradient: () => T): T;
}

/** The present witness, or null. It is a variable, not a function, since every op reads it. */
export let witness: Witness | null = null;

/** Runs `body` while tensors report to `next`, or to nobody. */
export function witnessedBy<T>(next: Witness | null, body: () => T): T {
  const before = witness;
  witness = next;
  try {
    return body();
  } finally {
    witness = before;
  }
}

/** Has a witness watch until the function that is returned is called, also between the tasks of a program. */
export function beginWitness(next: Witness): () => void {
  const before = witness;
  witness = next;
  return () => witness = before;
}

/** A witness in front of the one before it, to which it passes every report on. */
export class PassingWitness implements Witness {
  /** The witness behind this one. */
  readonly behind: Witness | null = witness;

  touch(tensor: Value, array: NDArray): void {
    this.behind?.touch(tensor, array);
  }

  readGradient(tensor: Value, found: Value | null): void {
    this.behind?.readGradient(tensor, found);
  }

  writeGradient(tensor: Value, found: Value | null): void {
    this.behind?.writeGradient(tensor, found);
  }

  derive(op: Op, inputs: readonly Value[], saved: readonly Value[]): readonly Value[] | null {
    return this.behind?.derive?.(op, inputs, saved) ?? null;
  }

  made(tensor: Value, op: Op, inputs: readonly Value[]): void {
    this.behind?.made?.(tensor, op, inputs);
  }

  differentiate<T>(node: Value, gradient: () => T): T {
    const { behind } = this;
    return behind?.differentiate === undefined ? gradient() : behind.differentiate(node, gradient);
  }
}
