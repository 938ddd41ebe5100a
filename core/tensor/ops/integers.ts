/** Indices and labels of a float type, which hold integers all the same. */
import { groupResult } from "../../array/group.ts";
import { copy, filled, map } from "../../array/ndarray.ts";
import { recorder } from "../../array/stream.ts";
import type { Tensor } from "../tensor.ts";

/**
 * What `use` makes of indices of a float type as int32, on no graph. RangeError for one that is no integer: it becomes
 * `nowhere`, which no axis has, so that the device refuses it.
 */
export function withIntegers(
  given: Tensor,
  what: `${string}: index` | "use label:",
  use: (integers: Tensor) => Tensor,
  nowhere = -1,
): Tensor {
  const integers = given.wrap(groupResult(() => {
    const { array } = given, isWhole = map("equal", [map("floor", [array]), array]);
    const none = filled(array.storage.stream, array.shape, array.dtype, nowhere);
    return copy(map("where", [isWhole, array, none], undefined, array.dtype), "int32");
  }));
  try {
    return use(integers);
  } catch (cause) {
    // The device has named the number that stands for it. Inside a recording the numbers may not be read.
    const numbers = cause instanceof RangeError && recorder === null ? Array.from(given.toTypedArray()) : [];
    const fraction = numbers.find((number) => !Number.isInteger(number));
    throw fraction === undefined ? cause : new RangeError(`Cannot ${what} ${fraction} must be an integer`, { cause });
  }
}
