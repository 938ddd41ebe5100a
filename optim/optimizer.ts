/** The base of all optimizers: groups of parameters, the step, and state that can be saved. */
import {
  adopt,
  apartFrom,
  apply,
  checkCount,
  checkFunction,
  checkOptions,
  checkRange,
  checkState,
  decided,
  eachTime,
  group as asGroup,
  knownToTrain,
  load,
  misfit,
  outsideScopes,
  refuse,
  shown,
  tellOfUntrained,
} from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";
import { type Group, ParameterGroup } from "./groups.ts";
import type { BaseSettings, GroupOptions, OptimizerOptions, ParameterGroups, SettingsTable } from "./options.ts";
import { checkGroup, completed, describe, groupsOf, optionNames } from "./settings.ts";

/** The state of an optimizer: tensors and numbers by name. */
export type OptimizerState = Record<string, Tensor | number>;

/** Makes a tensor of an optimizer's state for a parameter, or null for one that needs none. */
export type MakeState<S extends BaseSettings> = (parameter: Tensor, group: Group<S>) => Tensor | null;

/** Tensors of the state for all parameters. As a method, `make` lets an optimizer of more settings stand for any. */
interface Slot<S extends BaseSettings> {
  readonly name: string;
  readonly tensors: (Tensor | null)[];
  make(parameter: Tensor, group: Group<S>): Tensor | null;
}

/** What an update knows beside the parameter and its gradient. */
export interface Update<S extends BaseSettings = BaseSettings> {
  /** The place of the parameter among all of the optimizer, which is that of its state. */
  readonly place: number;
  /** The group of the parameter, whose hyperparameters hold for it. */
  readonly group: Group<S>;
  /** The number of the parameter's updates, this one included. */
  readonly step: () => number;
}

/**
 * Updates parameters from their gradients. A subclass writes `update` for one parameter, and gives the table of its
 * hyperparameters to the constructor.
 *
 * Hyperparameters are read at every step, so that a schedule or a user may change them. A value that would make no sense is
 * refused when it is assigned. Parameters may be given in groups, `[{ params, lr }, { params, weightDecay }]`, each with
 * hyperparameters that differ from those of the options; `lr` and its like of the optimizer itself are those of the first
 * group.
 *
 * @example An optimizer of one's own
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * type Settings = { lr: number; shrink: number };
 * class SignDescent extends optim.Optimizer<Settings> {
 *   constructor(params: optim.ParameterGroups<Partial<Settings>>, options: Partial<Settings> = {}) {
 *     super(params, options, { lr: { value: 0.1, low: 0 }, shrink: { value: 1, low: 0 } });
 *   }
 *   protected override update(parameter: Tensor, gradient: Tensor, { group }: optim.Update<Settings>): void {
 *     parameter.data = parameter.mul(group.shrink).sub(gradient.sign().mul(group.lr));
 *   }
 * }
 * const x = new Tensor([4, -3]), optimizer = new SignDescent([x], { lr: 0.5 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.toArray().join() !== "3.5,-2.5") throw new Error(`${x}`);
 * ```
 */
export abstract class Optimizer<S extends BaseSettings = BaseSettings> {
  /** The parameters of all groups, in the order in which the state numbers them. */
  readonly params: readonly Tensor[];
  /** The groups of parameters. */
  readonly groups: readonly Group<S>[];
  /** The learning rate of the first group. RangeError when a value outside [0, Infinity) is assigned. */
  declare lr: number;
  /** See {@linkcode ParameterGroup.initialLr}: that of the first group. */
  declare initialLr: number | null;
  readonly #params: Tensor[] = [];
  readonly #groups: Group<S>[] = [];
  /** The group of each parameter. */
  readonly #owners: Group<S>[] = [];
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #table: SettingsTable<Record<string, unknown>>;
  readonly #slots: Slot<S>[] = [];
  readonly #numbers: { name: string; numbers: number[]; initial: number }[] = [];
  /** The number of updates of each parameter. A step skips parameters without a gradient. */
  readonly #steps: number[];
  #stepped = false;

  /**
   * RangeError for no parameter, a parameter that is there twice, or settings out of their range; TypeError for a parameter
   * that is no leaf of a float type or requires no gradient, unless its module was frozen (steps skip it), and for an option
   * that does not exist.
   */
  constructor(
    params: ParameterGroups<Partial<S> & OptimizerOptions>,
    options: Partial<S> & OptimizerOptions,
    table: SettingsTable<S>,
  ) {
    const action = `make ${this.constructor.name}`;
    if (typeof table !== "object" || table === null) refuse(action, table, "a table of settings");
    const own = completed(table);
    const names = optionNames(own);
    this.#options = { ...checkOptions(action, options as Record<string, unknown>, "{ lr: 0.1 }", names) };
    this.#table = own;
    this.params = this.#params;
    this.groups = this.#groups;
    this.#steps = this.number("step", 0);
    const given = groupsOf(action, params, names);
    for (const [place, each] of given.entries()) {
      this.#join(this.#makeGroup(given.length === 1 ? action : `${action}, group ${place}`, each));
    }
    const first = this.#groups[0] as unknown as Record<string, unknown>;
    for (const name of Object.keys(own)) {
      Object.defineProperty(this, name, {
        enumerable: true,
        // A subclass may have a field of this name.
        configurable: true,
        get: () => first[name],
        ...own[name]!.fixed ? {} : { set: (value) => first[name] = value },
      });
    }
  }

  #makeGroup(action: string, { params, ...given }: GroupOptions<Record<string, unknown>>): Group<S> {
    for (const parameter of params) this.checkParameter(action, parameter);
    const changing = `change ${this.constructor.name}`;
    const stated = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const made = new ParameterGroup([...params], { ...this.#options, ...stated }, this.#table, [action, changing]);
    return made as Group<S>;
  }

  #join(group: Group<S>): void {
    // What may fail comes first, so that a group is joined as a whole or not at all.
    const made = this.#slots.map(({ make }) => group.params.map((parameter) => stateOf(make, parameter, group)));
    this.#groups.push(group);
    for (const parameter of group.params) {
      this.#params.push(parameter);
      this.#owners.push(group);
    }
    this.#slots.forEach(({ tensors }, k) => tensors.push(...made[k]!));
    for (const { numbers, initial } of this.#numbers) for (const _ of group.params) numbers.push(initial);
    knownToTrain(group.params);
  }

  /**
   * Adds a group of parameters, with the options of the optimizer where it has none of its own. Errors as the constructor's,
   * before anything is changed.
   *
   * @example
   * ```ts
   * import { nn, optim } from "deneb";
   *
   * const head = new nn.Linear(8, 2), body = new nn.Linear(4, 8);
   * const optimizer = new optim.Adam(head.parameters());
   * optimizer.addGroup({ params: body.parameters(), lr: 1e-4 });
   * if (optimizer.groups.length !== 2 || optimizer.params.length !== 4) throw new Error(`${optimizer}`);
   * ```
   */
  addGroup(group: GroupOptions<Partial<S> & OptimizerOptions>): void {
    const action = `add to ${this.constructor.name}`, place = this.#groups.length;
    const given = checkGroup(action, group, optionNames(this.#table), new Set(this.#params), place);
    this.#join(this.#makeGroup(`${action}, group ${place}`, given));
  }

  /**
   * Adds to the state, under `name`, a tensor for each parameter: zeros, or what `make` gives, which is null where a parameter
   * needs none. Groups that are added later get theirs.
   */
  protected slot(
    name: string,
    make: MakeState<S> = (parameter) => parameter.zerosLike(),
  ): readonly (Tensor | null)[] {
    const tensors: (Tensor | null)[] = [];
    for (const group of this.#groups) {
      for (const parameter of group.params) tensors.push(stateOf(make, parameter, group));
    }
    this.#slots.push({ name, tensors, make });
    return tensors;
  }

  /** Adds to the state, under `name`, a number of at least 0 for each parameter. Updates change it inside `eachTime`. */
  protected number(name: string, initial: number): number[] {
    const numbers = this.#params.map(() => initial);
    this.#numbers.push({ name, numbers, initial });
    return numbers;
  }

  /** Refuses a parameter by an error of the action. Every one is taken here; a subclass may ask for a shape. */
  protected checkParameter(_action: string, _parameter: Tensor): void {}

  /** Updates a parameter from its gradient. */
  protected abstract update(parameter: Tensor, gradient: Tensor, at: Update<S>): void;

  /**
   * Updates every parameter that has a gradient. The first step tells, on standard error, of parameters that have a gradient
   * but that neither a module lists nor an optimizer was given.
   *
   * A closure, if there is one, is called first: it computes the loss and its gradients, and the step returns the loss.
   */
  step(closure?: () => Tensor): Tensor | undefined {
    if (closure !== undefined) checkFunction(`step ${this.constructor.name}`, closure);
    const loss = closure?.();
    if (!this.#stepped) tellOfUntrained();
    this.#stepped = true;
    const count = this.#groups.length;
    decided(() => this.#groups.length === count);
    const due = this.#params.flatMap((parameter, place) => {
      const gradient = parameter.grad;
      if (gradient === null) return [];
      // What was freed is refused before the first parameter is changed.
      void [parameter.array, gradient.array];
      return [{ parameter, gradient, place }];
    });
    noGrad(() => {
      for (const { parameter, gradient, place } of due) {
        this.#updateOne(parameter, gradient, this.#owners[place]!, place);
      }
    });
    return loss;
  }

  #updateOne(parameter: Tensor, gradient: Tensor, group: Group<S>, place: number): void {
    eachTime(() => this.#steps[place]!++);
    asGroup(() => {
      const own = apartFrom(parameter, gradient), g = group.maximize ? apply("negate", [own]) : own;
      this.update(parameter, g, { place, group, step: () => this.#steps[place]! });
    });
  }

  /** Sets all gradients to null. */
  resetGrad(): void {
    for (const parameter of this.#params) parameter.grad = null;
  }

  /** The class, the number of parameters and the hyperparameters: `SGD(4 parameters, lr: 0.1, momentum: 0)`. */
  toString(): string {
    return describe(this.constructor.name, this.#groups);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Frees the state. Afterwards the optimizer cannot be used; the parameters can. */
  dispose(): void {
    for (const { tensors } of this.#slots) for (const tensor of tensors) tensor?.dispose();
  }

  /**
   * The state by name: `lr`, `initialLr` if there was a schedule, both of further groups as `lr.1`, then numbers such as
   * `step.0` and tensors such as SGD's `velocity.0` for each parameter.
   */
  stateDict(): OptimizerState {
    return this.#state();
  }

  #state(): OptimizerState {
    const state: OptimizerState = {};
    for (const [place, { lr, initialLr }] of this.#groups.entries()) {
      state[ofGroup("lr", place)] = lr;
      if (initialLr !== null) state[ofGroup("initialLr", place)] = initialLr;
    }
    for (const { name, numbers } of this.#numbers) {
      numbers.forEach((number, place) => state[`${name}.${place}`] = number);
    }
    for (const { name, tensors } of this.#slots) {
      tensors.forEach((tensor, place) => {
        if (tensor !== null) state[`${name}.${place}`] = tensor.detach();
      });
    }
    return state;
  }

  /**
   * Restores a state that {@linkcode stateDict} gave. The optimizer's tensors keep their element types and devices.
   *
   * Before anything is changed: TypeError for names that are missing or unexpected, and for shapes and types that do not fit;
   * RangeError for a rate or a count of steps that none can be.
   */
  loadStateDict(state: Readonly<OptimizerState>): void {
    const refuse = (what: string) => new TypeError(`Cannot load state: ${what}`);
    checkState("load state", state);
    using _ = scope();
    const bases = Object.fromEntries(this.#groups.map((_, place) => [ofGroup("initialLr", place), 0]));
    const own: OptimizerState = { ...bases, ...this.#state() }, pairs: [target: Tensor, source: Tensor][] = [];
    const unexpected = Object.keys(state).find((name) => !Object.hasOwn(own, name));
    if (unexpected !== undefined) throw refuse(`unexpected ${unexpected}`);
    for (const [name, value] of Object.entries(own)) {
      const given = state[name];
      if (given === undefined && Object.hasOwn(bases, name)) continue;
      if (given === undefined) throw refuse(`missing ${name}`);
      if (value instanceof Tensor) {
        const wrong = misfit(given, value);
        if (wrong !== null) throw refuse(`${name} ${wrong}`);
        pairs.push([value, given as Tensor]);
      } else if (typeof given !== "number") throw refuse(`${name} is ${shown(given)}, it must be a number`);
      else if (/^step\.\d+$/.test(name)) checkCount("load state", name, given, 0);
      else checkRange("load state", name, given, 0);
    }
    load(pairs);
    for (const [place, group] of this.#groups.entries()) {
      group.lr = state[ofGroup("lr", place)] as number;
      const initialLr = state[ofGroup("initialLr", place)];
      if (initialLr !== undefined) group.initialLr = initialLr as number;
    }
    for (const { name, numbers } of this.#numbers) {
      numbers.forEach((_, place) => numbers[place] = state[`${name}.${place}`] as number);
    }
  }
}

/** The name of a group's number in a state: that of the first group is what it was before there were groups. */
function ofGroup(name: string, place: number): string {
  return place === 0 ? name : `${name}.${place}`;
}

/** A tensor of the state, which no scope frees. */
function stateOf<S extends BaseSettings>(make: MakeState<S>, parameter: Tensor, group: Group<S>): Tensor | null {
  return outsideScopes(() =>
    noGrad(() => {
      using _ = scope();
      const made = make(parameter, group);
      return made === null ? null : adopt(made);
    })
  );
}
