/** The layers of `fixtures/layers.json` by their names there. */
import { nn, type Tensor, tensor } from "../../mod.ts";

/** What a layer of the table takes, and what it gives. */
// deno-lint-ignore no-explicit-any -- the table calls each layer with the inputs that its line of the fixture names.
export type Layer = nn.Module<any[], Tensor | readonly Tensor[]>;

/** The second module of what the first one gives. */
class Chained extends nn.Module<[x: Tensor]> {
  readonly first: nn.Module<[Tensor], [Tensor, Tensor]>;
  readonly second: nn.Module<[Tensor, Tensor]>;

  constructor(first: nn.Module<[Tensor], [Tensor, Tensor]>, second: nn.Module<[Tensor, Tensor]>) {
    super();
    this.first = first;
    this.second = second;
  }

  override forward(x: Tensor): Tensor {
    return this.second.call(...this.first.call(x));
  }
}

const convolutions: Record<string, () => Layer> = {
  Conv1d: () => new nn.Conv1d(2, 3, 2),
  "Conv1d with options": () => new nn.Conv1d(4, 2, 3, { stride: 2, padding: 2, dilation: 2, groups: 2 }),
  "Conv1d same": () => new nn.Conv1d(2, 2, 4, { padding: "same", dilation: 2 }),
  "Conv1d circular": () => new nn.Conv1d(1, 2, 3, { padding: 2, paddingMode: "circular" }),
  "Conv1d of one sample": () => new nn.Conv1d(2, 1, 3, { padding: 1, bias: false }),
  Conv2d: () => new nn.Conv2d(2, 3, 3, { padding: 1 }),
  "Conv2d with options": () =>
    new nn.Conv2d(2, 2, [3, 2], { stride: [2, 1], padding: [0, 1], dilation: [1, 2], groups: 2 }),
  "Conv2d valid": () => new nn.Conv2d(1, 2, 2, { padding: "valid", bias: false }),
  "Conv2d same reflect": () => new nn.Conv2d(1, 1, [2, 3], { padding: "same", paddingMode: "reflect" }),
  "Conv2d replicate": () => new nn.Conv2d(1, 1, 3, { padding: [2, 1], paddingMode: "replicate", stride: 2 }),
  "Conv2d depthwise": () => new nn.Conv2d(2, 4, 2, { groups: 2, stride: 2 }),
  "Conv2d of one sample": () => new nn.Conv2d(1, 2, 1),
  Conv3d: () => new nn.Conv3d(1, 2, 2),
  "Conv3d with options": () => new nn.Conv3d(2, 2, [1, 2, 2], { stride: [1, 2, 1], padding: [1, 0, 1], groups: 2 }),
  ConvTranspose1d: () => new nn.ConvTranspose1d(2, 3, 2),
  "ConvTranspose1d with options": () =>
    new nn.ConvTranspose1d(4, 2, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2, dilation: 2 }),
  ConvTranspose2d: () => new nn.ConvTranspose2d(2, 1, 2, { stride: 2 }),
  "ConvTranspose2d with options": () =>
    new nn.ConvTranspose2d(2, 4, [3, 2], {
      stride: [2, 1],
      padding: [1, 0],
      outputPadding: [1, 0],
      groups: 2,
      bias: false,
    }),
  "ConvTranspose2d of one sample": () => new nn.ConvTranspose2d(1, 2, 2),
  ConvTranspose3d: () => new nn.ConvTranspose3d(1, 2, [1, 2, 2], { stride: [1, 2, 1] }),
};

const both = { returnIndices: true } as const;

const pools: Record<string, () => Layer> = {
  MaxPool1d: () => new nn.MaxPool1d(2),
  "MaxPool1d with options": () =>
    new nn.MaxPool1d(3, { stride: 2, padding: 1, dilation: 2, ceilMode: true, returnIndices: true }),
  MaxPool2d: () => new nn.MaxPool2d(2),
  "MaxPool2d with options": () =>
    new nn.MaxPool2d([3, 2], { stride: [2, 1], padding: [1, 0], ceilMode: true, returnIndices: true }),
  "MaxPool2d of one sample": () => new nn.MaxPool2d(2, { stride: 1 }),
  MaxPool3d: () => new nn.MaxPool3d(2, { stride: 1, returnIndices: true }),
  AvgPool1d: () => new nn.AvgPool1d(3, { stride: 2, padding: 1 }),
  "AvgPool1d without padding": () =>
    new nn.AvgPool1d(3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
  AvgPool2d: () => new nn.AvgPool2d(2),
  "AvgPool2d with options": () =>
    new nn.AvgPool2d([2, 3], { stride: [2, 1], padding: 1, ceilMode: true, divisorOverride: 4 }),
  AvgPool3d: () => new nn.AvgPool3d([2, 1, 2], { stride: 1, padding: [1, 0, 1], countIncludePad: false }),
  LPPool1d: () => new nn.LPPool1d(2, 3, { stride: 2, ceilMode: true }),
  LPPool2d: () => new nn.LPPool2d(4, 2),
  LPPool3d: () => new nn.LPPool3d(2, [1, 2, 2]),
  AdaptiveAvgPool1d: () => new nn.AdaptiveAvgPool1d(3),
  AdaptiveAvgPool2d: () => new nn.AdaptiveAvgPool2d([2, null]),
  "AdaptiveAvgPool2d to one": () => new nn.AdaptiveAvgPool2d(1),
  AdaptiveAvgPool3d: () => new nn.AdaptiveAvgPool3d([1, 2, 3]),
  AdaptiveMaxPool1d: () => new nn.AdaptiveMaxPool1d(3),
  AdaptiveMaxPool2d: () => new nn.AdaptiveMaxPool2d([null, 2]),
  AdaptiveMaxPool3d: () => new nn.AdaptiveMaxPool3d(2),
  MaxUnpool1d: () => new Chained(new nn.MaxPool1d(2, both), new nn.MaxUnpool1d(2)),
  MaxUnpool2d: () => new Chained(new nn.MaxPool2d(2, both), new nn.MaxUnpool2d(2)),
  MaxUnpool3d: () => new Chained(new nn.MaxPool3d([1, 2, 2], both), new nn.MaxUnpool3d([1, 2, 2])),
};

const batchNorms: Record<string, () => Layer> = {
  BatchNorm1d: () => new nn.BatchNorm1d(3),
  "BatchNorm1d cumulative": () => new nn.BatchNorm1d(2, { momentum: null }),
  "BatchNorm1d without statistics": () => new nn.BatchNorm1d(2, { trackRunningStats: false, eps: 0.1 }),
  BatchNorm2d: () => new nn.BatchNorm2d(2),
  "BatchNorm2d without a scale": () => new nn.BatchNorm2d(2, { affine: false, momentum: 0.4 }),
  "BatchNorm2d of one feature": () => new nn.BatchNorm2d(1, { momentum: null, affine: false }),
  BatchNorm3d: () => new nn.BatchNorm3d(2, { eps: 1e-3 }),
};

const norms: Record<string, () => Layer> = {
  LayerNorm: () => new nn.LayerNorm(4),
  "LayerNorm of two axes": () => new nn.LayerNorm([2, 3], { eps: 1e-3 }),
  "LayerNorm without a shift": () => new nn.LayerNorm(3, { bias: false }),
  "LayerNorm without a scale": () => new nn.LayerNorm(3, { elementwiseAffine: false }),
  RMSNorm: () => new nn.RMSNorm(4),
  "RMSNorm of two axes": () => new nn.RMSNorm([2, 3], { eps: 0.1 }),
  "RMSNorm without a scale": () => new nn.RMSNorm(3, { elementwiseAffine: false }),
  GroupNorm: () => new nn.GroupNorm(2, 4),
  "GroupNorm of images": () => new nn.GroupNorm(1, 2, { eps: 0.1 }),
  "GroupNorm without a scale": () => new nn.GroupNorm(3, 3, { affine: false }),
  "GroupNorm of rows": () => new nn.GroupNorm(2, 6),
  InstanceNorm1d: () => new nn.InstanceNorm1d(2),
  "InstanceNorm1d of one sample": () => new nn.InstanceNorm1d(2, { affine: true, trackRunningStats: true }),
  InstanceNorm2d: () => new nn.InstanceNorm2d(2, { affine: true, eps: 1e-3 }),
  "InstanceNorm2d with statistics": () => new nn.InstanceNorm2d(2, { trackRunningStats: true, momentum: 0.3 }),
  InstanceNorm3d: () => new nn.InstanceNorm3d(1, { affine: true, trackRunningStats: true }),
  LocalResponseNorm: () => new nn.LocalResponseNorm(3),
  "LocalResponseNorm with options": () => new nn.LocalResponseNorm(2, { alpha: 0.5, beta: 1.5, k: 2 }),
};

const activations: Record<string, () => Layer> = {
  ReLU: () => new nn.ReLU(),
  ReLU6: () => new nn.ReLU6(),
  LeakyReLU: () => new nn.LeakyReLU(),
  ELU: () => new nn.ELU(),
  SELU: () => new nn.SELU(),
  CELU: () => new nn.CELU(),
  Sigmoid: () => new nn.Sigmoid(),
  LogSigmoid: () => new nn.LogSigmoid(),
  Hardsigmoid: () => new nn.Hardsigmoid(),
  Tanh: () => new nn.Tanh(),
  Hardtanh: () => new nn.Hardtanh(),
  Tanhshrink: () => new nn.Tanhshrink(),
  GELU: () => new nn.GELU(),
  SiLU: () => new nn.SiLU(),
  Hardswish: () => new nn.Hardswish(),
  Mish: () => new nn.Mish(),
  Softplus: () => new nn.Softplus(),
  Softsign: () => new nn.Softsign(),
  Softshrink: () => new nn.Softshrink(),
  Hardshrink: () => new nn.Hardshrink(),
  Softmax2d: () => new nn.Softmax2d(),
  "LeakyReLU with options": () => new nn.LeakyReLU({ negativeSlope: 0.3 }),
  "ELU with options": () => new nn.ELU({ alpha: 0.7 }),
  "CELU with options": () => new nn.CELU({ alpha: 0.7 }),
  "Hardtanh with options": () => new nn.Hardtanh({ min: -0.5, max: 1.5 }),
  "GELU with options": () => new nn.GELU({ approximate: "tanh" }),
  "Softplus with options": () => new nn.Softplus({ beta: 2, threshold: 1 }),
  "Softshrink with options": () => new nn.Softshrink({ lambda: 0.7 }),
  "Hardshrink with options": () => new nn.Hardshrink({ lambda: 0.7 }),
  Threshold: () => new nn.Threshold(0.3, -7),
  PReLU: () => new nn.PReLU(),
  "PReLU of channels": () => new nn.PReLU({ numParameters: 3 }),
  RReLU: () => new nn.RReLU({ lower: 0.25, upper: 0.75 }).eval(),
  Softmax: () => new nn.Softmax(),
  "Softmax of an axis": () => new nn.Softmax(0),
  Softmin: () => new nn.Softmin(),
  "Softmin of an axis": () => new nn.Softmin(0),
  LogSoftmax: () => new nn.LogSoftmax(),
  "LogSoftmax of an axis": () => new nn.LogSoftmax(0),
  GLU: () => new nn.GLU(),
  "GLU of an axis": () => new nn.GLU(1),
};

/** Bags of rows that these offsets divide. */
class Offsets extends nn.Module<[x: Tensor]> {
  readonly bag: nn.EmbeddingBag;
  readonly #offsets: readonly number[];

  constructor(bag: nn.EmbeddingBag, offsets: readonly number[]) {
    super();
    this.bag = bag;
    this.#offsets = offsets;
  }

  override forward(x: Tensor): Tensor {
    return this.bag.call(x, tensor(Int32Array.from(this.#offsets)));
  }
}

/** Bags of rows with factors. */
class Weighted extends nn.Module<[x: Tensor, weights: Tensor]> {
  readonly bag = new nn.EmbeddingBag(4, 2, { mode: "sum", paddingIndex: 0 });

  override forward(x: Tensor, weights: Tensor): Tensor {
    return this.bag.call(x, null, weights);
  }
}

const modes = ["sum", "mean", "max"] as const;
const tables: Record<string, () => Layer> = {
  Embedding: () => new nn.Embedding(4, 2),
  "Embedding with padding": () => new nn.Embedding(4, 2, { paddingIndex: -2 }),
  "Embedding with a norm": () => new nn.Embedding(4, 3, { maxNorm: 1.5 }),
  "Embedding with another norm": () => new nn.Embedding(4, 3, { maxNorm: 1, normType: 1 }),
  "Embedding by frequency": () => new nn.Embedding(4, 2, { scaleGradByFreq: true }),
  ...Object.fromEntries(modes.flatMap((mode): [string, () => Layer][] => [
    [`EmbeddingBag ${mode}`, () => new nn.EmbeddingBag(4, 2, { mode })],
    [`EmbeddingBag ${mode} with padding`, () => new nn.EmbeddingBag(4, 2, { mode, paddingIndex: 1 })],
    [`EmbeddingBag ${mode} with offsets`, () => new Offsets(new nn.EmbeddingBag(4, 2, { mode }), [0, 2, 2])],
  ])),
  "EmbeddingBag with the last offset": () =>
    new Offsets(new nn.EmbeddingBag(4, 2, { includeLastOffset: true }), [0, 2, 5]),
  "EmbeddingBag with weights": () => new Weighted(),
  "EmbeddingBag with a norm by frequency": () =>
    new nn.EmbeddingBag(4, 2, { maxNorm: 1, scaleGradByFreq: true, mode: "sum" }),
};

const pairs: Record<string, () => Layer> = {
  Bilinear: () => new nn.Bilinear(2, 3, 4),
  "Bilinear without bias": () => new nn.Bilinear(2, 1, 3, { bias: false }),
  "Bilinear of vectors": () => new nn.Bilinear(2, 3, 2),
  CosineSimilarity: () => new nn.CosineSimilarity(),
  "CosineSimilarity of an axis": () => new nn.CosineSimilarity({ axis: -1 }),
  PairwiseDistance: () => new nn.PairwiseDistance(),
  "PairwiseDistance with options": () => new nn.PairwiseDistance({ p: 1, eps: 0.1, keepDims: true }),
};

const images: Record<string, () => Layer> = {
  ConstantPad1d: () => new nn.ConstantPad1d([1, 2], 1.5),
  ZeroPad1d: () => new nn.ZeroPad1d([1, 2]),
  ReflectionPad1d: () => new nn.ReflectionPad1d([1, 2]),
  ReplicationPad1d: () => new nn.ReplicationPad1d([1, 2]),
  CircularPad1d: () => new nn.CircularPad1d([1, 2]),
  ConstantPad2d: () => new nn.ConstantPad2d([1, 2, 0, 1], 1.5),
  ZeroPad2d: () => new nn.ZeroPad2d([1, 2, 0, 1]),
  ReflectionPad2d: () => new nn.ReflectionPad2d([1, 2, 0, 1]),
  ReplicationPad2d: () => new nn.ReplicationPad2d([1, 2, 0, 1]),
  CircularPad2d: () => new nn.CircularPad2d([1, 2, 0, 1]),
  ConstantPad3d: () => new nn.ConstantPad3d([1, 0, 2, 1, 1, 1], 1.5),
  ZeroPad3d: () => new nn.ZeroPad3d([1, 0, 2, 1, 1, 1]),
  ReflectionPad3d: () => new nn.ReflectionPad3d([1, 0, 2, 1, 1, 1]),
  ReplicationPad3d: () => new nn.ReplicationPad3d([1, 0, 2, 1, 1, 1]),
  CircularPad3d: () => new nn.CircularPad3d([1, 0, 2, 1, 1, 1]),
  "ZeroPad2d that crops": () => new nn.ZeroPad2d([-1, 2, 1, -1]),
  "ReflectionPad2d of one sample": () => new nn.ReflectionPad2d(1),
  "Upsample nearest": () => new nn.Upsample({ scaleFactor: 2 }),
  "Upsample linear": () => new nn.Upsample({ size: 5, mode: "linear" }),
  "Upsample bilinear": () => new nn.Upsample({ scaleFactor: [1.5, 2], mode: "bilinear" }),
  "Upsample recomputed": () => new nn.Upsample({ scaleFactor: 1.7, mode: "bilinear", recomputeScaleFactor: true }),
  "Upsample bicubic": () => new nn.Upsample({ size: [3, 4], mode: "bicubic", alignCorners: true }),
  "Upsample trilinear": () => new nn.Upsample({ scaleFactor: 2, mode: "trilinear", alignCorners: true }),
  UpsamplingNearest2d: () => new nn.UpsamplingNearest2d({ size: [3, 4] }),
  UpsamplingBilinear2d: () => new nn.UpsamplingBilinear2d({ scaleFactor: 2 }),
  PixelShuffle: () => new nn.PixelShuffle(2),
  PixelUnshuffle: () => new nn.PixelUnshuffle(2),
  ChannelShuffle: () => new nn.ChannelShuffle(2),
  Unfold: () => new nn.Unfold(2),
  "Unfold with options": () => new nn.Unfold([1, 2], { dilation: 2, padding: [0, 1], stride: 2 }),
  Fold: () => new nn.Fold([3, 3], 2),
  "Fold with options": () => new nn.Fold([3, 4], [1, 2], { dilation: 2, padding: [0, 1], stride: 2 }),
  Unflatten: () => new nn.Unflatten(1, [2, -1]),
};

/** The makers of all layers, in the groups of the fixture. */
export const layers: Record<string, Record<string, () => Layer>> = {
  convolutions,
  pools,
  "batch norms": batchNorms,
  norms,
  activations,
  tables,
  pairs,
  images,
};
