/**
 * In which order products lie in memory, chosen by those who read them.
 *
 * A product that is read turned, as by a layer across patches between two transposes, is written turned instead, and so
 * are maps of it that nobody else sees: then all that follows walks through memory in one direction, and fits into the
 * groups around it. An element is computed from the same numbers in the same order wherever it stands.
 */
import { dtypeBytes, mapRows, opcode } from "../../../kernels/instruction.ts";
import { countWrites, type Instruction, type List, type Slot } from "../list.ts";
import { placeOf, skeletonOf, viewShape } from "../../../kernels/schema.ts";
import { rows } from "../../array/rows.ts";
import { isColumn } from "./fold_order.ts";

const ofMap = placeOf.map, ofProduct = placeOf.matmul;

/** A slot as [others, rows, columns] that lie side by side. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Whether the map's result depends on where the element stands among the axes. */
function usesIndex({ words }: Instruction): boolean {
  return rows[mapRows[words[ofMap.row]!]!].usesIndex;
}

/** Offset and strides of a view once rows and columns have changed places; null where axes run across both. */
function turned(
  { rows, columns }: Grid,
  shape: readonly number[],
  offset: number,
  strides: readonly number[],
): number[] | null {
  const item = rows * columns;
  let column = offset % columns, row = Math.floor(offset / columns) % rows;
  const words = [offset - offset % item + column * rows + row];
  for (const [axis, size] of shape.entries()) {
    const stride = strides[axis]!;
    if (size === 1 || stride === 0) words.push(stride);
    else if (stride < 0) return null;
    else if (stride < columns) {
      column += stride * (size - 1);
      words.push(stride * rows);
    } else if (stride % item === 0) words.push(stride);
    else if (stride % columns === 0) {
      row += stride / columns * (size - 1);
      words.push(stride / columns);
    } else return null;
  }
  return column < columns && row < rows ? words : null;
}

const stridesAt = (words: readonly number[], at: number, rank: number) => words.slice(at + 3, at + 3 + rank);

/** Whether the view is of all elements of the slot, as they lie, along one axis. */
function isFlat({ words, views }: Instruction, place: number): boolean {
  const { at, slot } = views[place]!;
  return words[0] === opcode.map && words[ofMap.rank] === 1 && words[at + 2] === 0 && words[at + 3] === 1 &&
    words[ofMap.shape]! * dtypeBytes[words[at + 1]!]! === slot.bytes;
}

/**
 * The instruction with the slots turned; null if it cannot be said so. Where the slots change places with the axes of a
 * map, the map goes through them in the new order.
 */
function withTurned(instruction: Instruction, slots: ReadonlyMap<Slot, Grid>): Instruction | null {
  const { views, actions } = instruction, words = instruction.words.slice();
  for (const [place, { at, slot }] of views.entries()) {
    const grid = slots.get(slot);
    if (grid === undefined) continue;
    if (isFlat(instruction, place)) {
      // In whatever order, if it is the order of all.
      const together = views.every(({ at, slot }, k) =>
        words[at + 3] === 0 || (slots.has(slot) && isFlat(instruction, k))
      );
      if (!together || usesIndex(instruction)) return null;
      continue;
    }
    // What copies by indices and what fills memory goes through it in one order.
    if (!skeletonOf(words).tiled && words[0] !== opcode.matmul) return null;
    const shape = viewShape(words, place),
      changed = turned(grid, shape, words[at + 2]!, stridesAt(words, at, shape.length));
    if (!changed) return null;
    changed.forEach((word, k) => words[at + 2 + k] = word);
  }
  // The order of a sum is part of the result.
  if (words[0] === opcode.fold && isColumn(instruction) !== isColumn({ words, views })) return null;
  return inOrder({ words, views, actions });
}

/** A map whose axes come in the order in which its output lies. */
function inOrder(map: Instruction): Instruction {
  const { views, actions } = map, words = map.words.slice(), rank = words[ofMap.rank]!;
  if (words[0] !== opcode.map || rank < 2 || usesIndex(map)) return map;
  const out = stridesAt(words, views[0]!.at, rank), axes = [...out.keys()].sort((a, b) => out[b]! - out[a]!);
  axes.forEach((axis, place) => {
    words[ofMap.shape + place] = map.words[ofMap.shape + axis]!;
    for (const { at } of views) words[at + 3 + place] = map.words[at + 3 + axis]!;
  });
  return { words, views, actions };
}

/** Elements that a map brings together from different directions. */
function crossed(instruction: Instruction): number {
  const { words, views } = instruction, rank = words[ofMap.rank]!;
  if (words[0] !== opcode.map || rank < 2) return 0;
  const shape = words.slice(ofMap.shape, ofMap.shape + rank), counts = new Map<number, number>();
  for (const { at } of views) {
    const strides = stridesAt(words, at, rank);
    let along = -1;
    for (let axis = 0; axis < rank; axis++) {
      if (shape[axis] === 1 || strides[axis] === 0) continue;
      if (along < 0 || Math.abs(strides[axis]!) <= Math.abs(strides[along]!)) along = axis;
    }
    // What stands still along an axis is read along any.
    const covered = shape.every((size, axis) => size === 1 || strides[axis] !== 0);
    if (covered) counts.set(along, (counts.get(along) ?? 0) + 1);
  }
  const all = [...counts.values()];
  return (all.reduce((sum, count) => sum + count, 0) - Math.max(0, ...all)) * shape.reduce((a, b) => a * b);
}

/** How a product's output lies, if rows of it are apart and end to end. */
function gridOf({ words, views }: Instruction): Grid | null {
  const { at, slot } = views[0]!, rank = words[ofProduct.batchRank]!;
  const rows = words[ofProduct.m]!, columns = words[ofProduct.n]!;
  const strides = stridesAt(words, at, rank + 2);
  const items = words.slice(ofProduct.batch, ofProduct.batch + rank).reduce((a, b) => a * b, 1);
  const whole = items * rows * columns * dtypeBytes[words[at + 1]!]! === slot.bytes && words[at + 2] === 0;
  return whole && rows > 1 && columns > 1 && strides[rank] === columns && strides[rank + 1] === 1
    ? { rows, columns }
    : null;
}

/** Turns products, and maps of them, where that spares reading across memory. */
export function turnProducts(list: List): List {
  const writes = countWrites(list), uses = new Map<Slot, number[]>();
  list.instructions.forEach((instruction, place) => {
    for (const slot of new Set(instruction.views.map(({ slot }) => slot))) {
      const places = uses.get(slot);
      if (places === undefined) uses.set(slot, [place]);
      else places.push(place);
    }
  });
  const instructions = list.instructions.slice();
  const isOwn = (slot: Slot) => slot.bytes !== null && !slot.escapes && writes.get(slot) === 1;

  /** The slots turned, if that can be done and spares something. */
  const tryTurned = (slots: ReadonlyMap<Slot, Grid>): { spared: number; changes: [number, Instruction][] } | null => {
    const changes: [number, Instruction][] = [];
    let spared = 0;
    for (const place of new Set([...slots.keys()].flatMap((slot) => uses.get(slot)!))) {
      const before = instructions[place]!, after = withTurned(before, slots);
      if (after === null) return null;
      spared += crossed(before) - crossed(after);
      changes.push([place, after]);
    }
    return spared > 0 ? { spared, changes } : null;
  };

  list.instructions.forEach((product, place) => {
    if (product.words[0] !== opcode.matmul || !isOwn(product.views[0]!.slot)) return;
    const grid = gridOf(product);
    if (grid === null) return;
    const slots = new Map([[product.views[0]!.slot, grid]]);
    let best = tryTurned(slots);
    // Maps that lie as what they read may turn with it.
    for (const [slot] of slots) {
      for (const use of uses.get(slot)!) {
        const { words, views } = instructions[use]!, out = views[0]!;
        const from = views.findIndex((view, k) => k > 0 && view.slot === slot);
        if (words[0] !== opcode.map || use <= place || from < 0 || !isOwn(out.slot) || slots.has(out.slot)) continue;
        const rank = words[ofMap.rank]!, source = views[from]!;
        const alike = stridesAt(words, out.at, rank).every((stride, axis) =>
          words[ofMap.shape + axis] === 1 || stride === words[source.at + 3 + axis]
        );
        const bytes = dtypeBytes[words[out.at + 1]!]!, elements = slot.bytes! / dtypeBytes[words[source.at + 1]!]!;
        if (!alike || out.slot.bytes !== elements * bytes || words[out.at + 2] !== words[source.at + 2]) continue;
        slots.set(out.slot, grid);
        const found = tryTurned(slots);
        if (found !== null && found.spared > (best?.spared ?? 0)) best = found;
      }
    }
    for (const [at, instruction] of best?.changes ?? []) instructions[at] = instruction;
  });
  return { ...list, instructions };
}
