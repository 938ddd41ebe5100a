/**
 * Copies: whoever reads a copy reads its source instead.
 */
import { dtypeBytes, mapRows, opcode } from "../../../kernels/instruction.ts";
import { ofView, placeOf } from "../../../kernels/schema.ts";
import { countWrites, type Instruction, type Slot, target, type View } from "../list.ts";
import { actionsAlone, type Pass, withSlots } from "./pass.ts";

const isLive = ({ actions }: Instruction) => actions.some((action) => "at" in action);
const at = placeOf.map, copyRow = mapRows.indexOf("copy");

/** Drops a copy of a whole slot without gaps where neither the copy nor its source is written afterwards. */
export const skipCopies: Pass = (list) => {
  const writes = countWrites(list), lastWrite = new Map<Slot, number>();
  list.instructions.forEach((instruction, place) => {
    const out = target(instruction);
    if (out !== null) lastWrite.set(out.slot, place);
  });
  const changed = new Map<Slot, { slot: Slot; offset: number }>(), instructions: Instruction[] = [];
  list.instructions.forEach((original, place) => {
    const instruction = withSlots(original, changed);
    const { words, views } = instruction;
    if (words[0] === opcode.map && words[at.row] === copyRow && words[at.rank] === 1 && !isLive(instruction)) {
      const [out, source] = views as [View, View], size = words[at.shape]!;
      const plain = (view: View) => words[view.at + ofView.strides] === 1;
      const sameType = words[out.at + ofView.dtype] === words[source.at + ofView.dtype];
      const whole = out.slot.bytes === size * dtypeBytes[words[out.at + ofView.dtype]!]! &&
        words[out.at + ofView.offset] === 0;
      const still = writes.get(out.slot) === 1 && (lastWrite.get(source.slot) ?? -1) < place;
      if (plain(out) && plain(source) && sameType && whole && still && !out.slot.escapes) {
        changed.set(out.slot, { slot: source.slot, offset: words[source.at + ofView.offset]! });
        if (instruction.actions.length > 0) instructions.push(actionsAlone(instruction));
        return;
      }
    }
    instructions.push(instruction);
  });
  return { instructions, slots: list.slots };
};
