/**
 * The list of instructions that a captured function's passes rewrite: read from the recorded words, and laid out as words
 * again.
 *
 * In the list each storage is a slot, since one handle names one storage after another. Allocation is not part of the
 * list: when the words are laid out, it follows from where each slot is used.
 */
import { limits, opcode } from "../../kernels/instruction.ts";
import { firstAccess, headOf, placeOf, skeletonOf, viewPlaces, wordsMost } from "../../kernels/schema.ts";
import type { Activity } from "../array/activity.ts";
import type { Activities } from "../array/stream.ts";
import type { Action } from "./recording.ts";

const ofAlloc = placeOf.alloc;

/** Memory that the list names. */
export interface Slot {
  readonly number: number;
  /** The storage's handle when it was recorded. */
  readonly handle: number;
  /** The size of memory that the list allocates; null for memory from outside. */
  readonly bytes: number | null;
  /** True for memory from outside that never changes: the host filled it while the function was recorded. */
  readonly constant: boolean;
  /** True for results: their memory outlives the list. */
  escapes: boolean;
  /** True if the recorded function gave the memory back. */
  freed: boolean;
}

/** One instruction. If it writes anything, it writes its first view. */
export interface Instruction {
  /** `[opcode, length, ...fields]`. Handles among the fields mean nothing: the views say which memory is meant. */
  readonly words: number[];
  readonly views: readonly View[];
  /** What the host does before each replay for this instruction, in order: `at` counts from its first word. */
  readonly actions: Action[];
  /** What it computes, for profiles. */
  readonly activity?: Activity | undefined;
}

/** Memory that an instruction reads or writes. */
export interface View {
  /** Where among the instruction's words the view's fields begin. */
  readonly at: number;
  slot: Slot;
}

/** The instructions of a captured function, and all memory that they name. */
export interface List {
  readonly instructions: readonly Instruction[];
  readonly slots: readonly Slot[];
  /** Instructions that are run once, before the list is run for the first time. */
  readonly once?: Once;
}

/** Instructions that are run once. `kept` leads from each slot of the list that holds a result of theirs to theirs. */
export interface Once {
  readonly instructions: readonly Instruction[];
  readonly kept: ReadonlyMap<Slot, Slot>;
}

/** Reads recorded words. Memory that the host filled, as `constant` tells of a handle, counts as memory from outside. */
export function parse(
  words: readonly number[],
  actions: readonly Action[],
  constant: (handle: number) => boolean,
  activities: Activities,
): List {
  const slots: Slot[] = [], instructions: Instruction[] = [];
  /** The slots that are not freed, by the handles that they have just then. */
  const live = new Map<number, Slot>();
  const addSlot = (handle: number, bytes: number | null) => {
    const fixed = constant(handle), number = slots.length;
    const slot = { number, handle, bytes: fixed ? null : bytes, constant: fixed, escapes: false, freed: false };
    slots.push(slot);
    live.set(handle, slot);
    return slot;
  };
  let waiting: Action[] = [], nextAction = 0;
  for (let at = 0; at < words.length; at += words[at + 1]!) {
    const code = words[at]!, length = words[at + 1]!;
    if (code === opcode.group || code === opcode.end) continue;
    if (code === opcode.alloc) {
      addSlot(words[at + ofAlloc.handle]!, words[at + ofAlloc.bytes]!);
      continue;
    }
    if (code === opcode.free) {
      for (const freed of words.slice(at + placeOf.free.handles, at + length)) {
        const slot = live.get(freed);
        if (slot !== undefined) slot.freed = true;
        live.delete(freed);
      }
      continue;
    }
    if (code === opcode.flat) throw new TypeError("Cannot capture: a recording must hold no flat map");
    // Host actions come with the first instruction that follows them.
    for (; nextAction < actions.length; nextAction++) {
      const action = actions[nextAction]!;
      if ("at" in action) {
        if (action.at >= at + length) break;
        waiting.push({ at: action.at - at, read: action.read });
      } else waiting.push(action);
    }
    const views = viewPlaces(words, at).map((place) => {
      const name = words[place]!;
      return { at: place - at, slot: live.get(name) ?? addSlot(name, null) };
    });
    instructions.push({ words: words.slice(at, at + length), views, actions: waiting, activity: activities.get(at) });
    waiting = [];
  }
  for (const action of actions.slice(nextAction)) waiting.push(action);
  if (waiting.length > 0) instructions.push({ words: [], views: [], actions: waiting });
  return { instructions, slots };
}

/** The most bytes that recorded words used at once, not counting memory that they did not give back. */
export function peakBytes(words: readonly number[]): number {
  const steps: { bytes: number; freed: boolean }[] = [], live = new Map<number, { bytes: number; freed: boolean }>();
  for (let at = 0; at < words.length; at += words[at + 1]!) {
    if (words[at] === opcode.alloc) {
      const made = { bytes: words[at + ofAlloc.bytes]!, freed: false };
      steps.push(made);
      live.set(words[at + ofAlloc.handle]!, made);
    } else if (words[at] === opcode.free) {
      for (const handle of words.slice(at + placeOf.free.handles, at + words[at + 1]!)) {
        const made = live.get(handle);
        if (made === undefined) continue;
        made.freed = true;
        steps.push({ bytes: -made.bytes, freed: true });
        live.delete(handle);
      }
    }
  }
  let used = 0, peak = 0;
  for (const { bytes, freed } of steps) if (freed) peak = Math.max(peak, used += bytes);
  return peak;
}

/** True for instructions that a group may run tile by tile. */
export function isElementwise({ words }: Instruction): boolean {
  return words.length > 0 && skeletonOf(words).tiled;
}

/** What an instruction writes; null for one that only checks, or that does nothing on the device. */
export function target({ words, views }: Instruction): View | null {
  return words.length === 0 || firstAccess(words) === "read" ? null : views[0]!;
}

/** What an instruction reads; memory that it adds to is among that. */
export function sources({ words, views }: Instruction): readonly View[] {
  return words.length > 0 && firstAccess(words) === "write" ? views.slice(1) : views;
}

/** How often each slot is written. */
export function countWrites({ instructions }: List): Map<Slot, number> {
  const counts = new Map<Slot, number>();
  for (const instruction of instructions) {
    const out = target(instruction);
    if (out !== null) counts.set(out.slot, (counts.get(out.slot) ?? 0) + 1);
  }
  return counts;
}

/** The first and last instruction that uses each slot. */
export function lifetimes({ instructions }: List): Map<Slot, { first: number; last: number }> {
  const spans = new Map<Slot, { first: number; last: number }>();
  instructions.forEach(({ views }, place) => {
    for (const { slot } of views) {
      const span = spans.get(slot);
      if (span === undefined) spans.set(slot, { first: place, last: place });
      else span.last = place;
    }
  });
  return spans;
}

/** A group ends before it has so many words, allocation included: it must fit the instruction buffer whole. */
const groupWordsMax = limits.words / 2;

/** Runs of instructions that stand together in one group, as `[begin, end)`; others stand alone. */
export function groups({ instructions }: List): [begin: number, end: number][] {
  const runs: [number, number][] = [];
  for (let begin = 0; begin < instructions.length;) {
    let end = begin, size = 0;
    do {
      const { words, views } = instructions[end]!;
      // Each view may need its storage allocated and freed within the group.
      size += words.length + (wordsMost.alloc + wordsMost.free) * views.length;
      end++;
    } while (
      end < instructions.length && isElementwise(instructions[end - 1]!) && isElementwise(instructions[end]!) &&
      size < groupWordsMax
    );
    runs.push([begin, end]);
    begin = end;
  }
  return runs;
}

/** A list laid out as instruction words, and where in the words each replay fills something in. */
export interface Layout {
  readonly words: Float64Array<ArrayBuffer>;
  /** So many words at the beginning only check indices from outside. They run before anything is changed. */
  readonly checked: number;
  /** Places behind the checks where the words may be cut so that each part fits the instruction buffer; the end is the last. */
  readonly cuts: readonly number[];
  /** Where each slot's handle stands. */
  readonly handles: ReadonlyMap<Slot, readonly number[]>;
  readonly actions: readonly Action[];
  /** What each instruction computes, by its first word. */
  readonly activities: Activities;
  /** The most bytes that the list's own storages use at once. */
  readonly bytes: number;
}

/**
 * Lays the list out: each storage but the results, and those that `kept` holds, is allocated right before its first use
 * and freed after its last.
 */
export function layOut(list: List, kept: ReadonlySet<Slot> = new Set()): Layout {
  const { instructions } = list, spans = lifetimes(list);
  const words: number[] = [], cuts: number[] = [], actions: Action[] = [];
  const handles = new Map<Slot, number[]>(), activities = new Map<number, Activity>();
  let used = 0, bytes = 0, lastCut = 0, checked = 0;
  const isManaged = (slot: Slot) => slot.bytes !== null && !slot.escapes && !kept.has(slot);
  const noteHandle = (slot: Slot, at: number) => {
    const places = handles.get(slot);
    if (places === undefined) handles.set(slot, [at]);
    else places.push(at);
  };
  const allocate = (slot: Slot) => {
    noteHandle(slot, words.length + ofAlloc.handle);
    words.push(opcode.alloc, wordsMost.alloc, 0, slot.bytes!);
    bytes = Math.max(bytes, used += slot.bytes!);
  };
  const free = (slot: Slot) => {
    noteHandle(slot, words.length + placeOf.free.handles);
    words.push(opcode.free, wordsMost.free, 0);
    used -= slot.bytes!;
  };
  for (const [begin, end] of groups(list)) {
    const cut = words.length, inGroup = end - begin > 1, dying: Slot[] = [];
    if (inGroup) words.push(opcode.group, headOf.group);
    for (let place = begin; place < end; place++) {
      const instruction = instructions[place]!;
      for (const { slot } of instruction.views) {
        if (!isManaged(slot)) continue;
        const { first, last } = spans.get(slot)!;
        if (first === place && !handles.has(slot)) allocate(slot);
        if (last === place && !dying.includes(slot)) dying.push(slot);
      }
      for (const action of instruction.actions) {
        actions.push("at" in action ? { at: words.length + action.at, read: action.read } : action);
      }
      for (const { at, slot } of instruction.views) noteHandle(slot, words.length + at);
      if (instruction.activity !== undefined) activities.set(words.length, instruction.activity);
      words.push(...instruction.words);
    }
    const first = instructions[begin]!, isCheck = first.words[0] === opcode.check && first.actions.length === 0;
    if (isCheck && checked === cut) checked = lastCut = words.length;
    dying.forEach(free);
    if (inGroup) words.push(opcode.end, headOf.end);
    if (words.length - lastCut > limits.words - 16) {
      cuts.push(cut);
      lastCut = cut;
    }
  }
  cuts.push(words.length);
  return { words: Float64Array.from(words), checked, cuts, handles, actions, activities, bytes };
}
