/**
 * Checks of indices: indices that come from outside are checked before anything else runs.
 */
import { opcode } from "../../../kernels/instruction.ts";
import { headOf, indexView, ofView, viewShape } from "../../../kernels/schema.ts";
import { type Instruction, type Slot, target, type View } from "../list.ts";
import { actionsAlone, type Pass } from "./pass.ts";

/** The view of an instruction's indices, its axes, and the bound that the indices must lie below; null without any. */
function indices({ words, views }: Instruction): { view: View; shape: number[]; bound: number } | null {
  const found = words.length === 0 ? null : indexView(words);
  return found && { view: views[found.view]!, shape: viewShape(words, found.view), bound: found.bound };
}

/** Checks indices that come from outside first, so that a call which is refused has not done anything. */
export const checkFirst: Pass = ({ instructions, slots }) => {
  const written = new Set<Slot>(), checks = new Map<string, Instruction>(), rest: Instruction[] = [];
  for (const instruction of instructions) {
    const found = indices(instruction), out = target(instruction);
    if (out !== null) written.add(out.slot);
    if (found === null || found.view.slot.bytes !== null || written.has(found.view.slot)) {
      rest.push(instruction);
      continue;
    }
    const { view: { at, slot }, shape, bound } = found, [outer, count, inner] = shape as [number, number, number];
    const fields = instruction.words.slice(at + ofView.dtype, at + ofView.strides + shape.length);
    const words = [opcode.check, headOf.check + 1 + fields.length, outer, count, bound, inner, 0, ...fields];
    checks.set(`${words} ${slot.number}`, { words, views: [{ at: headOf.check, slot }], actions: [] });
    if (out !== null) rest.push(instruction);
    else if (instruction.actions.length > 0) rest.push(actionsAlone(instruction));
  }
  return { instructions: [...checks.values(), ...rest], slots };
};
