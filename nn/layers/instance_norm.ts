/** Norms of instances: each channel of each example by itself, over one, two and three axes. */
import { checkShare, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkChannels } from "../input.ts";
import { RunningNorm, type RunningNormOptions } from "./batch_norm.ts";

/** Options of {@linkcode InstanceNorm1d}, {@linkcode InstanceNorm2d} and {@linkcode InstanceNorm3d}. */
export interface InstanceNormOptions extends RunningNormOptions {
  /** The weight of each new batch in the running statistics; 0.1 by default. */
  momentum?: number;
}

/** A norm of instances: {@linkcode InstanceNorm1d}, {@linkcode InstanceNorm2d} or {@linkcode InstanceNorm3d}. */
export abstract class InstanceNormLayer extends RunningNorm {
  /** How many axes stand behind the channels. */
  readonly #axes: number;

  /** The norm of a number of features, over `axes` axes. */
  constructor(axes: number, features: number, options: InstanceNormOptions) {
    super(features, options, false);
    // Norms of batches take null, and count batches then.
    checkShare(`make ${this.constructor.name}`, "momentum", this.momentum as number);
    this.#axes = axes;
  }

  /** [batch, features, ...] or [features, ...] to the same shape. In training it moves the running statistics, if it has any. */
  override forward(x: Tensor): Tensor {
    checkChannels(this, x, this.features, this.#axes);
    if (x.shape.length === this.#axes + 1) return this.forward(x.unsqueeze(0)).squeeze(0);
    const { runningMean, features } = this, [batch] = x.shape as [number], count = x.size / batch / features;
    if (!this.training && runningMean !== null) return this.evaluated(x, runningMean, this.runningVar!);
    if (x.size === 0) return this.ofNone(x);
    if (count === 1) {
      throw new TypeError(
        `Cannot apply ${this.constructor.name}: training needs more than one value per feature, got ${
          showShape(x.shape)
        }`,
      );
    }
    const isTracked = this.training && runningMean !== null, axes = [...x.shape.keys()].slice(2);
    return this.normalized(
      x,
      axes,
      isTracked
        ? ({ mean, squares }) => {
          // The running statistics are of the means of all examples.
          const overBatch = (tensor: Tensor) => tensor.reshape([batch, features]).mean({ axes: 0 });
          this.track(overBatch(mean), overBatch(squares.div(count - 1)));
        }
        : null,
    );
  }
}

/**
 * Normalises each channel of each example by itself, over its length (Ulyanov, Vedaldi and Lempitsky 2016).
 *
 * Input [batch, features, length] or [features, length]; the variance is the biased one. With `trackRunningStats`
 * evaluation uses the means of the statistics of training. TypeError for other shapes, and for channels of one element.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.InstanceNorm1d(1).call(tensor([[1, 3]])).toArray();
 * if (Math.abs(y[0][1] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class InstanceNorm1d extends InstanceNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1]. */
  constructor(features: number, options: InstanceNormOptions = {}) {
    super(1, features, options);
  }
}

/**
 * Normalises each channel of each example by itself, over the places of an image (Ulyanov, Vedaldi and Lempitsky 2016).
 *
 * Input [batch, features, height, width] or [features, height, width]; the variance is the biased one. With `trackRunningStats`
 * evaluation uses the means of the statistics of training. TypeError for other shapes, and for channels of one element.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.InstanceNorm2d(1).call(tensor([[[1, 3], [3, 1]]])).toArray();
 * if (Math.abs(y[0][0][1] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class InstanceNorm2d extends InstanceNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1]. */
  constructor(features: number, options: InstanceNormOptions = {}) {
    super(2, features, options);
  }
}

/**
 * Normalises each channel of each example by itself, over the places of a volume (Ulyanov, Vedaldi and Lempitsky 2016).
 *
 * Input [batch, features, depth, height, width] or [features, depth, height, width]; the variance is the biased one. With `trackRunningStats`
 * evaluation uses the means of the statistics of training. TypeError for other shapes, and for channels of one element.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.InstanceNorm3d(1).call(tensor([[[[1, 3], [3, 1]]]])).toArray();
 * if (Math.abs(y[0][0][0][1] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class InstanceNorm3d extends InstanceNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1]. */
  constructor(features: number, options: InstanceNormOptions = {}) {
    super(3, features, options);
  }
}
