/**
 * PyTorch's numbers for every layer: values, gradients of inputs and parameters, statistics, and evaluation.
 *
 * `fixtures/layers.py` wrote them in float64 to eight digits, so that a relative 1e-5 is the rounding of float32 over a few
 * chained operations and no more; absolute terms cover sums that cancel. In float64 the digits of the fixture are the limit.
 */
import { capture, type DType, full, manualSeed, nn, ones, scope, Tensor, tensor, zeros } from "../../mod.ts";
import fixtures from "../fixtures/layers.json" with { type: "json" };
import {
  assertClose,
  assertEquals,
  assertExact,
  assertThrows,
  configurationsOn,
  forEachDevice,
  values,
} from "../support.ts";
import { type Layer, layers } from "./layers.ts";

/** A layer's results, as its line of the fixture has them. */
interface Case {
  name: string;
  inputs: { shape: number[]; below?: number }[];
  /** The seed of each tensor of the layer's state. */
  state: Record<string, number>;
  shape: number[];
  outputs: number[][];
  inputGrads: number[][];
  gradients: Record<string, number[]>;
  after?: Record<string, number[]>;
  evaluated?: number[][];
}

interface Near {
  relative: number;
  absolute: number;
}

const cases = fixtures as unknown as Record<string, Case[]>;
const prompt = ["cpu", "wasm", "reference"];
const nearSingle = { relative: 1e-5, absolute: 4e-6 }, nearDouble = { relative: 5.1e-8, absolute: 1e-12 };

/** Integers by Park and Miller's generator, as the fixture's script draws them. */
function integers(seed: number, count: number): number[] {
  let state = 7919 * seed + 1;
  return Array.from({ length: count }, () => state = state * 16807 % 2147483647);
}

/** Numbers in [-2, 2] of two decimals, as float32 holds them. */
function numbers(seed: number, shape: readonly number[], dtype: DType): Tensor {
  const drawn = integers(seed, shape.reduce((a, b) => a * b, 1)).map((each) => (each % 401 - 200) / 100);
  return tensor(Float32Array.from(drawn), { shape, dtype });
}

/** The layer of a line with its state, and its inputs. */
function prepared(make: () => Layer, { inputs, state }: Case, dtype: DType): { layer: Layer; given: Tensor[] } {
  const layer = make().cast(dtype), own = layer.stateDict();
  const drawn = Object.entries(state).map(([name, seed]) => {
    const filling = numbers(seed, own[name]!.shape, dtype);
    return [name, name.endsWith("runningVar") ? filling.abs().add(0.5) : filling];
  });
  layer.loadStateDict({ ...own, ...Object.fromEntries(drawn) });
  const given = inputs.map(({ shape, below }, place) => {
    if (below === undefined) return numbers(1 + place, shape, dtype);
    const count = shape.reduce((a, b) => a * b, 1);
    return tensor(Int32Array.from(integers(1 + place, count), (each) => each % below), { shape });
  });
  return { layer, given };
}

/** The inputs as leaves, of which the floats ask for gradients. */
function leavesOf(given: readonly Tensor[]): Tensor[] {
  return given.map((x) => {
    const leaf = x.detach();
    if (leaf.dtype.startsWith("float")) leaf.requiresGrad = true;
    return leaf;
  });
}

function assertAll(found: readonly Tensor[], wanted: readonly number[][], near: Near, what: string): void {
  assertEquals(found.length, wanted.length, what);
  found.forEach((each, place) => assertClose(values(each), wanted[place]!, { ...near, what: `${what} ${place}` }));
}

const listOf = (results: Tensor | readonly Tensor[]) => results instanceof Tensor ? [results] : results;

/** Compares one call of `run` with its line: the results, then the gradients. */
function compare(
  each: Case,
  layer: Layer,
  given: readonly Tensor[],
  run: (...inputs: Tensor[]) => readonly Tensor[],
  near: Near,
): void {
  const leaves = leavesOf(given), { name } = each;
  for (const parameter of layer.parameters()) parameter.grad = null;
  const outputs = run(...leaves);
  assertEquals(outputs[0]!.shape, each.shape, name);
  assertAll(outputs, each.outputs, near, `${name}: output`);
  assertAll(leaves.filter((x) => x.requiresGrad).map((x) => x.grad!), each.inputGrads, near, `${name}: input`);
  for (const [path, parameter] of layer.namedParameters()) {
    assertAll([parameter.grad!], [each.gradients[path]!], near, `${name}: ${path}`);
  }
}

/** Compares a layer with its line: after a second batch the statistics, and then evaluation. */
function compareAll(make: () => Layer, each: Case, dtype: DType, wrap: typeof capture | null, near: Near): void {
  using _ = scope();
  const { layer, given } = prepared(make, each, dtype), outGrad = numbers(99, each.shape, dtype);
  const step = (...inputs: Tensor[]) => {
    const outputs = listOf(layer.call(...inputs));
    outputs[0]!.backward(outGrad);
    return [...outputs];
  };
  const run = wrap === null ? step : wrap(step);
  const state = Object.fromEntries(Object.entries(layer.stateDict()).map(([name, each]) => [name, each.add(0)]));
  compare(each, layer, given, run, near);
  if (wrap !== null) {
    // A second call replays, from the same state.
    layer.loadStateDict(state);
    compare(each, layer, given, run, near);
  }
  if (each.after !== undefined) {
    run(...leavesOf(given.map((x) => x.mul(2).add(1))));
    for (const [name, buffer] of layer.namedBuffers()) {
      assertAll([buffer], [each.after[name]!], near, `${each.name}: ${name} after`);
    }
    layer.eval();
    assertAll(listOf(layer.call(...given)), each.evaluated!, near, `${each.name}: evaluated`);
  }
  if (wrap !== null) (run as unknown as Disposable)[Symbol.dispose]();
  for (const tensor of [...layer.parameters(), ...layer.namedBuffers().map(([, buffer]) => buffer)]) {
    tensor.grad?.dispose();
    tensor.dispose();
  }
}

for (const [group, makers] of Object.entries(layers)) {
  Deno.test(`every layer of the fixture is made, and no other: ${group}`, () => {
    assertEquals(cases[group]!.map(({ name }) => name), Object.keys(makers));
  });
  forEachDevice(`PyTorch's ${group}`, () => {
    for (const each of cases[group]!) compareAll(makers[each.name]!, each, "float32", null, nearSingle);
  }, { on: prompt });
  // The first call of a captured function is eager, so that this has both.
  forEachDevice(`PyTorch's ${group}, captured`, (device) => {
    const chosen = configurationsOn(device, cases[group]!);
    for (const each of chosen) compareAll(makers[each.name]!, each, "float32", capture, nearSingle);
  });
  forEachDevice(`PyTorch's ${group} in float64`, () => {
    for (const each of cases[group]!) compareAll(makers[each.name]!, each, "float64", null, nearDouble);
  }, { on: ["reference", "cpu"] });
}

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

/** What layers refuse when they are made or applied, by the text. */
const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  ...[0, -1, 1.5, NaN, null, "3", 2 ** 25, Infinity].flatMap((count): typeof refused => [
    [() => new nn.Conv1d(given(count), 2, 1), RangeError, "Cannot make Conv1d: inChannels "],
    [() => new nn.ConvTranspose2d(2, given(count), 1), RangeError, "Cannot make ConvTranspose2d: outChannels "],
    [() => new nn.BatchNorm3d(given(count)), RangeError, "Cannot make BatchNorm3d: features "],
  ]),
  ...[0, -1, 1.5, NaN, "3", Infinity].flatMap((size): typeof refused => [
    [() => new nn.Conv2d(2, 2, given(size)), RangeError, "Cannot make Conv2d: kernelSize "],
    [() => new nn.Conv3d(2, 2, 1, { stride: given(size) }), RangeError, "Cannot make Conv3d: stride "],
    [() => new nn.MaxPool2d(given(size)), RangeError, "Cannot make MaxPool2d: kernelSize "],
    [() => new nn.AvgPool1d(2, { stride: given([size]) }), RangeError, "Cannot make AvgPool1d: stride "],
    [() => new nn.AdaptiveAvgPool2d(given([2, size])), RangeError, "Cannot make AdaptiveAvgPool2d: outputSize "],
  ]),
  [() => new nn.Conv2d(2, 2, [1, 2, 3]), TypeError, "kernelSize a list has 3 numbers, it must have 2"],
  [() => new nn.Conv2d(4, 6, 1, { groups: 4 }), RangeError, "outChannels 6 must be a multiple of groups 4"],
  [() => new nn.Conv2d(2, 2, 3, { padding: "same", stride: 2 }), RangeError, 'padding "same" is for strides of 1'],
  [() => new nn.Conv2d(2, 2, 3, { padding: given("full") }), RangeError, 'padding "full" must be a number'],
  [() => new nn.Conv2d(2, 2, 3, { padding: -1 }), RangeError, "padding -1 must be an integer of at least 0"],
  [() => new nn.Conv2d(2, 2, 3, { paddingMode: given("mirror") }), RangeError, 'paddingMode "mirror" must be one of'],
  [() => new nn.Conv2d(2, 2, 3, given({ pading: 1 })), TypeError, "there is no option pading; did you mean padding?"],
  [() => new nn.Conv2d(2, 2, 3, given({ outputPadding: 1 })), TypeError, "there is no option outputPadding"],
  [() => new nn.Conv2d(2, 2, 3, given(null)), TypeError, "Cannot make Conv2d: options null, they must be an object"],
  [() => new nn.Conv2d(2, 2, 3, { dtype: "int32" }), TypeError, "Cannot make Conv2d: type int32 must be a float type"],
  [() => new nn.Conv2d(2, 2, 3, { bias: given(1) }), TypeError, "bias 1 must be true or false"],
  [() => new nn.Conv2d(3, 2, 3).call(ones([1, 2, 4, 4])), TypeError, "it must be [batch, 3, height, width] or [3, "],
  [() => new nn.Conv2d(3, 2, 3).call(ones([3, 4])), TypeError, "Cannot apply Conv2d: input of shape [3, 4]"],
  [() => new nn.Conv2d(3, 2, 3).call(given([1])), TypeError, "Cannot apply Conv2d: a list, it must be a tensor"],
  [() => new nn.Conv2d(3, 2, 5).call(ones([1, 3, 4, 4])), RangeError, "a kernel over 5 places is longer than axis 2"],
  [() => new nn.ConvTranspose1d(2, 2, 3, { outputPadding: 1 }), RangeError, "outputPadding 1 must be smaller"],
  [
    () => new nn.ConvTranspose1d(2, 2, 3, { stride: 2 }).call(ones([2, 4]), [11]),
    RangeError,
    "outputSize 11 of axis 0 must be an integer from 9 to 10",
  ],
  [() => new nn.ConvTranspose1d(2, 2, 3).call(ones([2, 4]), [1, 1, 1]), TypeError, "outputSize of 3 lengths"],
  [() => new nn.MaxPool2d(2, { padding: 2 }), RangeError, "padding 2 is more than half of a window's 2 places"],
  [() => new nn.MaxPool2d(2, { returnIndices: given("no") }), TypeError, 'returnIndices "no" must be true or false'],
  [() => new nn.MaxPool2d(2, given({ countIncludePad: true })), TypeError, "there is no option countIncludePad"],
  [() => new nn.MaxPool2d(2).call(ones([4, 4])), TypeError, "it must be [batch, channels, height, width] or ["],
  [() => new nn.MaxPool1d(5).call(ones([1, 4])), RangeError, "windows of 5 places do not fit"],
  [() => new nn.MaxUnpool1d(2).call(ones([1, 2]), given([0, 1])), TypeError, "Cannot apply MaxUnpool1d: a list"],
  [() => new nn.AvgPool2d(2, { divisorOverride: 0 }), RangeError, "divisorOverride must not be 0"],
  [() => new nn.AvgPool2d(2, { ceilMode: given(1) }), TypeError, "ceilMode 1 must be true or false"],
  [() => new nn.LPPool1d(0, 2), RangeError, "Cannot make LPPool1d: p 0 must be a number above 0"],
  [() => new nn.LPPool1d(2, 2, given({ padding: 1 })), TypeError, "there is no option padding"],
  [() => new nn.AdaptiveMaxPool3d([1, 2]), TypeError, "outputSize a list has 2 numbers, it must have 3"],
  [() => new nn.AdaptiveMaxPool1d(2).call(ones([1, 0])), RangeError, "has an empty axis"],
  [() => new nn.BatchNorm2d(2).call(ones([2, 2])), TypeError, "it must be [batch, 2, height, width]"],
  [() => new nn.BatchNorm2d(2).call(ones([2, 3, 1, 1])), TypeError, "input of shape [2, 3, 1, 1]"],
  [() => new nn.BatchNorm2d(2).call(ones([1, 2, 1, 1])), TypeError, "training needs more than one value per feature"],
  [() => new nn.BatchNorm2d(2, { momentum: -1 }), RangeError, "momentum -1 must lie in [0, 1]"],
  [() => new nn.BatchNorm2d(2).momentum = null, TypeError, "momentum null in the place of 0.1; make another norm"],
  [() => new nn.BatchNorm2d(2, { affine: given("no") }), TypeError, 'affine "no" must be true or false'],
  ...[0, -1, 1.5, NaN, null, "3", 2 ** 25, Infinity].flatMap((count): typeof refused => [
    [() => new nn.LayerNorm(given(count)), RangeError, "Cannot make LayerNorm: normalizedShape "],
    [() => new nn.RMSNorm(given([2, count])), RangeError, "Cannot make RMSNorm: normalizedShape "],
    [() => new nn.GroupNorm(1, given(count)), RangeError, "Cannot make GroupNorm: numChannels "],
    [() => new nn.InstanceNorm2d(given(count)), RangeError, "Cannot make InstanceNorm2d: features "],
    [() => new nn.LocalResponseNorm(given(count)), RangeError, "Cannot make LocalResponseNorm: size "],
    [() => new nn.Embedding(given(count), 2), RangeError, "Cannot make Embedding: numEmbeddings "],
    [() => new nn.EmbeddingBag(2, given(count)), RangeError, "Cannot make EmbeddingBag: embeddingDim "],
    [() => new nn.Bilinear(1, given(count), 2), RangeError, "Cannot make Bilinear: in2Features "],
    [() => new nn.PReLU({ numParameters: given(count) }), RangeError, "Cannot make PReLU: numParameters "],
  ]),
  ...[0, -1, 1.5, NaN, "3", Infinity].flatMap((size): typeof refused => [
    [() => new nn.PixelShuffle(given(size)), RangeError, "Cannot make PixelShuffle: upscaleFactor "],
    [() => new nn.ChannelShuffle(given(size)), RangeError, "Cannot make ChannelShuffle: groups "],
    [() => new nn.Unfold(given(size)), RangeError, "Cannot make Unfold: kernelSize "],
    [() => new nn.Fold([2, given(size)], 1), RangeError, "Cannot make Fold: outputSize "],
    [() => new nn.Upsample({ size: given(size) }), RangeError, "Cannot make Upsample: size "],
  ]),
  ...[2, -0.1, NaN, null, "0.5"].flatMap((p): typeof refused => [
    [() => new nn.Dropout2d(given(p)), RangeError, "Cannot make Dropout2d: probability "],
    [() => new nn.AlphaDropout(given(p)), RangeError, "Cannot make AlphaDropout: probability "],
  ]),
  [() => new nn.LayerNorm([]), TypeError, "it must be a list of one length or more"],
  [() => new nn.LayerNorm([2, 3]).call(ones([4, 3])), TypeError, "its last axes must be [2, 3]"],
  [() => new nn.LayerNorm([2, 3]).call(ones([3])), TypeError, "its last axes must be [2, 3]"],
  [() => new nn.LayerNorm(2, { eps: -1 }), RangeError, "eps -1 must lie in"],
  [() => new nn.RMSNorm(2, given({ bias: true })), TypeError, "there is no option bias"],
  [() => new nn.GroupNorm(3, 4), RangeError, "numChannels 4 must be a multiple of numGroups 3"],
  [() => new nn.GroupNorm(2, 4).call(ones([4])), TypeError, "it must be [batch, 4, ...]"],
  [() => new nn.InstanceNorm1d(2).call(ones([2, 1])), TypeError, "needs more than one value per feature"],
  [() => new nn.GroupNorm(2, 2).call(ones([1, 2])), TypeError, "more than one value per group, got [1, 2]"],
  [() => new nn.InstanceNorm1d(2, { momentum: given(null) }), RangeError, "momentum null must lie in [0, 1]"],
  [() => new nn.LocalResponseNorm(2).call(ones([2, 2])), TypeError, "it must be [batch, channels, ...]"],
  [() => new nn.LocalResponseNorm(2, { alpha: NaN }), RangeError, "alpha NaN must be a finite number"],
  [() => new nn.ELU(given({ alfa: 1 })), TypeError, "there is no option alfa; did you mean alpha?"],
  [() => new nn.ELU({ alpha: given("1") }), TypeError, 'Cannot make ELU: alpha "1" must be a number'],
  [() => new nn.ELU(given(3)), TypeError, "Cannot make ELU: options 3, they must be an object"],
  [() => new nn.ELU({ alpha: NaN }), RangeError, "Cannot make ELU: alpha NaN must be a number"],
  [() => new nn.CELU({ alpha: 0 }), RangeError, "Cannot make CELU: alpha 0 must differ from 0"],
  [() => new nn.Hardtanh({ min: 2 }), RangeError, "Cannot make Hardtanh: min 2 must be less than max 1"],
  [() => new nn.Softshrink({ lambda: -1 }), RangeError, "lambda -1 must not be negative"],
  [() => new nn.GELU({ approximate: given("erf") }), RangeError, 'approximate "erf" must be "none" or "tanh"'],
  [() => new nn.RReLU({ lower: 1, upper: 0 }), RangeError, "lower 1 must not exceed upper 0"],
  [() => new nn.Threshold(given(undefined), 0), RangeError, "Cannot make Threshold: threshold undefined"],
  [() => new nn.Softmin(0.5), RangeError, "Cannot make Softmin: axis 0.5 must be an integer"],
  [() => new nn.Softmax2d().call(ones([2, 2])), TypeError, "Cannot apply Softmax2d: input of shape [2, 2]"],
  [() => new nn.GLU().call(ones([3])), TypeError, "must have an even length"],
  [() => new nn.PReLU({ numParameters: 3 }).call(ones([2, 2])), TypeError, "weight of shape [3]"],
  [() => new nn.Activation(given("relu")), TypeError, 'Cannot make Activation: "relu", it must be a function'],
  [() => new nn.Embedding(3, 2, { paddingIndex: 3 }), RangeError, "paddingIndex 3 must lie in [-3, 3)"],
  [() => new nn.Embedding(3, 2, { maxNorm: -1 }), RangeError, "maxNorm -1 must lie in"],
  [() => new nn.Embedding(3, 2, { normType: 0 }), RangeError, "normType 0 must be a number above 0"],
  [() => new nn.Embedding(3, 2, given({ sparse: true })), TypeError, "there is no option sparse"],
  [() => new nn.Embedding(3, 2, { weight: ones([2, 3]) }), TypeError, "weight of shape [2, 3], it must be [3, 2]"],
  [() => new nn.Embedding(3, 2).call(ones([2])), TypeError, "indices of type float32 must be integers"],
  [() => nn.Embedding.fromPretrained(ones([2])), TypeError, "it must be [numEmbeddings, embeddingDim]"],
  [() => nn.Embedding.fromPretrained(given([[1]])), TypeError, "a list, it must be a tensor of rows"],
  [() => nn.Embedding.fromPretrained(ones([1, 1]), given({ freez: true })), TypeError, "there is no option freez"],
  [() => new nn.EmbeddingBag(3, 2, { mode: given("avg") }), RangeError, 'mode "avg" must be sum, mean or max'],
  [() => new nn.EmbeddingBag(3, 2, { mode: "max", scaleGradByFreq: true }), RangeError, "is not for mode max"],
  [() => new nn.EmbeddingBag(3, 2).call(tensor(Int32Array.of(1))), TypeError, "offsets must be given"],
  [() => new nn.Bilinear(2, 3, 1).call(ones([2]), ones([2])), TypeError, "its last axis must be 3"],
  [() => new nn.Bilinear(2, 3, 1).call(ones([2, 2]), ones([3, 3])), TypeError, "inputs of shapes [2] and [3]"],
  [() => new nn.CosineSimilarity().call(ones([2]), ones([2])), RangeError, "axis 1 must lie in"],
  [() => new nn.PairwiseDistance({ p: NaN }), RangeError, "p NaN must be a number"],
  [() => new nn.ReflectionPad2d([1, 2]), TypeError, "it must be a padding of one width or of 4"],
  [() => new nn.ReflectionPad1d(2).call(ones([1, 2])), RangeError, "must be at most 1 in mode reflect"],
  [() => new nn.ConstantPad1d(0.5, 1), RangeError, "padding 0.5 must be an integer"],
  [() => new nn.ConstantPad1d(1, given(undefined)), RangeError, "value undefined must be a finite number"],
  [() => new nn.ZeroPad2d(1).call(ones([2])), TypeError, "it must have 2 axes or more"],
  [() => new nn.CircularPad2d(1).call(ones([2])), TypeError, "it must be [batch, channels, height, width]"],
  [() => new nn.Upsample(), TypeError, "one of size and scaleFactor must be given"],
  [() => new nn.Upsample({ scaleFactor: [2, NaN] }), RangeError, "must be a positive number, or one for each axis"],
  [() => new nn.Upsample({ scaleFactor: 2, mode: given("cubic") }), RangeError, 'mode "cubic" must be one of'],
  [() => new nn.Upsample({ scaleFactor: 2, alignCorners: true }), RangeError, "alignCorners is not for mode nearest"],
  [() => new nn.Upsample({ scaleFactor: 2 }).call(ones([2, 2])), TypeError, "it must be [batch, channels, ...]"],
  [() => new nn.UpsamplingNearest2d(given({ mode: "linear" })), TypeError, "there is no option mode"],
  [() => new nn.Unflatten(0.5, [1]), RangeError, "axis 0.5 must be an integer"],
  [() => new nn.Unflatten(0, []), TypeError, "it must be a list of one length or more"],
  [() => new nn.Flatten(NaN), RangeError, "Cannot make Flatten: startAxis NaN must be an integer"],
  [() => new nn.Dropout1d().call(ones([2])), TypeError, "it must be [batch, channels, length] or [channels, length]"],
  [() => new nn.FeatureAlphaDropout().call(ones([2])), TypeError, "it must be [batch, channels, ...]"],
];
forEachDevice("layers refuse what is wrong by its text", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text, text);
}, { parameters: true });

forEachDevice("ConvTranspose2d undoes the shape of any convolution that it is told", () => {
  const down = new nn.Conv2d(1, 2, 3, { stride: 2, padding: 1 });
  const up = new nn.ConvTranspose2d(2, 1, 3, { stride: 2, padding: 1 });
  for (const size of [[7, 8], [8, 7]]) {
    const x = ones([1, 1, ...size]), small = down.call(x);
    assertEquals(up.call(small, x.shape).shape, x.shape);
    assertEquals(up.call(small, size).shape, x.shape);
  }
}, { parameters: true });

forEachDevice("BatchNorm2d keeps its statistics where it refuses, and counts batches without a momentum", () => {
  const norm = new nn.BatchNorm2d(2, { momentum: null });
  assertThrows(() => norm.call(zeros([1, 2, 1, 1])), TypeError);
  assertExact([norm.numBatchesTracked!.item(), values(norm.runningMean!)], [0, [0, 0]]);
  norm.call(ones([2, 2, 1, 1]));
  norm.call(ones([2, 2, 1, 1]).mul(3));
  assertExact([norm.numBatchesTracked!.item(), values(norm.runningMean!)], [2, [2, 2]]);
  assertEquals(Object.keys(norm.stateDict()), ["weight", "bias", "runningMean", "runningVar", "numBatchesTracked"]);
}, { parameters: true });

/** Dropouts with an input of ones: which axes share their noise, and what is dropped becomes. */
const dropouts: [make: (p: number) => nn.DropoutLayer, shape: number[], shared: number[]][] = [
  [(p) => new nn.Dropout(p), [40, 50], []],
  [(p) => new nn.Dropout1d(p), [40, 50, 3], [2]],
  [(p) => new nn.Dropout1d(p), [2000, 3], [1]],
  [(p) => new nn.Dropout2d(p), [40, 50, 2, 2], [2, 3]],
  [(p) => new nn.Dropout2d(p), [40, 50, 3], [2]],
  [(p) => new nn.Dropout3d(p), [40, 50, 2, 1, 2], [2, 3, 4]],
  [(p) => new nn.AlphaDropout(p), [40, 50], []],
  [(p) => new nn.FeatureAlphaDropout(p), [40, 50, 2, 2], [2, 3]],
];
forEachDevice(
  "dropouts drop whole channels, a share of them, keep gradients of the rest, and do nothing in evaluation",
  () => {
    for (const [make, shape, shared] of dropouts) {
      const layer = make(0.3),
        x = ones(shape, { requiresGrad: true }),
        y = layer.call(x),
        what = layer.constructor.name;
      y.sum().backward();
      assertEquals(y.shape, shape);
      // What is dropped has no gradient; all the rest has the same.
      const slope = Math.max(...values(x.grad!)), kept = x.grad!.greater(0);
      assertClose(values(x.grad!), values(kept.cast("float32").mul(slope)), { what });
      if (shared.length > 0) {
        assertExact(values(x.grad!.max({ axes: shared })), values(x.grad!.min({ axes: shared })), what);
      }
      const share = kept.cast("float32").mean().item();
      // Five standard deviations of the mean of 2000 draws.
      assertClose([share], [0.7], { relative: 0, absolute: 5 * Math.sqrt(0.21 / 2000), what });
      if (what.includes("Alpha")) {
        const least = -1.0507009873554805 * 1.6732632423543772, a = 1 / Math.sqrt((least ** 2 * 0.3 + 1) * 0.7);
        assertClose([slope, y.max().item(), y.min().item()], [a, a - a * least * 0.3, a * least - a * least * 0.3], {
          what,
        });
      } else assertClose([slope, y.max().item(), y.min().item()], [1 / 0.7, 1 / 0.7, 0], { what });
      assertEquals(values(make(1).call(x)).every((value) => value === 0), true, what);
      assertEquals([make(0).call(x) === x, layer.eval().call(x) === x], [true, true], what);
    }
  },
);

forEachDevice("dropouts and RReLU draw anew at each replay, as they do eagerly", () => {
  const makers = [...dropouts, [() => new nn.RReLU(), [40, 50], []] as const];
  for (const [make, shape] of makers) {
    const layer = make(0.5), x = ones([...shape]).neg(), step = capture((x: Tensor) => layer.call(x));
    const twice = (run: (x: Tensor) => Tensor) => {
      manualSeed(3);
      return [values(run(x)), values(run(x))];
    };
    const captured = twice(step), eager = twice((x) => layer.call(x));
    assertExact(captured, eager);
    assertEquals(captured[0]!.join() === captured[1]!.join(), false);
    step[Symbol.dispose]();
  }
});

forEachDevice("RReLU draws slopes between its bounds", () => {
  const y = new nn.RReLU({ lower: 0.25, upper: 0.75 }).call(full([2000], -1));
  assertEquals([y.min().item() >= -0.75, y.max().item() <= -0.25], [true, true]);
  // Five standard deviations of the mean of uniform numbers.
  assertClose([y.mean().item()], [-0.5], { relative: 0, absolute: 5 * 0.5 / Math.sqrt(12 * 2000) });
});

forEachDevice("Embedding starts with zeros for padding, and trains pretrained rows only where it is told", () => {
  assertExact(values(new nn.Embedding(3, 2, { paddingIndex: 1 }).weight.at(1)), [0, 0]);
  const rows = ones([3, 2]), frozen = nn.Embedding.fromPretrained(rows, { paddingIndex: 0 });
  assertEquals([frozen.weight.requiresGrad, frozen.paddingIndex], [false, 0]);
  const layer = nn.EmbeddingBag.fromPretrained(rows, { freeze: false, mode: "sum" });
  assertEquals([layer.weight.requiresGrad, layer.mode], [true, "sum"]);
  layer.weight.data = zeros([3, 2]);
  assertExact(values(rows), [1, 1, 1, 1, 1, 1]);
  const indices = tensor(Int32Array.of(0, 3));
  assertThrows(() => values(frozen.call(indices)), RangeError);
}, { parameters: true });

forEachDevice("layers of other types and places have parameters there", (device) => {
  const place = { dtype: "float64", device } as const;
  const made = [
    new nn.Conv1d(1, 1, 1, place),
    new nn.BatchNorm2d(1, place),
    new nn.LayerNorm(2, place),
    new nn.RMSNorm(2, place),
    new nn.GroupNorm(1, 1, place),
    new nn.Embedding(2, 2, place),
    new nn.Bilinear(1, 1, 1, place),
    new nn.PReLU(place),
  ];
  for (const layer of made) {
    for (const tensor of Object.values(layer.stateDict())) {
      assertEquals([tensor.dtype, tensor.device], ["float64", device]);
    }
  }
}, { parameters: true, on: ["reference", "cpu"] });

Deno.test("layers say what they are", () => {
  const said = [
    new nn.Conv2d(3, 8, 3, { stride: [2, 1], groups: 1, bias: false }),
    new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    new nn.AdaptiveAvgPool2d([null, 4]),
    new nn.LPPool1d(2, 3),
    new nn.BatchNorm2d(4),
    new nn.LayerNorm([2, 3]),
    new nn.GroupNorm(2, 4),
    new nn.ELU({ alpha: 2 }),
    new nn.ReLU(),
    new nn.GLU(),
    new nn.Embedding(5, 2, { paddingIndex: -1 }),
    new nn.Upsample({ scaleFactor: 2 }),
    new nn.ZeroPad1d(2),
    new nn.Dropout2d(0.25),
  ];
  assertEquals(said.map(String), [
    "Conv2d(3, 8, [3, 3], stride: [2, 1], bias: false)",
    "MaxPool2d([3, 3], stride: [2, 2], padding: [1, 1])",
    "AdaptiveAvgPool2d([null, 4])",
    "LPPool1d(2, [3])",
    "BatchNorm2d(4)",
    "LayerNorm([2, 3])",
    "GroupNorm(2, 4)",
    "ELU(alpha: 2)",
    "ReLU()",
    "GLU(axis: -1)",
    "Embedding(5, 2, paddingIndex: 4)",
    "Upsample(scaleFactor: 2, mode: nearest)",
    "ZeroPad1d([2, 2])",
    "Dropout2d(0.25)",
  ]);
});

forEachDevice("layers in halves are near those in float32, and give halves", () => {
  const x = numbers(3, [2, 2, 4, 4], "float32");
  for (const make of [() => new nn.Conv2d(2, 2, 3), () => new nn.MaxPool2d(2), () => new nn.AvgPool2d(2)]) {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const layer: nn.Module<[Tensor]> = make(), wide = layer.call(x), half = layer.cast(dtype).call(x.cast(dtype));
      assertEquals(half.dtype, dtype);
      // An element of bfloat16 has 8 bits; a convolution sums 18 products of up to 2.
      assertClose(values(half), values(wide), { relative: 2 ** -6, absolute: 0.06 });
    }
  }
  for (const momentum of [0.1, null]) {
    const norm = new nn.BatchNorm2d(2, { momentum }).cast("float16");
    assertEquals(norm.call(x.cast("float16")).dtype, "float16");
    assertEquals(norm.runningMean!.dtype, "float16");
    const share = momentum ?? 1, mean = values(x.mean({ axes: [0, 2, 3] }).mul(share));
    assertClose(values(norm.runningMean!), mean, { relative: 2 ** -10, absolute: 1e-4 });
  }
}, { parameters: true, on: ["cpu", "wasm", "reference"] });
