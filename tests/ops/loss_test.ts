/** Losses. */
import { BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CrossEntropy, tensor } from "../../mod.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("loss", {
  CrossEntropy: { f: (a) => new CrossEntropy().call(a, tensor(new Int32Array([2, 0]))), inputs: [m], ulps: 32 },
  BinaryCrossEntropy: {
    f: (a, b) => new BinaryCrossEntropy().call(a.sigmoid(), b.sigmoid()),
    inputs: [m, m],
    ulps: 64,
  },
  BinaryCrossEntropyWithLogits: {
    f: (a, b) => new BinaryCrossEntropyWithLogits().call(a, b),
    inputs: [m, m],
    ulps: 64,
  },
});
