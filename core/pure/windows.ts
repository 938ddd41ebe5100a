/**
 * Windows: places at equal distances along an axis, of which each takes as many elements. Pure numbers; nothing here touches
 * a device.
 */
import { checkCount, checkOptions, shown } from "./check.ts";

/** How windows lie along one axis. Element k of window q is at place `q * step + k * dilation - before`. */
export interface Windows {
  /** How many elements a window takes. */
  readonly size: number;
  /** From one window to the next. */
  readonly step: number;
  /** From one element of a window to the next; a negative number takes them backwards. */
  readonly dilation: number;
  /** How many places the first window begins before the axis does: its padding. */
  readonly before: number;
  /** How many windows there are. */
  readonly count: number;
}

const windowNames = ["size", "step", "dilation", "before", "count"] as const;

/** A copy of windows. RangeError unless their numbers are integers, and there is an element and a window. */
export function checkedWindows(action: string, windows: Windows): Windows {
  checkOptions(action, windows, "{ size: 2, step: 1, dilation: 1, before: 0, count: 3 }", windowNames);
  const { size, step, dilation, before, count } = windows, any = Number.MIN_SAFE_INTEGER;
  return {
    size: checkCount(action, "size", size, 1),
    step: checkCount(action, "step", step, 1),
    dilation: checkCount(action, "dilation", dilation, 1),
    before: checkCount(action, "before", before, any),
    count: checkCount(action, "count", count, 1),
  };
}

/** Places along an axis, at equal steps. */
export interface Range {
  /** The first one. */
  readonly start: number;
  /** From one to the next. */
  readonly step: number;
  /** How many there are. */
  readonly length: number;
}

/** The same element of each window, such as its first, in the windows that have it inside the axes rather than in padding. */
export interface Tap {
  /** Which element of a window it is, in row-major order. */
  readonly number: number;
  /** Where it lies, for each axis. */
  readonly inside: readonly Range[];
  /** Which windows have it there, for each axis. */
  readonly windows: readonly Range[];
}

/** The first and the last place that windows reach, which may lie outside the axis. */
export function reachOf({ size, step, dilation, before, count }: Windows): [first: number, last: number] {
  const extent = dilation * (size - 1);
  return [Math.min(0, extent) - before, (count - 1) * step + Math.max(0, extent) - before];
}

/** Whether no two windows share an element. */
export function areApart({ size, step, dilation, count }: Windows): boolean {
  return count < 2 || Math.abs(dilation) * (size - 1) < step;
}

/** The taps of windows along one axis of that length, by their numbers; those that lie in padding everywhere are left out. */
function tapsAlong({ size, step, dilation, before, count }: Windows, length: number): Tap[] {
  const taps: Tap[] = [];
  for (let number = 0; number < size; number++) {
    const place = number * dilation - before, first = Math.max(0, Math.ceil(-place / step));
    const last = Math.min(count - 1, Math.floor((length - 1 - place) / step)), seen = last - first + 1;
    if (seen < 1) continue;
    const inside = [{ start: first * step + place, step, length: seen }];
    taps.push({ number, inside, windows: [{ start: first, step: 1, length: seen }] });
  }
  return taps;
}

/** The taps of windows along several axes of these lengths, in row-major order. */
export function tapsOf(windows: readonly Windows[], lengths: readonly number[]): Tap[] {
  let taps: Tap[] = [{ number: 0, inside: [], windows: [] }];
  windows.forEach((each, axis) => {
    const along = tapsAlong(each, lengths[axis]!);
    taps = taps.flatMap((tap) =>
      along.map(({ number, inside, windows }) => ({
        number: tap.number * each.size + number,
        inside: [...tap.inside, ...inside],
        windows: [...tap.windows, ...windows],
      }))
    );
  });
  return taps;
}

/** How many places lie between the first and the last element of a window, both counted. */
export function extentOf(size: number, dilation: number): number {
  return size === 0 ? 0 : dilation * (size - 1) + 1;
}

/** How pools place their windows along an axis. */
export interface PoolOptions {
  readonly size: number;
  readonly step: number;
  readonly padding: number;
  readonly dilation: number;
  /** Whether a last window counts that reaches beyond the padding; it must begin before the end of the axis. */
  readonly ceilMode: boolean;
}

/** The windows of a pool along an axis of that length. RangeError if there are none, and for too much padding. */
export function poolWindows(
  action: string,
  length: number,
  { size, step, padding, dilation, ceilMode }: PoolOptions,
): Windows {
  const extent = extentOf(size, dilation), room = length + 2 * padding - extent;
  if (2 * padding > extent) {
    throw new RangeError(`Cannot ${action}: padding ${padding} is more than half of a window's ${extent} places`);
  }
  let count = Math.floor((room + (ceilMode ? step - 1 : 0)) / step) + 1;
  if (ceilMode && (count - 1) * step >= length + padding) count--;
  if (count < 1 || length === 0) {
    throw new RangeError(`Cannot ${action}: windows of ${extent} places do not fit into an axis of length ${length}`);
  }
  return { size, step, dilation, before: padding, count };
}

/** A number for each of several axes, from one for all or a list of one or all. RangeError for one that is no integer of `least` on. */
export function perAxis(
  action: string,
  name: string,
  given: number | readonly number[],
  axes: number,
  least: number,
): readonly number[] {
  const isOne = Array.isArray(given) && given.length === 1, one = isOne ? given[0] : given;
  const list = Array.isArray(one) ? one as readonly number[] : new Array<number>(axes).fill(one as number);
  if (list.length !== axes) {
    throw new TypeError(`Cannot ${action}: ${name} ${shown(given)} has ${list.length} numbers, it must have ${axes}`);
  }
  return Array.from(list, (each) => checkCount(action, name, each, least));
}
