/**
 * Constants: instructions that depend on nothing that changes are run once, when the program is made.
 */
import { skeletonOf } from "../../../kernels/schema.ts";
import { countWrites, type Instruction, type Slot, sources, target } from "../list.ts";
import { type Pass, withSlots } from "./pass.ts";

/** A larger result is computed at each replay: that is cheaper than keeping its memory. */
const constantBytesMax = 1 << 16;

/** Sets instructions apart that depend on nothing that changes and have small results: these are computed once and kept. */
export const foldConstants: Pass = ({ instructions, slots }) => {
  const writes = countWrites({ instructions, slots }), varying = new Set<Slot>();
  for (const slot of slots) {
    const { bytes, constant, escapes } = slot, count = writes.get(slot) ?? 0;
    const isFixed = constant ? count === 0 : bytes !== null && bytes <= constantBytesMax && !escapes && count === 1;
    if (!isFixed) varying.add(slot);
  }
  const isFolded = (instruction: Instruction) => {
    const out = target(instruction);
    return out !== null && !varying.has(out.slot);
  };
  // A slot with one write is written before it is read, so that one walk finds all slots that vary.
  for (const instruction of instructions) {
    if (!isFolded(instruction)) continue;
    const { words, actions } = instruction, depends = sources(instruction).some(({ slot }) => varying.has(slot));
    if (depends || actions.length > 0 || !skeletonOf(words).pure) varying.add(target(instruction)!.slot);
  }
  const folded = instructions.filter(isFolded), rest = instructions.filter((instruction) => !isFolded(instruction));
  const changed = new Map<Slot, { slot: Slot; offset: number }>(), kept = new Map<Slot, Slot>();
  for (const { slot } of rest.flatMap(({ views }) => views)) {
    if (varying.has(slot) || slot.constant || changed.has(slot)) continue;
    const stand = { ...slot, bytes: null, constant: true };
    changed.set(slot, { slot: stand, offset: 0 });
    kept.set(stand, slot);
  }
  const stand = (slot: Slot) => changed.get(slot)?.slot ?? slot;
  return {
    instructions: rest.map((instruction) => withSlots(instruction, changed)),
    slots: slots.map(stand),
    once: { instructions: folded, kept },
  };
};
