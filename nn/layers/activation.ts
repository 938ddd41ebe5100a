/** Activations as modules, so that a Sequential can hold them. Each applies the tensor method of the same name. */
import { shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";

/**
 * max(x, 0), with a gradient of 0 at 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.ReLU().call(tensor([-1, 2])).toArray().join() !== "0,2") throw new Error("wrong");
 * ```
 */
export class ReLU extends Module<[x: Tensor]> {
  /** [...] to [...], as all activations; integers stay integers. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).relu();
  }
}

/**
 * 1 / (1 + exp(-x)): a logit as a probability.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Sigmoid().call(tensor([0])).item() !== 0.5) throw new Error("wrong");
 * ```
 */
export class Sigmoid extends Module<[x: Tensor]> {
  /** [...] to [...]; integers give float32. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).sigmoid();
  }
}

/**
 * The hyperbolic tangent: between -1 and 1, and x itself near 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (Math.abs(new nn.Tanh().call(tensor([1])).item() - Math.tanh(1)) > 1e-6) throw new Error("wrong");
 * ```
 */
export class Tanh extends Module<[x: Tensor]> {
  /** [...] to [...]; integers give float32. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).tanh();
  }
}

/**
 * x Φ(x), with Φ the distribution function of the standard normal, not its approximation by tanh (Hendrycks and Gimpel 2016).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (Math.abs(new nn.GELU().call(tensor([1])).item() - 0.841345) > 1e-6) throw new Error("wrong");
 * ```
 */
export class GELU extends Module<[x: Tensor]> {
  /** [...] to [...]; integers give float32. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).gelu();
  }
}

/**
 * exp(x) / sum(exp(x)) along one axis.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softmax().call(tensor([[7, 7]])).toArray().join() !== "0.5,0.5") throw new Error("wrong");
 * ```
 */
export class Softmax extends Module<[x: Tensor]> {
  /**
   * The axis along which the results, or for LogSoftmax their exponentials, sum to one; a negative one counts from the
   * end.
   */
  readonly axis: number;

  /**
   * The last axis by default, where a classifier's classes lie. RangeError for what is no integer; which axes a tensor has is
   * checked at the call.
   */
  constructor(axis: number = -1) {
    super();
    this.axis = checkAxis(this.constructor.name, axis);
  }

  /** [...] to [...]. RangeError for a tensor without the axis. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).softmax(this.axis);
  }

  /** @ignore */
  protected override describe(): string {
    return `axis: ${this.axis}`;
  }
}

/**
 * The logarithm of {@linkcode Softmax}, accurate also where the softmax rounds to 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.LogSoftmax().call(tensor([[0, -200]])).toArray();
 * if (y[0][1] !== -200) throw new Error("lost");
 * ```
 */
export class LogSoftmax extends Module<[x: Tensor]> {
  /**
   * The axis along which the results, or for LogSoftmax their exponentials, sum to one; a negative one counts from the
   * end.
   */
  readonly axis: number;

  /**
   * The last axis by default, where a classifier's classes lie. RangeError for what is no integer; which axes a tensor has is
   * checked at the call.
   */
  constructor(axis: number = -1) {
    super();
    this.axis = checkAxis(this.constructor.name, axis);
  }

  /** [...] to [...]. RangeError for a tensor without the axis. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).logSoftmax(this.axis);
  }

  /** @ignore */
  protected override describe(): string {
    return `axis: ${this.axis}`;
  }
}

function checkAxis(owner: string, axis: number): number {
  if (Number.isSafeInteger(axis)) return axis;
  throw new RangeError(`Cannot make ${owner}: axis ${shown(axis)} must be an integer`);
}
