/** What all optimizers share: the parameters, the learning rate, and state that can be saved. */
import { adopt, eachTime, group, isFloat, outsideScopes, sameShape, shown, showShape } from "../core/internal.ts";
import { noGrad, Tensor } from "../core/mod.ts";

/** What an optimizer remembers: tensors and numbers by name. */
export type OptimizerState = Record<string, Tensor | number>;

/**
 * Updates parameters from their gradients. A subclass writes `update` for one parameter.
 *
 * Hyperparameters are read at every step, so a schedule or a user may change them.
 *
 * @example An optimizer of one's own
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * class SignDescent extends optim.Optimizer {
 *   protected override update(_place: number, parameter: Tensor, gradient: Tensor): void {
 *     parameter.data = parameter.sub(gradient.sign().mul(this.lr));
 *   }
 * }
 * const x = new Tensor([4, -3]), optimizer = new SignDescent([x], 0.5);
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.toArray().join() !== "3.5,-2.5") throw new Error(`${x}`);
 * ```
 */
export abstract class Optimizer {
  /** What is updated, in the order in which the state numbers them. */
  readonly params: readonly Tensor[];
  /** The learning rate. */
  lr: number;
  /** How often each parameter was updated; one without a gradient is skipped. */
  protected readonly steps: number[];
  readonly #slots: Record<string, Tensor[]> = {};

  /** RangeError for no parameter, one that is there twice, or a rate below 0; TypeError for what is no float leaf. */
  constructor(params: Iterable<Tensor>, lr: number) {
    const name = this.constructor.name;
    if (typeof params?.[Symbol.iterator] !== "function") {
      throw new TypeError(`Cannot make ${name}: parameters of type ${typeof params}, pass model.parameters()`);
    }
    this.params = [...params];
    if (this.params.length === 0) {
      throw new RangeError(`Cannot make ${name}: no parameters, there must be one at least`);
    }
    if (new Set(this.params).size !== this.params.length) {
      throw new RangeError(`Cannot make ${name}: a parameter is there twice, each must be there once`);
    }
    this.params.forEach((parameter, place) => {
      if (
        !(parameter instanceof Tensor) || !parameter.isLeaf() || !parameter.requiresGrad || !isFloat(parameter.dtype)
      ) {
        throw new TypeError(`Cannot make ${name}: parameter ${place} must be a leaf that requires a gradient`);
      }
    });
    this.lr = checkRange(name, "lr", lr, 0);
    this.steps = this.params.map(() => 0);
  }

  /** One tensor for each parameter, filled with `value`: state under that name. */
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

  /** Updates the parameter at `place` in the list, whose gradient this is. `step()` counts its updates from 1. */
  protected abstract update(place: number, parameter: Tensor, gradient: Tensor, step: () => number): void;

  /** Updates every parameter that has a gradient. */
  step(): void {
    noGrad(() => {
      this.params.forEach((parameter, place) => {
        const gradient = parameter.grad;
        if (gradient === null) return;
        eachTime(() => this.steps[place]!++);
        group(() => this.update(place, parameter, gradient, () => this.steps[place]!));
      });
    });
  }

  /** Forgets all gradients. */
  resetGrad(): void {
    for (const parameter of this.params) parameter.grad = null;
  }

  /** Frees the state. The optimizer cannot be used afterwards; the parameters can. */
  dispose(): void {
    for (const tensors of Object.values(this.#slots)) for (const tensor of tensors) tensor.dispose();
  }

  /** The state by name: `velocity.0`, `step.0`, `lr`. */
  stateDict(): OptimizerState {
    const state: OptimizerState = { lr: this.lr };
    this.steps.forEach((step, place) => state[`step.${place}`] = step);
    for (const [name, tensors] of Object.entries(this.#slots)) {
      tensors.forEach((tensor, place) => state[`${name}.${place}`] = tensor.detach());
    }
    return state;
  }

  /** Restores what {@linkcode stateDict} gave. Checks everything before it changes anything. */
  loadStateDict(state: Readonly<OptimizerState>): void {
    const own = this.stateDict(), refuse = (what: string) => new TypeError(`Cannot load state: ${what}`);
    for (const [name, value] of Object.entries(own)) {
      const given = state[name];
      if (given === undefined) throw refuse(`missing ${name}`);
      if (typeof given !== typeof value) throw refuse(`${name} is of another kind`);
      if (value instanceof Tensor && !sameShape(value.shape, (given as Tensor).shape)) {
        throw refuse(`${name} has shape ${showShape((given as Tensor).shape)}, it must be ${showShape(value.shape)}`);
      }
    }
    for (const name of Object.keys(state)) if (!(name in own)) throw refuse(`unexpected ${name}`);
    this.lr = state.lr as number;
    this.steps.forEach((_, place) => this.steps[place] = state[`step.${place}`] as number);
    for (const [name, tensors] of Object.entries(this.#slots)) {
      tensors.forEach((tensor, place) => tensor.data = state[`${name}.${place}`] as Tensor);
    }
  }
}

/** Refuses a hyperparameter outside [low, high). */
export function checkRange(owner: string, name: string, value: number, low: number, high = Infinity): number {
  if (typeof value !== "number" || !(value >= low && value < high)) {
    throw new RangeError(`Cannot make ${owner}: ${name} ${shown(value)} must lie in [${low}, ${high})`);
  }
  return value;
}
