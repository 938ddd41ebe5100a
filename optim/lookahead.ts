/** Lookahead: slow weights that follow the fast ones of another optimizer. */
import {
  adopt,
  checkCount,
  checkOptions,
  checkShare,
  checkState,
  cloneOf,
  eachTime,
  group as asGroup,
  load,
  misfit,
  outsideScopes,
  refuse,
  update,
} from "../core/internal.ts";
import { noGrad, scope, type Tensor } from "../core/mod.ts";
import type { Group } from "./groups.ts";
import { Optimizer, type OptimizerState } from "./optimizer.ts";

/** The options of {@linkcode Lookahead}. */
export interface LookaheadOptions {
  /** How many steps of the optimizer there are between two of the slow weights, k in the paper; 5 by default. */
  steps?: number;
  /** α, how far the slow weights go on the way to the fast ones, in [0, 1]; 0.5 by default. */
  alpha?: number;
}

/**
 * After every so many steps of an optimizer, slow = slow + α (fast - slow) and fast = slow (Zhang et al. 2019). Schedules are
 * made of the optimizer itself. Steps may be captured.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Lookahead(new optim.SGD([x], { lr: 0.25 }), { steps: 1 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (x.item() !== 3) throw new Error(`${x.item()}, not half of the way from 4 to 2`);
 * ```
 */
export class Lookahead {
  /** The optimizer of the fast weights. */
  readonly optimizer: Optimizer;
  /** See {@linkcode LookaheadOptions.steps}. */
  readonly steps: number;
  /** See {@linkcode LookaheadOptions.alpha}. */
  readonly alpha: number;
  readonly #slow: readonly Tensor[];
  #count = 0;

  /** TypeError for what is no optimizer, RangeError for options out of their range. */
  constructor(optimizer: Optimizer, options: LookaheadOptions = {}) {
    const action = "make Lookahead";
    if (!(optimizer instanceof Optimizer)) refuse(action, optimizer, "an optimizer");
    const { steps = 5, alpha = 0.5 } = checkOptions(action, options, "{ steps: 5 }", ["steps", "alpha"]);
    this.optimizer = optimizer;
    this.steps = checkCount(action, "steps", steps, 1);
    this.alpha = checkShare(action, "alpha", alpha);
    this.#slow = outsideScopes(() =>
      noGrad(() => optimizer.params.map((parameter) => adopt(parameter.wrap(cloneOf(parameter)))))
    );
  }

  /** The parameters, which are the fast weights. */
  get params(): readonly Tensor[] {
    return this.optimizer.params;
  }

  /** The groups of the optimizer. */
  get groups(): readonly Group[] {
    return this.optimizer.groups;
  }

  /** The learning rate of the optimizer. */
  get lr(): number {
    return this.optimizer.lr;
  }
  set lr(value: number) {
    this.optimizer.lr = value;
  }

  /** Steps the optimizer, and at every so many steps the slow weights. Error if a group was added since it was made. */
  step(closure?: () => Tensor): Tensor | undefined {
    const { params } = this;
    if (params.length !== this.#slow.length) {
      throw new Error(`Cannot step Lookahead: ${params.length} parameters, there were ${this.#slow.length} at first`);
    }
    const loss = this.optimizer.step(closure);
    eachTime(() => this.#count++);
    // A scalar says whether it is time rather than a branch, so that a replay needs no new recording.
    const due = () => this.#count % this.steps === 0 ? 1 : 0;
    noGrad(() => {
      params.forEach((fast, place) => {
        const slow = this.#slow[place]!;
        asGroup(() => {
          update(slow, "lerp", [slow, fast], { s: () => this.alpha * due() });
          update(fast, "scaleAddScaled", [fast, slow], { s: () => 1 - due(), t: due });
        });
      });
    });
    return loss;
  }

  /** Sets all gradients to null. */
  resetGrad(): void {
    this.optimizer.resetGrad();
  }

  /** The text of the optimizer, inside that of Lookahead. */
  toString(): string {
    return `Lookahead(${this.optimizer}, steps: ${this.steps}, alpha: ${this.alpha})`;
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** The state of the optimizer, with `count` and the slow weights as `slow.0`. */
  stateDict(): OptimizerState {
    const slow = this.#slow.map((tensor, place) => [`slow.${place}`, tensor.detach()] as const);
    return { ...this.optimizer.stateDict(), count: this.#count, ...Object.fromEntries(slow) };
  }

  /** Restores a state. TypeError or RangeError, before anything is changed, for one that does not fit. */
  loadStateDict(state: Readonly<OptimizerState>): void {
    const action = "load state", { count, ...others } = checkState(action, state);
    checkCount(action, "count", count as number, 0);
    using _ = scope();
    const pairs = this.#slow.map((tensor, place): [target: Tensor, source: Tensor] => {
      const name = `slow.${place}`, given = state[name], wrong = misfit(given, tensor);
      if (wrong !== null) throw new TypeError(`Cannot ${action}: ${name} ${wrong}`);
      return [tensor, given as Tensor];
    });
    const own = Object.entries(others).filter(([name]) => !/^slow\.\d+$/.test(name));
    this.optimizer.loadStateDict(Object.fromEntries(own));
    load(pairs);
    this.#count = count as number;
  }

  /** Frees the slow weights and the state of the optimizer. */
  dispose(): void {
    for (const tensor of this.#slow) tensor.dispose();
    this.optimizer.dispose();
  }
}
