/** LeNet: two convolutions with pools, and three linear layers. */
import { checkOptions } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Flatten, Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { checkChannels } from "../input.ts";
import { Conv2d, Linear, MaxPool2d, ReLU } from "../layers/mod.ts";
import { Module } from "../module.ts";
import { checkSides } from "./parts.ts";

/** Options of {@linkcode LeNet}. */
export interface LeNetOptions {
  /** The channels of an image; 1 by default. */
  channels?: number;
  /** The number of logits; 10 by default. */
  classes?: number;
}

/**
 * LeNet-5 (LeCun et al. 1998) in today's form, with ReLU and pools of largest elements: [batch, channels, 28, 28] to the logits
 * [batch, classes]. TypeError for other shapes.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.LeNet();
 * if (net.call(zeros([2, 1, 28, 28])).shape.join() !== "2,10") throw new Error("wrong shape");
 * ```
 */
export class LeNet extends Module<[x: Tensor]> {
  /** The convolutions: [batch, channels, 28, 28] to [batch, 16, 5, 5]. */
  readonly features: Sequential;
  /** The linear layers. */
  readonly classifier: Sequential;
  /** The channels of an image. */
  readonly channels: number;

  /** RangeError unless the counts are positive integers; TypeError for an option that does not exist. */
  constructor(options: LeNetOptions = {}) {
    super();
    const action = "make LeNet";
    const { channels = 1, classes = 10 } = checkOptions(action, options, "{ classes: 10 }", ["channels", "classes"]);
    this.channels = checkFeatures(action, "channels", channels);
    checkFeatures(action, "classes", classes);
    this.features = new Sequential(
      new Conv2d(channels, 6, 5, { padding: 2 }),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(6, 16, 5),
      new ReLU(),
      new MaxPool2d(2),
    );
    this.classifier = new Sequential(
      new Flatten(),
      new Linear(16 * 5 * 5, 120),
      new ReLU(),
      new Linear(120, 84),
      new ReLU(),
      new Linear(84, classes),
    );
  }

  /** [batch, channels, 28, 28] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    checkSides(this, checkChannels(this, x, this.channels, 2), [28, 28]);
    return this.classifier.call(this.features.call(x));
  }
}
