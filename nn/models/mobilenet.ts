/** MobileNetV2: blocks that widen, look at each feature by itself, and narrow again. */
import { checkOptions, checkRange, checkShare } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { kaimingNormal, normal, zeros } from "../init/mod.ts";
import { BatchNorm2d, Conv2d, Dropout, Linear, ReLU6 } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { checkImages, globalAverage } from "./parts.ts";

/** Options of {@linkcode MobileNetV2}. */
export interface MobileNetV2Options {
  /** The channels of an image; 3 by default. */
  channels?: number;
  /** The number of logits; 1000 by default. */
  classes?: number;
  /** The factor of all numbers of features; 1 by default. */
  widthMultiplier?: number;
  /** The probability that a feature before the linear layer is dropped in training; 0.2 by default. */
  dropout?: number;
}

/** For each stage: how much a block widens, its features, the number of blocks, and the stride of the first (table 2). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The multiple of 8 nearest to a number of features, never less than nine tenths of it. */
function rounded(features: number): number {
  const nearest = Math.max(8, Math.floor((features + 4) / 8) * 8);
  return nearest < 0.9 * features ? nearest + 8 : nearest;
}

function convolution(from: number, to: number, size: number, stride = 1, groups = 1): Conv2d {
  const layer = new Conv2d(from, to, size, { stride, padding: size >> 1, groups, bias: false });
  kaimingNormal(layer.weight, { mode: "fanOut" });
  return layer;
}

/** A convolution, its norm, and ReLU6. */
function activated(from: number, to: number, size: number, stride = 1, groups = 1): Sequential {
  return new Sequential(convolution(from, to, size, stride, groups), new BatchNorm2d(to), new ReLU6());
}

/** An inverted residual: wider inside than outside, and linear at its end. */
class InvertedResidual extends Module<[x: Tensor]> {
  readonly conv: Sequential;
  readonly #isAdded: boolean;

  constructor(from: number, to: number, stride: number, expansion: number) {
    super();
    const inside = from * expansion;
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [activated(from, inside, 1)]),
      activated(inside, inside, 3, stride, inside),
      convolution(inside, to, 1),
      new BatchNorm2d(to),
    );
    this.#isAdded = stride === 1 && from === to;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.call(x);
    return this.#isAdded ? x.add(y) : y;
  }
}

/**
 * MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381): inverted residual blocks with depthwise convolutions.
 *
 * [batch, channels, height, width], at best multiples of 32, to the logits [batch, classes]. TypeError for other shapes. 3.5
 * million parameters for 1000 classes. The names in a state are torchvision's.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.MobileNetV2({ classes: 10, widthMultiplier: 0.25 }).eval();
 * if (net.call(zeros([1, 3, 32, 32])).shape.join() !== "1,10") throw new Error("wrong shape");
 * ```
 */
export class MobileNetV2 extends Module<[x: Tensor]> {
  /** The channels of an image. */
  readonly channels: number;
  /** The first convolution, the blocks and the last convolution. */
  readonly features: Sequential;
  /** Dropout and the linear layer. */
  readonly classifier: Sequential;

  /**
   * RangeError unless the counts are positive integers, `widthMultiplier` is positive and at most 64, and `dropout` in [0, 1];
   * TypeError for an option that does not exist.
   */
  constructor(options: MobileNetV2Options = {}) {
    super();
    const action = "make MobileNetV2";
    const { channels = 3, classes = 1000, widthMultiplier = 1, dropout = 0.2 } = checkOptions(
      action,
      options,
      "{ classes: 10 }",
      ["channels", "classes", "widthMultiplier", "dropout"],
    );
    this.channels = checkFeatures(action, "channels", channels);
    checkFeatures(action, "classes", classes);
    checkRange(action, "widthMultiplier", widthMultiplier, 2 ** -10, 64);
    checkShare(action, "dropout", dropout);
    let from = rounded(32 * widthMultiplier);
    const last = rounded(1280 * Math.max(1, widthMultiplier)),
      parts: Module<[x: Tensor]>[] = [activated(channels, from, 3, 2)];
    for (const [expansion, width, count, stride] of stages) {
      const to = rounded(width * widthMultiplier);
      for (let k = 0; k < count; k++, from = to) {
        parts.push(new InvertedResidual(from, to, k === 0 ? stride : 1, expansion));
      }
    }
    this.features = new Sequential(...parts, activated(from, last, 1));
    const head = new Linear(last, classes);
    normal(head.weight, { std: 0.01 });
    zeros(head.bias!);
    this.classifier = new Sequential(new Dropout(dropout), head);
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    return this.classifier.call(globalAverage(this.features.call(checkImages(this, x, this.channels))));
  }
}
