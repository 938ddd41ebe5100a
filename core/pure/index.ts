/**
 * Indices: what `at` takes, read into one slice for each axis of a tensor.
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
 * One index: a place, which drops its axis; a range; null for a new axis of length one; or a text in NumPy's notation, which
 * may hold several: `"1:, ::-1"`, `"..."`.
 */
export type Index = number | IndexRange | string | null;

/** The slices of an index, one for each axis of the tensor, and the new axes among those of the result. */
export interface Selection {
  readonly slices: readonly AxisSlice[];
  /** The axes of the result that are new, counted from 0. */
  readonly added: readonly number[];
}

type Part = number | IndexRange | "..." | null;

/**
 * What the indices select of a tensor of that shape.
 *
 * Ranges are clamped to the axis as in Python; single places out of range throw RangeError. Axes without an index are taken
 * whole; "..." stands for as many as are left, and may stand once.
 */
export function selectionOf(indices: readonly Index[], shape: Shape): Selection {
  const parts = indices.flatMap(partsOf), named = parts.filter((part) => part !== null && part !== "...").length;
  if (parts.filter((part) => part === "...").length > 1) {
    throw new SyntaxError('Cannot index: "..." may stand only once');
  }
  if (named > shape.length) {
    throw new RangeError(`Cannot index: ${named} indices for the axes of shape ${showShape(shape)}`);
  }
  if (!parts.includes("...")) parts.push("...");
  const slices: AxisSlice[] = [], added: number[] = [];
  let kept = 0;
  const take = (slice: AxisSlice) => {
    slices.push(slice);
    if (!slice.dropped) kept++;
  };
  for (const part of parts) {
    if (part === null) added.push(kept++);
    else if (part !== "...") take(sliceOf(part, shape[slices.length]!, slices.length));
    else {for (let left = shape.length - named; left > 0; left--) {
        take(sliceOf({}, shape[slices.length]!, slices.length));
      }}
  }
  return { slices, added };
}

/** The parts of one index. TypeError for another kind, SyntaxError for a text that is not in the notation. */
function partsOf(index: Index): Part[] {
  if (typeof index === "string") return index.split(",").map((part) => partOf(index, part.trim()));
  if (typeof index === "number" || index === null) return [index];
  if (typeof index !== "object" || Array.isArray(index)) {
    refuse("index", index, 'a number, a range or a text such as "1:"');
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
