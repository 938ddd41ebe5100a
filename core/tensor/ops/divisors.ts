/** The common divisors and multiples of integers. Neither op has a derivative, since what it takes and gives are no floats. */
import { groupResult } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { type DType, isFloat } from "../../pure/dtype.ts";
import { notDifferentiable, TensorOp } from "../op.ts";
import { checkOperands, commonShape, fitted, lifted, numberOrTensor, type Operand } from "../operands.ts";
import { commonType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";

/**
 * How many remainders Euclid's algorithm takes at most, by Lamé: as many as there are Fibonacci numbers below the largest
 * number of the type, whose neighbours take the most.
 */
const remaindersMost: Partial<Record<DType, number>> = { uint8: 13, int32: 47 };

/** The greatest common divisor by Euclid: b takes the place of a, and a's remainder that of b, until b is 0. */
function greatestDivisor(a: NDArray, b: NDArray): NDArray {
  let [divisor, rest] = [a, b];
  for (let k = 0; k < remaindersMost[a.dtype]!; k++) {
    // Where b is 0, so is the remainder, and a stays.
    const next = map("mod", [divisor, rest]);
    divisor = map("where", [rest, rest, divisor], undefined, a.dtype);
    rest = next;
  }
  return map("abs", [divisor]);
}

/** An op of two integers. TypeError for floats and bools, as in PyTorch. */
export abstract class DivisorOp extends TensorOp {
  /** Applies the op to tensors. TypeError for shapes that do not broadcast. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to tensors and numbers, at least one of them a tensor. */
  override call(...inputs: Operand[]): Tensor;
  /** @ignore */
  override call(...inputs: Operand[]): Tensor {
    return super.call(...inputs as Tensor[]);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Operand[]): readonly Tensor[] {
    checkOperands(this, inputs, 2, numberOrTensor);
    const tensors = lifted(this, inputs), dtype = commonType(tensors);
    if (isFloat(dtype) || dtype === "bool") {
      const wanted = dtype === "bool" ? "a number type" : "an integer type";
      throw new TypeError(`Cannot ${this.action}: type ${dtype}, it must be ${wanted}; cast first`);
    }
    return fitted(tensors, dtype, commonShape(this, tensors));
  }
  /** Throws an Error: integers have no derivative. */
  gradient(): never {
    notDifferentiable(this);
  }
}

/** The greatest common divisor, and the magnitude of the other one where one is 0. */
export class GCD extends DivisorOp {
  /** @ignore */ override get action(): string {
    return "gcd";
  }
  /** Euclid's algorithm. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => greatestDivisor(a, b));
  }
}
/** {@linkcode GCD} as `Tensor` calls it. */
export const gcd: GCD = new GCD();

/** The least common multiple, 0 where one is 0; it wraps where the type does not have it. */
export class LCM extends DivisorOp {
  /** @ignore */ override get action(): string {
    return "lcm";
  }
  /** |a / gcd(a, b) b|. */
  compute(a: NDArray, b: NDArray): NDArray {
    return groupResult(() => map("abs", [map("mul", [map("floorDiv", [a, greatestDivisor(a, b)]), b])]));
  }
}
/** {@linkcode LCM} as `Tensor` calls it. */
export const lcm: LCM = new LCM();
