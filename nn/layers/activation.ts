/**
 * Activations as modules, so that a Sequential can hold them. Each applies the tensor method of the same name, and says no more
 * than that: the function, and its settings with their defaults, which are its options.
 */
import { checkFlag, checkFunction, checkOptions, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";

/**
 * A function as a module: what it makes of an input, most often element by element.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Activation((x) => x.sin()), new nn.ReLU());
 * if (net.call(tensor([0, -1])).toArray().join() !== "0,0") throw new Error("wrong");
 * ```
 */
export class Activation extends Module<[x: Tensor]> {
  readonly #apply: (x: Tensor) => Tensor;

  /** TypeError for what is no function. */
  constructor(apply: (x: Tensor) => Tensor) {
    super();
    checkFunction(`make ${this.constructor.name}`, apply);
    this.#apply = apply;
  }

  /** [...] to [...], in most cases: what the function makes of its input. */
  override forward(x: Tensor): Tensor {
    return this.#apply(checkInput(this, x));
  }
}

/**
 * An activation with settings, which are its options. Each has a default, and an option takes its place.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * class Snake extends nn.TunedActivation<{ a: number }> {
 *   constructor(options: { a?: number } = {}) {
 *     super((x, { a }) => x.mul(a).sin().square().div(a).add(x), { a: 1 }, options);
 *   }
 * }
 * const y = new nn.Sequential(new nn.Linear(2, 3), new Snake({ a: 2 })).call(tensor([[1, 2]]));
 * if (y.shape.join() !== "1,3" || `${new Snake()}` !== "Snake(a: 1)") throw new Error("wrong");
 * ```
 */
export abstract class TunedActivation<Settings extends object> extends Activation {
  /** What was asked for, and the defaults of the rest. */
  readonly settings: Readonly<Settings>;

  /**
   * The activation that computes `apply` of its input and the settings; `check` throws for settings that are refused.
   *
   * TypeError for an option that does not exist or is of another type than its default; RangeError for NaN.
   */
  constructor(
    apply: (x: Tensor, settings: Readonly<Settings>) => Tensor,
    defaults: Settings,
    options: Partial<Settings>,
    check: (action: string, settings: Readonly<Settings>) => void = () => {},
  ) {
    const action = `make ${new.target.name}`, settings = { ...defaults };
    const names = Object.keys(defaults) as (keyof Settings & string)[];
    checkOptions<Partial<Settings>>(action, options, `{ ${names[0]}: ${shown(defaults[names[0]!])} }`, names);
    for (const name of names) if (options[name] !== undefined) settings[name] = options[name]!;
    for (const name of names) checkSetting(action, name, settings[name], defaults[name]);
    check(action, settings);
    super((x) => apply(x, settings));
    this.settings = Object.freeze(settings);
  }

  /** @ignore */
  protected override describe(): string {
    return Object.entries(this.settings).map(([name, value]) => `${name}: ${value}`).join(", ");
  }
}

/** Throws unless a setting is of the type of its default, and no NaN. */
function checkSetting(action: string, name: string, value: unknown, like: unknown): void {
  if (typeof like === "boolean") checkFlag(action, name, value as boolean);
  else if (typeof value !== typeof like) {
    throw new TypeError(
      `Cannot ${action}: ${name} ${shown(value)} must be a ${typeof like === "string" ? "text" : "number"}`,
    );
  } else if (Number.isNaN(value)) throw new RangeError(`Cannot ${action}: ${name} NaN must be a number`);
}

/**
 * max(x, 0), with a gradient of 0 at 0. Integers stay integers.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.ReLU().call(tensor([-1, 2])).toArray().join() !== "0,2") throw new Error("wrong");
 * ```
 */
export class ReLU extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.relu());
  }
}

/**
 * min(max(x, 0), 6), with a gradient of 0 at 0 and 6. Integers stay integers.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.ReLU6().call(tensor([-1, 2, 7])).toArray().join() !== "0,2,6") throw new Error("wrong");
 * ```
 */
export class ReLU6 extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.relu6());
  }
}

/**
 * x above 0, else `negativeSlope` x, which is 0.01 x by default (Maas et al. 2013).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.LeakyReLU({ negativeSlope: 0.5 }).call(tensor([-1, 2])).toArray().join() !== "-0.5,2") throw new Error("wrong");
 * ```
 */
export class LeakyReLU extends TunedActivation<{ negativeSlope: number }> {
  /** RangeError for NaN. TypeError for an option that does not exist. */
  constructor(options: { negativeSlope?: number } = {}) {
    super((x, { negativeSlope }) => x.leakyRelu(negativeSlope), { negativeSlope: 0.01 }, options);
  }
}

/**
 * x above 0, else `alpha` (exp(x) - 1), with an alpha of 1 by default (Clevert et al. 2015).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.ELU({ alpha: 2 }).call(tensor([-Infinity, 3])).toArray().join() !== "-2,3") throw new Error("wrong");
 * ```
 */
export class ELU extends TunedActivation<{ alpha: number }> {
  /** RangeError for NaN. TypeError for an option that does not exist. */
  constructor(options: { alpha?: number } = {}) {
    super((x, { alpha }) => x.elu(alpha), { alpha: 1 }, options);
  }
}

/**
 * 1.0507... times an ELU with an alpha of 1.6732...: of normal numbers it keeps mean 0 and variance 1 (Klambauer et al. 2017).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.SELU().call(tensor([0])).toArray().join() !== "0") throw new Error("wrong");
 * ```
 */
export class SELU extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.selu());
  }
}

/**
 * x above 0, else `alpha` (exp(x / alpha) - 1), whose slope has no jump; alpha is 1 by default (Barron 2017).
 *
 * RangeError for an alpha of 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.CELU({ alpha: 2 }).call(tensor([-Infinity, 3])).toArray().join() !== "-2,3") throw new Error("wrong");
 * ```
 */
export class CELU extends TunedActivation<{ alpha: number }> {
  /** RangeError for settings that are refused, and for NaN. TypeError for an option that does not exist. */
  constructor(options: { alpha?: number } = {}) {
    super((x, { alpha }) => x.celu(alpha), { alpha: 1 }, options, (action, { alpha }) => {
      if (alpha === 0) throw new RangeError(`Cannot ${action}: alpha 0 must differ from 0`);
    });
  }
}

/**
 * 1 / (1 + exp(-x)): a logit as a probability.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Sigmoid().call(tensor([0])).toArray().join() !== "0.5") throw new Error("wrong");
 * ```
 */
export class Sigmoid extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.sigmoid());
  }
}

/**
 * log(1 / (1 + exp(-x))), with all digits where the sigmoid is near 0 or 1.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.LogSigmoid().call(tensor([-200])).toArray().join() !== "-200") throw new Error("wrong");
 * ```
 */
export class LogSigmoid extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.logSigmoid());
  }
}

/**
 * (x + 3) / 6, and 0 or 1 outside of (-3, 3).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Hardsigmoid().call(tensor([-4, 0, 4])).toArray().join() !== "0,0.5,1") throw new Error("wrong");
 * ```
 */
export class Hardsigmoid extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.hardsigmoid());
  }
}

/**
 * The hyperbolic tangent: between -1 and 1, and x itself near 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Tanh().call(tensor([0, 100])).toArray().join() !== "0,1") throw new Error("wrong");
 * ```
 */
export class Tanh extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.tanh());
  }
}

/**
 * min(max(x, `min`), `max`), by default from -1 to 1, with a gradient of 0 at both bounds.
 *
 * RangeError unless `min` is less than `max`.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Hardtanh({ max: 2 }).call(tensor([-4, 1.5, 4])).toArray().join() !== "-1,1.5,2") throw new Error("wrong");
 * ```
 */
export class Hardtanh extends TunedActivation<{ min: number; max: number }> {
  /** RangeError for settings that are refused, and for NaN. TypeError for an option that does not exist. */
  constructor(options: { min?: number; max?: number } = {}) {
    super((x, { min, max }) => x.hardtanh(min, max), { min: -1, max: 1 }, options, (action, { min, max }) => {
      if (min >= max) throw new RangeError(`Cannot ${action}: min ${min} must be less than max ${max}`);
    });
  }
}

/**
 * x - tanh(x), with all digits near 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Tanhshrink().call(tensor([0, 100])).toArray().join() !== "0,99") throw new Error("wrong");
 * ```
 */
export class Tanhshrink extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.tanhshrink());
  }
}

/**
 * x Φ(x), with Φ the distribution function of the standard normal; with an `approximate` of "tanh" its approximation, with
 * "none" the exact one, which is the default (Hendrycks and Gimpel 2016).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.GELU({ approximate: "tanh" }).call(tensor([0, 10])).toArray().join() !== "0,10") throw new Error("wrong");
 * ```
 */
export class GELU extends TunedActivation<{ approximate: "none" | "tanh" }> {
  /** RangeError for settings that are refused, and for NaN. TypeError for an option that does not exist. */
  constructor(options: { approximate?: "none" | "tanh" } = {}) {
    super(
      (x, { approximate }) => x.gelu({ approximate }),
      { approximate: "none" },
      options,
      (action, { approximate }) => {
        if (approximate === "none" || approximate === "tanh") return;
        throw new RangeError(`Cannot ${action}: approximate ${shown(approximate)} must be "none" or "tanh"`);
      },
    );
  }
}

/**
 * x / (1 + exp(-x)) (Elfwing et al. 2017); 0 at -Infinity, where PyTorch has NaN.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.SiLU().call(tensor([0, 100])).toArray().join() !== "0,100") throw new Error("wrong");
 * ```
 */
export class SiLU extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.silu());
  }
}

/**
 * x times {@linkcode Hardsigmoid} of x (Howard et al. 2019).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Hardswish().call(tensor([-4, 4])).toArray().join() !== "0,4") throw new Error("wrong");
 * ```
 */
export class Hardswish extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.hardswish());
  }
}

/**
 * x tanh(log(1 + exp(x))) (Misra 2019); 0 at -Infinity, where PyTorch has NaN.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Mish().call(tensor([0, 100])).toArray().join() !== "0,100") throw new Error("wrong");
 * ```
 */
export class Mish extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.mish());
  }
}

/**
 * log(1 + exp(`beta` x)) / beta, and x itself where beta x is above `threshold`: 1 and 20 by default.
 *
 * RangeError for a beta of 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softplus({ threshold: 5 }).call(tensor([6])).toArray().join() !== "6") throw new Error("wrong");
 * ```
 */
export class Softplus extends TunedActivation<{ beta: number; threshold: number }> {
  /** RangeError for settings that are refused, and for NaN. TypeError for an option that does not exist. */
  constructor(options: { beta?: number; threshold?: number } = {}) {
    super(
      (x, { beta, threshold }) => x.softplus(beta, threshold),
      { beta: 1, threshold: 20 },
      options,
      (action, { beta }) => {
        if (beta === 0) throw new RangeError(`Cannot ${action}: beta 0 must differ from 0`);
      },
    );
  }
}

/**
 * x / (1 + |x|).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softsign().call(tensor([-1, 3])).toArray().join() !== "-0.5,0.75") throw new Error("wrong");
 * ```
 */
export class Softsign extends Activation {
  /** It takes no options. */
  constructor() {
    super((x) => x.softsign());
  }
}

/**
 * x nearer to 0 by `lambda`, and 0 from -lambda to lambda; 0.5 by default.
 *
 * RangeError for a negative lambda.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Softshrink().call(tensor([-2, 0.25])).toArray().join() !== "-1.5,0") throw new Error("wrong");
 * ```
 */
export class Softshrink extends TunedActivation<{ lambda: number }> {
  /** RangeError for settings that are refused, and for NaN. TypeError for an option that does not exist. */
  constructor(options: { lambda?: number } = {}) {
    super((x, { lambda }) => x.softshrink(lambda), { lambda: 0.5 }, options, (action, { lambda }) => {
      if (lambda < 0) throw new RangeError(`Cannot ${action}: lambda ${lambda} must not be negative`);
    });
  }
}

/**
 * x, and 0 from -`lambda` to lambda; 0.5 by default.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Hardshrink().call(tensor([-2, 0.25])).toArray().join() !== "-2,0") throw new Error("wrong");
 * ```
 */
export class Hardshrink extends TunedActivation<{ lambda: number }> {
  /** RangeError for NaN. TypeError for an option that does not exist. */
  constructor(options: { lambda?: number } = {}) {
    super((x, { lambda }) => x.hardshrink(lambda), { lambda: 0.5 }, options);
  }
}
