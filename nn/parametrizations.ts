/** weightNorm and spectralNorm: parametrizations that part a weight into direction and size, or bound its size. */
import { checkCount, checkOptions, checkRange, cloneOf, refuse, shown, showShape } from "../core/internal.ts";
import { noGrad, randn, scope, Tensor } from "../core/mod.ts";
import { type AnyModule, Module, type PytorchPlace } from "./module.ts";
import { Buffer } from "./parameter.ts";
import type { Parametrization } from "./parametrization.ts";
import { outAxisOf } from "./parametrized.ts";
import { parametrize } from "./parametrize.ts";

/** Options of {@linkcode weightNorm}. */
export interface WeightNormOptions {
  /** The field that holds the weight: `weight` by default. */
  name?: string;
  /**
   * The axis that keeps its length: there is a norm for each of its places. Null for one norm of all elements. By default the
   * axis of the outputs: 0, but 1 for the weight [in, out] of a {@linkcode Linear}.
   */
  axis?: number | null;
}

/** The weight in a field of a module, and the axis that the caller asks for, or that of its outputs. */
function weightOf(action: string, module: AnyModule, name: string, axis: number | undefined): [Tensor, axis: number] {
  if (!(module instanceof Module)) refuse(action, module, "a module");
  const weight: unknown = (module as unknown as Record<string, unknown>)[name];
  if (!(weight instanceof Tensor)) {
    throw new TypeError(`Cannot ${action}: field ${shown(name)} holds ${shown(weight)}, it must hold a parameter`);
  }
  const rank = weight.shape.length, at = axis ?? outAxisOf(module, name), counted = at < 0 ? at + rank : at;
  if (Number.isInteger(counted) && counted >= 0 && counted < Math.max(rank, 1)) return [weight, counted];
  throw new RangeError(`Cannot ${action}: axis ${shown(at)} of shape ${showShape(weight.shape)}`);
}

/** `v g / |v|`. */
class WeightNorm extends Module<[size: Tensor, direction: Tensor]> implements Parametrization {
  readonly #others: readonly number[];

  constructor(others: readonly number[]) {
    super();
    this.#others = others;
  }

  override forward(size: Tensor, direction: Tensor): Tensor {
    return direction.mul(size.div(this.#sizeOf(direction)));
  }

  originalsOf(weight: Tensor): readonly Tensor[] {
    return [this.#sizeOf(weight), weight];
  }

  #sizeOf(weight: Tensor): Tensor {
    const axes = this.#others;
    return axes.length === 0 ? weight.abs() : weight.norm({ axes, keepDims: axes.length < weight.shape.length });
  }
}

/**
 * Has a module's weight computed as `g v / |v|`, so that its size g and its direction v are trained by themselves (Salimans and
 * Kingma 2016). Returns the module.
 *
 * The norm is taken over all axes but one, for each place of that one. In the state g is `parametrizations.weight.original0`
 * and v `parametrizations.weight.original1`, as in PyTorch. Make the optimizer afterwards: both are new parameters.
 * {@linkcode removeParametrizations} makes them one weight again.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const layer = nn.weightNorm(new nn.Linear(3, 2));
 * const names = layer.namedParameters().map(([name, { shape }]) => `${name} [${shape}]`).join(" ");
 * if (names !== "bias [2] parametrizations.weight.original0 [1,2] parametrizations.weight.original1 [3,2]") {
 *   throw new Error(names);
 * }
 * ```
 */
export function weightNorm<M extends AnyModule>(module: M, options: WeightNormOptions = {}): M {
  const action = "weightNorm";
  const { name = "weight", axis } = checkOptions(action, options, '{ name: "weight" }', ["name", "axis"]);
  const [weight, kept] = weightOf(action, module, name, axis ?? undefined);
  const others = weight.shape.map((_, k) => k).filter((k) => axis === null || k !== kept);
  return parametrize(module, name, new WeightNorm(others));
}

/** Options of {@linkcode spectralNorm}. */
export interface SpectralNormOptions {
  /** The field that holds the weight: `weight` by default. */
  name?: string;
  /** The steps of power iteration at each use in training; 1 by default. */
  iterations?: number;
  /** The least length that vectors are divided by; 1e-12 by default. */
  eps?: number;
  /** The axis of the rows, all others are columns: by default that of the outputs, as in {@linkcode weightNorm}. */
  axis?: number;
}

/** The steps of power iteration with which u and v begin, as in PyTorch. */
const firstIterations = 15;

/** `w / s`, where s is the greatest singular value, as u and v estimate it. */
class SpectralNorm extends Module<[weight: Tensor]> {
  /** The left singular vector, of as many elements as there are rows. */
  readonly u: Buffer;
  /** The right singular vector. */
  readonly v: Buffer;
  readonly #axis: number;
  readonly #iterations: number;
  readonly #eps: number;

  constructor(weight: Tensor, axis: number, iterations: number, eps: number) {
    super();
    this.#axis = axis;
    this.#iterations = iterations;
    this.#eps = eps;
    [this.u, this.v] = noGrad(() => {
      using _ = scope();
      const matrix = this.#matrix(weight), { dtype, device } = weight;
      const drawn = matrix.shape.map((length) => new Buffer(this.#unit(randn([length], { dtype, device }))));
      return drawn as [Buffer, Buffer];
    });
    this.#iterate(weight, firstIterations);
  }

  override forward(weight: Tensor): Tensor {
    if (this.training) this.#iterate(weight, this.#iterations);
    // The graph needs the vectors as they are now, whatever later uses make of them.
    const [u, v] = [this.u, this.v].map((vector) => vector.wrap(cloneOf(vector))) as [Tensor, Tensor];
    return weight.div(u.dot(this.#matrix(weight).mv(v)));
  }

  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { u: { name: "_u" }, v: { name: "_v" } };
  }

  /** Moves u and v towards the singular vectors. */
  #iterate(weight: Tensor, steps: number): void {
    noGrad(() => {
      using _ = scope();
      const matrix = this.#matrix(weight), across = matrix.transpose();
      for (let step = 0; step < steps; step++) {
        this.u.data = this.#unit(matrix.mv(this.v));
        this.v.data = this.#unit(across.mv(this.u));
      }
    });
  }

  #unit(vector: Tensor): Tensor {
    return vector.div(vector.norm().maximum(this.#eps));
  }

  #matrix(weight: Tensor): Tensor {
    return weight.movedim(this.#axis, 0).flatten(1);
  }
}

/** A vector by its length. */
class UnitNorm extends Module<[weight: Tensor]> {
  constructor(readonly eps: number) {
    super();
  }

  override forward(weight: Tensor): Tensor {
    return weight.div(weight.norm().maximum(this.eps));
  }
}

/**
 * Divides a module's weight by its greatest singular value, so that the layer stretches nothing (Miyato et al. 2018). Returns
 * the module.
 *
 * Each use in training, as the layer's `forward` is one, first moves estimates of the two singular vectors by power iteration;
 * evaluation takes them as they are. In the state the weight is `parametrizations.weight.original`, and the vectors are
 * `parametrizations.weight.0.u` and `0.v`, PyTorch's `_u` and `_v`. A weight of one axis is divided by
 * its length.
 *
 * @example
 * ```ts
 * import { manualSeed, nn } from "deneb";
 *
 * manualSeed(0);
 * const layer = nn.spectralNorm(new nn.Linear(4, 3), { iterations: 20 });
 * const [, values] = layer.weight.svd();
 * if (Math.abs(values.max().item() - 1) > 1e-3) throw new Error(`${values}`);
 * ```
 */
export function spectralNorm<M extends AnyModule>(module: M, options: SpectralNormOptions = {}): M {
  const action = "spectralNorm", names = ["name", "iterations", "eps", "axis"] as const;
  const { name = "weight", iterations = 1, eps = 1e-12, axis } = checkOptions(action, options, "{ eps: 1e-12 }", names);
  checkCount(action, "iterations", iterations, 1);
  checkRange(action, "eps", eps, 0);
  const [weight, rows] = weightOf(action, module, name, axis);
  const part = weight.shape.length < 2 ? new UnitNorm(eps) : new SpectralNorm(weight, rows, iterations, eps);
  return parametrize(module, name, part);
}
