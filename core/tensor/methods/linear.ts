/**
 * Methods of linear algebra.
 */
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { WindowMethods } from "./windows.ts";

/** The methods of {@linkcode Tensor} for linear algebra. */
export abstract class LinearMethods extends WindowMethods {
  /** The matrix product over the last two axes; a vector counts as one row or column, as in NumPy. Integers give int32. */
  matmul(this: Tensor, other: Tensor): Tensor {
    return ops.matmul.call(this, other);
  }
}
