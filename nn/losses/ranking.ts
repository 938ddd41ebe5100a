/** Losses of pairs and triples: which of two scores should be higher, and which of two samples should be nearer. */
import {
  checkFlag,
  checkFunction,
  checkOptions,
  checkRange,
  inFloat32,
  sameShape,
  shown,
} from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { checkPositive } from "./checks.ts";
import { Loss, type LossOptions } from "./loss.ts";

/** Options of {@linkcode MarginRankingLoss}. */
export interface MarginRankingOptions extends LossOptions {
  /** By how much the higher score must exceed the other; 0 by default. */
  margin?: number;
}

/**
 * What two scores lack of the wanted order: max(0, margin - y (a - b)), where the target y is 1 if the first should be higher
 * and -1 if the second should. TypeError if the three shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.MarginRankingLoss({ margin: 1 }).call(tensor([2, 2]), tensor([1.5, 0]), tensor([1, 1]));
 * if (loss.item() !== 0.25) throw new Error(`${loss}`);
 * ```
 */
export class MarginRankingLoss extends Loss<[first: Tensor, second: Tensor, target: Tensor]> {
  /** By how much the higher score must exceed the other. */
  readonly margin: number;

  /** RangeError unless `margin` is a finite number. */
  constructor(options: MarginRankingOptions = {}) {
    const action = "make MarginRankingLoss", names = ["reduction", "margin"] as const;
    const { margin = 0, ...others } = checkOptions(action, options, "{ margin: 1 }", names);
    super(others);
    this.margin = checkRange(action, "margin", margin, -Infinity);
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["first", "second", "target"];
  }

  /** One loss for each pair, reduced. */
  override forward(first: Tensor, second: Tensor, target: Tensor): Tensor {
    return this.ofElements([first, second, target], (a, b, y) => a!.sub(b!).mul(y!).rsub(this.margin).relu());
  }
}

/** Options of {@linkcode CosineEmbeddingLoss}. */
export interface CosineEmbeddingOptions extends LossOptions {
  /** The cosine, from -1 to 1, that vectors which do not belong together must not exceed; 0 by default. */
  margin?: number;
}

/**
 * Of the cosine c between two vectors: 1 - c where the target is 1, and max(0, c - margin) where it is -1. Vectors are
 * [batch, n] with targets [batch], or [n] with a target []. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.CosineEmbeddingLoss().call(tensor([[3, 4]]), tensor([[3, -4]]), tensor([1]));
 * if (Math.abs(loss.item() - (1 + 7 / 25)) > 1e-6) throw new Error(`${loss}`);
 * ```
 */
export class CosineEmbeddingLoss extends Loss<[first: Tensor, second: Tensor, target: Tensor]> {
  /** The cosine that vectors which do not belong together must not exceed. */
  readonly margin: number;

  /** RangeError unless `margin` lies in [-1, 1]. */
  constructor(options: CosineEmbeddingOptions = {}) {
    const action = "make CosineEmbeddingLoss", names = ["reduction", "margin"] as const;
    const { margin = 0, ...others } = checkOptions(action, options, "{ margin: 0.5 }", names);
    super(others);
    if (!(typeof margin === "number" && Math.abs(margin) <= 1)) {
      throw new RangeError(`Cannot ${action}: margin ${shown(margin)} must lie in [-1, 1]`);
    }
    this.margin = margin;
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["first", "second", "target"];
  }

  /** One loss for each pair of vectors, reduced. */
  override forward(first: Tensor, second: Tensor, target: Tensor): Tensor {
    const { shape } = first;
    if (
      ![1, 2].includes(shape.length) || !sameShape(shape, second.shape) || !sameShape(shape.slice(0, -1), target.shape)
    ) {
      this.refuse([first, second, target], "they must be twice [batch, n] and [batch], or twice [n] and []");
    }
    return inFloat32([first, second], (a, b) => {
      // A little is added to the squares, as in PyTorch: vectors of zeros have a cosine of 0.
      const square = (x: Tensor) => x.square().sum({ axes: -1 }).add(1e-12);
      const cosine = a!.mul(b!).sum({ axes: -1 }).div(square(a!).mul(square(b!)).sqrt());
      const alike = target.equal(1).where(cosine.rsub(1), 0);
      return this.reduce(alike.add(target.equal(-1).where(cosine.sub(this.margin).relu(), 0)));
    });
  }
}

/** How far apart two tensors of samples are: a number for each sample. */
export type DistanceFunction = (first: Tensor, second: Tensor) => Tensor;

/** The p-norm along the last axis of the difference, to whose elements `eps` is added. */
function pairwiseDistance(first: Tensor, second: Tensor, p = 2, eps = 1e-6): Tensor {
  return first.sub(second).add(eps).norm({ axes: -1, p });
}

/** Options of {@linkcode TripletMarginWithDistanceLoss}. */
export interface TripletMarginWithDistanceOptions extends LossOptions {
  /** The distance; the Euclidean one along the last axis by default. */
  distance?: DistanceFunction;
  /** By how much the negative must be farther away than the positive; 1 by default. */
  margin?: number;
  /** True if the negative's distance from the positive counts where it is less than that from the anchor; false by default. */
  swap?: boolean;
}

/**
 * How little farther an anchor a is from a negative n than from a positive p, by any distance: max(0, d(a, p) - d(a, n) +
 * margin) (Schroff et al. 2015, arXiv 1503.03832; the swap of Balntas et al. 2016). TypeError if the three shapes differ.
 *
 * @example
 * ```ts
 * import { nn, tensor, type Tensor } from "deneb";
 *
 * const distance = (a: Tensor, b: Tensor) => a.sub(b).abs().max({ axes: -1 });
 * const loss = new nn.TripletMarginWithDistanceLoss({ distance, margin: 2 });
 * const found = loss.call(tensor([[0, 0]]), tensor([[1, 0]]), tensor([[2, 1]])).item();
 * if (found !== 1) throw new Error(`${found}`);
 * ```
 */
export class TripletMarginWithDistanceLoss extends Loss<[anchor: Tensor, positive: Tensor, negative: Tensor]> {
  /** The distance. */
  readonly distance: DistanceFunction;
  /** By how much the negative must be farther away than the positive. */
  readonly margin: number;
  /** Whether the negative's distance from the positive counts as well. */
  readonly swap: boolean;

  /** RangeError unless `margin` is a positive number, TypeError for a distance that is no function. */
  constructor(options: TripletMarginWithDistanceOptions = {}) {
    const action = `make ${new.target.name}`, names = ["reduction", "distance", "margin", "swap"] as const;
    const { distance = pairwiseDistance, margin = 1, swap = false, ...others } = checkOptions(
      action,
      options,
      "{ margin: 0.2 }",
      names,
    );
    super(others);
    checkFunction(action, distance);
    this.distance = distance;
    this.margin = checkPositive(action, "margin", margin);
    this.swap = checkFlag(action, "swap", swap);
  }

  /** @ignore */
  protected override get inputNames(): readonly string[] {
    return ["anchor", "positive", "negative"];
  }

  /** One loss for each triple, reduced. */
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    if (anchor.shape.length === 0) this.refuse([anchor, positive, negative], "they must have an axis");
    return this.ofElements([anchor, positive, negative], (a, p, n) => {
      const near = this.distance(a!, p!), direct = this.distance(a!, n!);
      const far = this.swap ? direct.minimum(this.distance(p!, n!)) : direct;
      return near.sub(far).add(this.margin).relu();
    });
  }
}

/** Options of {@linkcode TripletMarginLoss}. */
export interface TripletMarginOptions extends LossOptions {
  /** By how much the negative must be farther away than the positive; 1 by default. */
  margin?: number;
  /** The power of the norm, 2 by default; Infinity for the largest magnitude. */
  p?: number;
  /** What is added to each difference, so that no distance is 0; 1e-6 by default. */
  eps?: number;
  /** True if the negative's distance from the positive counts where it is less than that from the anchor; false by default. */
  swap?: boolean;
}

/**
 * {@linkcode TripletMarginWithDistanceLoss} of the distance by a p-norm along the last axis. TypeError if the three shapes
 * differ.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const loss = new nn.TripletMarginLoss().call(tensor([[0, 0]]), tensor([[3, 4]]), tensor([[0, 2]]));
 * if (Math.abs(loss.item() - 4) > 1e-5) throw new Error("not 5 - 2 + 1");
 * ```
 */
export class TripletMarginLoss extends TripletMarginWithDistanceLoss {
  /** The power of the norm. */
  readonly p: number;
  /** What is added to each difference. */
  readonly eps: number;

  /** RangeError unless `margin` and `p` are positive numbers. */
  constructor(options: TripletMarginOptions = {}) {
    const action = "make TripletMarginLoss", names = ["reduction", "margin", "p", "eps", "swap"] as const;
    const { p = 2, eps = 1e-6, ...others } = checkOptions(action, options, "{ margin: 0.2 }", names);
    super({ ...others, distance: (first, second) => pairwiseDistance(first, second, p, eps) });
    this.p = p === Infinity ? p : checkPositive(action, "p", p);
    this.eps = checkRange(action, "eps", eps, 0);
  }
}
