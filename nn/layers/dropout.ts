/** Dropout, on in training and absent in evaluation. */
import { checkShare, noiseLike } from "../../core/internal.ts";
import { DropoutOp, type Tensor } from "../../core/mod.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";

/**
 * Sets each element to 0 with probability `p` and scales the others by 1 / (1 - p) (Srivastava et al. 2014).
 *
 * In evaluation it returns its input. Which elements become 0 follows from {@linkcode manualSeed} and the calls since.
 *
 * @example
 * ```ts
 * import { manualSeed, nn, ones } from "deneb";
 *
 * manualSeed(0);
 * const dropout = new nn.Dropout(0.5), x = ones([1000]);
 * const zeros = dropout.call(x).toArray().filter((value: number) => value === 0).length;
 * if (zeros < 400 || zeros > 600) throw new Error(`${zeros} of 1000`);
 * if (dropout.eval().call(x) !== x) throw new Error("active in evaluation");
 * ```
 */
export class Dropout extends Module<[x: Tensor]> {
  /** The probability that an element is dropped. */
  readonly p: number;

  /** RangeError unless p lies in [0, 1]. */
  constructor(p: number = 0.5) {
    super();
    this.p = checkShare("make Dropout", "probability", p);
  }

  /** [...] to [...]. Draws new noise at each call, and at each replay in a captured function. */
  override forward(x: Tensor): Tensor {
    checkInput(this, x);
    return this.training && this.p > 0 ? new DropoutOp(this.p).call(x, noiseLike(x)) : x;
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.p}`;
  }
}
