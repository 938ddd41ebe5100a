/** The layers of `fixtures/layers.json` by their names there. */
import { nn, type Tensor } from "../../mod.ts";

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

/** The makers of all layers, in the groups of the fixture. */
export const layers: Record<string, Record<string, () => Layer>> = {
  convolutions,
  pools,
  "batch norms": batchNorms,
};
