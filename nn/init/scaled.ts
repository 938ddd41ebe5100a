/** Initialisers whose spread follows from a weight's fans, and orthogonal matrices. */
import { checkOptions, checkRange, checkTensor, shown, showShape, sizeOf } from "../../core/internal.ts";
import { normal as normalOf, randn, type Tensor } from "../../core/mod.ts";
import { calculateGain, type FanOptions, type Nonlinearity } from "./fans.ts";
import { drawUniform, fansOf, fill } from "./fill.ts";

/** Options of {@linkcode xavierUniform} and {@linkcode xavierNormal}. */
export interface XavierOptions extends FanOptions {
  /** A factor, such as {@linkcode calculateGain} gives: 1 by default. */
  gain?: number;
}

/** The deviation of Glorot and Bengio. */
function xavier(action: string, tensor: Tensor, options: XavierOptions): number {
  const { gain = 1, outAxis } = checkOptions(action, options, "{ gain: 1 }", ["gain", "outAxis"]);
  checkRange(action, "gain", gain, 0);
  const { fanIn, fanOut } = fansOf(action, tensor, outAxis);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Fills a weight with uniform numbers in ±gain sqrt(6 / (fanIn + fanOut)), in place, and returns it (Glorot and Bengio 2010).
 *
 * TypeError for fewer than two axes. Where a weight has its outputs, {@linkcode calculateFans} says.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(3, 3);
 * nn.init.xavierUniform(weight, { gain: nn.init.calculateGain("tanh") });
 * if (weight.abs().max().item() > 5 / 3) throw new Error("beyond");
 * ```
 */
export function xavierUniform<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  const action = "init.xavierUniform", bound = Math.sqrt(3) * xavier(action, tensor, options);
  return fill(action, tensor, (at) => drawUniform(at, -bound, bound));
}

/**
 * Fills a weight with normal numbers of deviation gain sqrt(2 / (fanIn + fanOut)), in place, and returns it (Glorot and Bengio
 * 2010). TypeError for fewer than two axes.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(50, 50);
 * nn.init.xavierNormal(weight);
 * if (Math.abs(weight.variance().item() - 2 / 100) > 0.004) throw new Error("another deviation");
 * ```
 */
export function xavierNormal<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  const action = "init.xavierNormal", std = xavier(action, tensor, options);
  return fill(action, tensor, (at) => normalOf(0, std, at));
}

/** Options of {@linkcode kaimingUniform} and {@linkcode kaimingNormal}. */
export interface KaimingOptions extends FanOptions {
  /** The slope of `leakyRelu` below zero: 0 by default. */
  slope?: number;
  /** Which spread is kept: that of values on the way forwards, by default, or that of gradients on the way back. */
  mode?: "fanIn" | "fanOut";
  /** What follows the weight: `leakyRelu` by default, which is `relu` at a slope of 0. */
  nonlinearity?: Nonlinearity;
}

/** The deviation of He et al. */
function kaiming(action: string, tensor: Tensor, options: KaimingOptions): number {
  const names = ["slope", "mode", "nonlinearity", "outAxis"] as const;
  const found = checkOptions(action, options, '{ mode: "fanOut" }', names);
  const { slope = 0, mode = "fanIn", nonlinearity = "leakyRelu", outAxis } = found;
  if (mode !== "fanIn" && mode !== "fanOut") {
    throw new TypeError(`Cannot ${action}: mode ${shown(mode)} must be fanIn or fanOut`);
  }
  const gain = calculateGain(nonlinearity, slope);
  return gain / Math.sqrt(fansOf(action, tensor, outAxis)[mode]);
}

/**
 * Fills a weight with uniform numbers in ±gain sqrt(3 / fan), in place, and returns it (He et al. 2015).
 *
 * TypeError for fewer than two axes, and for another mode or nonlinearity.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(6, 3);
 * nn.init.kaimingUniform(weight);
 * if (weight.abs().max().item() > 1) throw new Error("beyond"); // sqrt(2) sqrt(3 / 6)
 * ```
 */
export function kaimingUniform<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  const action = "init.kaimingUniform", bound = Math.sqrt(3) * kaiming(action, tensor, options);
  return fill(action, tensor, (at) => drawUniform(at, -bound, bound));
}

/**
 * Fills a weight with normal numbers of deviation gain / sqrt(fan), in place, and returns it (He et al. 2015).
 *
 * TypeError for fewer than two axes, and for another mode or nonlinearity.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(50, 60);
 * nn.init.kaimingNormal(weight, { mode: "fanOut", nonlinearity: "relu" });
 * if (Math.abs(weight.variance().item() - 2 / 60) > 0.006) throw new Error("another deviation");
 * ```
 */
export function kaimingNormal<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  const action = "init.kaimingNormal", std = kaiming(action, tensor, options);
  return fill(action, tensor, (at) => normalOf(0, std, at));
}

/** Options of {@linkcode orthogonal}. */
export interface OrthogonalOptions {
  /** A factor: 1 by default. */
  gain?: number;
}

/**
 * Fills a weight so that, with all axes but the first joined, its rows or its columns, whichever are fewer, are orthogonal and
 * of length `gain`: a random such matrix, none more likely than another. In place; returns the weight (Saxe, McClelland and
 * Ganguli 2013).
 *
 * The matrix is computed on the host, so that a captured function cannot do it. TypeError for fewer than two axes.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const { weight } = new nn.Linear(3, 5);
 * nn.init.orthogonal(weight);
 * const product = weight.matmul(weight.transpose()).toArray() as number[][];
 * if (Math.abs(product[0]![0]! - 1) > 1e-5 || Math.abs(product[0]![1]!) > 1e-5) throw new Error("not orthogonal");
 * ```
 */
export function orthogonal<T extends Tensor>(tensor: T, options: OrthogonalOptions = {}): T {
  const action = "init.orthogonal";
  const { gain = 1 } = checkOptions(action, options, "{ gain: 1 }", ["gain"]);
  checkRange(action, "gain", gain, 0);
  checkTensor(action, tensor);
  if (tensor.shape.length < 2) {
    throw new TypeError(`Cannot ${action}: shape ${showShape(tensor.shape)} must have two axes at least`);
  }
  return fill(action, tensor, ({ shape, ...place }) => {
    const rows = shape[0]!, columns = sizeOf(shape.slice(1)), isWide = rows < columns;
    const [q, r] = randn(isWide ? [columns, rows] : [rows, columns], place).qr();
    // Without the signs of r's diagonal the factors of some matrices would be more likely than others (Mezzadri 2007).
    const signed = q.mul(r.diagonal().sign());
    return (isWide ? signed.transpose() : signed).mul(gain).reshape(shape);
  });
}
