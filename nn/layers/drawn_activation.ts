/** Activations with a parameter, with noise, and with two numbers that must be given. */
import { checkOptions, checkRange, isFloat } from "../../core/internal.ts";
import { rand, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import type { Parameter } from "../parameter.ts";
import { Activation } from "./activation.ts";
import { constantParameter, placementNames, placementOf } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** Options of {@linkcode PReLU}. */
export interface PReLUOptions extends PlacementOptions {
  /** How many slopes there are: 1, which is the default, or one for each place of axis 1. */
  numParameters?: number;
  /** The slopes at first; 0.25 by default. */
  init?: number;
}

/**
 * x above 0, else a learned slope times x (He et al. 2015): one slope for all elements, or one for each place of axis 1.
 *
 * TypeError for an input whose axis 1 has another length than there are slopes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.PReLU().call(tensor([-2, 3])).toArray().join() !== "-0.5,3") throw new Error("wrong");
 * ```
 */
export class PReLU extends Activation {
  /** The slopes [numParameters]. */
  readonly weight: Parameter;

  /** RangeError unless `numParameters` is a positive integer of at most 2^24 and `init` a finite number. */
  constructor(options: PReLUOptions = {}) {
    super((x) => x.prelu(this.weight));
    const names = ["numParameters", "init", ...placementNames] as const, action = "make PReLU";
    const { numParameters = 1, init = 0.25 } = checkOptions(action, options, "{ numParameters: 8 }", names);
    checkFeatures(action, "numParameters", numParameters);
    checkRange(action, "init", init, -Infinity);
    this.weight = constantParameter([numParameters], init, placementOf(action, options));
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.weight.size}`;
  }
}

/** Options of {@linkcode RReLU}. */
export interface RReLUOptions {
  /** The least slope; 1/8 by default. */
  lower?: number;
  /** The greatest slope; 1/3 by default. */
  upper?: number;
}

/**
 * x above 0, else a slope times x: in training one that is drawn for each element from [lower, upper), in evaluation their
 * mean (Xu et al. 2015). The slopes follow from {@linkcode manualSeed} and the calls since.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.RReLU({ lower: 0.25, upper: 0.75 }).eval().call(tensor([-2, 3]));
 * if (y.toArray().join() !== "-1,3") throw new Error("wrong");
 * ```
 */
export class RReLU extends Activation {
  /** The least slope. */
  readonly lower: number;
  /** The greatest slope. */
  readonly upper: number;

  /** RangeError unless both are finite numbers and `lower` does not exceed `upper`. */
  constructor(options: RReLUOptions = {}) {
    super((x) => this.#bent(x));
    const action = "make RReLU";
    const { lower = 1 / 8, upper = 1 / 3 } = checkOptions(action, options, "{ lower: 0.1 }", ["lower", "upper"]);
    this.lower = checkRange(action, "lower", lower, -Infinity);
    this.upper = checkRange(action, "upper", upper, -Infinity);
    if (lower > upper) throw new RangeError(`Cannot ${action}: lower ${lower} must not exceed upper ${upper}`);
  }

  /** Draws new slopes at each call, and at each replay in a captured function. */
  #bent(x: Tensor): Tensor {
    const { lower, upper } = this;
    if (!this.training) return x.leakyRelu((lower + upper) / 2);
    const floats = isFloat(x.dtype) ? x : x.cast("float32");
    const slopes = rand(x.shape, { device: x.device, dtype: floats.dtype }).mul(upper - lower).add(lower);
    return floats.greater(0).where(floats, floats.mul(slopes));
  }

  /** @ignore */
  protected override describe(): string {
    return `lower: ${this.lower}, upper: ${this.upper}`;
  }
}

/**
 * x above `threshold`, else `value`. Integers stay integers if `value` is one.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Threshold(1, -7).call(tensor([0.5, 2])).toArray().join() !== "-7,2") throw new Error("wrong");
 * ```
 */
export class Threshold extends Activation {
  /** What an element must exceed to stay. */
  readonly threshold: number;
  /** What stands in the place of others. */
  readonly value: number;

  /** RangeError unless both are finite numbers. */
  constructor(threshold: number, value: number) {
    super((x) => x.threshold(threshold, value));
    this.threshold = checkRange("make Threshold", "threshold", threshold, -Infinity);
    this.value = checkRange("make Threshold", "value", value, -Infinity);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.threshold}, ${this.value}`;
  }
}
