/**
 * Transformers and positions: PyTorch's numbers, which `fixtures/transformer.py` wrote, generation with caches, captured
 * training, and what is refused.
 */
import { capture, manualSeed, memory, nn, noGrad, ones, optim, randn, scope, type Tensor, zeros } from "../../mod.ts";
import fixtures from "../fixtures/transformer.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { assertGradients, assertNumbers, dispose, leafOf, loaded, type Numbers, read, weighted } from "./numbers.ts";

// deno-lint-ignore no-explicit-any -- the fixture's cases have different fields, and programs without types pass anything.
type Any = any;
const cases: Any[] = fixtures.cases;
const small = { dimFeedforward: 6, dropout: 0 };

/** The modules of the fixture. */
const makers: Readonly<Record<string, (options: Any) => nn.AnyModule>> = {
  TransformerEncoderLayer: (options) => new nn.TransformerEncoderLayer(4, 2, options),
  TransformerDecoderLayer: (options) => new nn.TransformerDecoderLayer(4, 2, options),
  TransformerEncoder: (options) =>
    new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(4, 2, options), 2, { norm: new nn.LayerNorm1d(4) }),
  TransformerDecoder: (options) => new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(4, 2, options), 1),
  Transformer: (options) =>
    new nn.Transformer({ dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, ...options }),
};

/** The names of a call's options: an encoder's have no "src" before them, and a causal mask is a flag. */
function optionName(kind: string, name: string): string {
  const short = kind.startsWith("TransformerEncoder")
    ? name.replace(/^src(.)/, (_, first) => first.toLowerCase())
    : name;
  return short;
}
const flagName = (kind: string, mask: string) =>
  optionName(kind, mask) === "mask" ? "causal" : mask.replace("Mask", "Causal");

forEachDevice("PyTorch: transformer layers and stacks, their masks and gradients, eager and captured", (device) => {
  for (const each of cases) {
    // OpenCL compiles kernels for each kind of layer, which takes seconds.
    if (device === "opencl" && each.kind !== "TransformerEncoder") continue;
    using _ = scope();
    const module = loaded(makers[each.kind]!(each.options).cast("float64"), each.parameters);
    const inputs: Tensor[] = each.inputs.map(read), outGrad = read(each.outGrad);
    const masks = Object.fromEntries(
      Object.entries(each.masks).map(([name, mask]) => [optionName(each.kind, name), read(mask as Numbers)]),
    );
    const causal = each.causal === "" ? {} : { [flagName(each.kind, each.causal)]: true };
    const what = `${each.kind} ${JSON.stringify(each.options)}`;
    const step = (inputs: readonly Tensor[], masks: Record<string, Tensor>) => {
      const leaves = inputs.map(leafOf), y = module.call(...leaves, { ...masks, ...causal });
      weighted([y], [outGrad]).backward();
      return [y, ...leaves.map(({ grad }) => grad!)];
    };
    const check = (found: readonly Tensor[]) => {
      assertNumbers(found, [each.output, ...each.gradients], what);
      assertGradients(module, each.parameterGradients, what);
    };
    check(step(inputs, masks));
    module.eval();
    assertNumbers([module.call(...inputs, { ...masks, ...causal })], [each.output], what);
    using captured = capture(step);
    for (let call = 0; call < 3; call++) check(captured(inputs, masks));
    dispose(module);
  }
});

forEachDevice("a decoder of caches gives the rows of the whole one by one", (device) => {
  manualSeed(2);
  const rotary = new nn.RotaryEmbedding(4), double = { dtype: "float64" } as const;
  const options = { ...small, dropout: 0.5, batchFirst: true, normFirst: true };
  const encoder = new nn.TransformerEncoder(
    () => new nn.TransformerEncoderLayer(8, 2, { ...options, rotary, numKeyValueHeads: 1 }),
    2,
    { norm: new nn.LayerNorm1d(8) },
  ).cast("float64").eval();
  const decoder = new nn.TransformerDecoder(() => new nn.TransformerDecoderLayer(8, 2, options), 2).cast("float64")
    .eval();
  const positions = new nn.PositionalEncoding(8, { batchFirst: true });
  const x = randn([2, 4, 8], double), memory_ = randn([2, 3, 8], double), close = { relative: 1e-11, absolute: 1e-12 };
  noGrad(() => {
    const whole = encoder.call(positions.call(x), { causal: true });
    const decoded = decoder.call(positions.call(x), memory_, { tgtCausal: true });
    const before = memory(device).tensors;
    const caches = [0, 1].map(() => new nn.KeyValueCache()), others = [0, 1].map(() => new nn.KeyValueCache());
    for (let row = 0; row < 4; row++) {
      using _ = scope();
      const input = positions.call(x.narrow(1, row, 1), row);
      const found = encoder.call(input, { causal: true, caches });
      assertClose(values(found), values(whole.narrow(1, row, 1)), close);
      const next = decoder.call(input, memory_, { tgtCausal: true, caches: others });
      assertClose(values(next), values(decoded.narrow(1, row, 1)), close);
    }
    for (const cache of [...caches, ...others]) cache.clear();
    assertEquals(memory(device).tensors, before);
    assertThrowsLike(
      () => encoder.call(x, { caches: [] }),
      /^TypeError: Cannot apply TransformerEncoder: caches must be/,
    );
  });
  dispose(encoder);
  dispose(decoder);
});

forEachDevice("a captured training step of a transformer with dropout is one program, and lowers the loss", () => {
  manualSeed(3);
  const net = new nn.Transformer({
    ...small,
    dModel: 4,
    nhead: 2,
    numEncoderLayers: 1,
    numDecoderLayers: 1,
    batchFirst: true,
    dropout: 0.1,
  });
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.02 });
  const source = randn([4, 3, 4]), target = randn([4, 2, 4]), wanted = randn([4, 2, 4]);
  let runs = 0;
  using step = capture((source: Tensor, target: Tensor, wanted: Tensor) => {
    runs++;
    optimizer.resetGrad();
    const loss = net.call(source, target, { tgtCausal: true }).sub(wanted).square().mean();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses = Array.from({ length: 40 }, () => {
    using _ = scope();
    return step(source, target, wanted).item();
  });
  assert(runs <= 2, `recorded ${runs} times`);
  const mean = (part: number[]) => part.reduce((a, b) => a + b) / part.length;
  assert(mean(losses.slice(-5)) < mean(losses.slice(0, 5)) * 0.8, `${losses}`);
  net.eval();
  const [a, b] = [0, 1].map(() => values(net.call(source, target)));
  assertEquals(a, b);
  optimizer.dispose();
  dispose(net);
}, { on: ["cpu", "wasm", "reference"], parameters: true });

forEachDevice("positions: waves, learned rows, and offsets", () => {
  const x = zeros([2, 3, 5], { dtype: "float64" });
  // By the paper's formula, of an odd number of features too.
  const row = (p: number) =>
    Array.from({ length: 5 }, (_, k) => (k % 2 === 0 ? Math.sin : Math.cos)(p / 10000 ** ((k - k % 2) / 5)));
  const first = new nn.PositionalEncoding(5, { batchFirst: true }), other = new nn.PositionalEncoding(5);
  assertClose(values(first.call(x, 7).at("1")), [7, 8, 9].flatMap(row), { relative: 1e-14 });
  assertClose(values(other.call(x).at(":, 2")), [0, 1].flatMap(row), { relative: 1e-14 });
  assertClose(values(other.call(x.at("0"))), [0, 1, 2].flatMap(row), { relative: 1e-14 });
  assertEquals(Object.keys(first.stateDict()), []);
  const learned = new nn.PositionalEmbedding(4, 5, { batchFirst: true });
  learned.call(ones([2, 3, 5]), 1).sum().backward();
  assertEquals(values(learned.weight.grad!.sum({ axes: 1 })), [0, 10, 10, 10]);
  assertClose(values(learned.call(x, 1).at("0")), values(learned.weight.at("1:")), { relative: 1e-6 });
  manualSeed(1);
  const dropping = new nn.PositionalEncoding(2, { dropout: 0.5 }), y = values(dropping.call(ones([500, 2])));
  const kept = y.filter((value) => value !== 0).length;
  assert(kept > 400 && kept < 600, `${kept} of 1000`);
  dispose(learned);
});

Deno.test("a transformer's first numbers, and its mask", () => {
  manualSeed(4);
  const net = new nn.Transformer({ ...small, dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 });
  for (const [name, parameter] of net.namedParameters()) {
    const most = Math.max(...values(parameter).map(Math.abs)), { shape } = parameter;
    if (shape.length === 2) {
      const bound = Math.sqrt(6 / (shape[0]! + shape[1]!));
      assert(most <= bound && most > 0.85 * bound, `${name}: ${most} of ${bound}`);
    }
  }
  const [a, b] = net.encoder.layers, mask = nn.Transformer.generateSquareSubsequentMask(3);
  assert(a !== undefined && b === undefined);
  assertEquals(mask.toArray(), [[0, -Infinity, -Infinity], [0, 0, -Infinity], [0, 0, 0]]);
  assertEquals(`${net.encoder.layers[0]}`.split("\n")[0], "TransformerEncoderLayer(8, 2");
  mask.dispose();
  dispose(net);
});

const refused: Readonly<Record<string, readonly [pattern: RegExp, body: () => unknown]>> = {
  "heads": [
    /^RangeError: Cannot make TransformerEncoderLayer: dModel 4 must be a multiple of nhead 3/,
    () => new nn.TransformerEncoderLayer(4, 3),
  ],
  "no features": [
    /^RangeError: Cannot make TransformerDecoderLayer: dModel NaN/,
    () => new nn.TransformerDecoderLayer(NaN, 3),
  ],
  "feed-forward": [
    /^RangeError: Cannot make TransformerEncoderLayer: dimFeedforward -1/,
    () => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: -1 }),
  ],
  "dropout": [
    /^RangeError: Cannot make TransformerEncoderLayer: dropout 1.5/,
    () => new nn.TransformerEncoderLayer(4, 2, { dropout: 1.5 }),
  ],
  "activation": [
    /^RangeError: Cannot make TransformerEncoderLayer: activation "tanh" must be "relu", "gelu" or a function/,
    () => new nn.TransformerEncoderLayer(4, 2, { activation: "tanh" as Any }),
  ],
  "eps": [
    /^RangeError: Cannot make TransformerDecoderLayer: layerNormEps -1/,
    () => new nn.TransformerDecoderLayer(4, 2, { layerNormEps: -1 }),
  ],
  "a flag": [
    /^TypeError: Cannot make TransformerEncoderLayer: normFirst 1/,
    () => new nn.TransformerEncoderLayer(4, 2, { normFirst: 1 as Any }),
  ],
  "an option": [
    /^TypeError: Cannot make TransformerEncoderLayer: there is no option dimFeedForwards/,
    () => new nn.TransformerEncoderLayer(4, 2, { dimFeedForwards: 1 } as Any),
  ],
  "a layer for a function": [
    /^TypeError: Cannot make TransformerEncoder: a TransformerEncoderLayer, it must be a function/,
    () => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2, small) as Any, 2),
  ],
  "other layers": [
    /^TypeError: Cannot make TransformerDecoder: a ReLU, it must be a TransformerDecoderLayer/,
    () => new nn.TransformerDecoder(() => new nn.ReLU() as Any, 2),
  ],
  "no layers": [
    /^RangeError: Cannot make TransformerEncoder: numLayers 0/,
    () => new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(4, 2, small), 0),
  ],
  "a norm": [
    /^TypeError: Cannot make TransformerEncoder: 1, it must be a module or null/,
    () => new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(4, 2, small), 1, { norm: 1 as Any }),
  ],
  "layers of a transformer": [
    /^RangeError: Cannot make Transformer: numDecoderLayers 0.5/,
    () => new nn.Transformer({ numDecoderLayers: 0.5 }),
  ],
  "rotary of a transformer": [
    /^TypeError: Cannot make Transformer: there is no option rotary/,
    () => new nn.Transformer({ rotary: null } as Any),
  ],
  "no positions": [/^RangeError: Cannot make PositionalEmbedding: maxLength 0/, () => new nn.PositionalEmbedding(0, 2)],
  "too many positions": [
    /^RangeError: Cannot apply PositionalEmbedding: 2 rows from position 3, there are 4/,
    () => new nn.PositionalEmbedding(4, 2).call(ones([2, 2]), 3),
  ],
  "an offset": [
    /^RangeError: Cannot apply PositionalEncoding: offset -1/,
    () => new nn.PositionalEncoding(2).call(ones([2, 2]), -1),
  ],
  "a vector": [
    /^TypeError: Cannot apply PositionalEncoding: input of shape \[2\], it must have two or three axes/,
    () => new nn.PositionalEncoding(2).call(ones([2])),
  ],
  "a mask's size": [
    /^RangeError: Cannot generateSquareSubsequentMask: size -1/,
    () => nn.Transformer.generateSquareSubsequentMask(-1),
  ],
};

forEachDevice("transformers refuse what does not fit", () => {
  for (const [pattern, body] of Object.values(refused)) assertThrowsLike(body, pattern);
  const net = new nn.Transformer({ ...small, dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 });
  const x = (...shape: number[]) => ones(shape), [layer] = net.encoder.layers;
  assertThrowsLike(
    () => net.call(x(3, 2, 5), x(3, 2, 4)),
    /^TypeError: Cannot apply Transformer: input of shape \[3, 2, 5\]/,
  );
  assertThrowsLike(() => net.call(x(3, 2, 4), x(3, 1, 4)), /^TypeError: Cannot apply MultiheadAttention: shapes/);
  assertThrowsLike(() => (net as Any).call(x(3, 2, 4)), /^TypeError: Cannot apply Transformer/);
  assertThrowsLike(
    () => net.call(x(3, 4), x(2, 4), { causal: true } as Any),
    /there is no option causal; did you mean/,
  );
  assertThrowsLike(() => layer!.call(x(3, 2, 4), { mask: x(2, 2) }), /attnMask of shape \[2, 2\], it must be \[3, 3\]/);
  assertEquals(net.call(x(3, 4), x(2, 4)).shape, [2, 4]);
  assertEquals(net.call(x(3, 0, 4), x(2, 0, 4)).shape, [2, 0, 4]);
  dispose(net);
}, { on: ["cpu", "wasm", "reference"], parameters: true });
