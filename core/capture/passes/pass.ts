/**
 * What a pass is, and the two changes to an instruction that several passes make.
 */
import type { Instruction, List, Slot, View } from "../list.ts";

/** A pass: pure, and worth nothing but speed and memory. */
export type Pass = (list: List) => List;

/** Only what the instruction does on the host. */
export function actionsAlone({ actions }: Instruction): Instruction {
  return {
    words: [],
    views: [],
    actions: actions.map((action) => "at" in action ? { run: () => void action.read() } : action),
  };
}

/** Puts other slots, and offsets moved by so many elements, in place of some. */
export function withSlots(
  instruction: Instruction,
  changed: ReadonlyMap<Slot, { slot: Slot; offset: number }>,
): Instruction {
  if (!instruction.views.some(({ slot }) => changed.has(slot))) return instruction;
  const words = instruction.words.slice();
  const views = instruction.views.map(({ at, slot }): View => {
    const other = changed.get(slot);
    if (other === undefined) return { at, slot };
    words[at + 2]! += other.offset;
    return { at, slot: other.slot };
  });
  return { words, views, actions: instruction.actions };
}
