/** Adafactor: second moments of matrices from those of rows and columns. */
import { apply, checkRange, refuse, update, widened } from "../core/internal.ts";
import { type Tensor, zeros } from "../core/mod.ts";
import { shrink } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";

/** Options of {@linkcode Adafactor}. */
export interface AdafactorOptions extends OptimizerOptions {
  /** The largest relative rate; 1e-2 by default. */
  lr?: number;
  /** The power of the step, at most 0, that is the weight of the present in means; -0.8 by default. */
  beta2Decay?: number;
  /** The least root of second moments, null for the precision of the parameter's type, and the least length of a parameter; null and 1e-3 by default. */
  eps?: readonly [number | null, number];
  /** The largest root mean square of a step before the rate, at least 1; 1 by default. */
  d?: number;
  /** The share of each parameter that decays, times the rate; 0 by default. */
  weightDecay?: number;
}

/** The settings of groups of {@linkcode Adafactor}. */
export type AdafactorSettings = SettingsOf<AdafactorOptions>;
/** The distance from 1 to the next number of each type. */
const precision = { float16: 2 ** -10, bfloat16: 2 ** -7, float32: 2 ** -23, float64: 2 ** -52 };

const settings: SettingsTable<AdafactorSettings> = {
  lr: { value: 1e-2, low: 0 },
  beta2Decay: {
    value: -0.8,
    check: (action, value) => {
      if (checkRange(action, "beta2Decay", value, -Infinity) <= 0) return value;
      throw new RangeError(`Cannot ${action}: beta2Decay ${value} must be at most 0`);
    },
  },
  eps: {
    value: [null, 1e-3],
    check: (action, value) => {
      if (!Array.isArray(value) || value.length !== 2) {
        refuse(`${action} with eps`, value, "two numbers, or null and one");
      }
      if (value[0] !== null) checkRange(action, "eps[0]", value[0], 0);
      checkRange(action, "eps[1]", value[1], 0);
      return Object.freeze([...value] as [number | null, number]);
    },
  },
  d: { value: 1, low: 1 },
  weightDecay: { value: 0, low: 0 },
};

/**
 * The means v of g² with the weights t^beta2Decay of step t; of a matrix only the means r of rows and c of columns are kept,
 * and v = r c / mean(r). d = g / max(√v, eps₁); p = p - α d / max(1, rms(d) / d₀), where α = max(eps₂, rms(p)) min(lr, 1 / √t)
 * and d₀ is the option `d` (Shazeer and Stern 2018, in PyTorch's form). The last two axes of a parameter are those of its
 * matrices.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([4]), optimizer = new optim.Adafactor([x], { lr: 0.125 });
 * x.square().sum().backward();
 * optimizer.step();
 * if (Math.abs(x.item() - 3.5) > 1e-6) throw new Error(`${x.item()}, not 4 - 0.125 · 4`);
 * ```
 */
export class Adafactor extends Optimizer<AdafactorSettings> {
  /** See {@linkcode AdafactorOptions.beta2Decay}. */
  declare beta2Decay: number;
  /** eps₁ and eps₂: a list that cannot be changed, but replaced. */
  declare eps: readonly [number | null, number];
  /** See {@linkcode AdafactorOptions.d}. */
  declare d: number;
  /** See {@linkcode AdafactorOptions.weightDecay}. */
  declare weightDecay: number;
  readonly #rows: readonly (Tensor | null)[];
  readonly #columns: readonly (Tensor | null)[];
  readonly #square: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist.
   */
  constructor(params: ParameterGroups<AdafactorOptions>, options: AdafactorOptions = {}) {
    super(params, options, settings);
    this.#rows = this.slot("rows", (p) => p.shape.length > 1 ? zerosOf(p, p.shape.length - 1) : null);
    this.#columns = this.slot("columns", (p) => p.shape.length > 1 ? zerosOf(p, p.shape.length - 2) : null);
    this.#square = this.slot("square", (p) => p.shape.length > 1 ? null : p.zerosLike());
  }

  /** Moves the means and p. */
  protected override update(p: Tensor, g: Tensor, { place, group, step }: Update<AdafactorSettings>): void {
    const least = () => group.eps[0] ?? precision[p.dtype as keyof typeof precision],
      weight = () => step() ** group.beta2Decay;
    const lower = (x: Tensor, s: () => number) => apply("clip", [x], { s, t: Infinity });
    const rate = lower(rootMeanSquare(p), () => group.eps[1]);
    shrink(p, group);
    const rows = this.#rows[place]!, columns = this.#columns[place]!;
    let square = this.#square[place]!;
    if (square !== null) update(square, "lerp", [square, apply("square", [g])], { s: weight });
    else {
      const squares = g.square();
      update(rows, "lerp", [rows, squares.mean({ axes: [-1], keepDims: true })], { s: weight });
      update(columns, "lerp", [columns, squares.mean({ axes: [-2], keepDims: true })], { s: weight });
      square = rows.mul(columns).div(lower(rows.mean({ axes: [-2], keepDims: true }), least));
    }
    const d = apply("mul", [apply("rsqrt", [lower(square, () => least() ** 2)]), g]);
    const excess = lower(apply("mulScalar", [rootMeanSquare(d)], { s: () => 1 / group.d }), () => 1);
    const s = () => -Math.min(group.lr, 1 / Math.sqrt(step()));
    const factor = apply("mulScalar", [apply("div", [rate, excess])], { s });
    update(p, "mulAdd", [d, factor.cast(p.dtype), p]);
  }
}

/** Zeros in the shape of a parameter whose elements along one axis are one. */
function zerosOf(p: Tensor, axis: number): Tensor {
  return zeros(p.shape.map((size, k) => k === axis ? 1 : size), { dtype: p.dtype, device: p.device });
}

/** The root mean square of all elements, not of halves. */
function rootMeanSquare(x: Tensor): Tensor {
  return widened(x).square().mean().sqrt();
}
