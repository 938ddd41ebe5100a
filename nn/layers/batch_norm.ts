/** Norms of batches, over one, two and three axes behind the features: one class, which is told the number of axes. */
import {
  checkFlag,
  checkOptions,
  checkRange,
  checkShare,
  group,
  inFloat32,
  momentsOf,
  showShape,
  update,
} from "../../core/internal.ts";
import { type Moments, noGrad, NormalizeScaleShift, type Tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";
import { Buffer, type Parameter } from "../parameter.ts";
import { constantParameter, placementNames, placementOf } from "./initial.ts";
import type { PlacementOptions } from "./placement.ts";

/** Options of the norms that may keep statistics: those of batches and of instances. */
export interface RunningNormOptions extends PlacementOptions {
  /** Added to the variance, so that its root is never zero; 1e-5 by default. */
  eps?: number;
  /** Whether there are a scale and a shift: true by default for norms of batches, false for norms of instances. */
  affine?: boolean;
  /**
   * Whether mean and variance are kept for evaluation, which uses those of its own input otherwise: true by default for norms
   * of batches, false for norms of instances.
   */
  trackRunningStats?: boolean;
}

/** Options of {@linkcode BatchNorm1d}, {@linkcode BatchNorm2d} and {@linkcode BatchNorm3d}. */
export interface BatchNormOptions extends RunningNormOptions {
  /** The weight of each new batch in the running statistics; 0.1 by default. With null they are the means of all batches. */
  momentum?: number | null;
}

const names = ["eps", "momentum", "affine", "trackRunningStats", ...placementNames] as const;

/** A norm of features that may have a scale and a shift, and may keep statistics for evaluation. */
export abstract class RunningNorm extends Module<[x: Tensor]> {
  /** The scale [features], ones at first; null without `affine`. */
  readonly weight: Parameter | null;
  /** The shift [features], zeros at first; null without `affine`. */
  readonly bias: Parameter | null;
  /** The mean that evaluation uses: [features], zeros at first; null if it uses that of its input. */
  readonly runningMean: Buffer | null;
  /** The variance that evaluation uses: [features], ones at first; null if it uses that of its input. */
  readonly runningVar: Buffer | null;
  /** How many batches there were in training (int32), which is counted for a momentum of null alone; null otherwise. */
  readonly numBatchesTracked: Buffer | null;
  /** The length of the axis of features. */
  readonly features: number;
  /** The number that is added to the variance. */
  readonly eps: number;
  #momentum: number | null;

  /** A norm of so many features. `isBatchNorm` is the default of its flags. */
  constructor(features: number, options: BatchNormOptions, isBatchNorm: boolean) {
    super();
    const action = `make ${this.constructor.name}`;
    checkOptions(action, options, "{ eps: 1e-5 }", names);
    const { eps = 1e-5, momentum = 0.1, affine = isBatchNorm, trackRunningStats = isBatchNorm } = options;
    this.features = checkFeatures(action, "features", features);
    this.eps = checkRange(action, "eps", eps, 0);
    this.#momentum = momentum === null ? null : checkShare(action, "momentum", momentum);
    checkFlag(action, "affine", affine);
    checkFlag(action, "trackRunningStats", trackRunningStats);
    const placement = placementOf(action, options), shape = [features];
    this.weight = affine ? constantParameter(shape, 1, placement) : null;
    this.bias = affine ? constantParameter(shape, 0, placement) : null;
    this.runningMean = trackRunningStats ? new Buffer(new Float32Array(features), placement) : null;
    this.runningVar = trackRunningStats ? new Buffer(new Float32Array(features).fill(1), placement) : null;
    this.numBatchesTracked = trackRunningStats && momentum === null
      ? new Buffer(Int32Array.of(0), { ...placement, dtype: "int32", shape: [] })
      : null;
  }

  /**
   * The weight of a new batch in the running statistics, or null where they are the means of all batches. A number may be
   * changed between calls, of captured functions too. RangeError when a number outside [0, 1] is assigned, and TypeError when
   * null takes the place of a number or the other way round, since batches are counted from the start or not at all.
   */
  get momentum(): number | null {
    return this.#momentum;
  }

  set momentum(momentum: number | null) {
    const action = `change ${this.constructor.name}`;
    if ((momentum === null) !== (this.#momentum === null)) {
      throw new TypeError(
        `Cannot ${action}: momentum ${momentum} in the place of ${this.#momentum}; make another norm`,
      );
    }
    this.#momentum = momentum === null ? null : checkShare(action, "momentum", momentum);
  }

  /** A tensor [features] in the shape in which it stretches beside x, whose axis 1 has the features. */
  #beside(x: Tensor, tensor: Tensor): Tensor {
    return x.shape.length === 2 ? tensor : tensor.reshape([this.features, ...x.shape.slice(2).fill(1)]);
  }

  /** The norm by running statistics. */
  protected evaluated(x: Tensor, mean: Buffer, variance: Buffer): Tensor {
    const beside = this.weight === null ? [] : [this.weight, this.bias!];
    return inFloat32([x, mean, variance, ...beside], (...wide) => {
      const [x, mean, variance, weight, bias] = wide as [Tensor, Tensor, Tensor, Tensor?, Tensor?];
      const inverse = variance.add(this.eps).rsqrt(), centred = x.sub(this.#beside(x, mean));
      if (weight === undefined) return centred.mul(this.#beside(x, inverse));
      // The mean is subtracted first: with `bias - mean scale` as one shift, large means would cancel digits.
      return centred.mulAdd(this.#beside(x, inverse.mul(weight)), this.#beside(x, bias!));
    });
  }

  /**
   * The norm by the input's own statistics over `axes`, which are given to `note` where running statistics are to be moved. It
   * is called without gradients.
   */
  protected normalized(x: Tensor, axes: readonly number[], note: ((moments: Moments) => void) | null): Tensor {
    const beside = this.weight === null ? [] : [this.weight, this.bias!];
    return inFloat32([x, ...beside], (...wide) => {
      const [x, weight, bias] = wide as [Tensor, Tensor?, Tensor?],
        op = new NormalizeScaleShift({ axes, eps: this.eps });
      return group(() => {
        const moments = momentsOf(x, op), { mean } = moments;
        if (note !== null) noGrad(() => note(moments));
        const [scale, shift] = weight === undefined
          ? [mean.onesLike(), mean.zerosLike()]
          : [this.#beside(x, weight), this.#beside(x, bias!)];
        return op.callKnowing(moments, x, scale, shift);
      });
    });
  }

  /** The norm of no elements: none, with gradients of zero. It has no statistics to note. */
  protected ofNone(x: Tensor): Tensor {
    const { weight, bias } = this;
    return weight === null ? x.mul(1) : x.mulAdd(this.#beside(x, weight), this.#beside(x, bias!));
  }

  /** Moves the running statistics, if there are any, towards a mean and a variance [features]. */
  protected track(mean: Tensor, variance: Tensor): void {
    const { runningMean, runningVar, numBatchesTracked } = this;
    if (runningMean === null || runningVar === null) return;
    if (numBatchesTracked === null) {
      const s = () => this.#momentum!;
      update(runningMean, "lerp", [runningMean, mean], { s });
      update(runningVar, "lerp", [runningVar, variance], { s });
      return;
    }
    // The mean of k numbers is that of k - 1, moved by 1 / k of the way towards the last.
    update(numBatchesTracked, "addScalar", [numBatchesTracked], { s: 1 });
    const share = numBatchesTracked.cast(mean.dtype).reciprocal();
    update(runningMean, "copy", [mean.sub(runningMean).mulAdd(share, runningMean)]);
    update(runningVar, "copy", [variance.sub(runningVar).mulAdd(share, runningVar)]);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}

/** A norm of batches: {@linkcode BatchNorm1d}, {@linkcode BatchNorm2d} or {@linkcode BatchNorm3d}. */
export abstract class BatchNormLayer extends RunningNorm {
  /** What stands behind the features in the shape of an input, by the number of its axes. */
  readonly #behind: Readonly<Record<number, string>>;

  /** The norm of a number of features. `behind` is what stands behind them in the shape of an input, by the number of its axes. */
  constructor(features: number, options: BatchNormOptions, behind: Readonly<Record<number, string>>) {
    super(features, options, true);
    this.#behind = behind;
  }

  /** [batch, features, ...] to the same shape. In training it also moves the running statistics, also under `noGrad`. */
  override forward(x: Tensor): Tensor {
    const { features, runningMean, runningVar } = this, rank = checkInput(this, x).shape.length;
    if (this.#behind[rank] === undefined || x.shape[1] !== features) {
      const wanted = Object.values(this.#behind).map((behind) => `[batch, ${features}${behind}]`).join(" or ");
      throw new TypeError(
        `Cannot apply ${this.constructor.name}: input of shape ${showShape(x.shape)}, it must be ${wanted}`,
      );
    }
    if (!this.training && runningMean !== null) return this.evaluated(x, runningMean, runningVar!);
    if (x.size === 0) return this.ofNone(x);
    if (x.size === features) {
      throw new TypeError(
        `Cannot apply ${this.constructor.name}: training needs more than one value per feature, got ${
          showShape(x.shape)
        }`,
      );
    }
    const isTracked = this.training && runningMean !== null, axes = [...x.shape.keys()].filter((axis) => axis !== 1);
    return this.normalized(
      x,
      axes,
      isTracked
        ? ({ mean, squares }) => {
          const flat = [features];
          this.track(mean.reshape(flat), squares.div(x.size / features - 1).reshape(flat));
        }
        : null,
    );
  }
}

/**
 * Normalises each feature over the batch, then scales and shifts it (Ioffe and Szegedy 2015).
 *
 * Input [batch, features] or [batch, features, length]. Training uses the batch's own mean and biased variance, and moves
 * `runningMean` and `runningVar` towards the batch's mean and unbiased variance; evaluation uses the running statistics.
 * TypeError for other shapes, and for a training batch with a single value per feature, which has no variance. An empty batch
 * moves no statistics.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.BatchNorm1d(1).call(tensor([[1], [3]])).toArray();
 * if (Math.abs(y[1][0] - 1) > 1e-4) throw new Error("not normalised");
 * ```
 */
export class BatchNorm1d extends BatchNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1] or null. */
  constructor(features: number, options: BatchNormOptions = {}) {
    super(features, options, { 2: "", 3: ", length" });
  }
}

/**
 * Normalises each feature over the batch and over the places of an image, then scales and shifts it (Ioffe and Szegedy 2015).
 *
 * Input [batch, features, height, width]. Training uses the batch's own mean and biased variance, and moves
 * `runningMean` and `runningVar` towards the batch's mean and unbiased variance; evaluation uses the running statistics.
 * TypeError for other shapes, and for a training batch with a single value per feature, which has no variance. An empty batch
 * moves no statistics.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const norm = new nn.BatchNorm2d(1), x = tensor([[[[1, 3], [3, 1]]]]);
 * if (Math.abs(norm.call(x).toArray()[0][0][0][1] - 1) > 1e-4) throw new Error("not normalised");
 * if (Math.abs(norm.runningMean!.item() - 0.2) > 1e-6) throw new Error("not a tenth of the batch's mean");
 * ```
 */
export class BatchNorm2d extends BatchNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1] or null. */
  constructor(features: number, options: BatchNormOptions = {}) {
    super(features, options, { 4: ", height, width" });
  }
}

/**
 * Normalises each feature over the batch and over the places of a volume, then scales and shifts it (Ioffe and Szegedy 2015).
 *
 * Input [batch, features, depth, height, width]. Training uses the batch's own mean and biased variance, and moves
 * `runningMean` and `runningVar` towards the batch's mean and unbiased variance; evaluation uses the running statistics.
 * TypeError for other shapes, and for a training batch with a single value per feature, which has no variance. An empty batch
 * moves no statistics.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const norm = new nn.BatchNorm3d(2, { affine: false }), x = zeros([3, 2, 1, 4, 4]);
 * if (norm.call(x).shape.join() !== "3,2,1,4,4" || norm.parameters().length > 0) throw new Error("wrong");
 * ```
 */
export class BatchNorm3d extends BatchNormLayer {
  /** RangeError unless `features` is a positive integer of at most 2^24, `eps` at least 0, and `momentum` in [0, 1] or null. */
  constructor(features: number, options: BatchNormOptions = {}) {
    super(features, options, { 5: ", depth, height, width" });
  }
}
