/** Scaling of the loss, so that small gradients of float16 do not vanish. */
import { adopt, checkCount, checkFlag, checkOptions, checkRange, refuse, update, widened } from "../core/internal.ts";
import { live, noGrad, scope, Tensor } from "../core/mod.ts";
import { LossScale } from "./loss_scale.ts";
import { Optimizer } from "./optimizer.ts";

/** The options of {@linkcode GradScaler}. */
export interface GradScalerOptions {
  /** The first factor, above 0; 65,536 by default. */
  initialScale?: number;
  /** What the factor is multiplied by after `growthInterval` updates in a row, above 1; 2 by default. */
  growthFactor?: number;
  /** What it is multiplied by after a gradient that was not finite, in (0, 1); 0.5 by default. */
  backoffFactor?: number;
  /** How many updates in a row let the factor grow; 2000 by default. */
  growthInterval?: number;
  /** Whether anything is scaled; true by default. */
  enabled?: boolean;
}

/** The state of a {@linkcode GradScaler}. */
export interface GradScalerState {
  /** The factor. */
  scale: number;
  /** The number of updates in a row since the factor was changed. */
  updates: number;
}

/**
 * PyTorch's `torch.amp.GradScaler`: multiplies the loss by a factor, divides the gradients by it before the step, skips the
 * step if a gradient is not finite, and follows with the factor. `train.fit` does all this by itself in float16.
 *
 * A step reads whether gradients are finite: `scale` and `unscale` may be captured, `step` may not.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.SGD([x], { lr: 0.25 }), scaler = new optim.GradScaler();
 * scaler.scale(x.square().sum()).backward();
 * const wasDone = scaler.step(optimizer);
 * scaler.update();
 * if (!wasDone || x.item() !== 2) throw new Error(`${x}`);
 * ```
 */
export class GradScaler {
  readonly #rule: LossScale;
  readonly #enabled: boolean;
  /** The optimizers whose gradients are divided already, each with 0, or NaN if one was not finite. */
  readonly #zeros = new Map<Optimizer, Tensor>();
  #stepped = new Set<Optimizer>();

  /** RangeError for options out of their range, TypeError for one that does not exist. */
  constructor(options: GradScalerOptions = {}) {
    const action = "make GradScaler", given = checkOptions(action, options, "{ initialScale: 1024 }", names);
    const { initialScale = 2 ** 16, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = given;
    const above = (name: string, value: number, low: number, high?: number) => {
      if (checkRange(action, name, value, low, high) > low) return value;
      throw new RangeError(`Cannot ${action}: ${name} ${value} must be more than ${low}`);
    };
    this.#rule = new LossScale({
      initial: above("initialScale", initialScale, 0),
      growth: above("growthFactor", growthFactor, 1),
      backoff: above("backoffFactor", backoffFactor, 0, 1),
      interval: checkCount(action, "growthInterval", growthInterval, 1),
    });
    this.#enabled = checkFlag(action, "enabled", given.enabled ?? true);
  }

  /** The factor of the next loss; 1 if nothing is scaled. */
  getScale(): number {
    return this.#enabled ? this.#rule.scale : 1;
  }

  /** The loss times the factor. TypeError for what is no tensor. */
  scale(loss: Tensor): Tensor {
    if (!(loss instanceof Tensor)) refuse("scale", loss, "a tensor");
    return this.#enabled ? loss.mul(live(() => this.#rule.scale)) : loss;
  }

  /** Divides the gradients of an optimizer by the factor: to clip them, say. Error if they are divided already. */
  unscale(optimizer: Optimizer): void {
    if (!(optimizer instanceof Optimizer)) refuse("unscale", optimizer, "an optimizer");
    if (!this.#enabled) return;
    if (this.#zeros.has(optimizer)) {
      throw new Error("Cannot unscale: the gradients are divided already, update() comes before the next time");
    }
    noGrad(() => {
      using _ = scope();
      const gradients = optimizer.params.flatMap(({ grad }) => grad === null ? [] : [grad]);
      if (gradients.length === 0) throw new RangeError("Cannot unscale: no parameter has a gradient");
      for (const gradient of gradients) update(gradient, "mulScalar", [gradient], { s: () => 1 / this.#rule.scale });
      // 0 g is 0, or NaN where g is infinite or NaN.
      const zeros = gradients.map((gradient) => widened(gradient).mul(0).sum());
      this.#zeros.set(optimizer, adopt(zeros.reduce((sum, part) => sum.add(part))));
    });
  }

  /**
   * Divides the gradients if that is not done, and steps the optimizer if all of them are finite. Returns whether it stepped.
   * Error for a second step before `update()`.
   */
  step(optimizer: Optimizer): boolean {
    if (!(optimizer instanceof Optimizer)) refuse("step", optimizer, "an optimizer");
    if (this.#stepped.has(optimizer)) throw new Error("Cannot step: update() comes before the next step");
    if (!this.#enabled) {
      optimizer.step();
      return true;
    }
    if (!this.#zeros.has(optimizer)) this.unscale(optimizer);
    const isFinite = this.#zeros.get(optimizer)!.item() === 0;
    if (isFinite) optimizer.step();
    this.#stepped.add(optimizer);
    return isFinite;
  }

  /** After the steps of all optimizers: follows with the factor. Error if there was no gradient to judge by. */
  update(): void {
    if (!this.#enabled) return;
    if (this.#zeros.size === 0) throw new Error("Cannot update: there was neither step() nor unscale()");
    const areFinite = [...this.#zeros.values()].every((zero) => zero.item() === 0);
    this.#rule.update(areFinite);
    for (const zero of this.#zeros.values()) zero.dispose();
    this.#zeros.clear();
    this.#stepped.clear();
  }

  /** The factor, and the number of updates in a row. */
  stateDict(): GradScalerState {
    return this.#rule.stateDict();
  }

  /** Restores a state. RangeError, before anything is changed, for numbers that none can have. */
  loadStateDict(state: GradScalerState): void {
    this.#rule.loadStateDict(state);
  }
}

const names = ["initialScale", "growthFactor", "backoffFactor", "growthInterval", "enabled"] as const;
