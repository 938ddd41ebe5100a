/** Arrays of random numbers, drawn at the place where the generator is. Replays of a recording draw anew. */
import { type DType, isHalf } from "../pure/dtype.ts";
import { type Shape, sizeOf } from "../pure/shape.ts";
import { nextCounters } from "./counters.ts";
import { groupResult } from "./group.ts";
import { copy, map, type NDArray } from "./ndarray.ts";
import { random } from "./skeletons.ts";
import type { Stream } from "./stream.ts";

function drawn(stream: Stream, shape: Shape, dtype: DType): NDArray {
  const { key, counter } = nextCounters(sizeOf(shape), dtype);
  return random(stream, shape, dtype, key, counter);
}

/** Uniform numbers of a float type in [0, 1). */
export function uniformNumbers(stream: Stream, shape: Shape, dtype: DType): NDArray {
  if (!isHalf(dtype)) return drawn(stream, shape, dtype);
  // The number is cut off after as many digits as the half has: rounded, it might become 1.
  const steps = dtype === "float16" ? 2 ** 11 : 2 ** 8;
  return groupResult(() => {
    const whole = map("floor", [map("mulScalar", [drawn(stream, shape, "float32")], { s: steps })]);
    return copy(map("divScalar", [whole], { s: steps }), dtype);
  });
}

/** Numbers of the standard normal distribution, by Box and Muller 1958. */
export function normalNumbers(stream: Stream, shape: Shape, dtype: DType): NDArray {
  const wide = isHalf(dtype) ? "float32" : dtype;
  return groupResult(() => {
    const normal = map("boxMuller", [1, 2].map(() => drawn(stream, shape, wide)));
    return wide === dtype ? normal : copy(normal, dtype);
  });
}

/** Uniform integers in [low, high), as any type. */
export function uniformIntegers(stream: Stream, shape: Shape, dtype: DType, low: number, high: number): NDArray {
  return groupResult(() => {
    const whole = map("floor", [map("mulScalar", [drawn(stream, shape, "float64")], { s: high - low })]);
    return copy(map("addScalar", [whole], { s: low }), dtype);
  });
}
