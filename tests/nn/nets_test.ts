/** What nets of `nn.models` do beyond their outputs: their sizes, text from a GPT, samples, sides that are odd, and what they refuse. */
import { capture, manualSeed, memory, nn, noGrad, optim, randn, scope, type Tensor, tensor, zeros } from "../../mod.ts";
import { assert, assertEquals, assertExact, assertThrows, forEachDevice } from "../support.ts";

const { models } = nn;
const ints = (rows: number[][]) => tensor(rows, { dtype: "int32" });

Deno.test("nets have the numbers of parameters that their papers and torchvision state", () => {
  const sizes: [make: () => nn.Module, parameters: number][] = [
    [() => models.resnet18(), 11_689_512],
    [() => models.resnet20(), 269_722],
    [() => models.resnet32(), 464_154],
    [() => models.resnet56(), 853_018],
    [() => new models.MobileNetV2(), 3_504_872],
    [() => new models.LeNet(), 61_706],
  ];
  for (const [make, parameters] of sizes) {
    using _ = scope();
    assertEquals(make().parameters().reduce((sum, { size }) => sum + size, 0), parameters);
  }
});

const small = { vocabulary: 11, block: 6, width: 12, depth: 2, heads: 3 } as const;

forEachDevice("GPT: text goes on as the net expects, with keys kept and beyond the block", () => {
  manualSeed(0);
  const net = new models.GPT(small).eval();
  let wanted = [1, 2];
  for (let k = 0; k < 7; k++) {
    using _ = scope();
    const logits = noGrad(() => net.call(ints([wanted.slice(-small.block)])));
    wanted = [...wanted, logits.at("0, -1").argmax().item() as number];
  }
  const told: number[] = [], onToken = (token: Tensor) => void told.push(token.item() as number);
  const found = net.generate(ints([[1, 2]]), { count: 7, temperature: 0, onToken });
  assertExact(found.toArray(), [wanted]);
  assertEquals(told, wanted.slice(2));
  const start = ints([[3], [4]]), { tensors } = memory();
  net.generate(start, { count: 9, topK: 3 }).dispose();
  assertEquals(memory().tensors, tensors);
  manualSeed(5);
  const first = net.generate(ints([[1]]), { count: 5 }).toArray();
  manualSeed(5);
  assertExact(net.generate(ints([[1]]), { count: 5 }).toArray(), first);
}, { parameters: true });

forEachDevice("VAE, UNet and DCGAN train by captured steps, and their losses fall", () => {
  manualSeed(0);
  const vae = new models.VAE({ inputs: 16, hidden: 12, latent: 2 }),
    unet = new models.UNet({ channels: 1, width: 2, depth: 1 });
  const x = randn([8, 1, 4, 4]).sigmoid(),
    y = x.greater(0.5).cast("float32"),
    bce = new nn.BinaryCrossEntropyLoss({ logits: true });
  const nets: [net: nn.AnyModule, loss: () => Tensor][] = [
    [vae, () => vae.loss(vae.call(x), x)],
    [unet, () => bce.call(unet.call(x), y)],
  ];
  for (const [net, loss] of nets) {
    const optimizer = new optim.Adam(net.parameters(), { lr: 0.02 });
    const step = capture(() => {
      const value = loss();
      optimizer.resetGrad();
      value.backward();
      optimizer.step();
      return value;
    });
    const losses = Array.from({ length: 40 }, () => step().item() as number);
    assert(losses.at(-1)! < losses[0]!, `${losses[0]} became ${losses.at(-1)}`);
    step[Symbol.dispose]();
  }
  // Training draws a sample, evaluation takes the mean.
  const drawn = () => vae.call(x).logits.toArray();
  assert(JSON.stringify(drawn()) !== JSON.stringify(drawn()), "no sample was drawn");
  vae.eval();
  assertExact(drawn(), drawn());
  const images = new models.DCGANGenerator({ size: 8, latent: 3, width: 2 }).call(randn([2, 3]));
  assertEquals(new models.DCGANDiscriminator({ size: 8, width: 2 }).call(images).shape, [2]);
}, { parameters: true });

Deno.test("nets refuse what they cannot be or read, in words", () => {
  const image = zeros([1, 3, 8, 8]);
  const rows: [make: () => unknown, kind: typeof TypeError | typeof RangeError, message: string][] = [
    [() => new models.LeNet({ classes: 0 }), RangeError, "Cannot make LeNet: classes"],
    [() => new models.LeNet({ class: 3 } as never), TypeError, "Cannot make LeNet: "],
    [
      () => new models.LeNet().call(zeros([1, 1, 27, 28])),
      TypeError,
      "Cannot apply LeNet: input of shape [1, 1, 27, 28]",
    ],
    [() => models.resnet18({ depth: 3 } as never), TypeError, "Cannot make resnet18: "],
    [() => new models.ResNet({ block: "wide" as never, blocks: [1] }), RangeError, "Cannot make ResNet: block"],
    [() => new models.ResNet({ block: "basic", blocks: [] }), TypeError, "Cannot make ResNet: blocks"],
    [() => new models.ResNet({ block: "basic", blocks: [0] }), RangeError, "Cannot make ResNet: blocks[0]"],
    [() => new models.VGG({ depth: 12 as never }), RangeError, "Cannot make VGG: depth 12"],
    [() => new models.VGG({ depth: 11, width: 1, hidden: 1, dropout: 2 }), RangeError, "Cannot make VGG: dropout"],
    [() => new models.MobileNetV2({ widthMultiplier: 0 }), RangeError, "Cannot make MobileNetV2: widthMultiplier"],
    [() => new models.MLPMixer({ image: [3, 8, 8], patch: 3 }), RangeError, "Cannot make MLPMixer: patch 3"],
    [() => new models.UNet({ depth: 11 }), RangeError, "Cannot make UNet: depth"],
    [() => new models.UNet({ width: 1, depth: 1 }).call(zeros([3, 8, 8])), TypeError, "Cannot apply UNet: input"],
    [() => new models.VAE({ inputs: 4 }).call(zeros([2, 5])), TypeError, "Cannot apply VAE: input"],
    [() => new models.DCGANGenerator({ size: 12 }), RangeError, "Cannot make DCGANGenerator: size 12"],
    [
      () => new models.DCGANDiscriminator({ size: 16, width: 1 }).call(image),
      TypeError,
      "Cannot apply DCGANDiscriminator",
    ],
    [
      () => new models.VisionTransformer({ image: [3, 8, 8], patch: 4, width: 10, heads: 3 }),
      RangeError,
      "embedDim 10",
    ],
    [() => new models.GPT(small).call(zeros([1, 7], { dtype: "int32" })), RangeError, "Cannot apply GPT: 7 tokens"],
    [() => new models.GPT(small).call(zeros([7], { dtype: "int32" })), TypeError, "Cannot apply GPT: input"],
    [() => new models.GPT(small).generate(ints([[1]]), { count: -1 }), RangeError, "Cannot generate: count"],
    [() => new models.GPT(small).generate(ints([[1]]), { count: 1, topK: 0 }), RangeError, "Cannot generate: topK"],
    [
      () => new models.GPT(small).generate(ints([[1]]), { count: 1, onToken: 1 as never }),
      TypeError,
      "Cannot generate: ",
    ],
    [
      () => new models.GPT(small).generate(ints([[1]]), { count: 1, temperature: NaN }),
      RangeError,
      "Cannot generate: ",
    ],
    [() => new models.BERT(small).call(zeros([1, 7], { dtype: "int32" })), RangeError, "Cannot apply BERT: 7 tokens"],
    [() => new models.CharLSTM({ depth: 0 }), RangeError, "Cannot make CharLSTM: depth"],
  ];
  for (const [make, kind, message] of rows) {
    using _ = scope();
    assertThrows(make, kind, message);
  }
});
