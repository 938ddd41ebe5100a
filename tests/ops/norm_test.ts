/** Normalization of layers and batches. */
import { full, InverseDeviation, nn, Normalize, NormalizeScaleShift, ones, tensor, zeros } from "../../mod.ts";
import { assertClose, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const column = [2, 1], row = [3];

testOps("norm", {
  NormalizeScaleShift: {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [1] }).call(a, b, c),
    inputs: [[4, 3], row, row],
    ulps: 256,
  },
  "NormalizeScaleShift of columns": {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [0, 2] }).call(a, b, c),
    inputs: [[3, 2, 4], column, column],
    ulps: 256,
  },
  "NormalizeScaleShift by unlike weights": {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [0] }).call(a, b, c),
    inputs: [[4, 3], [4, 1], row],
    ulps: 256,
  },
  Normalize: { f: (a) => new Normalize({ axes: [0] }).call(a), inputs: [[4, 3]], ulps: 256 },
  InverseDeviation: { f: (a) => new InverseDeviation({ axes: [1] }).call(a), inputs: [[2, 5]], ulps: 64 },
});

forEachDevice("equal elements are normalised to zeros, and their gradient to that of the mean", () => {
  const none = { relative: 0, absolute: 0 };
  for (const [shape, axes] of [[[4, 768], [1]], [[33, 70], [0]], [[6, 3, 50], [0, 2]], [[3000], [0]]] as const) {
    const x = full([...shape], 12345.678, { requiresGrad: true });
    const y = new NormalizeScaleShift({ axes }).call(x, ones([1]), zeros([1]));
    assertClose(values(y), values(y).map(() => 0), none);
    assertClose(values(new Normalize({ axes }).call(x)), values(y).map(() => 0), none);
    // The slope of the sum is 0 whatever the elements are.
    y.sum().backward();
    assertClose(values(x.grad!), values(y).map(() => 0), { relative: 0, absolute: 1e-3 });
  }
});

forEachDevice("a norm beside a large mean keeps the digits of the deviations", () => {
  const x = tensor(Float32Array.from({ length: 4 * 5000 }, (_, k) => 1e4 + k % 2)).reshape([4, 5000]);
  const expected = Array.from({ length: x.size }, (_, k) => (k % 2 - 0.5) / Math.sqrt(0.25 + 1e-5));
  assertClose(values(new Normalize({ axes: [1] }).call(x)), expected, { relative: 1e-5, absolute: 0 });
});

forEachDevice("batch norm in evaluation subtracts a large mean before it scales", () => {
  const norm = new nn.BatchNorm1d(2);
  norm.runningMean!.data = full([2], 12345.678);
  norm.runningVar!.data = zeros([2]);
  norm.eval();
  assertClose(values(norm.call(full([3, 2], 12345.678))), [0, 0, 0, 0, 0, 0], { relative: 0, absolute: 0 });
}, { parameters: true });
