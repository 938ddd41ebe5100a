/** U-Net: an image's features at smaller and smaller sizes, brought back to its size beside what was there before. */
import { checkCount, checkOptions } from "../../core/internal.ts";
import { concat, type Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { BatchNorm2d, Conv2d, ConvTranspose2d, MaxPool2d, ReLU } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { checkImages } from "./parts.ts";

/** Options of {@linkcode UNet}. */
export interface UNetOptions {
  /** The channels of an image; 3 by default. */
  channels?: number;
  /** The number of logits of each place; 1 by default: whether it belongs to what is looked for. */
  classes?: number;
  /** The number of features at the image's own size, which doubles from level to level; 64 by default. */
  width?: number;
  /** How often height and width are halved; 4 by default. */
  depth?: number;
}

/** Two convolutions of 3 x 3, each with a norm and a ReLU. */
function pair(from: number, to: number): Sequential {
  const one = (from: number) => [new Conv2d(from, to, 3, { padding: 1, bias: false }), new BatchNorm2d(to), new ReLU()];
  return new Sequential(...one(from), ...one(to));
}

/** A level on the way up: twice the height and width, then convolutions over that and what the way down had at this size. */
class UpBlock extends Module<[x: Tensor, beside: Tensor]> {
  readonly up: ConvTranspose2d;
  readonly layers: Sequential;

  constructor(from: number, to: number) {
    super();
    this.up = new ConvTranspose2d(from, to, 2, { stride: 2 });
    this.layers = pair(2 * to, to);
  }

  override forward(x: Tensor, beside: Tensor): Tensor {
    const wide = this.up.call(x), [height, width] = beside.shape.slice(-2).map((side, k) => side - wide.shape[2 + k]!);
    // An odd side was cut by its last place on the way down.
    const padded = height === 0 && width === 0 ? wide : wide.pad([0, width!, 0, height!]);
    return this.layers.call(concat([beside, padded], 1));
  }
}

/**
 * U-Net (Ronneberger, Fischer and Brox 2015, arXiv 1505.04597), with padded convolutions and BatchNorm as is usual today: logits for each
 * place of an image.
 *
 * [batch, channels, height, width], each side at least 2^depth, to [batch, classes, height, width]. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.UNet({ channels: 1, width: 4, depth: 2 });
 * if (net.call(zeros([2, 1, 17, 12])).shape.join() !== "2,1,17,12") throw new Error("wrong shape");
 * ```
 */
export class UNet extends Module<[x: Tensor]> {
  /** The channels of an image. */
  readonly channels: number;
  /** The convolutions on the way down, at the image's own size first. */
  readonly down: Sequential[];
  /** The levels on the way up, the smallest first. */
  readonly up: UpBlock[];
  /** The convolution of 1 x 1 that gives the logits. */
  readonly head: Conv2d;
  readonly #pool: MaxPool2d;

  /** RangeError unless the counts are positive integers and `depth` is in 0 to 10; TypeError for an option that does not exist. */
  constructor(options: UNetOptions = {}) {
    super();
    const action = "make UNet";
    const { channels = 3, classes = 1, width = 64, depth = 4 } = checkOptions(action, options, "{ width: 32 }", [
      "channels",
      "classes",
      "width",
      "depth",
    ]);
    this.channels = checkFeatures(action, "channels", channels);
    checkFeatures(action, "classes", classes);
    checkCount(action, "depth", depth, 0, 10);
    checkFeatures(action, "width", checkFeatures(action, "width", width) * 2 ** depth);
    const widths = Array.from({ length: depth + 1 }, (_, level) => width * 2 ** level);
    this.down = widths.map((to, level) => pair(level === 0 ? channels : widths[level - 1]!, to));
    this.up = widths.slice(1).map((from) => new UpBlock(from, from / 2)).reverse();
    this.head = new Conv2d(width, classes, 1);
    this.#pool = new MaxPool2d(2);
  }

  /** [batch, channels, height, width] to the logits [batch, classes, height, width]. */
  override forward(x: Tensor): Tensor {
    let y = checkImages(this, x, this.channels);
    const levels = this.down.map((level, k) => y = level.call(k === 0 ? y : this.#pool.call(y)));
    this.up.forEach((level, k) => y = level.call(y, levels.at(-2 - k)!));
    return this.head.call(y);
  }
}
