/** The discrete Fourier transform. */
import { fourier } from "../../array/fourier.ts";
import { groupResult } from "../../array/group.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { checkFlag, refuse, shown } from "../../pure/check.ts";
import { showShape } from "../../pure/shape.ts";
import { type Adjoints, WideOp } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/**
 * scale Σ x_j e^(2πi sign j k / n) for each k, along the last axis but that of the real and imaginary parts: [..., n, 2] gives
 * [..., n, 2]. Where the input is real it is [..., n]; of a real output only the real parts are computed, [..., n].
 */
export class DiscreteFourier extends WideOp {
  /** TypeError for settings of another kind, RangeError for a sign that is neither -1 nor 1. */
  constructor(
    /** The sign of the exponent: -1 by default. */ readonly sign: number = -1,
    /** A factor of the results. */ readonly scale: number = 1,
    /** Whether the input is real. */ readonly realInput: boolean = false,
    /** Whether the output is the real parts alone. */ readonly realOutput: boolean = false,
  ) {
    super();
    if (sign !== -1 && sign !== 1) throw new RangeError(`Cannot transform: sign ${shown(sign)} must be -1 or 1`);
    if (typeof scale !== "number") refuse("transform", scale, "a number");
    checkFlag("transform", "realInput", realInput);
    checkFlag("transform", "realOutput", realOutput);
  }
  /** @ignore */
  override get action(): string {
    return "transform";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs), { shape } = ready[0]!;
    if (this.realInput ? shape.length > 0 : shape.length > 1 && shape.at(-1) === 2) return ready;
    const wanted = this.realInput ? "have an axis" : "be complex, [..., n, 2]";
    throw new TypeError(`Cannot transform: tensor ${showShape(shape)} must ${wanted}`);
  }
  /** The transform, in products with small matrices. */
  compute(a: NDArray): NDArray {
    return groupResult(() => fourier(a, this));
  }
  /** The transform of g with the other sign. */
  gradient(g: Tensor): Adjoints {
    return new DiscreteFourier(-this.sign, this.scale, this.realOutput, this.realInput).call(g);
  }
  /** The transform itself, since it is linear. */
  override jvp([along]: readonly (Tensor | null)[]): Tensor {
    return this.call(along!);
  }
}
