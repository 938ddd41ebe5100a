/** Windows of neighbouring elements: views of them, convolutions, sums and maxima. */
import { ones, ops, tensor, zeros } from "../../mod.ts";
import { assertEquals, assertThrowsLike, forEachDevice } from "../support.ts";
import { testOps } from "./agreement.ts";

const plane = { step: [1, 2], before: [1, 0], dilation: [1, 1], groups: 1 };
const window = { size: 3, step: 2, dilation: 1, before: 1, count: 3 };

testOps("windows", {
  Unfold: { f: (a) => a.unfold(0, 3, 1), inputs: [[5, 2]] },
  "Unfold, apart": { f: (a) => a.unfold(-1, 2, 2), inputs: [[2, 5]] },
  "Unfold, dilated": { f: (a) => new ops.Unfold(0, 2, 1, 2).call(a), inputs: [[5]] },
  WindowSum: { f: (a) => new ops.WindowSum(0, window).call(a), inputs: [[5, 2]] },
  "WindowSum, one window": { f: (a) => new ops.WindowSum(1, { ...window, count: 1 }).call(a), inputs: [[2, 3]] },
  MaxPool: { f: (a) => a.maxPool2d([2, 3], { stride: 1, padding: [0, 1] }), inputs: [[1, 3, 4]] },
  WindowChoice: {
    f: (a) => {
      const places = tensor(Int32Array.of(1, 0, 2), { device: a.device });
      return new ops.WindowChoice([window], [5]).call(a, places);
    },
    inputs: [[5]],
  },
  Convolution: {
    f: (a, b) => new ops.Convolution(plane, [4, 2]).call(a, b),
    inputs: [[2, 2, 3, 4], [3, 2, 2, 2]],
    ulps: 16,
  },
  "Convolution, depthwise": {
    f: (a, b) => a.conv1d(b, { groups: 2, padding: 1 }),
    inputs: [[1, 2, 4], [4, 1, 3]],
    ulps: 16,
  },
  ConvolutionTranspose: {
    f: (a, b) => new ops.ConvolutionTranspose(plane, [3, 4]).call(a, b),
    inputs: [[1, 3, 4, 2], [3, 2, 2, 2]],
    ulps: 32,
  },
  "ConvolutionTranspose, steps of one": {
    f: (a, b) => a.convTranspose1d(b, { dilation: 2, padding: 1 }),
    inputs: [[1, 2, 4], [2, 2, 3]],
    ulps: 32,
  },
});

testOps("places in windows", {
  ArgMaxPool: { f: (a) => new ops.ArgMaxPool([window]).call(a), inputs: [[2, 5]], order: 0 },
});

/** Calls that are refused, and the messages. */
const refusals: readonly [call: () => unknown, error: RegExp][] = [
  [
    () => zeros([3]).unfold(0, 4, 1),
    /^RangeError: Cannot unfold: windows of 4 places do not fit into an axis of length 3/,
  ],
  [() => zeros([3]).unfold(1, 1, 1), /^RangeError: Cannot unfold: axis 1 must lie in \[-1, 1\)/],
  [() => zeros([3]).unfold(0, 1, 0), /^RangeError: Cannot unfold: step 0 must be an integer of at least 1/],
  [() => zeros([1, 2, 3]).conv1d(zeros([1, 3, 1])), /^TypeError: Cannot conv1d: shapes \[1, 2, 3\] and \[1, 3, 1\]/],
  [() => zeros([1, 1, 3]).conv1d(zeros([1, 1, 4])), /^RangeError: Cannot conv1d: a kernel over 4 places is longer/],
  [() => zeros([3, 3]).conv2d(zeros([1, 1, 1, 1])), /^TypeError: Cannot conv2d: tensor \[3, 3\] must have 3 or 4 axes/],
  [
    () => zeros([1, 1, 3]).conv1d(zeros([1, 1, 2]), { padding: "same", stride: 2 }),
    /^RangeError: Cannot conv1d: padding "same" is for strides of 1/,
  ],
  [() => zeros([1, 1, 3]).conv1d(zeros([1, 1, 2]), { strides: 2 } as object), /did you mean stride\?/],
  [
    () => zeros([1, 1, 3]).conv1d(zeros([2, 1, 2]), { bias: zeros([3]) }),
    /^TypeError: Cannot conv1d: bias \[3\] must be \[2\]/,
  ],
  [
    () => zeros([1, 1, 3]).convTranspose1d(zeros([1, 1, 2]), { outputPadding: 1 }),
    /^RangeError: Cannot convTranspose1d: outputPadding 1 must be smaller/,
  ],
  [() => zeros([1, 2, 2]).maxPool2d(3), /^RangeError: Cannot maxPool2d: windows of 3 places do not fit/],
  [() => zeros([1, 2, 2]).maxPool2d(2, { padding: 2 }), /^RangeError: Cannot maxPool2d: padding 2 is more than half/],
  [
    () => zeros([1, 2, 2]).avgPool2d([1, 1, 1]),
    /^TypeError: Cannot avgPool2d: size a list has 3 numbers, it must have 2/,
  ],
  [() => zeros([1, 3, 2, 2]).pixelShuffle(2), /^TypeError: Cannot pixelShuffle: 3 channels must be a multiple of 4/],
  [() => zeros([1, 1, 3]).interpolate({}), /^TypeError: Cannot interpolate: one of size and scale must be given/],
  [
    () => zeros([1, 1, 3]).interpolate({ size: 2, mode: "bilinear" }),
    /^TypeError: Cannot interpolate: tensor \[1, 1, 3\]/,
  ],
];

forEachDevice("windows that do not fit are refused", () => {
  for (const [call, error] of refusals) assertThrowsLike(call, error);
}, { on: ["reference"] });

forEachDevice("a view of windows shares its elements", () => {
  const x = tensor([1, 2, 3, 4]), windows = x.unfold(0, 2, 1);
  assertEquals(windows.toArray(), [[1, 2], [2, 3], [3, 4]]);
  assertEquals(windows.array.storage, x.array.storage);
});

forEachDevice("a batch whose columns are many is convolved in parts", () => {
  const length = 2 ** 18,
    x = ones([3, 1, length + 63], { requiresGrad: true }),
    w = ones([1, 1, 64], { requiresGrad: true });
  const y = x.conv1d(w);
  assertEquals([y.min().item(), y.max().item(), y.shape], [64, 64, [3, 1, length]]);
  y.sum().backward();
  assertEquals([w.grad!.min().item(), w.grad!.max().item()], [3 * length, 3 * length]);
  assertEquals(x.grad!.at("2, 0").at(":3").toArray(), [1, 2, 3]);
}, { on: ["cpu"] });
