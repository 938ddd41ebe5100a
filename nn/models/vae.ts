/** A variational autoencoder of linear layers. */
import { checkOptions, sizeOf } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import { Sequential } from "../container.ts";
import { checkFeatures } from "../features.ts";
import { checkInput, checkLastAxis } from "../input.ts";
import { Linear, ReLU } from "../layers/mod.ts";
import { Module, type PytorchPlace } from "../module.ts";

/** Options of {@linkcode VAE}. */
export interface VAEOptions {
  /** The number of features of an example, each in [0, 1]; 784 by default, the pixels of MNIST. */
  inputs?: number;
  /** The number of features between the layers; 400 by default. */
  hidden?: number;
  /** The number of latent features; 20 by default. */
  latent?: number;
}

/** What a {@linkcode VAE} makes of a batch. */
export interface Reconstruction {
  /** The logits of the examples, in their shape: {@linkcode VAE.decode} of the latent features. */
  logits: Tensor;
  /** The mean of each latent feature: [batch, latent]. */
  mean: Tensor;
  /** The logarithm of the variance of each latent feature: [batch, latent]. */
  logVariance: Tensor;
}

/**
 * The variational autoencoder (Kingma and Welling 2014, arXiv 1312.6114) of two linear layers on each side: examples become normal
 * distributions of a few latent features, and samples of these become examples again.
 *
 * Training draws a sample, evaluation takes the mean. `loss` is what training makes smaller.
 *
 * @example
 * ```ts
 * import { nn, rand } from "deneb";
 *
 * const net = new nn.models.VAE({ inputs: 64, hidden: 16, latent: 2 }), x = rand([5, 8, 8]);
 * const made = net.call(x);
 * net.loss(made, x).backward();
 * if (made.logits.shape.join() !== "5,8,8" || made.mean.shape.join() !== "5,2") throw new Error("wrong shape");
 * ```
 */
export class VAE extends Module<[x: Tensor], Reconstruction> {
  /** The number of features of an example. */
  readonly inputs: number;
  /** The number of latent features. */
  readonly latent: number;
  /** [batch, inputs] to [batch, hidden]. */
  readonly encoder: Sequential;
  /** The means of the latent features. */
  readonly toMean: Linear;
  /** The logarithms of their variances. */
  readonly toLogVariance: Linear;
  /** Latent features to logits: [batch, latent] to [batch, inputs]. */
  readonly decoder: Sequential;

  /** RangeError unless the counts are positive integers; TypeError for an option that does not exist. */
  constructor(options: VAEOptions = {}) {
    super();
    const action = "make VAE";
    const { inputs = 784, hidden = 400, latent = 20 } = checkOptions(action, options, "{ latent: 2 }", [
      "inputs",
      "hidden",
      "latent",
    ]);
    this.inputs = checkFeatures(action, "inputs", inputs);
    checkFeatures(action, "hidden", hidden);
    this.latent = checkFeatures(action, "latent", latent);
    this.encoder = new Sequential(new Linear(inputs, hidden), new ReLU());
    this.toMean = new Linear(hidden, latent);
    this.toLogVariance = new Linear(hidden, latent);
    this.decoder = new Sequential(new Linear(latent, hidden), new ReLU(), new Linear(hidden, inputs));
  }

  /** [batch, ...] of `inputs` numbers for each example to the {@linkcode Reconstruction}. TypeError for other shapes. */
  override forward(x: Tensor): Reconstruction {
    const { shape } = checkInput(this, x), count = sizeOf(shape.slice(1));
    if (shape.length !== 2 && count === this.inputs) x = x.reshape([shape[0]!, count]);
    const { mean, logVariance } = this.#encode(checkLastAxis(this, x, this.inputs));
    const sample = this.training ? mean.add(mean.randnLike().mul(logVariance.mul(0.5).exp())) : mean;
    return { logits: this.decoder.call(sample).reshape(shape), mean, logVariance };
  }

  #encode(x: Tensor): { mean: Tensor; logVariance: Tensor } {
    const y = this.encoder.call(x);
    return { mean: this.toMean.call(y), logVariance: this.toLogVariance.call(y) };
  }

  /** The examples that latent features [..., latent] stand for, each number in [0, 1]: [..., inputs]. */
  decode(latent: Tensor): Tensor {
    return this.decoder.call(latent).sigmoid();
  }

  /**
   * The negative evidence lower bound: binary cross entropy of the examples x and their logits, and the divergence of the latent
   * distributions from the standard normal, both summed over features and averaged over the batch.
   */
  loss({ logits, mean, logVariance }: Reconstruction, x: Tensor): Tensor {
    const batch = x.shape[0]!;
    // softplus(z) - x z is the cross entropy of the logit z.
    const differences = logits.softplus().sub(logits.mul(x)).sum();
    const divergence = mean.square().add(logVariance.exp()).sub(logVariance).sub(1).sum().mul(0.5);
    return differences.add(divergence).div(batch);
  }

  /** The names of PyTorch's example. */
  override pytorchPlaces(): Readonly<Record<string, PytorchPlace>> {
    return {
      "encoder.0": { name: "fc1" },
      toMean: { name: "fc21" },
      toLogVariance: { name: "fc22" },
      "decoder.0": { name: "fc3" },
      "decoder.2": { name: "fc4" },
    };
  }
}
