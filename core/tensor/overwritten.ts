/**
 * Memory that a gradient reads again: an Error if it was written to since the op.
 *
 * What an op was given and what it made is not copied for its gradient, so that a write in place, such as an optimizer's
 * step, changes what the gradient finds. Whether a gradient reads it is seen while it runs: that of a sum does not.
 */
import type { NDArray } from "../array/ndarray.ts";
import { writesSoFar } from "../array/stream.ts";
import { showShape } from "../pure/shape.ts";
import type { Adjoints } from "./op.ts";
import type { Tensor } from "./tensor.ts";
import type { Value } from "./value.ts";
import { PassingWitness, witnessedBy } from "./witness.ts";

/** Whether the gradient of a node finds everything as its op has left it. Every node of a sweep asks. */
export function isIntact(node: Tensor): boolean {
  const { madeAt, inputs, saved, siblings } = node;
  if (madeAt === writesSoFar) return true;
  if (isLater(node, madeAt)) return false;
  for (let k = 0; k < inputs.length; k++) if (isLater(inputs[k]!, madeAt)) return false;
  for (let k = 0; k < saved.length; k++) if (isLater(saved[k]!, madeAt)) return false;
  return siblings === null || !siblings.some((sibling) => isLater(sibling, madeAt));
}

/** Whether the tensor's memory was written to later than at `time`. */
function isLater({ cachedData }: Tensor, time: number): boolean {
  return cachedData !== null && cachedData.storage.lastWrite > time;
}

/** The answer of a node's gradient. Throws an Error if the gradient reads a tensor that was overwritten since the op. */
export function unlessOverwritten(node: Tensor, gradient: () => Adjoints): Adjoints {
  if (isIntact(node)) return gradient();
  const { op, inputs, saved, siblings, madeAt } = node, overwritten = new Map<unknown, string>();
  const note = (tensors: readonly Tensor[], role: (place: number) => string) =>
    tensors.forEach((tensor, place) => isLater(tensor, madeAt) && overwritten.set(tensor, role(place)));
  note(saved, () => `what ${op!.name} saved`);
  note(siblings ?? [node], () => `the result of ${op!.name}`);
  note(inputs, (place) => `input ${place} of ${op!.name}`);
  return witnessedBy(new OverwrittenWitness(overwritten), gradient);
}

/** Throws when a tensor is read of which the old elements would be needed. */
class OverwrittenWitness extends PassingWitness {
  /** What such tensors are. */
  readonly #overwritten: ReadonlyMap<unknown, string>;

  constructor(overwritten: ReadonlyMap<unknown, string>) {
    super();
    this.#overwritten = overwritten;
  }

  override touch(tensor: Value, array: NDArray): void {
    const what = this.#overwritten.get(tensor);
    if (what !== undefined) {
      throw new Error(
        `Cannot differentiate: ${what}, tensor ${showShape(array.shape)}, was overwritten since; ` +
          "the gradient needs its old elements",
      );
    }
    super.touch(tensor, array);
  }
}
