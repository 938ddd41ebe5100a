/**
 * Convolutions over one axis or two by the instruction for them, which copies no columns. All three are that one sum: what is
 * the kernel and what the input is a matter of the order of axes.
 */
import { type Shape, sizeOf } from "../pure/shape.ts";
import type { Windows } from "../pure/windows.ts";
import { groupResult } from "./group.ts";
import { contiguous, copy, empty, filled, mapInto, type NDArray } from "./ndarray.ts";
import { convolve, fold, type Placement } from "./skeletons.ts";
import { permute, reshape } from "./views.ts";
import { placesAlong } from "./windows.ts";

/** The one window along the axis that an input of one axis lacks. */
const alone: Windows = { size: 1, step: 1, dilation: 1, before: 0, count: 1 };

type Pair<T> = readonly [T, T];

function pairOf(windows: readonly Windows[]): Pair<Windows> {
  return (windows.length === 1 ? [alone, ...windows] : windows) as unknown as Pair<Windows>;
}

/** An array [a, b, ...] with its axis b, or a, divided into groups, as one of five axes: [a, groups, b / groups, h, w]. */
function inGroups(array: NDArray, groups: number, axis: 0 | 1): NDArray {
  const shape = array.shape.slice(0, 2), strides = array.strides.slice(0, 2), each = shape[axis]! / groups;
  const lengths = array.shape.slice(2), along = array.strides.slice(2);
  shape.splice(axis, 1, groups, each);
  strides.splice(axis, 1, strides[axis]! * each, strides[axis]!);
  if (lengths.length === 1) return array.view([...shape, 1, ...lengths], [...strides, 0, ...along]);
  return array.view([...shape, ...lengths], [...strides, ...along]);
}

/** Writes the convolution. Where windows begin inside the input, it is a view without what lies before them. */
function write(out: NDArray, kernel: NDArray, input: NDArray, placed: Pair<Placement>): void {
  const inside = placed.map(({ before }, k) => {
    const length = input.shape[3 + k]!, start = Math.min(length, Math.max(0, -before));
    return { start, step: 1, length: length - start };
  });
  // From one place to the next and from one element to the next are no distances where there is only one.
  const around = placed.map(({ step, dilation, before }, k) => ({
    step: out.shape[3 + k] === 1 ? 1 : step,
    dilation: kernel.shape[3 + k] === 1 ? 1 : dilation,
    before: Math.max(0, before),
  }));
  convolve(out, kernel, placesAlong(input, 3, inside), around as unknown as Pair<Placement>);
}

/**
 * Kernels [groups, o, c, h, w] in the order in which products read them: channel after channel for each element, unless the
 * kernel is larger than what it moves over.
 */
function ordered(kernel: NDArray, places: number): NDArray {
  if (sizeOf(kernel.shape.slice(3)) > places) return copy(kernel);
  return permute(copy(permute(kernel, [0, 1, 3, 4, 2])), [0, 1, 4, 2, 3]);
}

/** The convolution of x [n, c, ...] with kernels w [o, c / groups, ...]: [n, o, ...]. */
export function convolved(x: NDArray, w: NDArray, windows: readonly Windows[], groups: number): NDArray {
  const counts = windows.map(({ count }) => count);
  return groupResult(() => {
    const out = empty(x.storage.stream, [x.shape[0]!, w.shape[0]!, ...counts], x.dtype);
    const kernel = ordered(inGroups(w, groups, 0), sizeOf(counts));
    write(inGroups(out, groups, 1), kernel, inGroups(x, groups, 1), pairOf(windows));
    return out;
  });
}

/** Which elements of a kernel meet every step-th place, from place `first` on, of what a transposed convolution gives. */
function phaseOf({ size, step, dilation, before }: Windows, length: number, first: number) {
  const start = (((first + before) % step) + step) % step, taps = Math.max(0, Math.ceil((size - start) / step));
  return {
    start,
    taps,
    places: { start: first, step: first + step < length ? step : 1, length: Math.ceil((length - first) / step) },
    placed: { step: 1, dilation, before: dilation * (taps - 1) - (first + before - start) / step },
  };
}

/** Whether {@linkcode convolvedBack} computes a transposed convolution: one that has a stride or a dilation along an axis. */
export function goesBack(windows: readonly Windows[]): boolean {
  return windows.every(({ step, dilation }) => step === 1 || dilation === 1);
}

/**
 * The transposed convolution of y [n, o, ...] with kernels w [o, c / groups, ...]: [n, c, ...], with axes of these lengths.
 * With a stride of s, places that are s apart are met by the same elements of the kernel, so they are a convolution.
 */
export function convolvedBack(
  y: NDArray,
  w: NDArray,
  windows: readonly Windows[],
  groups: number,
  lengths: Shape,
): NDArray {
  const stream = y.storage.stream, [n, o] = y.shape as [number, number], channels = w.shape[1]!;
  const pair = pairOf(windows), sizes = windows.length === 1 ? [1, ...lengths] : lengths;
  const shape = [n, groups, channels, ...sizes];
  return groupResult(() => {
    const whole = pair.some(({ size, step }) => size < step)
      ? filled(stream, shape, y.dtype, 0)
      : empty(stream, shape, y.dtype);
    const kernels = w.view(
      [groups, o / groups, channels, ...pair.map(({ size }) => size)],
      inGroups(w, groups, 0).strides,
    );
    for (let a = 0; a < Math.min(pair[0].step, sizes[0]!); a++) {
      for (let b = 0; b < Math.min(pair[1].step, sizes[1]!); b++) {
        const phases = [phaseOf(pair[0], sizes[0]!, a), phaseOf(pair[1], sizes[1]!, b)] as const;
        if (phases.some(({ taps }) => taps === 0)) continue;
        const met = phases.map(({ start, taps }, k) => (
          { start: start + (taps - 1) * pair[k]!.step, step: taps === 1 ? 1 : -pair[k]!.step, length: taps }
        ));
        const places = phases.map(({ places }) => places), target = placesAlong(whole, 3, places);
        const turned = permute(placesAlong(kernels, 3, met), [0, 2, 1, 3, 4]);
        const kernel = ordered(turned, places[0]!.length * places[1]!.length);
        const part = target.shape.every((length, k) => length === whole.shape[k])
          ? whole
          : empty(stream, target.shape, y.dtype);
        write(part, kernel, inGroups(y, groups, 1), [phases[0].placed, phases[1].placed]);
        if (part !== whole) mapInto(target, "copy", [part]);
      }
    }
    return reshape(whole, [n, groups * channels, ...lengths]);
  });
}

/** The most elements of the sums of all shares together. */
const sharesMost = 2 ** 20;

/**
 * Into how many shares of the batch sums over it are divided, which are added in the end. Threads then take whole shares: parts
 * of one sum would each copy an operand for themselves. The number depends on the shape alone, and so do the bits.
 */
function sharesOf(n: number, size: number): number {
  return [8, 4, 2].find((shares) => n % shares === 0 && n >= 2 * shares && shares * size <= sharesMost) ?? 1;
}

/** The sums of x [n, c, ...] times y [n, o, ...] over all places where an element of a kernel meets them: [o, c / groups, ...]. */
export function convolvedKernels(x: NDArray, y: NDArray, windows: readonly Windows[], groups: number): NDArray {
  const o = y.shape[1]! / groups, channels = x.shape[1]! / groups, pair = pairOf(windows);
  const [h, w] = pair.map(({ size }) => size) as [number, number], shape = windows.map(({ size }) => size);
  const placed = pair.map(({ step, dilation, before }) => ({ step: dilation, dilation: step, before }));
  const isLong = pair[0].count * pair[1].count > h * w;
  const shares = groups === 1 && isLong ? sharesOf(x.shape[0]!, channels * h * w * o) : 1;
  // The groups of the instruction are those of the kernels, or shares of the batch.
  const apart = Math.max(groups, shares);
  return groupResult(() => {
    const stream = x.storage.stream;
    // Sums along many places are written as rows of output channels, for each channel and column of the kernel.
    const order = [apart, h, channels, w, o];
    const memory = isLong ? empty(stream, order, x.dtype) : empty(stream, [channels, apart, o, h, w], x.dtype);
    const out = isLong ? permute(memory, [2, 0, 4, 1, 3]) : memory, dense = contiguous(y);
    const kernel = shares > 1
      ? permute(inGroups(dense, shares, 0), [0, 2, 1, 3, 4])
      : permute(inGroups(dense, groups, 1), [1, 2, 0, 3, 4]);
    const input = shares > 1
      ? permute(inGroups(x, shares, 0), [2, 0, 1, 3, 4])
      : permute(inGroups(x, groups, 1), [2, 1, 0, 3, 4]);
    write(out, kernel, input, placed as unknown as Pair<Placement>);
    if (shares === 1) return reshape(permute(out, [1, 2, 0, 3, 4]), [groups * o, channels, ...shape]);
    const sums = fold("sum", [memory], [0], order.slice(1));
    return reshape(permute(sums, [3, 1, 0, 2]), [o, channels, ...shape]);
  });
}
