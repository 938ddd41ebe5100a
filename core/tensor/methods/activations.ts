/**
 * Methods that layers put between their products: activations.
 */
import * as composites from "../composites/activations.ts";
import type { GeluOptions } from "../composites/activations.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { SpecialMethods } from "./special.ts";

/** The methods of {@linkcode Tensor} that are activations. Integers give float32, unless it is said that they stay integers. */
export abstract class ActivationMethods extends SpecialMethods {
  /** `max(a, 0)`, with a derivative of 0 at 0; integers stay integers. */
  relu(this: Tensor): Tensor {
    return ops.relu.call(this);
  }
  /** `min(max(a, 0), 6)`, with a derivative of 0 at 0 and 6; integers stay integers. */
  relu6(this: Tensor): Tensor {
    return composites.hardtanh(this, 0, 6);
  }
  /** `a` above 0, else `slope a`, which is also the derivative at 0. */
  leakyRelu(this: Tensor, slope = 0.01): Tensor {
    return composites.leakyRelu(this, slope);
  }
  /**
   * `a` above 0, else `weight a`. The weight holds one number, or one for each place of axis 1. TypeError for another shape.
   */
  prelu(this: Tensor, weight: Tensor): Tensor {
    return composites.prelu(this, weight);
  }
  /** `a` above 0, else `alpha (exp(a) - 1)`. */
  elu(this: Tensor, alpha = 1): Tensor {
    return composites.elu(this, alpha);
  }
  /** `a` above 0, else `alpha (exp(a / alpha) - 1)`, whose derivative is continuous. RangeError for an alpha of 0. */
  celu(this: Tensor, alpha = 1): Tensor {
    return composites.celu(this, alpha);
  }
  /** 1.0507... times `elu(1.6732...)`: of normal numbers it keeps mean 0 and variance 1 (Klambauer et al. 2017). */
  selu(this: Tensor): Tensor {
    return composites.selu(this);
  }
  /** `1 / (1 + exp(-a))`. */
  sigmoid(this: Tensor): Tensor {
    return ops.sigmoid.call(this);
  }
  /** `log(sigmoid(a))`, with all digits where the sigmoid is near 0 or 1. */
  logSigmoid(this: Tensor): Tensor {
    return composites.logSigmoid(this);
  }
  /** `(a + 3) / 6`, and 0 or 1 outside of (-3, 3). */
  hardsigmoid(this: Tensor): Tensor {
    return composites.hardsigmoid(this);
  }
  /** `a Φ(a)`, the erf form, or `{ approximate: "tanh" }`, which is 0 at -Infinity, where the erf form is NaN. */
  gelu(this: Tensor, options: GeluOptions = {}): Tensor {
    return composites.gelu(this, options);
  }
  /** `a sigmoid(a)`; 0 at -Infinity, where PyTorch has NaN. */
  silu(this: Tensor): Tensor {
    return ops.silu.call(this);
  }
  /** `a tanh(softplus(a))`; 0 at -Infinity, where PyTorch has NaN. */
  mish(this: Tensor): Tensor {
    return ops.mish.call(this);
  }
  /** `a hardsigmoid(a)`; 0 at -Infinity, where PyTorch has NaN. */
  hardswish(this: Tensor): Tensor {
    return composites.hardswish(this);
  }
  /** `log(1 + exp(beta a)) / beta`, and `a` itself where `beta a` is above `threshold`. */
  softplus(this: Tensor, beta = 1, threshold = 20): Tensor {
    return new ops.Softplus(beta, threshold).call(this);
  }
  /** `a / (1 + |a|)`; -1 and 1 at the infinities, where PyTorch has NaN. */
  softsign(this: Tensor): Tensor {
    return ops.softsign.call(this);
  }
  /** `min(max(a, min), max)`, with a derivative of 0 at both bounds; integers stay integers if the bounds are. */
  hardtanh(this: Tensor, min = -1, max = 1): Tensor {
    return composites.hardtanh(this, min, max);
  }
  /** `a - tanh(a)`, with all digits near 0. */
  tanhshrink(this: Tensor): Tensor {
    return ops.tanhshrink.call(this);
  }
  /** `a` nearer to 0 by `lambda`, and 0 between `-lambda` and `lambda`. RangeError for a negative lambda. */
  softshrink(this: Tensor, lambda = 0.5): Tensor {
    return composites.softshrink(this, lambda);
  }
  /** `a`, and 0 from `-lambda` to `lambda`. */
  hardshrink(this: Tensor, lambda = 0.5): Tensor {
    return composites.hardshrink(this, lambda);
  }
  /** `a` above `threshold`, else `value`; integers stay integers if `value` is one. */
  threshold(this: Tensor, threshold: number, value: number): Tensor {
    return composites.threshold(this, threshold, value);
  }
  /** The first half of an axis times the sigmoid of the second. TypeError for an odd length. */
  glu(this: Tensor, axis = -1): Tensor {
    return composites.glu(this, axis);
  }
}
