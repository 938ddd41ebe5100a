/** Normalization of layers and batches. */
import { InverseDeviation, Normalize, NormalizeScaleShift } from "../../mod.ts";
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
