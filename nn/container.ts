/** Modules made of modules, and two without parameters: Flatten and Identity. */
import { checkInteger, isPlain } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { checkInput } from "./input.ts";
import { ListOf } from "./list.ts";
import { Module } from "./module.ts";
import { checkModule } from "./parts.ts";

/** A module of one tensor, as {@linkcode Sequential} takes it. */
export type Part = Module<[x: Tensor]>;

/**
 * One module after the other: the output of each is the input of the next.
 *
 * Parts are named by number, `0.weight`, or as an object names them: `head.weight`. They can be changed as a list's: `append`,
 * `extend`, `insert`, `pop`, `set`.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Flatten(), new nn.Linear(6, 4), new nn.ReLU());
 * if (net.call(ones([5, 2, 3])).shape.join() !== "5,4") throw new Error("wrong shape");
 * if (Object.keys(net.stateDict()).join() !== "1.weight,1.bias") throw new Error("wrong names");
 *
 * const named = new nn.Sequential({ body: net, head: new nn.Linear(4, 2) });
 * if (named.slice(1).getParameter("head.bias").shape.join() !== "2") throw new Error("another part");
 * ```
 */
export class Sequential extends ListOf<Part, [x: Tensor], Tensor> {
  /** TypeError for an argument that is no module; RangeError for a name that is empty, a number or has a dot. */
  constructor(...modules: Part[] | [modules: Readonly<Record<string, Part>>]) {
    super();
    const [first] = modules, byName = modules.length === 1 && isPlain(first);
    this.fill(`make ${this.constructor.name}`, byName ? first as Record<string, Part> : modules as Part[]);
  }

  /** The modules from `start` to `end`, which is left out, in a row; both may count from the end. Names stay, numbers begin at 0. */
  slice(start?: number, end?: number): Sequential {
    const part = this.part(start, end);
    return Array.isArray(part) ? new Sequential(...part) : new Sequential(part);
  }

  /** Applies all modules, the first one first. */
  override forward(x: Tensor): Tensor {
    checkInput(this, x);
    for (const module of this) x = module.call(x);
    return x;
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): Part {
    return checkModule(action, item);
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
 * [batch, ...] to [batch, features]: joins all axes but the first, or those from `startAxis` to `endAxis`.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * if (new nn.Flatten().call(zeros([5, 1, 28, 28])).shape.join() !== "5,784") throw new Error("wrong shape");
 * ```
 */
export class Flatten extends Module<[x: Tensor]> {
  /** The first axis that is joined; a negative one counts from the end. */
  readonly startAxis: number;
  /** The last axis that is joined; a negative one counts from the end. */
  readonly endAxis: number;

  /** RangeError for an axis that is no integer; which axes a tensor has is checked at the call. */
  constructor(startAxis: number = 1, endAxis: number = -1) {
    super();
    this.startAxis = checkInteger("make Flatten", "startAxis", startAxis);
    this.endAxis = checkInteger("make Flatten", "endAxis", endAxis);
  }

  /** A view if the input's elements lie in order, else a copy. */
  override forward(x: Tensor): Tensor {
    return checkInput(this, x).flatten(this.startAxis, this.endAxis);
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
