/**
 * Common subexpressions: two instructions that compute the same become one.
 */
import { skeletonOf } from "../../../kernels/schema.ts";
import { countWrites, type Instruction, type Slot, sources, target } from "../list.ts";
import { type Pass, withSlots } from "./pass.ts";

/** Drops an instruction that an earlier one equals in words and operands, and reads the earlier result instead. */
export const shareCommon: Pass = (list) => {
  const writes = countWrites(list), versions = new Map<Slot, number>();
  /** The results so far, by all that they follow from. */
  const known = new Map<string, Slot>();
  const changed = new Map<Slot, { slot: Slot; offset: number }>(), instructions: Instruction[] = [];
  for (const original of list.instructions) {
    const instruction = withSlots(original, changed), out = target(instruction);
    // A slot that only this instruction writes holds nothing but its result.
    const single = out !== null && out.slot.bytes !== null && !out.slot.escapes && writes.get(out.slot) === 1;
    if (single && instruction.actions.length === 0 && skeletonOf(instruction.words).pure) {
      // As text, -0 is 0, from which other infinities follow.
      const key = instruction.words.map((word) => Object.is(word, -0) ? "-0" : word);
      for (const { at } of instruction.views) key[at] = 0;
      const operands = sources(instruction).map(({ slot }) => `${slot.number}.${versions.get(slot) ?? 0}`);
      const text = `${key} ${operands} ${out.slot.bytes}`, before = known.get(text);
      if (before !== undefined) {
        changed.set(out.slot, { slot: before, offset: 0 });
        continue;
      }
      known.set(text, out.slot);
    }
    if (out !== null) versions.set(out.slot, (versions.get(out.slot) ?? 0) + 1);
    instructions.push(instruction);
  }
  return { instructions, slots: list.slots };
};
