/** What the constructors of all nets need: the maker of a norm by its name, and the check of a depth. */
import { checkCount, sameShape, shown, showShape } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Affine } from "../layers/affine.ts";
import { Identity } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { BatchNorm1d } from "../layers/batch_norm.ts";
import { LayerNorm1d } from "../layers/norm.ts";
import { Module, type PytorchPlace } from "../module.ts";
import type { MakeNorm, Norm, NormName } from "./norm.ts";

const makers: Record<NormName, MakeNorm> = {
  affine: (features) => new Affine(features),
  batch: (features) => new BatchNorm1d(features),
  layer: (features) => new LayerNorm1d(features),
  // In the norm's place, so that the other parts keep their names.
  none: () => new Identity(),
};

/** The function that makes the norm. RangeError for what is neither a norm's name nor a function. */
export function makerOf(action: string, norm: Norm): MakeNorm {
  if (typeof norm === "function") return norm;
  if (typeof norm === "string" && Object.hasOwn(makers, norm)) return makers[norm];
  throw new RangeError(`Cannot ${action}: norm ${shown(norm)} must be affine, batch, layer, none or a function`);
}

/** The number of blocks itself. RangeError unless it is an integer from 0 to 10,000: more would take minutes to make. */
export function checkDepth(action: string, depth: number): number {
  return checkCount(action, "depth", depth, 0, 10_000);
}

/** The images themselves. TypeError, in the name of the net, unless they are [batch, channels, height, width]. */
export function checkImages(net: object, x: Tensor, channels: number): Tensor {
  if (checkInput(net, x).shape.length === 4 && x.shape[1] === channels) return x;
  throw new TypeError(
    `Cannot apply ${net.constructor.name}: input of shape ${
      showShape(x.shape)
    }, it must be [batch, ${channels}, height, width]`,
  );
}

/** TypeError, in the name of the net, unless the last axes of x have these lengths. */
export function checkSides(net: object, x: Tensor, sides: readonly number[]): void {
  if (sameShape(x.shape.slice(-sides.length), sides)) return;
  throw new TypeError(
    `Cannot apply ${net.constructor.name}: input of shape ${showShape(x.shape)}, its last axes must be ${
      sides.join(", ")
    }`,
  );
}

/** The mean over all places of images: [batch, features, height, width] to [batch, features]. */
export function globalAverage(x: Tensor): Tensor {
  return x.mean({ axes: [2, 3] });
}

type Image = readonly [channels: number, height: number, width: number];

/** The image's axes. TypeError unless they are a list of three, RangeError unless these are positive integers. */
export function checkImageSize(action: string, image: Image): Image {
  if (!Array.isArray(image) || image.length !== 3) {
    throw new TypeError(`Cannot ${action}: image ${shown(image)} must be a list of channels, height and width`);
  }
  const [channels, height, width] = image as Image;
  checkFeatures(action, "channels", channels);
  checkFeatures(action, "height", height);
  checkFeatures(action, "width of the image", width);
  return [channels, height, width];
}

/** The patch itself. RangeError unless it divides the image's height and width. */
export function checkPatch(action: string, patch: number, [, height, width]: Image): number {
  checkCount(action, "patch", patch, 1);
  if (height % patch === 0 && width % patch === 0) return patch;
  throw new RangeError(`Cannot ${action}: patch ${patch} must divide the image's height ${height} and width ${width}`);
}

/** A module on the other one of the last two axes: f(xᵀ)ᵀ. */
export class Transposed extends Module<[x: Tensor]> {
  /** The module that is applied. */
  readonly inner: Module<[x: Tensor]>;

  /** @ignore */
  constructor(inner: Module<[x: Tensor]>) {
    super();
    this.inner = inner;
  }

  /** @ignore */
  override forward(x: Tensor): Tensor {
    return this.inner.call(x.transpose()).transpose();
  }

  /** The module's tensors are this one's own in PyTorch. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return { inner: { name: "" } };
  }
}
