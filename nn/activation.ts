/** Activations as modules, so that a Sequential can hold them. Each is the tensor method of the same name. */
import type { Tensor } from "../core/mod.ts";
import { Module } from "./module.ts";

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
  override forward(x: Tensor): Tensor {
    return x.relu();
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module<[x: Tensor]> {
  override forward(x: Tensor): Tensor {
    return x.sigmoid();
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module<[x: Tensor]> {
  override forward(x: Tensor): Tensor {
    return x.tanh();
  }
}

/** x Φ(x), with Φ the normal distribution's own function, not its approximation by tanh (Hendrycks and Gimpel 2016). */
export class GELU extends Module<[x: Tensor]> {
  override forward(x: Tensor): Tensor {
    return x.gelu();
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
  readonly axis: number;

  constructor(axis: number = -1) {
    super();
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.axis);
  }

  protected override describe(): string {
    return `axis: ${this.axis}`;
  }
}

/** The logarithm of {@linkcode Softmax}, accurate where that rounds to 0. */
export class LogSoftmax extends Module<[x: Tensor]> {
  readonly axis: number;

  constructor(axis: number = -1) {
    super();
    this.axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.axis);
  }

  protected override describe(): string {
    return `axis: ${this.axis}`;
  }
}
