/**
 * Dead code: instructions whose results nobody reads are dropped.
 */
import { type Instruction, type Slot, sources, target } from "../list.ts";
import { actionsAlone, type Pass } from "./pass.ts";

/** Drops what computes a value that nobody reads. What writes memory from outside, checks or acts on the host stays. */
export const dropDead: Pass = ({ instructions, slots }) => {
  const needed = new Set<Slot>(), kept: Instruction[] = [];
  for (let place = instructions.length - 1; place >= 0; place--) {
    const instruction = instructions[place]!, out = target(instruction);
    const isNeeded = out === null || out.slot.bytes === null || out.slot.escapes || needed.has(out.slot);
    if (isNeeded) {
      kept.push(instruction);
      for (const { slot } of sources(instruction)) needed.add(slot);
    } else if (instruction.actions.length > 0) {
      // Counters and steps go on even where their numbers are not wanted.
      kept.push(actionsAlone(instruction));
    }
  }
  return { instructions: kept.reverse(), slots };
};
