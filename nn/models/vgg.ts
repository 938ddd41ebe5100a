/** VGG: convolutions of 3 x 3 in rows, and three linear layers. */
import { checkFlag, checkOptions, checkShare, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { kaimingNormal, normal, zeros } from "../init/mod.ts";
import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, Linear, MaxPool2d, ReLU } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { checkImages } from "./parts.ts";

/** Options of {@linkcode VGG}. */
export interface VGGOptions {
  /** The number of layers with weights: 11, 13, 16 or 19; 16 by default. */
  depth?: 11 | 13 | 16 | 19;
  /** Whether each convolution is followed by a BatchNorm2d; false by default. */
  batchNorm?: boolean;
  /** The channels of an image; 3 by default. */
  channels?: number;
  /** The number of features in the first block, 64 by default; the others have 2, 4, 8 and 8 times as many. */
  width?: number;
  /** The number of features between the linear layers; 4096 by default. */
  hidden?: number;
  /** The number of logits; 1000 by default. */
  classes?: number;
  /** The probability that a feature between the linear layers is dropped in training; 0.5 by default. */
  dropout?: number;
}

const names = ["depth", "batchNorm", "channels", "width", "hidden", "classes", "dropout"] as const;

/** The number of convolutions in each of the five blocks (table 1 of the paper). */
const convolutions: Readonly<Record<number, readonly number[]>> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
};

/**
 * VGG (Simonyan and Zisserman 2015, arXiv 1409.1556): blocks of convolutions of 3 x 3, each before a pool, and three linear
 * layers on averages over 7 x 7 places.
 *
 * [batch, channels, height, width], of at least 32 x 32, to the logits [batch, classes]. TypeError for other shapes. The net of
 * 16 layers has 138 million parameters for 1000 classes. The names in a state are torchvision's.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.VGG({ depth: 11, width: 4, hidden: 8, classes: 10 }).eval();
 * if (net.call(zeros([2, 3, 32, 32])).shape.join() !== "2,10") throw new Error("wrong shape");
 * ```
 */
export class VGG extends Module<[x: Tensor]> {
  /** The channels of an image. */
  readonly channels: number;
  /** The blocks of convolutions. */
  readonly features: Sequential;
  /** The averages over 7 x 7 places. */
  readonly pool: AdaptiveAvgPool2d;
  /** The linear layers. */
  readonly classifier: Sequential;

  /**
   * RangeError unless the counts are positive integers and `dropout` is in [0, 1], and for another depth; TypeError for an
   * option that does not exist.
   */
  constructor(options: VGGOptions = {}) {
    super();
    const action = "make VGG";
    const { depth = 16, batchNorm = false, channels = 3, width = 64, hidden = 4096, classes = 1000, dropout = 0.5 } =
      checkOptions(action, options, "{ depth: 16 }", names);
    const counts = typeof depth === "number" ? convolutions[depth] : undefined;
    if (counts === undefined) throw new RangeError(`Cannot ${action}: depth ${shown(depth)} must be 11, 13, 16 or 19`);
    checkFlag(action, "batchNorm", batchNorm);
    this.channels = checkFeatures(action, "channels", channels);
    checkFeatures(action, "width", checkFeatures(action, "width", width) * 8);
    checkFeatures(action, "hidden", hidden);
    checkFeatures(action, "classes", classes);
    checkShare(action, "dropout", dropout);
    let from = channels;
    this.features = new Sequential(...counts.flatMap((count, block) => {
      const to = width * Math.min(2 ** block, 8);
      const parts = Array.from({ length: count }, () => {
        const convolution = new Conv2d(from, to, 3, { padding: 1 });
        kaimingNormal(convolution.weight, { mode: "fanOut" });
        from = to;
        return [convolution, ...(batchNorm ? [new BatchNorm2d(to)] : []), new ReLU()];
      });
      return [...parts.flat(), new MaxPool2d(2)];
    }));
    this.pool = new AdaptiveAvgPool2d(7);
    const linear = (from: number, to: number) => {
      const layer = new Linear(from, to);
      normal(layer.weight, { std: 0.01 });
      return layer;
    };
    this.classifier = new Sequential(
      linear(from * 49, hidden),
      new ReLU(),
      new Dropout(dropout),
      linear(hidden, hidden),
      new ReLU(),
      new Dropout(dropout),
      linear(hidden, classes),
    );
    for (const module of this.modules()) {
      if (module instanceof Conv2d || module instanceof Linear) zeros(module.bias!);
    }
  }

  /** [batch, channels, height, width] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    return this.classifier.call(this.pool.call(this.features.call(checkImages(this, x, this.channels))).flatten(1));
  }
}
