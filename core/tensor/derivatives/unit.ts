/** Unit vectors, along which derivatives are taken element by element. */
import { filled, mapInto } from "../../array/ndarray.ts";
import { rows } from "../../array/rows.ts";
import { reshape, slice } from "../../array/views.ts";
import type { Tensor } from "../tensor.ts";

/** A tensor with a one at a place and zeros elsewhere, of the shape, type and device of `like`. */
export function unitLike(like: Tensor, element: number): Tensor {
  const unit = filled(like.facts.storage.stream, [like.size], like.dtype, 0);
  const place = slice(unit, [{ start: element, step: 1, length: 1, dropped: false }]);
  mapInto(place, rows.fill, [], 1);
  place.dispose();
  const shaped = reshape(unit, like.shape);
  unit.dispose();
  return like.wrap(shaped);
}
