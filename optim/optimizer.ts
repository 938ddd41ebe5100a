/** The base of all optimizers: parameters, learning rate, and state that can be saved. */
import {
  adopt,
  apartFrom,
  checkCount,
  checkRange,
  checkState,
  eachTime,
  group,
  isFloat,
  knownToTrain,
  load,
  misfit,
  outsideScopes,
  shown,
  summary,
  tellOfUntrained,
} from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";

/** The state of an optimizer: tensors and numbers by name. */
export type OptimizerState = Record<string, Tensor | number>;

/**
 * Updates parameters from their gradients. A subclass writes `update` for one parameter, and names its hyperparameters by
 * `setting`.
 *
 * Hyperparameters are read at every step, so that a schedule or a user may change them. A value that would make no sense is
 * refused when it is assigned.
 *
 * @example An optimizer of one's own
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * class SignDescent extends optim.Optimizer {
 *   declare shrink: number;
 *   constructor(params: Iterable<Tensor>, lr: number, shrink = 1) {
 *     super(params, lr);
 *     this.setting("shrink", shrink, 0);
 *   }
 *   protected override update(_place: number, parameter: Tensor, gradient: Tensor): void {
 *     parameter.data = parameter.mul(this.shrink).sub(gradient.sign().mul(this.lr));
 *   }
 * }
 * const x = new Tensor([4, -3]), optimizer = new SignDescent([x], 0.5);
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.toArray().join() !== "3.5,-2.5") throw new Error(`${x}`);
 * ```
 */
export abstract class Optimizer {
  /** The parameters, in the order in which the state numbers them. */
  readonly params: readonly Tensor[];
  /** The learning rate. RangeError when a value outside [0, Infinity) is assigned. */
  declare lr: number;
  /**
   * The rate before the first schedule, which all schedules of the optimizer take as their base, PyTorch's `initial_lr`; null
   * as long as there was none. It is part of the state, so that a schedule made after the state was restored has this base too.
   */
  declare initialLr: number | null;
  /** The number of updates of each parameter. A step skips parameters without a gradient. */
  protected readonly steps: number[];
  readonly #slots: Record<string, Tensor[]> = {};
  readonly #settings: string[] = [];
  #stepped = false;

  /**
   * RangeError for no parameter, a parameter that is there twice, or a rate below 0; TypeError for a parameter that is no
   * leaf of a float type or requires no gradient.
   */
  constructor(params: Iterable<Tensor>, lr: number) {
    const name = this.constructor.name;
    if (typeof params?.[Symbol.iterator] !== "function" || ArrayBuffer.isView(params)) {
      throw new TypeError(`Cannot make ${name}: parameters of type ${typeof params}, pass model.parameters()`);
    }
    const found = new Set<Tensor>();
    // One after another: a list of nothing, which may be endless, is refused at its first place.
    for (const parameter of params) {
      if (
        !(parameter instanceof Tensor) || !parameter.isLeaf() || !parameter.requiresGrad || !isFloat(parameter.dtype)
      ) {
        throw new TypeError(`Cannot make ${name}: parameter ${found.size} must be a leaf that requires a gradient`);
      }
      if (found.has(parameter)) {
        throw new RangeError(`Cannot make ${name}: a parameter is there twice, each must be there once`);
      }
      found.add(parameter);
    }
    if (found.size === 0) throw new RangeError(`Cannot make ${name}: no parameters, there must be one at least`);
    this.params = [...found];
    this.setting("lr", lr, 0);
    knownToTrain(this.params);
    this.settingOf<number | null>("initialLr", null, (action, value) => {
      return value === null ? value : checkRange(action, "initialLr", value, 0);
    });
    this.steps = this.params.map(() => 0);
  }

  /**
   * Makes the property `name`: a hyperparameter, which stands in the optimizer's text. RangeError unless it is a number in
   * [low, high), now and when another is assigned.
   */
  protected setting(name: string, value: number, low = -Infinity, high = Infinity): void {
    this.settingOf(name, value, (action, given) => checkRange(action, name, given, low, high));
  }

  /** As {@linkcode Optimizer.setting}, for a value that `check` returns, or refuses by an error of that action. */
  protected settingOf<T>(name: string, value: T, check: (action: string, value: T) => T): void {
    const owner = this.constructor.name;
    let inForce = check(`make ${owner}`, value);
    this.#settings.push(name);
    Object.defineProperty(this, name, {
      enumerable: true,
      // A subclass may have a field of this name.
      configurable: true,
      get: () => inForce,
      set: (value: T) => inForce = check(`change ${owner}`, value),
    });
  }

  /** Makes a tensor for each parameter, filled with `value`, and adds the tensors to the state under `name`. */
  protected slot(name: string, value = 0): Tensor[] {
    const tensors = outsideScopes(() =>
      this.params.map((parameter) => {
        const zeros = adopt(parameter.zerosLike());
        if (value === 0) return zeros;
        const filled = adopt(zeros.add(value));
        zeros.dispose();
        return filled;
      })
    );
    return this.#slots[name] = tensors;
  }

  /** Updates the parameter at `place` from its gradient. `step()` is the number of its updates, this one included. */
  protected abstract update(place: number, parameter: Tensor, gradient: Tensor, step: () => number): void;

  /**
   * Updates every parameter that has a gradient. The first step tells, on standard error, of parameters that have a gradient
   * but that neither a module lists nor an optimizer was given.
   */
  step(): void {
    if (!this.#stepped) tellOfUntrained();
    this.#stepped = true;
    noGrad(() => {
      this.params.forEach((parameter, place) => {
        const gradient = parameter.grad;
        if (gradient === null) return;
        eachTime(() => this.steps[place]!++);
        group(() => this.update(place, parameter, apartFrom(parameter, gradient), () => this.steps[place]!));
      });
    });
  }

  /** Sets all gradients to null. */
  resetGrad(): void {
    for (const parameter of this.params) parameter.grad = null;
  }

  /** The class, the number of parameters and the hyperparameters: `SGD(4 parameters, lr: 0.1, momentum: 0)`. */
  toString(): string {
    const count = this.params.length, own = this as unknown as Record<string, unknown>;
    return summary(this.constructor.name, [
      `${count} parameter${count === 1 ? "" : "s"}`,
      ...this.#settings.map((name): [string, unknown] => [name, own[name]]).filter(([, value]) => value !== null),
    ]);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Frees the state. Afterwards the optimizer cannot be used; the parameters can. */
  dispose(): void {
    for (const tensors of Object.values(this.#slots)) for (const tensor of tensors) tensor.dispose();
  }

  /** The state by name: `lr`, `initialLr` if there was a schedule, `step.0`, and the tensors such as SGD's `velocity.0`. */
  stateDict(): OptimizerState {
    const state: OptimizerState = { lr: this.lr };
    if (this.initialLr !== null) state.initialLr = this.initialLr;
    this.steps.forEach((step, place) => state[`step.${place}`] = step);
    for (const [name, tensors] of Object.entries(this.#slots)) {
      tensors.forEach((tensor, place) => state[`${name}.${place}`] = tensor.detach());
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
    const own: OptimizerState = { initialLr: 0, ...this.stateDict() }, pairs: [target: Tensor, source: Tensor][] = [];
    const unexpected = Object.keys(state).find((name) => !Object.hasOwn(own, name));
    if (unexpected !== undefined) throw refuse(`unexpected ${unexpected}`);
    for (const [name, value] of Object.entries(own)) {
      const given = state[name];
      if (given === undefined && name === "initialLr") continue;
      if (given === undefined) throw refuse(`missing ${name}`);
      if (value instanceof Tensor) {
        const wrong = misfit(given, value);
        if (wrong !== null) throw refuse(`${name} ${wrong}`);
        pairs.push([value, given as Tensor]);
      } else if (typeof given !== "number") throw refuse(`${name} is ${shown(given)}, it must be a number`);
      else if (/^step\.\d+$/.test(name)) checkCount("load state", name, given, 0);
      else if (name === "lr" || name === "initialLr") checkRange("load state", name, given, 0);
    }
    load(pairs);
    this.lr = state.lr as number;
    if (state.initialLr !== undefined) this.initialLr = state.initialLr as number;
    this.steps.forEach((_, place) => this.steps[place] = state[`step.${place}`] as number);
  }
}
