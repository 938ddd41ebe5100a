/** Numbers in the place of arrays. */
import { filled, type NDArray } from "./ndarray.ts";
import { broadcastTo } from "./views.ts";

/** A number in the place of an array like `a`: it is stored once. */
export function constantLike(a: NDArray, value: number): NDArray {
  return broadcastTo(filled(a.storage.stream, [], a.dtype, value), a.shape);
}
