/** Modules made of modules, and two without parameters: Flatten and Identity. */
import type { Tensor } from "../core/mod.ts";
import { checkInput } from "./input.ts";
import { Module } from "./module.ts";

/**
 * One module after the other: the output of each is the input of the next. Parts are named by number: `0.weight`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Flatten(), new nn.Linear(6, 4), new nn.ReLU());
 * if (net.call(ones([5, 2, 3])).shape.join() !== "5,4") throw new Error("wrong shape");
 * if (Object.keys(net.stateDict()).join() !== "1.weight,1.bias") throw new Error("wrong names");
 * ```
 */
export class Sequential extends Module<[x: Tensor]> {
  readonly #modules: readonly Module<[x: Tensor]>[];

  /** TypeError for an argument that is no module. */
  constructor(...modules: Module<[x: Tensor]>[]) {
    super();
    modules.forEach((module, place) => {
      if (!(module instanceof Module)) {
        const kind = Array.isArray(module) ? "a list" : `of type ${typeof module}`;
        throw new TypeError(`Cannot make ${this.constructor.name}: argument ${place} is ${kind}, it must be a module`);
      }
    });
    this.#modules = modules;
  }

  /** The number of modules. */
  get length(): number {
    return this.#modules.length;
  }

  /** The module at `place`, which counts from the end if negative; undefined if there is none. */
  at(place: number): Module<[x: Tensor]> | undefined {
    return this.#modules.at(place);
  }

  /** Applies all modules, the first one first. */
  override forward(x: Tensor): Tensor {
    checkInput(this, x);
    for (const module of this.#modules) x = module.call(x);
    return x;
  }

  /** @ignore */
  protected override fields(): [name: string, value: unknown][] {
    return [...Object.entries(this.#modules), ...super.fields()];
  }
}

/**
 * `x + f(x)`, where f is one module or several in a row, and keeps the shape (He et al. 2015).
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.Residual(new nn.ReLU()).call(tensor([-1, 2])).toArray().join() !== "-1,4") throw new Error("wrong");
 * ```
 */
export class Residual extends Sequential {
  /** [...] to [...]. TypeError if the shape of f(x) does not broadcast with that of x. */
  override forward(x: Tensor): Tensor {
    return super.forward(x).add(x);
  }
}

/**
 * [batch, ...] to [batch, features]: joins all axes but the first.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * if (new nn.Flatten().call(zeros([5, 1, 28, 28])).shape.join() !== "5,784") throw new Error("wrong shape");
 * ```
 */
export class Flatten extends Module<[x: Tensor]> {
  /** A view if the input's elements lie in order, else a copy. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).flatten(1);
  }
}

/**
 * Returns its input: for a place where another module may stand.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const useNorm = false, x = ones([2, 3]);
 * const norm = useNorm ? new nn.LayerNorm1d(3) : new nn.Identity();
 * if (norm.call(x) !== x) throw new Error("another tensor");
 * ```
 */
export class Identity extends Module<[x: Tensor]> {
  /** The input itself, not a copy. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x);
  }
}
