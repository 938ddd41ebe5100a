/** The nets of `nn.models`: their sizes, names and choices, and what they refuse. PyTorch's numbers: `pytorch_test.ts`. */
import { nn, noGrad, randn, tensor, zeros } from "../mod.ts";
import { assertClose, assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

const { MLPResNet, ResMLP } = nn.models;
const small = { image: [2, 4, 6], patch: 2, width: 4, depth: 1, expansion: 2, classes: 3 } as const;
const count = (net: nn.Module) => net.parameters().reduce((sum, { size }) => sum + size, 0);

Deno.test("the default nets have the sizes of the lecture's and of ResMLP-S12", () => {
  assertEquals(
    count(new MLPResNet()),
    784 * 128 + 128 + 3 * (2 * 128 * 64 + 64 + 128 + 2 * 64 + 2 * 128) + 128 * 10 + 10,
  );
  // timm's resmlp_12_224: 15.35 million.
  assertEquals(count(new ResMLP()), 15_350_872);
});

Deno.test("the nets name their parameters by their parts, whatever the norm and the skip", () => {
  const names = (net: nn.Module) => net.namedParameters().map(([name]) => name);
  const block = ["weight", "bias"].flatMap((name) => [0, 4].map((place) => `layers.2.0.0.${place}.${name}`));
  for (const residual of [true, false]) {
    const plain = names(new MLPResNet({ depth: 1, norm: "none", residual }));
    assertEquals(
      plain.toSorted(),
      [...block, ...[0, 3].flatMap((k) => [`layers.${k}.weight`, `layers.${k}.bias`])].sort(),
    );
    assertEquals(names(new ResMLP({ ...small, norm: "none", residual })), [
      "embed.weight",
      "embed.bias",
      "blocks.0.acrossPatches.1.weight",
      "blocks.0.acrossPatches.1.bias",
      "blocks.0.acrossPatches.2.weight",
      "blocks.0.acrossFeatures.1.weight",
      "blocks.0.acrossFeatures.1.bias",
      "blocks.0.acrossFeatures.4.weight",
      "blocks.0.acrossFeatures.4.bias",
      "blocks.0.acrossFeatures.6.weight",
      "head.weight",
      "head.bias",
    ]);
  }
});

/** The class of the norms that each choice puts into a net. */
const norms: [norm: nn.models.Norm, made: new (features: number) => nn.Module][] = [
  ["affine", nn.Affine],
  ["batch", nn.BatchNorm1d],
  ["layer", nn.LayerNorm1d],
  ["none", nn.Identity],
  [() => new nn.Tanh(), nn.Tanh],
];
forEachDevice("a net takes its norm by name or from a function, and trains and evaluates with it", () => {
  for (const [norm, made] of norms) {
    const nets = [new MLPResNet({ inputs: 48, width: 4, depth: 2, norm }), new ResMLP({ ...small, depth: 2, norm })];
    for (const [net, places] of [[nets[0]!, 4], [nets[1]!, 5]] as const) {
      assertEquals(net.modules().filter((part) => part instanceof made).length, places);
      const x = randn([3, 2, 4, 6]);
      for (const training of [true, false]) {
        const y = net.train(training).call(x);
        assertEquals([y.shape[0], values(y).every(Number.isFinite)], [3, true]);
        y.sum().backward();
        assertEquals(net.parameters().every(({ grad }) => grad !== null), true);
      }
    }
  }
}, { parameters: true });

forEachDevice("ResMLP's batch norm takes its statistics over the batch and the patches", () => {
  const net = new ResMLP({ ...small, depth: 0, norm: "batch" }), x = randn([3, 2, 4, 6]);
  const at = (row: number, column: number) => x.at(`:, :, ${row}:${row + 2}, ${column}:${column + 2}`).reshape([3, 8]);
  const means = [0, 2].flatMap((row) => [0, 2, 4].map((column) => net.embed.call(at(row, column)).mean({ axes: [0] })));
  const mean = means.reduce((sum, each) => sum.add(each)).div(6);
  net.call(x);
  assertClose(values((net.norm as nn.BatchNorm1d).runningMean!), values(mean.mul(0.1)), { absolute: 1e-6 });
}, { parameters: true });

forEachDevice("a block whose branches are nothing hands its input on, and without residual nothing", () => {
  const x = randn([2, 2, 4, 6]);
  noGrad(() => {
    const net = new ResMLP({ ...small, layerScale: 0 }), bare = new ResMLP({ ...small, depth: 0 });
    bare.loadStateDict(net.stateDict(), { strict: false });
    assertExact(values(net.call(x)), values(bare.call(x)));
    const cut = new ResMLP({ ...small, layerScale: 0, residual: false });
    assertClose(values(cut.call(x).at("0")), values(cut.head.bias!));
    for (const residual of [true, false]) {
      const net = new MLPResNet({ inputs: 2, width: 2, depth: 1, classes: 2, norm: "none", residual }).eval();
      const identity = tensor([[1, 0], [0, 1]]), nothing = tensor([0, 0]);
      const state = Object.fromEntries(
        Object.entries(net.stateDict()).map(([name, value]) => [name, zeros(value.shape)]),
      );
      net.loadStateDict({
        ...state,
        "layers.0.weight": identity,
        "layers.3.weight": identity,
        "layers.3.bias": nothing,
      });
      assertExact(values(net.call(tensor([[3, -4]]))), residual ? [3, 0] : [0, 0]);
    }
  });
}, { parameters: true });

Deno.test("ResMLP's branches start at the paper's factor for their depth", () => {
  const factorOf = (options: nn.models.ResMLPOptions) => {
    const net = new ResMLP({ image: [1, 2, 2], patch: 2, width: 1, expansion: 1, classes: 1, ...options });
    return net.stateDict()["blocks.0.acrossPatches.2.weight"]!.toArray()[0];
  };
  const expected: [options: nn.models.ResMLPOptions, factor: number][] = [
    [{}, 0.1],
    [{ depth: 18 }, 0.1],
    [{ depth: 24 }, 1e-5],
    [{ depth: 36 }, 1e-6],
    [{ depth: 24, residual: false }, 1],
    [{ depth: 24, layerScale: 0.5 }, 0.5],
  ];
  for (const [options, factor] of expected) assertExact(factorOf(options), Math.fround(factor));
});

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  [() => new MLPResNet(given({ blocks: 3 })), TypeError, "Cannot make MLPResNet: there is no option blocks"],
  [() => new MLPResNet(given(3)), TypeError, "Cannot make MLPResNet: options 3, they must be an object"],
  ...["inputs", "width", "hidden", "classes"].flatMap((name): typeof refused =>
    [0, 1.5, NaN, "3", null].map((value): typeof refused[number] => [
      () => new MLPResNet(given({ [name]: value })),
      RangeError,
      `Cannot make MLPResNet: ${name} `,
    ])
  ),
  [() => new MLPResNet({ depth: -1 }), RangeError, "Cannot make MLPResNet: depth -1 must be an integer of at least 0"],
  [() => new MLPResNet({ depth: 1e9 }), RangeError, "depth 1000000000 must be an integer of at most 10000"],
  [() => new MLPResNet({ dropout: 2 }), RangeError, "probability 2 must lie in [0, 1]"],
  [() => new MLPResNet({ norm: given("bach") }), RangeError, 'norm "bach" must be affine, batch, layer, none or a'],
  [() => new MLPResNet({ norm: given("toString") }), RangeError, 'norm "toString" must be affine'],
  [() => new MLPResNet({ norm: given(() => 3) }), TypeError, "item 1: 3, it must be a module"],
  [() => new MLPResNet({ residual: given("no") }), TypeError, 'residual "no" must be true or false'],
  [
    () => new MLPResNet().call(zeros([2, 783])),
    TypeError,
    "Cannot apply MLPResNet: input of shape [2, 783], it must be",
  ],
  [() => new MLPResNet().call(zeros([784])), TypeError, "Cannot apply MLPResNet: input of shape [784], it must be"],
  [() => new ResMLP(given({ patches: 4 })), TypeError, "there is no option patches; did you mean patch?"],
  [() => new ResMLP({ image: given(32) }), TypeError, "image 32 must be a list of channels, height and width"],
  [() => new ResMLP({ image: given([32, 32]) }), TypeError, "image a list must be a list of channels"],
  [() => new ResMLP({ image: [3, 0, 32] }), RangeError, "Cannot make ResMLP: height 0 must be an integer"],
  [() => new ResMLP({ patch: 5 }), RangeError, "patch 5 must divide the image's height 224 and width 224"],
  [() => new ResMLP({ patch: 0 }), RangeError, "Cannot make ResMLP: patch 0 must be an integer of at least 1"],
  [() => new ResMLP({ expansion: 1e9 }), RangeError, "Cannot make ResMLP: expansion "],
  [() => new ResMLP({ layerScale: NaN }), RangeError, "Cannot make ResMLP: layerScale NaN must be a finite number"],
  [() => new ResMLP({ layerScale: given(null) }), RangeError, "layerScale null must be a finite number"],
  [
    () => new ResMLP(small).call(zeros([1, 2, 6, 4])),
    TypeError,
    "input of shape [1, 2, 6, 4], it must be [batch, 2, 4, 6]",
  ],
  [() => new ResMLP(small).call(zeros([2, 4, 6])), TypeError, "input of shape [2, 4, 6], it must be [batch, 2, 4, 6]"],
  [() => new nn.LayerScale(2, { initial: given("1") }), RangeError, 'initial "1" must be a finite number'],
  [() => new nn.LayerScale(2, given({ init: 1 })), TypeError, "did you mean initial?"],
  [
    () => new nn.Affine(2).call(zeros([2, 3])),
    TypeError,
    "Cannot apply Affine: input of shape [2, 3], its last axis must",
  ],
  [
    () => new nn.LayerScale(2).call(zeros([3])),
    TypeError,
    "Cannot apply LayerScale: input of shape [3], its last axis",
  ],
];
Deno.test("options and inputs of the nets are refused by their text", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
});
