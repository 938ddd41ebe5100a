/** Losses of numbers: of the difference of each prediction from its target. */
import { checkOptions, checkRange } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkPositive } from "./checks.ts";
import { Loss, type LossOptions } from "./loss.ts";

/**
 * The squared difference of prediction and target, which have one shape. TypeError if their shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.MSELoss().call(tensor([1, 2]), tensor([1, 4])).item() !== 2) throw new Error("not 2² / 2");
 * ```
 */
export class MSELoss extends Loss {
  /** (p - y)² of each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (p, y) => p!.sub(y!).square());
  }
}

/**
 * The magnitude of the difference of prediction and target, which have one shape. TypeError if their shapes differ. Its slope
 * is 0 where both are the same.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * if (new nn.L1Loss().call(tensor([1, 2]), tensor([1, 4])).item() !== 1) throw new Error("not 2 / 2");
 * ```
 */
export class L1Loss extends Loss {
  /** |p - y| of each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (p, y) => p!.sub(y!).abs());
  }
}

/**
 * d² / 2 of a difference d of a magnitude below the bend, else bend (|d| - bend / 2): c (d - c / 2), where c is d clipped to
 * the bend.
 */
function bent(d: Tensor, bend: number): Tensor {
  const inside = d.clip(-bend, bend);
  return inside.mul(d.sub(inside.mul(0.5)));
}

/** Options of {@linkcode HuberLoss}. */
export interface HuberOptions extends LossOptions {
  /** δ, the magnitude of differences from which on the loss is linear; 1 by default. */
  delta?: number;
}

/**
 * Half the squared difference d of prediction and target where |d| is below δ, else δ (|d| - δ / 2): outliers pull with a force
 * of δ at most (Huber 1964). TypeError if their shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.HuberLoss({ reduction: "none" }).call(tensor([0.5, 3]), tensor([0, 0]));
 * if (loss.toArray().join() !== "0.125,2.5") throw new Error(`${loss}`);
 * ```
 */
export class HuberLoss extends Loss {
  /** δ, the magnitude of differences from which on the loss is linear. */
  readonly delta: number;

  /** RangeError unless `delta` is a positive number. */
  constructor(options: HuberOptions = {}) {
    const action = "make HuberLoss", names = ["reduction", "delta"] as const;
    const { delta = 1, ...others } = checkOptions(action, options, "{ delta: 2 }", names);
    super(others);
    this.delta = checkPositive(action, "delta", delta);
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    return this.ofElements([prediction, target], (p, y) => bent(p!.sub(y!), this.delta));
  }
}

/** Options of {@linkcode SmoothL1Loss}. */
export interface SmoothL1Options extends LossOptions {
  /** β, the magnitude of differences from which on the loss is linear; 1 by default. With 0 it is the {@linkcode L1Loss}. */
  beta?: number;
}

/**
 * {@linkcode HuberLoss} divided by its bend β, so that the slope beyond is 1 for every β (Girshick 2015, arXiv 1504.08083).
 * TypeError if the shapes of prediction and target differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.SmoothL1Loss({ beta: 2, reduction: "none" }).call(tensor([1, 3]), tensor([0, 0]));
 * if (loss.toArray().join() !== "0.25,2") throw new Error(`${loss}`);
 * ```
 */
export class SmoothL1Loss extends Loss {
  /** β, the magnitude of differences from which on the loss is linear. */
  readonly beta: number;

  /** RangeError unless `beta` is a number of at least 0. */
  constructor(options: SmoothL1Options = {}) {
    const action = "make SmoothL1Loss", names = ["reduction", "beta"] as const;
    const { beta = 1, ...others } = checkOptions(action, options, "{ beta: 0.5 }", names);
    super(others);
    this.beta = checkRange(action, "beta", beta, 0);
  }

  /** One loss for each element, reduced. */
  override forward(prediction: Tensor, target: Tensor): Tensor {
    const { beta } = this;
    return this.ofElements([prediction, target], (p, y) => {
      const difference = p!.sub(y!);
      return beta === 0 ? difference.abs() : bent(difference, beta).div(beta);
    });
  }
}
