/**
 * Passes over a captured list: each takes a list and gives one that computes the same bits with less.
 */
import { dtypeBytes, mapRows, opcode } from "../kernels/instruction.ts";
import { type Instruction, type List, type Slot, sources, target, type View } from "./instructions.ts";

/** A pass: pure, and worth nothing but speed and memory. */
export type Pass = (list: List) => List;

const isLive = ({ actions }: Instruction) => actions.some((action) => "at" in action);
const copyRow = mapRows.indexOf("copy");

/** How often each slot is written. */
function countWrites({ instructions }: List): Map<Slot, number> {
  const counts = new Map<Slot, number>();
  for (const instruction of instructions) {
    const out = target(instruction);
    if (out !== null) counts.set(out.slot, (counts.get(out.slot) ?? 0) + 1);
  }
  return counts;
}

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

/** Only what the instruction does on the host. */
function actionsAlone({ actions }: Instruction): Instruction {
  return {
    words: [],
    views: [],
    actions: actions.map((action) => "at" in action ? { run: () => void action.read() } : action),
  };
}

/** Puts other slots, and offsets moved by so many elements, in place of some. */
function withSlots(instruction: Instruction, changed: ReadonlyMap<Slot, { slot: Slot; offset: number }>): Instruction {
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

/** Computes what is computed twice from the same operands once. */
export const shareCommon: Pass = (list) => {
  const writes = countWrites(list), versions = new Map<Slot, number>(), known = new Map<string, Slot>();
  const changed = new Map<Slot, { slot: Slot; offset: number }>(), instructions: Instruction[] = [];
  for (const original of list.instructions) {
    const instruction = withSlots(original, changed), out = target(instruction);
    // A slot that is written once and whole holds what this instruction put there.
    const single = out !== null && out.slot.bytes !== null && !out.slot.escapes && writes.get(out.slot) === 1;
    if (single && instruction.actions.length === 0 && instruction.words[0] !== opcode.random) {
      const key = instruction.words.slice();
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

/** Reads the source of a whole, gapless copy instead of the copy, where nobody writes either of them afterwards. */
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
    if (words[0] === opcode.map && words[2] === copyRow && words[4] === 1 && !isLive(instruction)) {
      const [out, source] = views as [View, View], size = words[9]!;
      const plain = (view: View) => words[view.at + 3] === 1;
      const sameType = words[out.at + 1] === words[source.at + 1];
      const whole = out.slot.bytes === size * dtypeBytes[words[out.at + 1]!]! && words[out.at + 2] === 0;
      const still = writes.get(out.slot) === 1 && (lastWrite.get(source.slot) ?? -1) < place;
      if (plain(out) && plain(source) && sameType && whole && still && !out.slot.escapes) {
        changed.set(out.slot, { slot: source.slot, offset: words[source.at + 2]! });
        return;
      }
    }
    instructions.push(instruction);
  });
  return { instructions, slots: list.slots };
};

/** The passes in the order in which they help one another. */
export const passes: readonly Pass[] = [skipCopies, shareCommon, dropDead];
