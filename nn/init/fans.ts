/**
 * Fans and gains: how far a layer stretches what goes through it, from which the spread of its first weights follows.
 *
 * The fan in of a weight is the number of inputs that each output sums, the fan out the number of outputs that each input
 * goes to. Both follow from the shape once it is known which axis is that of the outputs; a {@linkcode Parameter} says so by
 * its `outAxis`.
 */
import { checkOptions, checkRange, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { fansOf } from "./fill.ts";

/** Where a weight has its outputs. */
export interface FanOptions {
  /**
   * The axis of the outputs: 0 for [out, in, ...] as in PyTorch, 1 for [in, out, ...]. By default the parameter's own, which is
   * 1 for the weight of a {@linkcode Linear}, and 0 for other tensors.
   */
  outAxis?: 0 | 1;
}

/** The two fans of a weight. */
export interface Fans {
  /** The number of inputs that each output sums. */
  fanIn: number;
  /** The number of outputs that each input goes to. */
  fanOut: number;
}

/** The functions whose gain is known. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/**
 * The fans of a weight with two axes or more, as PyTorch counts them: the lengths of the axes of inputs and outputs, each times
 * the size of the window that the further axes span.
 *
 * TypeError for a tensor of fewer axes.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const { fanIn, fanOut } = nn.init.calculateFans(new nn.Linear(3, 5).weight); // [in, out]
 * if (fanIn !== 3 || fanOut !== 5) throw new Error("wrong");
 * const window = nn.init.calculateFans(zeros([8, 2, 3, 3])); // [out, in, height, width]
 * if (window.fanIn !== 18 || window.fanOut !== 72) throw new Error("wrong");
 * ```
 */
export function calculateFans(tensor: Tensor, options: FanOptions = {}): Fans {
  const { outAxis } = checkOptions("calculateFans", options, "{ outAxis: 1 }", ["outAxis"]);
  return fansOf("calculateFans", tensor, outAxis);
}

/**
 * The factor by which weights before a nonlinearity are larger so that the spread of values stays, as PyTorch's
 * `calculate_gain`. `linear` stands for linear layers and all convolutions. `slope` is that of `leakyRelu` below zero, 0.01 by
 * default; the others have none.
 *
 * TypeError for another name, RangeError for a slope that is no number.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * if (nn.init.calculateGain("relu") !== Math.SQRT2 || nn.init.calculateGain("tanh") !== 5 / 3) throw new Error("wrong");
 * ```
 */
export function calculateGain(nonlinearity: Nonlinearity, slope: number = 0.01): number {
  checkRange("calculateGain", "slope", slope, -Infinity);
  const gain = Object.hasOwn(gains, nonlinearity) ? gains[nonlinearity] : undefined;
  if (gain !== undefined) return gain(slope);
  throw new TypeError(
    `Cannot calculateGain: nonlinearity ${shown(nonlinearity)} must be one of ${Object.keys(gains).join(", ")}`,
  );
}

const gains: Record<Nonlinearity, (slope: number) => number> = {
  linear: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: (slope) => Math.sqrt(2 / (1 + slope ** 2)),
  // As in PyTorch: a value that was found by trial.
  selu: () => 3 / 4,
};
