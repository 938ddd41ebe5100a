/** ModuleList, ModuleDict, ParameterList and ParameterDict: parts of a module whose number or names are known at run time. */
import { refuse, showShape } from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";
import { DictionaryOf, type Named } from "./dictionary.ts";
import { ListOf } from "./list.ts";
import { checkModule } from "./parts.ts";
import type { AnyModule } from "./module.ts";
import { Parameter } from "./parameter.ts";

/**
 * Modules in a list, for a module that calls them as it likes. They are named by number: `layers.0.weight`.
 *
 * A plain array in a field is found too, and its modules have the same names; the list adds methods, and a captured function
 * sees when it is changed.
 *
 * @example
 * ```ts
 * import { nn, ones, type Tensor } from "deneb";
 *
 * class Net extends nn.Module {
 *   readonly layers = new nn.ModuleList([new nn.Linear(2, 3), new nn.Linear(3, 4)]);
 *
 *   override forward(x: Tensor): Tensor {
 *     for (const layer of this.layers) x = layer.call(x).relu();
 *     return x;
 *   }
 * }
 * const net = new Net();
 * net.layers.append(new nn.Linear(4, 1));
 * if (net.call(ones([5, 2])).shape.join() !== "5,1" || net.layers.length !== 3) throw new Error("wrong");
 * ```
 */
export class ModuleList<M extends AnyModule = AnyModule> extends ListOf<M, never[], never> {
  /** TypeError for an item that is no module. */
  constructor(modules: Iterable<M> = []) {
    super();
    if (typeof modules !== "object" || typeof modules?.[Symbol.iterator] !== "function") {
      refuse("make ModuleList", modules, "a list of modules");
    }
    this.fill("make ModuleList", modules);
  }

  /** A list of the modules from `start` to `end`, which is left out; both may count from the end. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList(this.part(start, end) as M[]);
  }

  /** It computes nothing: call its modules. */
  override forward(): never {
    throw new TypeError("Cannot apply ModuleList: it computes nothing itself, call its modules");
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): M {
    return checkModule(action, item);
  }
}

/**
 * Modules by name, for a module that calls them as it likes: `heads.left.weight`. It has the methods of a Map.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const heads = new nn.ModuleDict({ left: new nn.Linear(2, 3), right: new nn.Linear(2, 4) });
 * if (heads.get("right")!.call(ones([1, 2])).shape.join() !== "1,4") throw new Error("another module");
 * if (Object.keys(heads.stateDict())[0] !== "left.weight") throw new Error("another name");
 * ```
 */
export class ModuleDict<M extends AnyModule = AnyModule> extends DictionaryOf<M> {
  /** TypeError for an item that is no module, RangeError for a name that is empty or has a dot. */
  constructor(modules: Named<M> = []) {
    super();
    this.update(modules);
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): M {
    return checkModule(action, item);
  }
}

/** The parameter itself, or a parameter with the elements of a tensor. */
function parameterOf(action: string, item: unknown): Parameter {
  if (item instanceof Parameter) return item;
  return item instanceof Tensor ? new Parameter(item) : refuse(action, item, "a parameter");
}

/** The shapes of parameters, as the text of their module. */
function shapesOf(parameters: Iterable<Parameter>): string {
  return Array.from(parameters, ({ shape }) => showShape(shape)).join(", ");
}

/**
 * Parameters in a list, named by number: `scales.0`. A tensor that is no parameter becomes one with the same elements.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const scales = new nn.ParameterList([new nn.Parameter([1, 2])]).append(zeros([3]));
 * if (scales.at(-1)!.requiresGrad !== true || scales.parameters().length !== 2) throw new Error("not a parameter");
 * ```
 */
export class ParameterList extends ListOf<Tensor, never[], never> {
  /** TypeError for an item that is no tensor. */
  constructor(parameters: Iterable<Tensor> = []) {
    super();
    const isList = typeof parameters === "object" && typeof parameters?.[Symbol.iterator] === "function";
    if (!isList || parameters instanceof Tensor) {
      refuse("make ParameterList", parameters, "a list of parameters");
    }
    this.fill("make ParameterList", parameters);
  }

  /** A list of the parameters from `start` to `end`, which is left out; both may count from the end. */
  slice(start?: number, end?: number): ParameterList {
    return new ParameterList(this.part(start, end) as Parameter[]);
  }

  /** It computes nothing: use its parameters. */
  override forward(): never {
    throw new TypeError("Cannot apply ParameterList: it computes nothing itself, use its parameters");
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): Parameter {
    return parameterOf(action, item);
  }

  /** @ignore */
  protected override describe(): string {
    return shapesOf(this as Iterable<Tensor> as Iterable<Parameter>);
  }
}

/**
 * Parameters by name, with the methods of a Map. A tensor that is no parameter becomes one with the same elements.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const gains = new nn.ParameterDict({ low: new nn.Parameter([1]), high: new nn.Parameter([2]) });
 * if ([...gains.keys()].join() !== "low,high" || gains.get("high")!.item() !== 2) throw new Error("wrong");
 * ```
 */
export class ParameterDict extends DictionaryOf<Tensor> {
  /** TypeError for an item that is no tensor, RangeError for a name that is empty or has a dot. */
  constructor(parameters: Named<Tensor> = []) {
    super();
    this.update(parameters);
  }

  /** @ignore */
  protected override admit(action: string, item: unknown): Parameter {
    return parameterOf(action, item);
  }

  /** @ignore */
  protected override describe(): string {
    return shapesOf(this.values() as Iterable<Parameter>);
  }
}
