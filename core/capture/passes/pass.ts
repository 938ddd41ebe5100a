/**
 * What a pass is, and two changes to an instruction that several passes make.
 */
import { ofView } from "../../../kernels/schema.ts";
import type { Instruction, List, Slot, View } from "../list.ts";

/** A pass gives a list that computes the same bits in less time or memory. It does not change the list that it is given. */
export type Pass = (list: List) => List;

/** An instruction that does nothing on the device, and on the host what the given one does. */
export function actionsAlone({ actions }: Instruction): Instruction {
  return {
    words: [],
    views: [],
    actions: actions.map((action) => "at" in action ? { run: () => void action.read() } : action),
  };
}

/** The instruction with other slots in place of some; the views of those begin `offset` elements later. */
export function withSlots(
  instruction: Instruction,
  changed: ReadonlyMap<Slot, { slot: Slot; offset: number }>,
): Instruction {
  if (!instruction.views.some(({ slot }) => changed.has(slot))) return instruction;
  const words = instruction.words.slice();
  const views = instruction.views.map(({ at, slot }): View => {
    const other = changed.get(slot);
    if (other === undefined) return { at, slot };
    words[at + ofView.offset]! += other.offset;
    return { at, slot: other.slot };
  });
  return { ...instruction, words, views };
}
