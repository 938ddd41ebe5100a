/**
 * Instruction words as a list that can be looked at and changed: what a captured function's passes work on.
 *
 * Storages get numbers of their own here, since a handle names one memory after another. Allocation is not part of the
 * list: it is laid out at the end, from where each storage is used.
 */
import { limits, opcode } from "../../kernels/instruction.ts";
import { firstAccess, headOf, placeOf, skeletonOf, viewPlaces, wordsMost } from "../../kernels/schema.ts";
import type { Action } from "./recording.ts";

const ofAlloc = placeOf.alloc;

/** Memory that the list names. */
export interface Slot {
  readonly number: number;
  /** What it was known by when it was recorded. */
  readonly handle: number;
  /** Its size where the list allocates it; null for memory from outside. */
  readonly bytes: number | null;
  /** True for memory from outside that never changes: the host filled it while the function was recorded. */
  readonly constant: boolean;
  /** True if it outlives the list: a result. */
  escapes: boolean;
  /** True if what was recorded gave it back. */
  freed: boolean;
}

/** One instruction. Its first view is what it writes, if it writes anything. */
export interface Instruction {
  /** `[opcode, length, ...fields]`; handles in it mean nothing. */
  readonly words: number[];
  readonly views: readonly View[];
  /** What is done before each replay on its behalf, in order: `at` counts from its own first word. */
  readonly actions: Action[];
}

export interface View {
  /** Where in the words it stands. */
  readonly at: number;
  slot: Slot;
}

export interface List {
  readonly instructions: readonly Instruction[];
  readonly slots: readonly Slot[];
  /** What is run once, before the list is run for the first time. */
  readonly once?: Once;
}

/** Instructions whose results stay, and the slots from outside that then stand for them in the list. */
export interface Once {
  readonly instructions: readonly Instruction[];
  readonly kept: ReadonlyMap<Slot, Slot>;
}

/** Reads recorded words. Memory for which `constant` answers true was filled by the host: it is taken as from outside. */
export function parse(
  words: readonly number[],
  actions: readonly Action[],
  constant: (handle: number) => boolean,
): List {
  const slots: Slot[] = [], instructions: Instruction[] = [], live = new Map<number, Slot>();
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
    instructions.push({ words: words.slice(at, at + length), views, actions: waiting });
    waiting = [];
  }
  for (const action of actions.slice(nextAction)) waiting.push(action);
  if (waiting.length > 0) instructions.push({ words: [], views: [], actions: waiting });
  return { instructions, slots };
}

/** The most bytes that recorded words used at once, of memory that they also gave back. */
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

/** What an instruction reads: also what it adds to. */
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

/** More words than a group may have, allocation included, so that it fits the instruction buffer whole. */
const groupWordsMax = limits.words / 2;

/** Runs of instructions that stand together in one group, as `[begin, end)`; others stand alone. */
export function groups({ instructions }: List): [begin: number, end: number][] {
  const runs: [number, number][] = [];
  for (let begin = 0; begin < instructions.length;) {
    let end = begin, size = 0;
    do {
      const { words, views } = instructions[end]!;
      // Each storage may be allocated and freed here.
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

/** Instruction words to be run, and where in them something is filled in before each run. */
export interface Layout {
  readonly words: Float64Array<ArrayBuffer>;
  /** So many of the words only check what comes from outside: they run before anything is changed. */
  readonly checked: number;
  /** Places after the checks where the words may be cut to fit the instruction buffer, the end included. */
  readonly cuts: readonly number[];
  /** Where each slot's handle stands. */
  readonly handles: ReadonlyMap<Slot, readonly number[]>;
  readonly actions: readonly Action[];
  /** The most bytes that the list's own storages use at once. */
  readonly bytes: number;
}

/**
 * Lays the list out: each storage but the results, and those that `kept` holds, is allocated right before its first use
 * and freed after its last.
 */
export function layOut(list: List, kept: ReadonlySet<Slot> = new Set()): Layout {
  const { instructions } = list, spans = lifetimes(list);
  const words: number[] = [], cuts: number[] = [], actions: Action[] = [], handles = new Map<Slot, number[]>();
  let used = 0, bytes = 0, lastCut = 0, checked = 0;
  const write = (slot: Slot, ...fields: number[]) => {
    let places = handles.get(slot);
    if (places === undefined) handles.set(slot, places = []);
    places.push(words.length + fields.indexOf(-1));
    words.push(...fields);
  };
  for (const [begin, end] of groups(list)) {
    const cut = words.length, inGroup = end - begin > 1, dying: Slot[] = [];
    if (inGroup) words.push(opcode.group, headOf.group);
    for (let place = begin; place < end; place++) {
      const instruction = instructions[place]!;
      for (const { slot } of instruction.views) {
        if (slot.bytes === null || slot.escapes || kept.has(slot)) continue;
        const span = spans.get(slot)!;
        if (span.first === place && !handles.has(slot)) {
          write(slot, opcode.alloc, wordsMost.alloc, -1, slot.bytes);
          bytes = Math.max(bytes, used += slot.bytes);
        }
        if (span.last === place && !dying.includes(slot)) dying.push(slot);
      }
      for (const action of instruction.actions) {
        actions.push("at" in action ? { at: words.length + action.at, read: action.read } : action);
      }
      for (const { at, slot } of instruction.views) {
        let places = handles.get(slot);
        if (places === undefined) handles.set(slot, places = []);
        places.push(words.length + at);
      }
      words.push(...instruction.words);
    }
    const { words: [code], actions: { length: acts } } = instructions[begin]!;
    if (checked === cut && code === opcode.check && acts === 0) checked = lastCut = words.length;
    for (const slot of dying) {
      write(slot, opcode.free, wordsMost.free, -1);
      used -= slot.bytes!;
    }
    if (inGroup) words.push(opcode.end, headOf.end);
    if (words.length - lastCut > limits.words - 16) {
      cuts.push(cut);
      lastCut = cut;
    }
  }
  cuts.push(words.length);
  return { words: Float64Array.from(words), checked, cuts, handles, actions, bytes };
}
