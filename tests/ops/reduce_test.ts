/** Sums, products, extremes and their places along axes. */
import { ops, tensor } from "../../mod.ts";
import { assertClose, assertStrictEquals, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("reduce", {
  Summation: { f: (a) => a.sum({ axes: [0] }), inputs: [m] },
  "Summation all": { f: (a) => a.sum(), inputs: [m] },
  Product: { f: (a) => a.prod({ axes: [1] }), inputs: [m] },
  Mean: { f: (a) => a.mean({ axes: [0] }), inputs: [m] },
  "Mean all": { f: (a) => a.mean(), inputs: [m] },
  Variance: { f: (a) => a.variance({ axes: [1] }), inputs: [m], ulps: 64 },
  "Variance all": { f: (a) => a.variance({ correction: 0, keepDims: true }), inputs: [m], ulps: 64 },
  SquaredDeviation: { f: (a) => new ops.SquaredDeviation({ axes: [1] }).call(a), inputs: [m], ulps: 64 },
  Max: { f: (a) => a.max({ axes: [1] }), inputs: [m] },
  Min: { f: (a) => a.min({ axes: [0], keepDims: true }), inputs: [m] },
  ArgMax: { f: (a) => a.argmax({ axis: 1 }), inputs: [m], order: 0 },
  ArgMin: { f: (a) => a.argmin(), inputs: [m], order: 0 },
});

forEachDevice("max shares its gradient among ties", () => {
  const x = tensor([2, 2, 1], { requiresGrad: true });
  x.max().backward();
  assertClose(values(x.grad!), [0.5, 0.5, 0]);
});

forEachDevice("argmax has no gradient", () => {
  assertStrictEquals(tensor([1, 2], { requiresGrad: true }).argmax().requiresGrad, false);
});
