/**
 * The order of a product's elements in memory: by rows, or turned, by columns.
 *
 * A layer across patches stands between two transposes, so that its product is read across memory. This pass writes such a
 * product by columns instead, and maps of it likewise: then all that follows walks through memory in one direction, and
 * fits into the groups around it. The bits stay, since an element is computed from the same numbers in the same order
 * wherever it stands.
 */
import { dtypeBytes, mapRows, opcode } from "../../../kernels/instruction.ts";
import { countWrites, type Instruction, type List, type Slot, type View } from "../list.ts";
import { ofView, placeOf, skeletonOf, viewShape } from "../../../kernels/schema.ts";
import { rows } from "../../array/rows.ts";
import { isColumn } from "./fold_order.ts";

const ofMap = placeOf.map, ofProduct = placeOf.matmul;

/** How the elements of a slot lie before it is turned: matrices of so many rows and columns, by rows, end to end. */
interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Whether a map's result depends on the place of its element, so that its axes must keep their order. */
function usesIndex({ words }: Instruction): boolean {
  return rows[mapRows[words[ofMap.row]!]!].usesIndex;
}

/**
 * Offset and strides of a view once its slot is turned. Null where the turned view has none: an axis runs backwards, or
 * across the end of a row or column.
 */
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

const stridesAt = (words: readonly number[], at: number, rank: number) =>
  words.slice(at + ofView.strides, at + ofView.strides + rank);

/** Whether a map goes through all elements of the view's slot as they lie, along one axis. */
function isFlat({ words, views }: Instruction, place: number): boolean {
  const { at, slot } = views[place]!;
  return words[0] === opcode.map && words[ofMap.rank] === 1 && words[at + ofView.offset] === 0 &&
    words[at + ofView.strides] === 1 &&
    words[ofMap.shape]! * dtypeBytes[words[at + ofView.dtype]!]! === slot.bytes;
}

/**
 * The instruction once these slots are turned; null if it cannot be written so. A map then goes through its axes in the
 * order in which its output lies.
 */
function withTurned(instruction: Instruction, slots: ReadonlyMap<Slot, Grid>): Instruction | null {
  const { views } = instruction, words = instruction.words.slice();
  for (const [place, { at, slot }] of views.entries()) {
    const grid = slots.get(slot);
    if (grid === undefined) continue;
    if (isFlat(instruction, place)) {
      // Such a map need not know how the elements lie, if they lie alike in all of its operands.
      const together = views.every(({ at, slot }, k) =>
        words[at + ofView.strides] === 0 || (slots.has(slot) && isFlat(instruction, k))
      );
      if (!together || usesIndex(instruction)) return null;
      continue;
    }
    // A gather, a scatter and random numbers go through memory in the one order that they have.
    if (!skeletonOf(words).tiled && words[0] !== opcode.matmul) return null;
    const shape = viewShape(words, place);
    const changed = turned(grid, shape, words[at + ofView.offset]!, stridesAt(words, at, shape.length));
    if (changed === null) return null;
    changed.forEach((word, k) => words[at + ofView.offset + k] = word);
  }
  // The order in which a sum is joined is part of its bits.
  if (words[0] === opcode.fold && isColumn(instruction) !== isColumn({ words, views })) return null;
  return inOrder({ ...instruction, words });
}

/** The map with its axes in the order in which its output lies. Other instructions stay as they are. */
function inOrder(map: Instruction): Instruction {
  const { views } = map, words = map.words.slice(), rank = words[ofMap.rank]!;
  if (words[0] !== opcode.map || rank < 2 || usesIndex(map)) return map;
  const out = stridesAt(words, views[0]!.at, rank), axes = [...out.keys()].sort((a, b) => out[b]! - out[a]!);
  axes.forEach((axis, place) => {
    words[ofMap.shape + place] = map.words[ofMap.shape + axis]!;
    for (const { at } of views) words[at + ofView.strides + place] = map.words[at + ofView.strides + axis]!;
  });
  return { ...map, words };
}

/**
 * What a map costs for reading across memory: its number of elements for each operand whose nearest elements follow along
 * another axis than in most operands.
 */
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
    // A view that repeats its elements is small: it costs little in any direction.
    const covered = shape.every((size, axis) => size === 1 || strides[axis] !== 0);
    if (covered) counts.set(along, (counts.get(along) ?? 0) + 1);
  }
  const all = [...counts.values()];
  return (all.reduce((sum, count) => sum + count, 0) - Math.max(0, ...all)) * shape.reduce((a, b) => a * b);
}

/** How the output of a product lies, if it fills its slot by rows and is no row or column alone; else null. */
function gridOf({ words, views }: Instruction): Grid | null {
  const { at, slot } = views[0]!, rank = words[ofProduct.batchRank]!;
  const rows = words[ofProduct.m]!, columns = words[ofProduct.n]!;
  const strides = stridesAt(words, at, rank + 2);
  const items = words.slice(ofProduct.batch, ofProduct.batch + rank).reduce((a, b) => a * b, 1);
  const whole = items * rows * columns * dtypeBytes[words[at + ofView.dtype]!]! === slot.bytes &&
    words[at + ofView.offset] === 0;
  return whole && rows > 1 && columns > 1 && strides[rank] === columns && strides[rank + 1] === 1
    ? { rows, columns }
    : null;
}

/** Turns products, and maps of them, where that spares reading across memory. */
export function turnProducts(list: List): List {
  const turner = new Turner(list);
  for (const place of list.instructions.keys()) turner.turnProduct(place);
  return { ...list, instructions: turner.instructions };
}

/** What comes of turning some slots. */
interface Attempt {
  /** How much less the list costs; see {@linkcode crossed}. */
  readonly spared: number;
  readonly changes: readonly [place: number, instruction: Instruction][];
}

/** A list whose products are turned one after another. */
class Turner {
  readonly instructions: Instruction[];
  readonly #writes: ReadonlyMap<Slot, number>;
  /** The places of the instructions that use each slot. */
  readonly #uses = new Map<Slot, number[]>();

  constructor(list: List) {
    this.instructions = list.instructions.slice();
    this.#writes = countWrites(list);
    for (const [place, { views }] of list.instructions.entries()) {
      for (const slot of new Set(views.map(({ slot }) => slot))) {
        const places = this.#uses.get(slot);
        if (places === undefined) this.#uses.set(slot, [place]);
        else places.push(place);
      }
    }
  }

  /** If the instruction at `place` is a product, turns it with those maps of it with which that spares most. */
  turnProduct(place: number): void {
    const product = this.instructions[place]!;
    if (product.words[0] !== opcode.matmul || !this.#isOwn(product.views[0]!.slot)) return;
    const grid = gridOf(product);
    if (grid === null) return;
    const slots = new Map([[product.views[0]!.slot, grid]]);
    let best = this.#attempt(slots);
    // Slots that are added on the way are visited, too: maps of maps turn with the product.
    for (const [slot] of slots) {
      for (const use of this.#uses.get(slot)!) {
        if (use <= place) continue;
        const out = this.#mapped(slot, this.instructions[use]!);
        if (out === null || slots.has(out)) continue;
        slots.set(out, grid);
        const found = this.#attempt(slots);
        if (found !== null && found.spared > (best?.spared ?? 0)) best = found;
      }
    }
    for (const [at, instruction] of best?.changes ?? []) this.instructions[at] = instruction;
  }

  /** Whether nobody but the list sees the slot, and one instruction writes all of it. */
  #isOwn(slot: Slot): boolean {
    return slot.bytes !== null && !slot.escapes && this.#writes.get(slot) === 1;
  }

  /** The slot that a map of `slot` writes, if it lies as `slot` does and may be turned with it; else null. */
  #mapped(slot: Slot, { words, views }: Instruction): Slot | null {
    const out = views[0]!, source = views.slice(1).find((view) => view.slot === slot);
    if (words[0] !== opcode.map || source === undefined || !this.#isOwn(out.slot)) return null;
    const rank = words[ofMap.rank]!;
    const isAlike = stridesAt(words, out.at, rank).every((stride, axis) =>
      words[ofMap.shape + axis] === 1 || stride === words[source.at + ofView.strides + axis]
    );
    const bytesEach = ({ at }: View) => dtypeBytes[words[at + ofView.dtype]!]!;
    const isAsLarge = out.slot.bytes! / bytesEach(out) === slot.bytes! / bytesEach(source);
    return isAlike && isAsLarge && words[out.at + ofView.offset] === words[source.at + ofView.offset] ? out.slot : null;
  }

  /** Turns the slots in all instructions that use them. Null if one of these cannot be written so, or nothing is spared. */
  #attempt(slots: ReadonlyMap<Slot, Grid>): Attempt | null {
    const changes: [number, Instruction][] = [];
    let spared = 0;
    for (const place of new Set([...slots.keys()].flatMap((slot) => this.#uses.get(slot)!))) {
      const before = this.instructions[place]!, after = withTurned(before, slots);
      if (after === null) return null;
      spared += crossed(before) - crossed(after);
      changes.push([place, after]);
    }
    return spared > 0 ? { spared, changes } : null;
  }
}
