/** Images in another size, by interpolation between their elements. */
import { checkFlag, checkOptions, shown, showShape } from "../../core/internal.ts";
import type { InterpolationMode, Tensor } from "../../core/mod.ts";
import { checkInput } from "../input.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode Upsample}, one of `size` and `scaleFactor` among them. */
export interface UpsampleOptions {
  /** The lengths of the output, or one for all axes. */
  size?: number | readonly number[] | null;
  /** By how much each axis is to be longer; lengths are rounded down. */
  scaleFactor?: number | readonly number[] | null;
  /** How elements between those of the input are made; `"nearest"` by default. */
  mode?: InterpolationMode;
  /** Whether the first and the last centres stay where they are, rather than the edges around them; false by default. */
  alignCorners?: boolean;
  /** Whether `scaleFactor` gives the lengths alone, and these the distance of the centres; false by default. */
  recomputeScaleFactor?: boolean;
}

const modes: readonly InterpolationMode[] = [
  "nearest",
  "nearest-exact",
  "linear",
  "bilinear",
  "trilinear",
  "bicubic",
  "area",
];

/**
 * An image [batch, channels, ...] in another size, over one to three axes: `"linear"` is for one of them, `"bilinear"` and
 * `"bicubic"` for two, `"trilinear"` for three, and the others for any.
 *
 * TypeError for an input that does not have the axes of the mode; RangeError for lengths of 0.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const up = new nn.Upsample({ scaleFactor: 2, mode: "linear", alignCorners: true });
 * if (up.call(tensor([[[0, 3]]])).toArray().flat().flat().map(Math.round).join() !== "0,1,2,3") throw new Error("wrong");
 * ```
 */
export class Upsample extends Module<[x: Tensor]> {
  /** The lengths of the output, or null. */
  readonly size: number | readonly number[] | null;
  /** By how much each axis is to be longer, or null. */
  readonly scaleFactor: number | readonly number[] | null;
  /** How elements between those of the input are made. */
  readonly mode: InterpolationMode;
  /** Whether the first and the last centres stay where they are. */
  readonly alignCorners: boolean;
  /** Whether `scaleFactor` gives the lengths alone. */
  readonly recomputeScaleFactor: boolean;

  /** TypeError unless one of `size` and `scaleFactor` is given, RangeError unless their numbers are positive. */
  constructor(options: UpsampleOptions = {}) {
    super();
    const names = ["size", "scaleFactor", "mode", "alignCorners", "recomputeScaleFactor"] as const;
    const action = `make ${this.constructor.name}`;
    const { size = null, scaleFactor = null, mode = "nearest", alignCorners = false, recomputeScaleFactor = false } =
      checkOptions(action, options, "{ scaleFactor: 2 }", names);
    if ((size === null) === (scaleFactor === null)) {
      throw new TypeError(`Cannot ${action}: one of size and scaleFactor must be given`);
    }
    if (!modes.includes(mode)) {
      throw new RangeError(`Cannot ${action}: mode ${shown(mode)} must be one of ${modes.join(", ")}`);
    }
    this.size = size === null ? null : numbersOf(action, "size", size, true);
    this.scaleFactor = scaleFactor === null ? null : numbersOf(action, "scaleFactor", scaleFactor, false);
    this.mode = mode;
    this.alignCorners = checkFlag(action, "alignCorners", alignCorners);
    if (alignCorners && (mode.startsWith("nearest") || mode === "area")) {
      throw new RangeError(`Cannot ${action}: alignCorners is not for mode ${mode}`);
    }
    this.recomputeScaleFactor = checkFlag(action, "recomputeScaleFactor", recomputeScaleFactor);
    if (recomputeScaleFactor && scaleFactor === null) {
      throw new TypeError(`Cannot ${action}: recomputeScaleFactor is for a scaleFactor`);
    }
  }

  /** [batch, channels, ...] to other lengths of the last axes. */
  override forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners } = this, { shape } = checkInput(this, x);
    if (shape.length < 3 || shape.length > 5) {
      throw new TypeError(
        `Cannot apply ${this.constructor.name}: input of shape ${showShape(shape)}, it must be [batch, channels, ...]`,
      );
    }
    if (size !== null) return x.interpolate({ size, mode, alignCorners });
    if (!this.recomputeScaleFactor) return x.interpolate({ scale: scaleFactor!, mode, alignCorners });
    const lengths = shape.slice(2).map((length, k) =>
      Math.floor(length * (typeof scaleFactor === "number" ? scaleFactor : scaleFactor![k]!))
    );
    return x.interpolate({ size: lengths, mode, alignCorners });
  }

  /** @ignore */
  protected override describe(): string {
    const { size, scaleFactor, mode } = this,
      show = (given: number | readonly number[]) => typeof given === "number" ? `${given}` : `[${given.join(", ")}]`;
    return `${size === null ? `scaleFactor: ${show(scaleFactor!)}` : `size: ${show(size)}`}, mode: ${mode}`;
  }
}

/** A positive number, or a list of them as it is at present. */
function numbersOf(
  action: string,
  name: string,
  given: number | readonly number[],
  areWhole: boolean,
): number | readonly number[] {
  const list: readonly number[] = Array.isArray(given) ? given : [given as number];
  const isFit = (each: number) => areWhole ? Number.isSafeInteger(each) && each > 0 : Number.isFinite(each) && each > 0;
  const wrong = Array.from(list).find((each) => !isFit(each));
  if (wrong !== undefined || list.length === 0 || list.length > 3) {
    const wanted = areWhole ? "a positive integer" : "a positive number";
    throw new RangeError(
      `Cannot ${action}: ${name} ${shown(list.length === 1 ? list[0] : given)} must be ${wanted}, or one for each axis`,
    );
  }
  return Array.isArray(given) ? Array.from(list) : given;
}

/**
 * {@linkcode Upsample} of two axes in which each element is the nearest one of the input: [batch, channels, height, width].
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.UpsamplingNearest2d({ size: [1, 4] }).call(tensor([[[[1, 2]]]]));
 * if (y.toArray().flat(3).join() !== "1,1,2,2") throw new Error("wrong");
 * ```
 */
export class UpsamplingNearest2d extends Upsample {
  /** TypeError unless one of `size` and `scaleFactor` is given, RangeError unless their numbers are positive. */
  constructor(options: Pick<UpsampleOptions, "size" | "scaleFactor"> = {}) {
    super(checkOptions("make UpsamplingNearest2d", options, "{ scaleFactor: 2 }", ["size", "scaleFactor"]));
  }
}

/**
 * {@linkcode Upsample} of two axes by bilinear interpolation, in which the corners stay: [batch, channels, height, width].
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.UpsamplingBilinear2d({ size: [1, 3] }).call(tensor([[[[1, 2]]]]));
 * if (y.toArray().flat(3).join() !== "1,1.5,2") throw new Error("wrong");
 * ```
 */
export class UpsamplingBilinear2d extends Upsample {
  /** TypeError unless one of `size` and `scaleFactor` is given, RangeError unless their numbers are positive. */
  constructor(options: Pick<UpsampleOptions, "size" | "scaleFactor"> = {}) {
    checkOptions("make UpsamplingBilinear2d", options, "{ scaleFactor: 2 }", ["size", "scaleFactor"]);
    super({ ...options, mode: "bilinear", alignCorners: true });
  }
}
