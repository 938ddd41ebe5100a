/** Initialisers that ask for no fans: given distributions, constants, and fixed patterns. */
import { checkCount, checkOptions, checkRange, checkShare } from "../../core/internal.ts";
import {
  eye as eyeOf,
  full,
  normal as normalOf,
  rand,
  type Tensor,
  tensor as tensorOf,
  truncatedNormal as truncatedNormalOf,
} from "../../core/mod.ts";
import type { FanOptions } from "./fans.ts";
import { checkRank, drawUniform, fill, outAxisOf } from "./fill.ts";

/** Options of {@linkcode uniform}. */
export interface UniformOptions {
  /** The lower bound: 0 by default. */
  low?: number;
  /** The upper bound, which is left out: 1 by default. */
  high?: number;
}

/**
 * Fills a tensor with uniform numbers in [low, high), in place, and returns it. RangeError unless both are finite numbers, in
 * their order.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(4, 3);
 * nn.init.uniform(weight, { low: -0.1, high: 0.1 });
 * if (weight.abs().max().item() > 0.1) throw new Error("beyond");
 * ```
 */
export function uniform<T extends Tensor>(tensor: T, options: UniformOptions = {}): T {
  const action = "init.uniform";
  const { low = 0, high = 1 } = checkOptions(action, options, "{ low: -1 }", ["low", "high"]);
  checkRange(action, "low", low, -Infinity);
  checkRange(action, "high", high, -Infinity);
  if (high < low) throw new RangeError(`Cannot ${action}: high ${high} must be at least low, ${low}`);
  return fill(action, tensor, (at) => drawUniform(at, low, high));
}

/** Options of {@linkcode normal}. */
export interface NormalOptions {
  /** The mean: 0 by default. */
  mean?: number;
  /** The standard deviation: 1 by default. */
  std?: number;
}

/**
 * Fills a tensor with normal numbers, in place, and returns it. RangeError for a deviation below 0.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(64, 64);
 * nn.init.normal(weight, { std: 0.02 });
 * if (Math.abs(weight.variance().sqrt().item() - 0.02) > 0.002) throw new Error("another deviation");
 * ```
 */
export function normal<T extends Tensor>(tensor: T, options: NormalOptions = {}): T {
  const action = "init.normal";
  const { mean = 0, std = 1 } = checkOptions(action, options, "{ std: 0.02 }", ["mean", "std"]);
  checkRange(action, "mean", mean, -Infinity);
  checkRange(action, "std", std, 0);
  return fill(action, tensor, (at) => normalOf(mean, std, at));
}

/** Options of {@linkcode truncatedNormal}. */
export interface TruncatedOptions extends NormalOptions {
  /** The least number: -2 by default. */
  low?: number;
  /** The largest number: 2 by default. */
  high?: number;
}

/**
 * Fills a tensor with normal numbers between two bounds, in place, and returns it: PyTorch's `trunc_normal_`. The bounds are
 * numbers, not multiples of the deviation. RangeError for bounds that hold less than 10^-9 of the distribution.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(16, 16);
 * nn.init.truncatedNormal(weight, { std: 0.02, low: -0.04, high: 0.04 });
 * if (weight.abs().max().item() > 0.04) throw new Error("beyond");
 * ```
 */
export function truncatedNormal<T extends Tensor>(tensor: T, options: TruncatedOptions = {}): T {
  const action = "init.truncatedNormal", names = ["mean", "std", "low", "high"] as const;
  const found = checkOptions(action, options, "{ std: 0.02 }", names);
  return fill(action, tensor, ({ shape, ...place }) => truncatedNormalOf(shape, { ...found, ...place }));
}

/**
 * Fills a tensor with one number, in place, and returns it.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { bias } = new nn.Linear(2, 3);
 * if (nn.init.constant(bias!, 0.5).toArray().join() !== "0.5,0.5,0.5") throw new Error("wrong");
 * ```
 */
export function constant<T extends Tensor>(tensor: T, value: number): T {
  const action = "init.constant";
  checkRange(action, "value", value, -Infinity);
  return fill(action, tensor, ({ shape, ...place }) => full(shape, value, place));
}

/**
 * Fills a tensor with ones, in place, and returns it.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.init.ones(new nn.Parameter([5, 6])).toArray().join() !== "1,1") throw new Error("wrong");
 * ```
 */
export function ones<T extends Tensor>(tensor: T): T {
  return constant(tensor, 1);
}

/**
 * Fills a tensor with zeros, in place, and returns it.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.init.zeros(new nn.Parameter([5, 6])).toArray().join() !== "0,0") throw new Error("wrong");
 * ```
 */
export function zeros<T extends Tensor>(tensor: T): T {
  return constant(tensor, 0);
}

/**
 * Fills a matrix with ones on its diagonal and zeros elsewhere, in place, and returns it: a layer passes as many of its inputs
 * as it can. TypeError unless the tensor has two axes.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.init.eye(new nn.Linear(2, 3).weight).toArray().join() !== "1,0,0,0,1,0") throw new Error("wrong");
 * ```
 */
export function eye<T extends Tensor>(tensor: T): T {
  const action = "init.eye";
  checkRank(action, tensor, 2, 2, "a matrix");
  return fill(action, tensor, ({ shape: [rows, columns], ...place }) => {
    const most = Math.max(rows!, columns!);
    return eyeOf(most, place).at(`:${rows}, :${columns}`);
  });
}

/** Options of {@linkcode dirac}. */
export interface DiracOptions {
  /** The number of groups of the convolution; 1 by default. */
  groups?: number;
}

/**
 * Fills the weight [out, in / groups, ...] of a convolution over 1 to 3 axes so that it passes as many of its channels as it
 * can, in place, and returns it: a one in the middle of each of these windows.
 *
 * TypeError unless the tensor has 3 to 5 axes, RangeError for groups that do not divide the outputs.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const weight = nn.init.dirac(new nn.Parameter(new Float32Array(12), { shape: [2, 2, 3] }));
 * if (weight.toArray().join() !== "0,1,0,0,0,0,0,0,0,0,1,0") throw new Error("wrong");
 * ```
 */
export function dirac<T extends Tensor>(tensor: T, options: DiracOptions = {}): T {
  const action = "init.dirac";
  const { groups = 1 } = checkOptions(action, options, "{ groups: 2 }", ["groups"]);
  checkRank(action, tensor, 3, 5, "[out, in, ...] with 1 to 3 axes of windows");
  checkCount(action, "groups", groups, 1);
  const [outputs, inputs, ...window] = tensor.shape as [number, number, ...number[]], perGroup = outputs / groups;
  if (!Number.isInteger(perGroup)) {
    throw new RangeError(`Cannot ${action}: groups ${groups} must divide the ${outputs} outputs`);
  }
  return fill(action, tensor, ({ shape, dtype, device }) => {
    const elements = new Float32Array(tensor.size), field = window.reduce((size, length) => size * length, 1);
    // The middle, and of two middles the later one, as in PyTorch.
    const middle = window.reduce((place, length) => place * length + Math.floor(length / 2), 0);
    for (let group = 0; group < groups; group++) {
      for (let k = 0; k < Math.min(perGroup, inputs); k++) {
        elements[((group * perGroup + k) * inputs + k) * field + middle] = 1;
      }
    }
    return tensorOf(elements, { shape, device }).cast(dtype);
  });
}

/** Options of {@linkcode sparse}. */
export interface SparseOptions extends FanOptions {
  /** The share of each input's weights that is zero, rounded up to a whole number of them. */
  sparsity: number;
  /** The standard deviation of the others: 0.01 by default. */
  std?: number;
}

/**
 * Fills a matrix with normal numbers, and with zeros at random places: in the same number for each input. In place; returns
 * the matrix. It is PyTorch's `sparse_` (Martens 2010).
 *
 * TypeError unless the tensor has two axes, RangeError for a share outside [0, 1].
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(3, 10); // [in, out]
 * nn.init.sparse(weight, { sparsity: 0.3 });
 * if (weight.equal(0).sum({ axes: 1 }).toArray().join() !== "3,3,3") throw new Error("wrong");
 * ```
 */
export function sparse<T extends Tensor>(tensor: T, options: SparseOptions): T {
  const action = "init.sparse", names = ["sparsity", "std", "outAxis"] as const;
  const { sparsity, std = 0.01, outAxis } = checkOptions(action, options, "{ sparsity: 0.1 }", names);
  checkRank(action, tensor, 2, 2, "a matrix");
  checkShare(action, "sparsity", sparsity);
  checkRange(action, "std", std, 0);
  const axis = outAxisOf(action, tensor, outAxis), zeros = Math.ceil(sparsity * tensor.shape[axis]!);
  return fill(action, tensor, ({ shape, ...place }) => {
    const values = normalOf(0, std, { shape, ...place });
    // The rank of each place in a random order of its line.
    const rank = rand(shape, { device: place.device }).argsort(axis).argsort(axis);
    return rank.less(zeros).where(0, values);
  });
}
