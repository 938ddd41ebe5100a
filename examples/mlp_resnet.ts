/**
 * The multi-layer residual net: a linear layer, residual blocks, a linear layer.
 */
import { nn, type Tensor } from "../mod.ts";

/** The sizes of the net; by default those for MNIST. */
export interface MLPResNetOptions {
  /** The number of features of an example. */
  inputs?: number;
  /** The number of features between the blocks; inside a block there are half as many. */
  width?: number;
  /** The number of residual blocks. */
  blocks?: number;
  /** The number of logits. */
  classes?: number;
  /** The probability that a feature inside a block is dropped in training. */
  dropout?: number;
  /** Makes a normalisation layer for a number of features; BatchNorm1d by default. */
  norm?: (features: number) => nn.Module;
}

/** Linear, ReLU, `blocks` x relu(Residual(Linear, norm, ReLU, Dropout, Linear, norm)), Linear: [batch, inputs] to logits. */
export class MLPResNet extends nn.Module {
  readonly layers: nn.Sequential;

  constructor({
    inputs = 784,
    width = 128,
    blocks = 3,
    classes = 10,
    dropout = 0.1,
    norm = (features) => new nn.BatchNorm1d(features),
  }: MLPResNetOptions = {}) {
    super();
    const hidden = Math.max(1, Math.floor(width / 2));
    const block = () => {
      const inner = new nn.Sequential(
        new nn.Linear(width, hidden),
        norm(hidden),
        new nn.ReLU(),
        new nn.Dropout(dropout),
        new nn.Linear(hidden, width),
        norm(width),
      );
      return new nn.Sequential(new nn.Residual(inner), new nn.ReLU());
    };
    this.layers = new nn.Sequential(
      new nn.Linear(inputs, width),
      new nn.ReLU(),
      ...Array.from({ length: blocks }, block),
      new nn.Linear(width, classes),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.layers.call(x);
  }
}
