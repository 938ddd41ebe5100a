/**
 * Methods that give the elements another shape or order.
 */
import type { Shape } from "../../pure/shape.ts";
import { flatten } from "../composites/shapes.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ReductionMethods } from "./reductions.ts";

/** The methods of {@linkcode Tensor} that give the elements another shape or order. */
export abstract class ShapeMethods extends ReductionMethods {
  /** The axes in another order; without `axes`, the last two change places. */
  transpose(this: Tensor, axes?: readonly number[]): Tensor {
    return new ops.Transpose(axes).call(this);
  }

  /** The elements in another shape of the same size. One length may be -1, and is computed. */
  reshape(this: Tensor, shape: Shape): Tensor {
    return new ops.Reshape(shape).call(this);
  }

  /** The axes from `startAxis` on joined into one. */
  flatten(this: Tensor, startAxis = 0): Tensor {
    return flatten(this, startAxis);
  }

  /** Stretched to `shape`, by NumPy's rule. */
  broadcastTo(this: Tensor, shape: Shape): Tensor {
    return new ops.BroadcastTo(shape).call(this);
  }
}
