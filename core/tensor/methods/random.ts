/**
 * Methods that draw random numbers.
 */
import { poisson } from "../composites/poisson.ts";
import * as random from "../composites/random.ts";
import type { Tensor } from "../tensor.ts";
import { LinearMethods } from "./linear.ts";

export type { GumbelSoftmaxOptions, MultinomialOptions } from "../composites/random.ts";

/**
 * The methods of {@linkcode Tensor} that draw random numbers, by its shape or by its elements.
 *
 * The numbers follow from `manualSeed` and the draws since, and are the same on every device. Captured functions draw anew at
 * each replay. Parameters out of range are a RangeError where the elements are there when the call is made: on `cpu`, `wasm`
 * and `reference`, outside captured functions. Results are on no graph, unless the method says otherwise.
 */
export abstract class RandomMethods extends LinearMethods {
  /** Uniform numbers in [0, 1) in this shape and type, which must be a float type. PyTorch's `rand_like`. */
  randLike(this: Tensor): Tensor {
    return random.randLike(this);
  }

  /** Standard normal numbers in this shape and type, which must be a float type. PyTorch's `randn_like`. */
  randnLike(this: Tensor): Tensor {
    return random.randnLike(this);
  }

  /** Uniform integers in [low, high) in this shape and type. PyTorch's `randint_like`. */
  randintLike(this: Tensor, low: number, high: number): Tensor {
    return random.randintLike(this, low, high);
  }

  /**
   * 1 with the probability that each element is, else 0, in the same type; with one probability `p` for all elements where it
   * is given. RangeError for probabilities outside [0, 1].
   */
  bernoulli(this: Tensor, p?: number): Tensor {
    return random.bernoulli(this, p);
  }

  /**
   * Numbers of the Poisson distribution, of which each element is the rate, in the same type. RangeError for a negative rate.
   *
   * Rates below 10 add up probabilities; for larger ones a fixed number of proposals is made, so that captured functions draw
   * them too. The result is computed in float64.
   */
  poisson(this: Tensor): Tensor {
    return poisson(this);
  }

  /**
   * A place (int32) along an axis, the last one by default, for each row of logits: with the probabilities of their softmax,
   * as PyTorch's `Categorical(logits=x).sample()`.
   */
  categorical(this: Tensor, axis: number = -1): Tensor {
    return random.categorical(this, axis);
  }

  /**
   * `count` places (int32) along the last axis for each row of weights: [..., n] gives [..., count]. Probabilities are
   * proportional to the weights, which need not add up to 1. Without `replacement`, the default, no place is drawn twice, in
   * the order of one draw after the other. RangeError for negative weights, and for too few above 0.
   */
  multinomial(this: Tensor, count: number, options: random.MultinomialOptions = {}): Tensor {
    return random.multinomial(this, count, options);
  }

  /**
   * The softmax of (x + Gumbel noise) / tau along an axis: a draw of a place that can be differentiated. With `hard` the
   * values are a one among zeros, and the gradient is that of the softmax.
   */
  gumbelSoftmax(this: Tensor, options: random.GumbelSoftmaxOptions = {}): Tensor {
    return random.gumbelSoftmax(this, options);
  }
}
