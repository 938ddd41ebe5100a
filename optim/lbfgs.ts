/** L-BFGS: Newton's method, with the curvature that the last steps have shown. */
import {
  adopt,
  apply,
  checkCount,
  checkFunction,
  checkRange,
  checkState,
  cloneOf,
  misfit,
  outsideScopes,
  refuseRecording,
  shown,
  update,
} from "../core/internal.ts";
import { concat, scope, type Tensor } from "../core/mod.ts";
import { type Point, strongWolfe } from "./line_search.ts";
import { Optimizer, type OptimizerState } from "./optimizer.ts";
import type { GroupOptions, OptimizerOptions, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode LBFGS}. */
export interface LBFGSOptions extends OptimizerOptions {
  /** The learning rate: the length of a step, or the first one that the line search tries; 1 by default. */
  lr?: number;
  /** The most iterations of a step; 20 by default. */
  maxIterations?: number;
  /** The most evaluations of the closure in a step; null, the default, for 5/4 of `maxIterations`. */
  maxEvaluations?: number | null;
  /** A step ends where no element of the gradient is larger; 1e-7 by default. */
  toleranceGrad?: number;
  /** A step ends where parameters or loss change less; 1e-9 by default. */
  toleranceChange?: number;
  /** How many iterations back the curvature is taken from; 100 by default. */
  historySize?: number;
  /** How far to go: `"strongWolfe"` searches along the line, null, the default, takes the rate. */
  lineSearch?: "strongWolfe" | null;
}

/** The settings of {@linkcode LBFGS}. */
export type LBFGSSettings = SettingsOf<LBFGSOptions>;
const settings: SettingsTable<LBFGSSettings> = {
  lr: { value: 1, low: 0 },
  maxIterations: { value: 20, check: (action, value) => checkCount(action, "maxIterations", value, 1) },
  maxEvaluations: {
    value: null,
    check: (action, value) => value === null ? value : checkCount(action, "maxEvaluations", value, 1),
  },
  toleranceGrad: { value: 1e-7, low: 0 },
  toleranceChange: { value: 1e-9, low: 0 },
  historySize: { value: 100, fixed: true, check: (action, value) => checkCount(action, "historySize", value, 1) },
  lineSearch: {
    value: null,
    check: (action, value) => {
      if (value === null || value === "strongWolfe") return value;
      throw new RangeError(`Cannot ${action}: lineSearch ${shown(value)} must be "strongWolfe" or null`);
    },
  },
};

/** An iteration that the curvature is taken from: how the gradient and the parameters changed. */
interface Change {
  readonly gradient: Tensor;
  readonly step: Tensor;
}

/** What the iterations before have left: the last direction, its length, and the gradient before it. */
interface Last {
  readonly direction: Tensor;
  readonly gradient: Tensor;
  readonly length: number;
}

/**
 * L-BFGS (Liu and Nocedal 1989): each iteration goes along -H g, where H is the inverse curvature that the changes of the
 * last iterations imply. `step(closure)` does up to `maxIterations` of them, and calls the closure, which computes the loss
 * and its gradients, each time. It is made for smooth losses of the whole data.
 *
 * The parameters are one group, of one device. It reads the loss, so that a step cannot be captured; the closure may call a
 * captured function.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([-1.5, 2]), optimizer = new optim.LBFGS([x], { lineSearch: "strongWolfe", maxIterations: 50 });
 * optimizer.step(() => {
 *   optimizer.resetGrad();
 *   const [a, b] = [x.at(0), x.at(1)];
 *   const loss = b.sub(a.square()).square().mul(100).add(a.sub(1).square());
 *   loss.backward();
 *   return loss;
 * });
 * if (!x.toArray().every((value: number) => Math.abs(value - 1) < 1e-3)) throw new Error(`${x}, not Rosenbrock's minimum`);
 * ```
 */
export class LBFGS extends Optimizer<LBFGSSettings> {
  /** See {@linkcode LBFGSOptions.maxIterations}. */
  declare maxIterations: number;
  /** See {@linkcode LBFGSOptions.maxEvaluations}. */
  declare maxEvaluations: number | null;
  /** See {@linkcode LBFGSOptions.toleranceGrad}. */
  declare toleranceGrad: number;
  /** See {@linkcode LBFGSOptions.toleranceChange}. */
  declare toleranceChange: number;
  /** See {@linkcode LBFGSOptions.historySize}. */
  declare readonly historySize: number;
  /** See {@linkcode LBFGSOptions.lineSearch}. */
  declare lineSearch: "strongWolfe" | null;
  #iterations = 0;
  #evaluations = 0;
  #changes: Change[] = [];
  #scale = 1;
  #last: Last | null = null;

  /** RangeError for settings out of their range. TypeError for an option that does not exist, and for groups. */
  constructor(params: Iterable<Tensor>, options: LBFGSOptions = {}) {
    super(params, options, settings);
    if (this.groups.length > 1) throw new TypeError("Cannot make LBFGS: there can be one group of parameters only");
  }

  /** TypeError: there can be one group only. */
  override addGroup(_group: GroupOptions<object>): void {
    throw new TypeError("Cannot add to LBFGS: there can be one group of parameters only");
  }

  /** Not called: all parameters move together. */
  protected override update(): void {}

  /**
   * Iterates, and returns the loss before the first iteration. The closure sets gradients to null, computes the loss, calls
   * `backward` and returns the loss.
   */
  override step(closure: () => Tensor): Tensor {
    checkFunction("step LBFGS", closure);
    refuseRecording("LBFGS takes a step, which reads the loss,");
    const loss = closure();
    using _ = scope();
    this.#iterate(this.#sign * valueOf(loss), closure);
    return loss;
  }

  /** -1 where the loss is to grow. */
  get #sign(): number {
    return this.groups[0]!.maximize ? -1 : 1;
  }

  #iterate(firstLoss: number, closure: () => Tensor): void {
    const { maxIterations, toleranceGrad, toleranceChange } = this;
    const most = this.maxEvaluations ?? Math.floor(maxIterations * 5 / 4);
    let loss = firstLoss, gradient = this.#gradient(), evaluations = 1;
    this.#evaluations++;
    for (let k = 1; largestOf(gradient) > toleranceGrad; k++) {
      this.#iterations++;
      const direction = this.#direction(gradient), slope = dot(gradient, direction), lossBefore = loss;
      let length = this.#last === null ? Math.min(1, 1 / gradient.abs().sum().item()) * this.lr : this.lr;
      this.#remember({ direction, gradient, length });
      if (slope > -toleranceChange) break;
      let used = 0;
      if (this.lineSearch !== null) {
        const origin = this.params.map((parameter) => parameter.detach().mul(1));
        const evaluate = (t: number): Point => {
          this.#move(t, direction);
          const loss = this.#evaluate(closure), gradient = this.#gradient();
          this.params.forEach((parameter, place) => update(parameter, "copy", [origin[place]!]));
          return { t, loss, gradient, slope: dot(gradient, direction) };
        };
        const start = { t: 0, loss, slope, gradient }, limits = { toleranceChange, direction: largestOf(direction) };
        const found = strongWolfe(evaluate, start, length, { ...limits, most: most - evaluations });
        ({ loss, gradient, t: length } = found.point);
        used = found.evaluations;
        this.#last = { ...this.#last!, length };
        this.#move(length, direction);
      } else {
        this.#move(length, direction);
        // After the last iteration nobody asks for the loss.
        if (k < maxIterations) {
          loss = this.#evaluate(closure);
          gradient = this.#gradient();
          used = 1;
        }
      }
      evaluations += used;
      this.#evaluations += used;
      if (k >= maxIterations || evaluations >= most) break;
      if (largestOf(direction) * length <= toleranceChange || Math.abs(loss - lossBefore) < toleranceChange) break;
    }
  }

  /** -H g, after the last change has been taken in (Nocedal and Wright 2006, algorithm 7.4). */
  #direction(gradient: Tensor): Tensor {
    const last = this.#last;
    if (last === null) return gradient.neg();
    const change = { gradient: gradient.sub(last.gradient), step: last.direction.mul(last.length) };
    const curvature = dot(change.gradient, change.step);
    if (curvature > 1e-10) {
      if (this.#changes.length === this.historySize) release(this.#changes.shift()!);
      this.#changes.push({ gradient: held(change.gradient), step: held(change.step) });
      this.#scale = curvature / dot(change.gradient, change.gradient);
    }
    const inverse = this.#changes.map(({ gradient, step }) => 1 / dot(gradient, step)), shares: number[] = [];
    let direction = gradient.neg();
    for (let k = this.#changes.length - 1; k >= 0; k--) {
      shares[k] = dot(this.#changes[k]!.step, direction) * inverse[k]!;
      direction = apply("addScaled", [direction, this.#changes[k]!.gradient], { s: -shares[k]! });
    }
    direction = direction.mul(this.#scale);
    for (const [k, change] of this.#changes.entries()) {
      const share = shares[k]! - dot(change.gradient, direction) * inverse[k]!;
      direction = apply("addScaled", [direction, change.step], { s: share });
    }
    return direction;
  }

  #remember(next: Last): void {
    const before = this.#last;
    this.#last = { ...next, direction: held(next.direction), gradient: held(next.gradient) };
    if (before !== null) release(before);
  }

  /** The loss that the closure computes, and which falls. */
  #evaluate(closure: () => Tensor): number {
    using _ = scope();
    return this.#sign * valueOf(closure());
  }

  /** The gradients of all parameters as one vector. */
  #gradient(): Tensor {
    const parts = this.params.map((parameter) => {
      const { grad } = parameter;
      return (grad ?? parameter.zerosLike()).detach().reshape([-1]).cast(this.params[0]!.dtype);
    });
    const whole = concat(parts);
    return this.#sign < 0 ? whole.neg() : whole;
  }

  /** Moves all parameters so far along a direction. */
  #move(length: number, direction: Tensor): void {
    let from = 0;
    for (const parameter of this.params) {
      const to = from + parameter.size, part = direction.at(`${from}:${to}`).reshape(parameter.shape);
      update(parameter, "addScaled", [parameter, part.cast(parameter.dtype)], { s: length });
      from = to;
    }
  }

  /** The numbers and tensors of the iterations so far, beside the rate. */
  override stateDict(): OptimizerState {
    const state: OptimizerState = {
      ...super.stateDict(),
      iterations: this.#iterations,
      evaluations: this.#evaluations,
    };
    if (this.#last === null) return state;
    const { direction, gradient, length } = this.#last;
    Object.assign(state, { scale: this.#scale, length, direction: direction.detach(), gradient: gradient.detach() });
    for (const [k, change] of this.#changes.entries()) {
      state[`change.${k}`] = change.gradient.detach();
      state[`taken.${k}`] = change.step.detach();
    }
    return state;
  }

  /** Restores a state. TypeError or RangeError, before anything is changed, for one that does not fit. */
  override loadStateDict(state: Readonly<OptimizerState>): void {
    const action = "load state", others: OptimizerState = { ...checkState(action, state) };
    const taken = (name: string) => {
      const value = others[name];
      delete others[name];
      return value;
    };
    const [iterations, evaluations] = [taken("iterations"), taken("evaluations")];
    const [scale, length, direction, gradient] = ["scale", "length", "direction", "gradient"].map(taken);
    checkCount(action, "iterations", iterations as number, 0);
    checkCount(action, "evaluations", evaluations as number, 0);
    using _ = scope();
    const like = this.#gradient(), changes: Change[] = [];
    const fitting = (name: string, value: unknown): Tensor => {
      const wrong = misfit(value, like);
      if (wrong !== null) throw new TypeError(`Cannot ${action}: ${name} ${wrong}`);
      return (value as Tensor).detach().to(like.device).cast(like.dtype);
    };
    for (let k = 0; k < this.historySize && others[`change.${k}`] !== undefined; k++) {
      const [change, step] = [`change.${k}`, `taken.${k}`] as const;
      changes.push({ gradient: fitting(change, taken(change)), step: fitting(step, taken(step)) });
    }
    const last = direction === undefined ? null : {
      direction: fitting("direction", direction),
      gradient: fitting("gradient", gradient),
      length: checkRange(action, "length", length as number, 0),
    };
    if (last !== null) checkRange(action, "scale", scale as number, 0);
    super.loadStateDict(others);
    this.#forget();
    this.#iterations = iterations as number;
    this.#evaluations = evaluations as number;
    this.#changes = changes.map(({ gradient, step }) => ({ gradient: held(gradient), step: held(step) }));
    this.#scale = last === null ? 1 : scale as number;
    if (last !== null) this.#remember(last);
  }

  #forget(): void {
    this.#changes.forEach(release);
    this.#changes = [];
    if (this.#last !== null) release(this.#last);
    this.#last = null;
  }

  /** Frees the state. */
  override dispose(): void {
    super.dispose();
    this.#forget();
  }
}

/** The loss as a number. RangeError for one of several elements. */
function valueOf(loss: Tensor): number {
  return Number(loss.item());
}

function dot(a: Tensor, b: Tensor): number {
  return a.mul(b).sum().item();
}

/** The largest magnitude of the elements, 0 of none. */
function largestOf(x: Tensor): number {
  return x.size === 0 ? 0 : x.abs().max().item();
}

/** A copy that no scope frees. */
function held(x: Tensor): Tensor {
  return outsideScopes(() => adopt(x.wrap(cloneOf(x))));
}

function release({ gradient, ...others }: Change | Last): void {
  gradient.dispose();
  ("step" in others ? others.step : others.direction).dispose();
}
