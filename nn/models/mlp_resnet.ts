/** MLPResNet: a multi-layer perceptron with residual blocks. */
import { checkFlag, checkOptions, showShape, sizeOf } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { ReLU } from "../layers/activation.ts";
import { Residual, Sequential } from "../container.ts";
import { Dropout } from "../layers/dropout.ts";
import { checkFeatures } from "../features.ts";
import { checkInput } from "../input.ts";
import { Linear } from "../layers/linear.ts";
import { Module } from "../module.ts";
import type { Norm } from "./norm.ts";
import { checkDepth, makerOf } from "./parts.ts";

/** Options of {@linkcode MLPResNet}. */
export interface MLPResNetOptions {
  /** The number of features of an example; 784 by default, those of MNIST. */
  inputs?: number;
  /** The number of features between the blocks; 128 by default. */
  width?: number;
  /** The number of features inside a block; half the width by default. */
  hidden?: number;
  /** The number of residual blocks; 3 by default. */
  depth?: number;
  /** The number of logits; 10 by default. */
  classes?: number;
  /** The probability that a feature inside a block is dropped in training; 0.1 by default. */
  dropout?: number;
  /** The normalisation behind each linear layer of a block; `batch` by default. */
  norm?: Norm;
  /** Whether the blocks add their input to their output; true by default. */
  residual?: boolean;
}

const names = ["inputs", "width", "hidden", "depth", "classes", "dropout", "norm", "residual"] as const;

/**
 * The residual multi-layer perceptron: Linear, ReLU, `depth` times relu(x + f(x)), Linear, where f is Linear, norm, ReLU,
 * Dropout, Linear, norm.
 *
 * [batch, inputs] or [batch, ...] of as many numbers, such as images, to the logits [batch, classes]. TypeError for other
 * shapes.
 *
 * @example
 * ```ts
 * import { nn, zeros } from "deneb";
 *
 * const net = new nn.models.MLPResNet({ inputs: 3 * 8 * 8, width: 16, depth: 2, norm: "layer" });
 * if (net.call(zeros([5, 3, 8, 8])).shape.join() !== "5,10") throw new Error("wrong shape");
 * ```
 */
export class MLPResNet extends Module<[x: Tensor]> {
  /** The number of features of an example. */
  readonly inputs: number;
  /** The parts in their order. */
  readonly layers: Sequential;

  /**
   * RangeError unless the counts are positive integers, `depth` at least 0 and `dropout` in [0, 1], and for an unknown norm;
   * TypeError for an option that does not exist.
   */
  constructor(options: MLPResNetOptions = {}) {
    super();
    const action = "make MLPResNet";
    const { inputs = 784, width = 128, depth = 3, classes = 10, dropout = 0.1, norm = "batch", residual = true } =
      checkOptions(action, options, "{ width: 256 }", names);
    this.inputs = checkFeatures(action, "inputs", inputs);
    checkFeatures(action, "width", width);
    const { hidden = Math.max(1, Math.floor(width / 2)) } = options;
    checkFeatures(action, "hidden", hidden);
    checkDepth(action, depth);
    checkFeatures(action, "classes", classes);
    const makeNorm = makerOf(action, norm), isResidual = checkFlag(action, "residual", residual);
    const block = () => {
      const inner = new Sequential(
        new Linear(width, hidden),
        makeNorm(hidden),
        new ReLU(),
        new Dropout(dropout),
        new Linear(hidden, width),
        makeNorm(width),
      );
      return new Sequential(isResidual ? new Residual(inner) : new Sequential(inner), new ReLU());
    };
    this.layers = new Sequential(
      new Linear(inputs, width),
      new ReLU(),
      ...Array.from({ length: depth }, block),
      new Linear(width, classes),
    );
  }

  /** [batch, ...] to the logits [batch, classes]. */
  override forward(x: Tensor): Tensor {
    const [, ...axes] = checkInput(this, x).shape;
    if (axes.length === 0 || sizeOf(axes) !== this.inputs) {
      throw new TypeError(
        `Cannot apply MLPResNet: input of shape ${showShape(x.shape)}, it must be [batch, ${this.inputs}], ` +
          `or hold ${this.inputs} numbers for each example in more axes`,
      );
    }
    return this.layers.call(axes.length === 1 ? x : x.flatten(1));
  }
}
