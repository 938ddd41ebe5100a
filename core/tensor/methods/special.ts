/**
 * Special functions: of gamma, of Bessel, and of probabilities.
 */
import * as composites from "../composites/special.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { PointwiseMethods } from "./pointwise.ts";

/** The methods of {@linkcode Tensor} that are special functions, many of which PyTorch has in `torch.special`. Integers give float32. */
export abstract class SpecialMethods extends PointwiseMethods {
  /** The natural logarithm of the gamma function's magnitude: infinite at 0 and at negative integers. */
  lgamma(this: Tensor): Tensor {
    return ops.lgamma.call(this);
  }
  /** The derivative of `lgamma`: infinite at 0, NaN at negative integers. */
  digamma(this: Tensor): Tensor {
    return ops.digamma.call(this);
  }
  /**
   * The `order`-th derivative of `digamma`, which is `torch.polygamma(order, a)`. At 0 and at negative integers it is infinite,
   * where PyTorch has a large number for order 1; at Infinity it is 0, where PyTorch has NaN from order 2 on. RangeError for
   * an order that is no integer of at least 0.
   */
  polygamma(this: Tensor, order: number): Tensor {
    return order === 0 ? ops.digamma.call(this) : new ops.Polygamma(order).call(this);
  }
  /** The natural logarithm of the gamma function of dimension `p`, by another name `torch.mvlgamma`. RangeError for a `p` below 1. */
  multigammaln(this: Tensor, p: number): Tensor {
    return composites.multigammaln(this, p);
  }
  /** The distribution function of the standard normal, with all digits in its lower tail. */
  ndtr(this: Tensor): Tensor {
    return ops.ndtr.call(this);
  }
  /** The logarithm of `ndtr`, with all digits in both tails. */
  logNdtr(this: Tensor): Tensor {
    return ops.logNdtr.call(this);
  }
  /** The inverse of `ndtr`, with all digits of small numbers: infinite at 0 and 1, NaN beyond. */
  ndtri(this: Tensor): Tensor {
    return ops.ndtri.call(this);
  }
  /** `exp(a²) erfc(a)`, with all digits where `erfc(a)` is small. */
  erfcx(this: Tensor): Tensor {
    return ops.erfcx.call(this);
  }
  /** The modified Bessel function of order 0; NaN of infinities, as in PyTorch. */
  i0(this: Tensor): Tensor {
    return ops.i0.call(this);
  }
  /** The modified Bessel function of order 1; NaN of infinities, as in PyTorch. */
  i1(this: Tensor): Tensor {
    return ops.i1.call(this);
  }
  /** `exp(-|a|) i0(a)`, which does not overflow. */
  i0e(this: Tensor): Tensor {
    return ops.i0e.call(this);
  }
  /** `exp(-|a|) i1(a)`, which does not overflow. */
  i1e(this: Tensor): Tensor {
    return ops.i1e.call(this);
  }
  /** The entropy of a probability, `-a log(a)`: 0 at 0, where its derivative is infinite, and -Infinity below. */
  entr(this: Tensor): Tensor {
    return ops.entr.call(this);
  }
}
