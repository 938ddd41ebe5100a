/** Rotary position embedding: a query and a key turned by angles that grow with their positions. */
import { checkCount, checkFlag, checkOptions, checkRange, showShape } from "../../core/internal.ts";
import { concat, stack, type Tensor, tensor } from "../../core/mod.ts";
import { checkFeatures } from "../features.ts";
import { checkLastAxis } from "../input.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode RotaryEmbedding}. */
export interface RotaryOptions {
  /** The base of the wavelengths, which go from 2π to 2π base; 10000 by default. */
  base?: number;
  /**
   * Whether a pair is two neighbours, as in the paper; else it is one element of the first half and one of the second, as in
   * GPT-NeoX and LLaMA. True by default.
   */
  interleaved?: boolean;
}

/**
 * Turns each pair of elements of the row at position p by the angle `p base^(-2 k / features)`, for the k-th pair, so that the
 * product of a query and a key depends on the distance of their positions (Su et al. 2021, arXiv 2104.09864).
 *
 * Input [..., length, features]; the first row is at position 0, or at the `offset` of the call.
 *
 * @example
 * ```ts
 * import { nn, ones } from "deneb";
 *
 * const rotary = new nn.RotaryEmbedding(2), x = ones([3, 2]), y = rotary.call(x).toArray();
 * if (y[0].join() !== "1,1" || Math.abs(y[2][0] - (Math.cos(2) - Math.sin(2))) > 1e-6) throw new Error("wrong");
 * ```
 */
export class RotaryEmbedding extends Module<[x: Tensor, offset?: number]> {
  /** The length of the last axis. */
  readonly features: number;
  /** The base of the wavelengths. */
  readonly base: number;
  /** Whether a pair is two neighbours. */
  readonly interleaved: boolean;

  /** RangeError unless `features` is a positive even integer and `base` at least 1; TypeError for an unknown option. */
  constructor(features: number, options: RotaryOptions = {}) {
    super();
    const action = "make RotaryEmbedding", names = ["base", "interleaved"] as const;
    const { base = 10000, interleaved = true } = checkOptions(action, options, "{ base: 10000 }", names);
    this.features = checkFeatures(action, "features", features);
    if (features % 2 !== 0) throw new RangeError(`Cannot ${action}: features ${features} must be even`);
    this.base = checkRange(action, "base", base, 1);
    this.interleaved = checkFlag(action, "interleaved", interleaved);
  }

  /** [..., length, features] to the same shape. RangeError for an offset that is no integer of at least 0. */
  override forward(x: Tensor, offset: number = 0): Tensor {
    const action = "apply RotaryEmbedding";
    checkLastAxis(this, x, this.features);
    if (x.shape.length < 2) {
      throw new TypeError(`Cannot ${action}: input of shape ${showShape(x.shape)}, it must be [..., length, features]`);
    }
    checkCount(action, "offset", offset, 0, 2 ** 31);
    const half = this.features / 2, length = x.shape.at(-2)!;
    const angles = Float64Array.from({ length: length * half }, (_, k) => {
      return (offset + Math.floor(k / half)) * this.base ** (-(k % half) / half);
    });
    // The numbers are made on the host in float64: large angles in float32 would lose the digits that turn.
    const place = { shape: [length, half], dtype: x.dtype, device: x.device };
    const [cosine, sine] = [Math.cos, Math.sin].map((f) => tensor(angles.map(f), place)) as [Tensor, Tensor];
    const pairs = this.interleaved ? x.reshape([...x.shape.slice(0, -1), half, 2]).unbind(-1) : x.split(half, -1);
    const [a, b] = pairs as [Tensor, Tensor];
    const turned = [a.mul(cosine).sub(b.mul(sine)), a.mul(sine).add(b.mul(cosine))];
    return this.interleaved ? stack(turned, -1).reshape(x.shape) : concat(turned, -1);
  }

  /** @ignore */
  protected override describe(): string {
    return `${this.features}`;
  }
}
