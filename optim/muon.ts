/** Muon: steps by matrices whose singular values are all about one. */
import { apply, checkCount, shown, showShape, update, widened } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { shrink } from "./decay.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { OptimizerOptions, ParameterGroups, SettingsOf, SettingsTable } from "./options.ts";
import { listOf } from "./settings.ts";

/** How the rate follows the shape of a matrix. */
export type MuonAdjustment = "original" | "matchRmsAdamW" | "spectralUnclamped";

/** Options of {@linkcode Muon}. */
export interface MuonOptions extends OptimizerOptions {
  /** The learning rate; 1e-3 by default. */
  lr?: number;
  /** The share of each parameter that decays, times the rate; 0.1 by default. */
  weightDecay?: number;
  /** The weight of the past in the mean of gradients; 0.95 by default. */
  momentum?: number;
  /** Looks ahead by Nesterov's momentum; true by default. */
  nesterov?: boolean;
  /** a, b and c of the iteration; 3.4445, -4.775 and 2.0315 by default. */
  nsCoefficients?: readonly [number, number, number];
  /** The least length by which a matrix is divided at first; 1e-7 by default. */
  eps?: number;
  /** The number of iterations, below 100; 5 by default. */
  nsSteps?: number;
  /**
   * The factor of the rate for a weight [in, out]: √max(1, out / in) is `"original"`, the default; 0.2 √max(in, out) is
   * `"matchRmsAdamW"`, whose steps are as long as AdamW's; √(out / in) is `"spectralUnclamped"`.
   */
  adjustLr?: MuonAdjustment;
}

/** The settings of groups of {@linkcode Muon}. */
export type MuonSettings = SettingsOf<MuonOptions>;

/** The factors of the rate. A weight here is [in, out], turned against PyTorch's. */
const adjustments: Record<MuonAdjustment, (inputs: number, outputs: number) => number> = {
  original: (inputs, outputs) => Math.sqrt(Math.max(1, outputs / inputs)),
  matchRmsAdamW: (inputs, outputs) => 0.2 * Math.sqrt(Math.max(inputs, outputs)),
  spectralUnclamped: (inputs, outputs) => Math.sqrt(outputs / inputs),
};

const settings: SettingsTable<MuonSettings> = {
  lr: { value: 1e-3, low: 0 },
  weightDecay: { value: 0.1, low: 0 },
  momentum: { value: 0.95, low: 0 },
  nesterov: { value: true, fixed: true },
  nsCoefficients: { ...listOf("nsCoefficients", [3.4445, -4.775, 2.0315]), fixed: true },
  eps: { value: 1e-7, low: 0, fixed: true },
  nsSteps: { value: 5, fixed: true, check: (action, value) => checkCount(action, "nsSteps", value, 0, 99) },
  adjustLr: {
    value: "original",
    fixed: true,
    check: (action, value) => {
      if (Object.hasOwn(adjustments, value)) return value;
      const choices = Object.keys(adjustments).join(", ");
      throw new RangeError(`Cannot ${action}: adjustLr ${shown(value)} must be one of ${choices}`);
    },
  },
};

/**
 * m = momentum m + (1 - momentum) g; p = p (1 - lr weightDecay) - lr f O, where f follows the shape and O is the mean m, or
 * g + momentum (m - g) with `nesterov`, made orthogonal: O = O / |O|, then a few times
 * O = a O + (b A + c A²) O with A = O Oᵀ, which drives all singular values towards 1 (Jordan et al. 2024).
 *
 * It is for matrices, such as the weights of hidden layers; give the rest to another optimizer, such as AdamW. PyTorch
 * iterates in bfloat16, this in the parameter's type, halves in float32.
 *
 * @example
 * ```ts
 * import { optim, Tensor } from "deneb";
 *
 * const x = new Tensor([[3, 0], [0, 4]]), optimizer = new optim.Muon([x], { lr: 0.5, weightDecay: 0 });
 * x.square().sum().backward();
 * optimizer.step();
 * // Whatever the gradient's size, its singular values become about one.
 * const steps = x.toArray().flat().map((value, k) => [3, 0, 0, 4][k]! - value);
 * if (!steps.every((step, k) => k % 3 === 0 ? step > 0.3 && step < 0.7 : Math.abs(step) < 1e-6)) throw new Error(`${x}`);
 * ```
 */
export class Muon extends Optimizer<MuonSettings> {
  /** See {@linkcode MuonOptions.weightDecay}. */
  declare weightDecay: number;
  /** The weight of the past in the mean of gradients. */
  declare momentum: number;
  readonly #velocity: readonly (Tensor | null)[];

  /**
   * RangeError for settings out of their range, also when they are assigned later. TypeError for an option that does not
   * exist, and for parameters that are no matrices.
   */
  constructor(params: ParameterGroups<MuonOptions>, options: MuonOptions = {}) {
    super(params, options, settings);
    this.#velocity = this.slot("velocity");
  }

  /** TypeError for a parameter that is no matrix. */
  protected override checkParameter(action: string, { shape }: Tensor): void {
    if (shape.length === 2) return;
    throw new TypeError(`Cannot ${action}: a parameter has shape ${showShape(shape)}, it must be a matrix [in, out]`);
  }

  /** Moves m and p. */
  protected override update(p: Tensor, g: Tensor, { place, group }: Update<MuonSettings>): void {
    const m = this.#velocity[place]!, [inputs, outputs] = p.shape as [number, number];
    update(m, "lerp", [m, g], { s: () => 1 - group.momentum });
    const d = group.nesterov ? apply("lerp", [g, m], { s: () => group.momentum }) : m;
    shrink(p, group);
    const factor = adjustments[group.adjustLr](inputs, outputs);
    update(p, "addScaled", [p, orthogonal(d, group).cast(p.dtype)], { s: () => -group.lr * factor });
  }
}

/** The matrix with singular values near one (Newton and Schulz's iteration of degree 5). */
function orthogonal(matrix: Tensor, { nsCoefficients: [a, b, c], nsSteps, eps }: MuonSettings): Tensor {
  const isTall = matrix.shape[0]! > matrix.shape[1]!, wide = widened(isTall ? matrix.transpose() : matrix);
  let x = wide.div(wide.square().sum().sqrt().maximum(eps));
  for (let k = 0; k < nsSteps; k++) {
    const gram = x.matmul(x.transpose());
    x = x.mul(a).add(gram.mul(b).add(gram.matmul(gram).mul(c)).matmul(x));
  }
  return isTall ? x.transpose() : x;
}
