/**
 * Nets of `nn.models` with PyTorch's weights: the same names, the same numbers of parameters, the same outputs.
 *
 * `fixtures/models.py` wrote the outputs, in float64. Weights are not in it: both sides draw them from their names in PyTorch's
 * state, so that a tensor under a wrong name or in a wrong order gives other outputs.
 */
import { io, nn, scope, type Tensor, tensor } from "../../mod.ts";
import fixtures from "../fixtures/models.json" with { type: "json" };
import { assertClose, assertEquals, forEachDevice, values } from "../support.ts";
import { input, inPytorch, tokens, weightsOf } from "./named_weights.ts";

const { models } = nn;

/** A net, and what it makes of an input of a shape. */
interface Case {
  net: nn.Module;
  run?: (shape: number[]) => Tensor | readonly Tensor[];
}

/** The nets that the reference device would compute for many seconds. */
const large = ["LeNet", "ResNet basic", "ResNet bottleneck", "resnet20", "VGG", "VGG with norms", "MobileNetV2"];

const cases: Record<string, () => Case> = {
  LeNet: () => ({ net: new models.LeNet() }),
  "ResNet basic": () => ({
    net: new models.ResNet({ block: "basic", blocks: [1, 2, 1, 1], classes: 5 }),
  }),
  "ResNet bottleneck": () => ({
    net: new models.ResNet({ block: "bottleneck", blocks: [1, 1, 2, 1], classes: 5 }),
  }),
  resnet20: () => ({ net: models.resnet20() }),
  VGG: () => ({ net: new models.VGG({ depth: 11, width: 8, hidden: 16, classes: 5 }) }),
  "VGG with norms": () => ({ net: new models.VGG({ depth: 11, width: 8, hidden: 16, classes: 5, batchNorm: true }) }),
  MobileNetV2: () => ({ net: new models.MobileNetV2({ classes: 5, widthMultiplier: 0.25 }) }),
  UNet: () => ({ net: new models.UNet({ channels: 2, classes: 3, width: 4, depth: 2 }) }),
  VAE: () => {
    const net = new models.VAE({ inputs: 12, hidden: 10, latent: 3 });
    const run = (shape: number[]) => {
      const x = input(shape), made = net.call(x);
      return [made.logits, made.mean, made.logVariance, net.loss(made, x.mul(0.5).add(0.5))];
    };
    return { net: net as unknown as nn.Module, run };
  },
  DCGANGenerator: () => ({ net: new models.DCGANGenerator({ size: 16, latent: 6, width: 4 }) }),
  DCGANDiscriminator: () => ({ net: new models.DCGANDiscriminator({ size: 16, width: 4 }) }),
  MLPMixer: () => ({ net: new models.MLPMixer({ image: [3, 8, 12], patch: 4, width: 12, depth: 2, classes: 5 }) }),
  ViT: () => ({
    net: new models.VisionTransformer({
      image: [3, 8, 8],
      patch: 4,
      width: 12,
      depth: 2,
      heads: 3,
      hidden: 20,
      classes: 5,
    }),
  }),
  GPT: () => {
    const net = new models.GPT({ vocabulary: 11, block: 8, width: 12, heads: 3, depth: 2 });
    return { net, run: (shape) => net.call(tokens(shape, 11)) };
  },
  BERT: () => {
    const net = new models.BERT({ vocabulary: 13, block: 10, width: 12, depth: 2, heads: 3, hidden: 20 });
    const run = (shape: number[]) => {
      const mask = tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]]).greater(0);
      const segments = tensor(Int32Array.of(0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1), { shape: [2, 6] });
      const reading = net.call(tokens(shape, 13), { mask, segments });
      return [reading.tokens, reading.pooled];
    };
    return { net: net as unknown as nn.Module, run };
  },
  CharLSTM: () => {
    const net = new models.CharLSTM({ vocabulary: 9, width: 5, hidden: 7, depth: 2 });
    const run = (shape: number[]) => {
      const [logits, [hidden, cell]] = net.call(tokens(shape, 9));
      return [logits, hidden, cell];
    };
    return { net: net as unknown as nn.Module, run };
  },
};

forEachDevice("models: PyTorch's names, sizes and outputs", (device) => {
  for (const fixture of fixtures) {
    if (device === "reference" && large.includes(fixture.name)) continue;
    const made = cases[fixture.name]!();
    using _ = scope();
    const net = made.net.eval(), { names, state: there } = inPytorch(net);
    assertEquals(names.toSorted(), fixture.names, fixture.name);
    assertEquals(net.parameters().reduce((sum, { size }) => sum + size, 0), fixture.parameters, fixture.name);
    const { state, left, missing } = io.convert(weightsOf(names, there), { from: "pytorch" }, net);
    assertEquals([left, missing], [{}, []], fixture.name);
    net.loadStateDict(state);
    const outputs = [made.run?.(fixture.input) ?? net.call(input(fixture.input))].flat() as Tensor[];
    outputs.forEach((output, k) => {
      const wanted = fixture.outputs[k]!, largest = Math.max(...wanted.data.map(Math.abs));
      assertEquals(output.shape, wanted.shape, fixture.name);
      // Float32 against float64 through up to fifty layers: some ten units of the largest output's last place.
      assertClose(values(output), wanted.data, {
        relative: 1e-5,
        absolute: 1e-5 * largest,
        what: `${fixture.name} ${k}`,
      });
    });
    for (const tensor of [...net.parameters(), ...net.namedBuffers().map(([, buffer]) => buffer)]) tensor.dispose();
  }
});
