/**
 * Indices: what `at` takes, read into one slice for each axis of a tensor. What chooses places one by one is left to the
 * caller, who is told the axes that it stands for.
 */
import { checkOptions, refuse, shown } from "./check.ts";
import { type AxisSlice, type Shape, showShape } from "./shape.ts";

/** A range of places along an axis, as Python's `start:stop:step`. What is left out or null reaches to the end. */
export interface IndexRange {
  /** The first place; a negative one counts from the end. */
  start?: number | null;
  /** The place before which the range ends. */
  stop?: number | null;
  /** From one place to the next, 1 by default; a negative one goes backwards. */
  step?: number | null;
}

/**
 * A basic index, of which the result is a view: a place, which drops its axis; a range; null for a new axis of length one; or
 * a text in NumPy's notation, which may hold several: `"1:, ::-1"`, `"..."`.
 */
export type BasicIndex = number | IndexRange | string | null;

/** An index that chooses places one by one. It stands for so many axes; for none, it is given a new one. */
export class Chooser<T> {
  /** What chooses, and for how many axes. */
  constructor(readonly by: T, readonly axes: number) {}
}

/** What indices select. */
export interface Selection<T> {
  /** The slices of the basic indices, one for each axis of the tensor: whole where places are chosen one by one. */
  readonly slices: readonly AxisSlice[];
  /** The axes of the sliced tensor that are new, counted from 0. */
  readonly added: readonly number[];
  /** What chooses places one by one, with its first axis in the sliced tensor. */
  readonly chosen: readonly { readonly by: T; readonly axis: number }[];
}

type Part = number | IndexRange | "..." | null;

/**
 * What the indices select of a tensor of that shape.
 *
 * Ranges are clamped to the axis as in Python; single places out of range throw RangeError. Axes without an index are taken
 * whole; "..." stands for as many as are left, and may stand once.
 */
export function selectionOf<T>(indices: readonly (BasicIndex | Chooser<T>)[], shape: Shape): Selection<T> {
  const parts = indices.flatMap((index): (Part | Chooser<T>)[] => index instanceof Chooser ? [index] : partsOf(index));
  const named = parts.reduce((count: number, part) => count + axesOf(part), 0);
  if (parts.filter((part) => part === "...").length > 1) {
    throw new SyntaxError('Cannot index: "..." may stand only once');
  }
  if (named > shape.length) {
    throw new RangeError(`Cannot index: ${named} indices for the axes of shape ${showShape(shape)}`);
  }
  if (!parts.includes("...")) parts.push("...");
  const slices: AxisSlice[] = [], added: number[] = [], chosen: { by: T; axis: number }[] = [];
  let kept = 0;
  const take = (part: number | IndexRange) => {
    const slice = sliceOf(part, shape[slices.length]!, slices.length);
    slices.push(slice);
    if (!slice.dropped) kept++;
  };
  const takeWhole = (axes: number) => {
    for (let left = axes; left > 0; left--) take({});
  };
  for (const part of parts) {
    if (part === null) added.push(kept++);
    else if (part === "...") takeWhole(shape.length - named);
    else if (!(part instanceof Chooser)) take(part);
    else {
      chosen.push({ by: part.by, axis: kept });
      if (part.axes === 0) added.push(kept++);
      takeWhole(part.axes);
    }
  }
  return { slices, added, chosen };
}

/** How many axes of the tensor a part stands for, not counting those of "...". */
function axesOf(part: Part | Chooser<unknown>): number {
  return part instanceof Chooser ? part.axes : part === null || part === "..." ? 0 : 1;
}

/** The parts of one index. TypeError for another kind, SyntaxError for a text that is not in the notation. */
function partsOf(index: BasicIndex): Part[] {
  if (typeof index === "string") return index.split(",").map((part) => partOf(index, part.trim()));
  if (typeof index === "number" || index === null) return [index];
  if (typeof index !== "object" || Array.isArray(index)) {
    refuse("index", index, 'a number, a range, a text such as "1:", a list or a tensor');
  }
  return [checkOptions("index", index, "{ start: 1, stop: 3 }", ["start", "stop", "step"])];
}

/** One part of a text: an integer, a range start:stop:step, or "...". */
function partOf(text: string, part: string): Part {
  if (part === "...") return part;
  const words = part.split(":").map((word) => word.trim());
  if (part === "" || words.length > 3 || !words.every((word) => /^([+-]?\d+)?$/.test(word))) {
    throw new SyntaxError(`Cannot index: ${shown(text)} must hold integers, ranges start:stop:step and ...`);
  }
  if (words.length === 1) return Number(part);
  const [start, stop, step] = words.map((word) => word === "" ? null : Number(word));
  return { start: start ?? null, stop: stop ?? null, step: step ?? null };
}

/** A place or a range as the slice of an axis of that length. */
function sliceOf(part: number | IndexRange, length: number, axis: number): AxisSlice {
  if (typeof part === "number") {
    if (!Number.isInteger(part) || part < -length || part >= length) {
      throw new RangeError(`Cannot index: place ${part} of axis ${axis} must be an integer in [${-length}, ${length})`);
    }
    return { start: part < 0 ? part + length : part, step: 1, length: 1, dropped: true };
  }
  const step = whole("step", part.step, 1);
  if (step === 0) throw new RangeError(`Cannot index: a range of axis ${axis} has a step of 0`);
  const low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
  const clamp = (place: number) => Math.min(Math.max(place < 0 ? place + length : place, low), high);
  const start = isAbsent(part.start) ? (step > 0 ? low : high) : clamp(whole("start", part.start, 0));
  const stop = isAbsent(part.stop) ? (step > 0 ? high : low) : clamp(whole("stop", part.stop, 0));
  const count = Math.max(0, Math.ceil((stop - start) / step));
  return { start: count === 0 ? 0 : start, step, length: count, dropped: false };
}

function isAbsent(place: number | null | undefined): boolean {
  return place === undefined || place === null;
}

/** A number of a range, or what stands for it where it is absent. RangeError unless it is an integer. */
function whole(name: string, value: number | null | undefined, absent: number): number {
  if (value === undefined || value === null) return absent;
  if (Number.isInteger(value)) return value;
  throw new RangeError(`Cannot index: ${name} ${shown(value)} of a range must be an integer`);
}
