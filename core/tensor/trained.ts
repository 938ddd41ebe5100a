/**
 * Tensors that are meant to be trained, until somebody knows of them: a module that lists them, or an optimizer. One that gets
 * gradients and stays unknown is never updated, and nothing but a notice would show that.
 */
import { notice } from "../../kernels/native/environment.ts";
import { showShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";

/** The tensors that are not known yet. Weak, so that a tensor which is dropped unknown can be collected. */
const unknown = new Set<WeakRef<Tensor>>(), references = new WeakMap<Tensor, WeakRef<Tensor>>();
/** How many references there may be before those to collected tensors are let go. */
let room = 1024;

/** Takes down a tensor that is meant to be trained. */
export function meantToTrain(tensor: Tensor): void {
  const reference = new WeakRef(tensor);
  references.set(tensor, reference);
  unknown.add(reference);
  if (unknown.size < room) return;
  for (const each of unknown) if (each.deref() === undefined) unknown.delete(each);
  room = Math.max(1024, 2 * unknown.size);
}

/** Whether a tensor was ever meant to be trained, though it may require no gradient at present. */
export function isMeantToTrain(tensor: Tensor): boolean {
  return references.has(tensor);
}

/** Says that these tensors are listed by a module, or trained by an optimizer. */
export function knownToTrain(tensors: Iterable<Tensor>): void {
  if (unknown.size === 0) return;
  for (const tensor of tensors) {
    const reference = references.get(tensor);
    if (reference !== undefined) unknown.delete(reference);
  }
}

/** Tells of the tensors that have a gradient and that nobody knows of, each once. */
export function tellOfUntrained(): void {
  if (unknown.size === 0) return;
  const untrained: Tensor[] = [];
  for (const reference of unknown) {
    const tensor = reference.deref();
    if (tensor === undefined) unknown.delete(reference);
    else if (tensor.hasGradient) untrained.push(tensor);
  }
  tellOf(untrained);
}

/** Tells that these tensors get gradients but are not trained, and counts them as known. */
export function tellOf(untrained: readonly Tensor[]): void {
  if (untrained.length === 0) return;
  knownToTrain(untrained);
  const shapes = untrained.slice(0, 3).map(({ shape }) => showShape(shape)).join(", ");
  const others = untrained.length > 3 ? `, ${untrained.length - 3} more` : "";
  notice(
    `deneb: tensors get gradients, but no optimizer trains them and no module lists them: ${shapes}${others}. ` +
      "A module finds what its fields hold, but not what is in #private ones or in objects of other classes; " +
      "a constant is made by tensor().",
  );
}
