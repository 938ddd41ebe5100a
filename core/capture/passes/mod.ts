/**
 * Passes over a captured list: each takes a list and gives one that computes the same bits with less.
 */
import { dtypeBytes, mapRows, opcode } from "../../../kernels/instruction.ts";
import { indexView, placeOf, skeletonOf, viewsAt, viewShape } from "../../../kernels/schema.ts";
import {
  countWrites,
  groups,
  type Instruction,
  isElementwise,
  lifetimes,
  type List,
  type Slot,
  sources,
  target,
  type View,
} from "../list.ts";
import { sizeOf } from "../../pure/shape.ts";
import { turnProducts } from "./turn_products.ts";

/** A pass: pure, and worth nothing but speed and memory. */
export type Pass = (list: List) => List;

const isLive = ({ actions }: Instruction) => actions.some((action) => "at" in action);
const at = placeOf.map, copyRow = mapRows.indexOf("copy");

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
    if (single && instruction.actions.length === 0 && skeletonOf(instruction.words).pure) {
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
    if (words[0] === opcode.map && words[at.row] === copyRow && words[at.rank] === 1 && !isLive(instruction)) {
      const [out, source] = views as [View, View], size = words[at.shape]!;
      const plain = (view: View) => words[view.at + 3] === 1;
      const sameType = words[out.at + 1] === words[source.at + 1];
      const whole = out.slot.bytes === size * dtypeBytes[words[out.at + 1]!]! && words[out.at + 2] === 0;
      const still = writes.get(out.slot) === 1 && (lastWrite.get(source.slot) ?? -1) < place;
      if (plain(out) && plain(source) && sameType && whole && still && !out.slot.escapes) {
        changed.set(out.slot, { slot: source.slot, offset: words[source.at + 2]! });
        if (instruction.actions.length > 0) instructions.push(actionsAlone(instruction));
        return;
      }
    }
    instructions.push(instruction);
  });
  return { instructions, slots: list.slots };
};

/** The view of the indices that an instruction refuses where they are out of range, and their number and bound. */
function indices({ words, views }: Instruction): { view: View; count: number; bound: number } | null {
  const found = words.length === 0 ? null : indexView(words);
  return found && { view: views[found.view]!, count: sizeOf(viewShape(words, found.view)), bound: found.bound };
}

/** Checks indices that come from outside before all else, so that a call which is refused has not done anything. */
export const checkFirst: Pass = ({ instructions, slots }) => {
  const written = new Set<Slot>(), checks = new Map<string, Instruction>(), rest: Instruction[] = [];
  for (const instruction of instructions) {
    const found = indices(instruction), out = target(instruction);
    if (out !== null) written.add(out.slot);
    if (found === null || found.view.slot.bytes !== null || written.has(found.view.slot)) {
      rest.push(instruction);
      continue;
    }
    const { view: { at, slot }, count, bound } = found, fields = instruction.words.slice(at, at + 4);
    const words = [opcode.check, viewsAt.check + fields.length, count, bound, 0, ...fields.slice(1)];
    checks.set(`${words} ${slot.number}`, { words, views: [{ at: viewsAt.check, slot }], actions: [] });
    if (out !== null) rest.push(instruction);
    else if (instruction.actions.length > 0) rest.push(actionsAlone(instruction));
  }
  return { instructions: [...checks.values(), ...rest], slots };
};

/** Larger constants are cheaper to fill again than to keep. */
const constantBytesMax = 1 << 16;

/** Runs what depends on nothing that changes once, and keeps its small results. */
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
  // A slot that is written once is written before it is read, so that one walk finds all.
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

/**
 * Puts a product right before the first map or fold that reads it, where only products stand between that do not: the
 * device may run the two together.
 */
export const followProducts: Pass = ({ instructions, slots }) => {
  const list = instructions.slice(),
    isProduct = ({ words, actions }: Instruction) => words[0] === opcode.matmul && actions.length === 0;
  for (let place = list.length - 1; place >= 0; place--) {
    const product = list[place]!;
    if (!isProduct(product)) continue;
    const out = target(product)!.slot;
    let end = place + 1;
    // Neither writes what the other reads or writes.
    for (; end < list.length; end++) {
      const other = list[end]!;
      if (!isProduct(other) || other.views.some(({ slot }) => slot === out)) break;
      if (product.views.some(({ slot }) => slot === target(other)!.slot)) break;
    }
    const next = list[end];
    const reads = next !== undefined && isElementwise(next) && sources(next).some(({ slot }) => slot === out);
    if (!reads || end === place + 1) continue;
    list.splice(place, 1);
    list.splice(end - 1, 0, product);
  }
  return { instructions: list, slots };
};

/** The fields of a map's view but its handle, as text. */
function layoutAt({ words }: Instruction, { at }: View): string {
  return String(words.slice(at + 1, at + 3 + words[placeOf.map.rank]!));
}

/**
 * Lets a map write over an operand that nobody reads afterwards. What lives in its group alone stays as it is: it needs
 * no memory of its own where groups run tile by tile. So does what the group also reads in another order.
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

/** The passes in the order in which they help one another; `foldConstants` keeps what is run once apart from the list. */
export const passes: readonly Pass[] = [
  skipCopies,
  shareCommon,
  dropDead,
  checkFirst,
  turnProducts,
  followProducts,
  foldConstants,
  reuseInPlace,
];
