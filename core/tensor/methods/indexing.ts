/**
 * Methods that choose elements by their places.
 */
import { type Index, selectionOf } from "../../pure/index.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ShapeMethods } from "./shapes.ts";

/** The methods of {@linkcode Tensor} that choose elements by their places. */
export abstract class IndexMethods extends ShapeMethods {
  /**
   * A view of a part, by NumPy's rules. An index is a place, which drops its axis, a range `{ start, stop, step }`, null for a
   * new axis, or a text in NumPy's notation, which may hold several: `x.at("1:, ::-1")`, `x.at(0)`,
   * `x.at("...", { start: -2 })`. RangeError for a place outside its axis.
   */
  at(this: Tensor, ...indices: Index[]): Tensor {
    const { slices, added } = selectionOf(indices, this.shape), part = new ops.Slice(slices).call(this);
    if (added.length === 0) return part;
    const shape = part.shape.slice();
    for (const axis of added) shape.splice(axis, 0, 1);
    return part.reshape(shape);
  }

  /** The slices at `indices`, integers of any type, along an axis. RangeError for a fraction and outside the axis. */
  take(this: Tensor, indices: Tensor | readonly number[], axis = 0): Tensor {
    return new ops.Take(axis).call(this, indices);
  }
}
