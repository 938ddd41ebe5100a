/**
 * Dead code: instructions whose results nobody reads are dropped.
 */
import { type Instruction, type Slot, sources, target } from "../list.ts";
import { actionsAlone, type Pass } from "./pass.ts";

/**
 * Drops instructions whose results nobody reads. Those that write memory from outside or check indices stay, and so do
 * actions of the host.
 */
export const dropDead: Pass = ({ instructions, slots }) => {
  const needed = new Set<Slot>(), kept: Instruction[] = [];
  for (let place = instructions.length - 1; place >= 0; place--) {
    const instruction = instructions[place]!, out = target(instruction);
    const isNeeded = out === null || out.slot.bytes === null || out.slot.escapes || needed.has(out.slot);
    if (isNeeded) {
      kept.push(instruction);
      for (const { slot } of sources(instruction)) needed.add(slot);
    } else if (instruction.actions.length > 0) {
      // Counters and steps go on even where nobody wants their numbers.
      kept.push(actionsAlone(instruction));
    }
  }
  return { instructions: kept.reverse(), slots };
};
