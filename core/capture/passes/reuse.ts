/**
 * Memory in place: a map writes its result over an operand that nobody reads afterwards.
 */
import { opcode } from "../../../kernels/instruction.ts";
import { ofView, placeOf } from "../../../kernels/schema.ts";
import { groups, type Instruction, lifetimes, type Slot, sources, target, type View } from "../list.ts";
import { type Pass, withSlots } from "./pass.ts";

/** Type, offset and strides of a map's view, as text. */
function layoutAt({ words }: Instruction, { at }: View): string {
  return String(words.slice(at + ofView.dtype, at + ofView.strides + words[placeOf.map.rank]!));
}

/**
 * Lets a map write over an operand that nobody reads afterwards. Results that only their group reads stay where they are:
 * they need no memory where groups run tile by tile. An operand that its group also reads in another order is not
 * written over, since a tile may not have read it yet.
 */
export const reuseInPlace: Pass = (list) => {
  const spans = lifetimes(list), changed = new Map<Slot, { slot: Slot; offset: number }>();
  const isOwn = ({ bytes, escapes }: Slot) => bytes !== null && !escapes;
  const instructions: Instruction[] = [];
  for (const [begin, end] of groups(list)) {
    for (let place = begin; place < end; place++) {
      const instruction = withSlots(list.instructions[place]!, changed), out = target(instruction);
      instructions.push(instruction);
      if (instruction.words[0] !== opcode.map || !isOwn(out!.slot)) continue;
      const span = spans.get(out!.slot)!, layout = layoutAt(instruction, out!);
      if (span.first !== place || span.last < end) continue;
      const isFree = ({ slot }: View) =>
        isOwn(slot) && slot.bytes === out!.slot.bytes && spans.get(slot)!.last === place &&
        instructions.slice(begin).every((user) =>
          user.views.every((view) =>
            view.slot !== slot || (user.words[0] === opcode.map && layoutAt(user, view) === layout)
          )
        );
      const found = sources(instruction).find(isFree);
      if (found === undefined) continue;
      changed.set(out!.slot, { slot: found.slot, offset: 0 });
      spans.get(found.slot)!.last = span.last;
      instructions[place] = withSlots(instruction, changed);
    }
  }
  return { ...list, instructions };
};
