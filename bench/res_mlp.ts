/** ResMLP (Touvron et al. 2021, arXiv 2105.03404) for 32 x 32 images: linear layers across patches and across features. */
import { nn, ones, type Tensor, zeros } from "../mod.ts";

/** A scale and a shift for each feature. */
class Affine extends nn.Module {
  readonly scale: nn.Parameter;
  readonly shift: nn.Parameter;

  constructor(features: number) {
    super();
    this.scale = new nn.Parameter(ones([features]));
    this.shift = new nn.Parameter(zeros([features]));
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.scale).add(this.shift);
  }
}

class Layer extends nn.Module {
  readonly first: Affine;
  readonly second: Affine;
  readonly acrossPatches: nn.Linear;
  readonly acrossFeatures: nn.Sequential;
  readonly firstScale: nn.Parameter;
  readonly secondScale: nn.Parameter;

  constructor(features: number, patches: number) {
    super();
    this.first = new Affine(features);
    this.second = new Affine(features);
    this.acrossPatches = new nn.Linear(patches, patches);
    this.acrossFeatures = new nn.Sequential(
      new nn.Linear(features, 4 * features),
      new nn.GELU(),
      new nn.Linear(4 * features, features),
    );
    this.firstScale = new nn.Parameter(ones([features]).mul(0.1));
    this.secondScale = new nn.Parameter(ones([features]).mul(0.1));
  }

  override forward(x: Tensor): Tensor {
    const mixed = this.acrossPatches.call(this.first.call(x).transpose()).transpose();
    const y = x.add(mixed.mul(this.firstScale));
    return y.add(this.acrossFeatures.call(this.second.call(y)).mul(this.secondScale));
  }
}

/** [batch, 3, 32, 32] to the logits of ten classes: patches of 4 x 4, 192 features, 6 layers. */
export class ResMLP extends nn.Module {
  readonly embed = new nn.Linear(48, 192);
  readonly layers = Array.from({ length: 6 }, () => new Layer(192, 64));
  readonly norm = new Affine(192);
  readonly head = new nn.Linear(192, 10);

  override forward(x: Tensor): Tensor {
    const batch = x.shape[0]!;
    const patches = x.reshape([batch, 3, 8, 4, 8, 4]).transpose([0, 2, 4, 1, 3, 5]).reshape([batch, 64, 48]);
    const mixed = this.layers.reduce((value, layer) => layer.call(value), this.embed.call(patches));
    return this.head.call(this.norm.call(mixed).mean({ axes: [1] }));
  }
}
