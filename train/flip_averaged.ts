/** Test-time augmentation by mirror images. */
import { refuse, showShape } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import { Module } from "../nn/mod.ts";

/**
 * A model that looks at each image twice, as it is and mirrored left to right, and answers with the mean of both answers. Of
 * logits, the mean stands for the geometric mean of both probabilities. It makes sense for images such as photographs, whose
 * mirror images are of the same class, and costs a second evaluation.
 *
 * TypeError for a model that is no module, and for inputs other than [batch, channels, height, width].
 *
 * @example
 * ```ts
 * import { data, nn, train } from "deneb";
 *
 * const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ test: 50 }), { batchSize: 25 });
 * const share = await train.evaluate(new train.FlipAveraged(model), loader);
 * if (!(share >= 0 && share <= 1)) throw new Error(`${share}`);
 * ```
 */
export class FlipAveraged extends Module {
  /** The model that is asked twice. */
  readonly model: Module;

  /** TypeError for what is no module. */
  constructor(model: Module) {
    super();
    if (!(model instanceof Module)) refuse("make FlipAveraged", model, "a module");
    this.model = model;
  }

  /** The mean of the model's answers to x and to its mirror image. */
  override forward(x: Tensor): Tensor {
    if (x.shape.length !== 4) {
      throw new TypeError(`Cannot mirror: inputs ${showShape(x.shape)} must be [batch, channels, height, width]`);
    }
    return this.model.call(x).add(this.model.call(x.at("..., ::-1"))).mul(0.5);
  }
}
