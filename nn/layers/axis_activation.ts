/** Activations that work along an axis: the softmax and its kin, and the gated linear unit. */
import { checkInteger } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { Activation } from "./activation.ts";

/** An activation along one axis: the last one by default. */
export abstract class AxisActivation extends Activation {
  /** The axis along which it works; a negative one counts from the end. */
  readonly axis: number;

  /** The activation that computes `apply` of its input and the axis. */
  constructor(axis: number, apply: (x: Tensor, axis: number) => Tensor) {
    super((x) => apply(x, axis));
    this.axis = checkInteger(`make ${this.constructor.name}`, "axis", axis);
  }

  /** @ignore */
  protected override describe(): string {
    return `axis: ${this.axis}`;
  }
}

/**
 * exp(x) / sum(exp(x)) along an axis: the last one by default, where a classifier's classes lie.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softmax().call(tensor([[7, 7]])).toArray().join() !== "0.5,0.5") throw new Error("wrong");
 * ```
 */
export class Softmax extends AxisActivation {
  /** RangeError for an axis that is no integer, and at the call for one that the tensor does not have. */
  constructor(axis: number = -1) {
    super(axis, (x, axis) => x.softmax(axis));
  }
}

/**
 * The {@linkcode Softmax} of -x: small elements become large.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softmin().call(tensor([[7, 7]])).toArray().join() !== "0.5,0.5") throw new Error("wrong");
 * ```
 */
export class Softmin extends AxisActivation {
  /** RangeError for an axis that is no integer, and at the call for one that the tensor does not have. */
  constructor(axis: number = -1) {
    super(axis, (x, axis) => x.softmin(axis));
  }
}

/**
 * The logarithm of {@linkcode Softmax}, accurate also where the softmax rounds to 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.LogSoftmax().call(tensor([[0, -200]])).toArray()[0][1] !== -200) throw new Error("wrong");
 * ```
 */
export class LogSoftmax extends AxisActivation {
  /** RangeError for an axis that is no integer, and at the call for one that the tensor does not have. */
  constructor(axis: number = -1) {
    super(axis, (x, axis) => x.logSoftmax(axis));
  }
}

/**
 * The first half of an axis times the sigmoid of the second (Dauphin et al. 2017): its length is halved. TypeError for an odd one.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.GLU().call(tensor([3, 0])).item() !== 1.5) throw new Error("wrong");
 * ```
 */
export class GLU extends AxisActivation {
  /** RangeError for an axis that is no integer, and at the call for one that the tensor does not have. */
  constructor(axis: number = -1) {
    super(axis, (x, axis) => x.glu(axis));
  }
}

/**
 * The {@linkcode Softmax} over the channels of each place: [batch, channels, height, width] or [channels, height, width].
 *
 * TypeError for another number of axes.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * if (new nn.Softmax2d().call(zeros([2, 1, 1])).toArray().flat().join() !== "0.5,0.5") throw new Error("wrong");
 * ```
 */
export class Softmax2d extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => checkChannels(this, x, null, 2).softmax(-3));
  }
}
