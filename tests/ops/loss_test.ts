/** Losses. */
import { BinaryCrossEntropy, BinaryCrossEntropyWithLogits, CrossEntropy, tensor } from "../../mod.ts";
import { assertClose, forEachDevice, values } from "../support.ts";
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

/** Values of mpmath for the logits [lead, 0, 0, 0, -1]: the loss of the first class and two of its slopes. */
const leads: readonly (readonly [lead: number, loss: number, ofFirst: number, ofSecond: number])[] = [
  [12, 2.0692752370488605e-5, -2.0692538276965002e-5, 6.1440852139789067e-6],
  [16, 3.7900482952328954e-7, -3.7900475770096821e-7, 1.1253513206789249e-7],
  [30, 3.1515346014985534e-13, -3.1515346014980568e-13, 9.3576229688372255e-14],
  [80, 6.078521883494319e-35, -6.078521883494319e-35, 1.8048513878454152e-35],
];

forEachDevice("cross entropy keeps its digits where the right class leads by far", () => {
  for (const [lead, loss, ofFirst, ofSecond] of leads) {
    for (const base of [0, 1000]) {
      const row = [lead, 0, 0, 0, -1].map((logit) => logit + base);
      const x = tensor([row, row, row], { requiresGrad: true });
      const y = new CrossEntropy().call(x, tensor(new Int32Array([0, 0, 1])));
      y.at(":2").sum().backward();
      // Exponents of up to 80 have errors of 2^-18.
      assertClose(values(y), [loss, loss, loss + lead], { relative: 1e-6, absolute: 0 });
      const slopes = values(x.grad!);
      assertClose([slopes[0]!, slopes[1]!, slopes[10]!], [ofFirst, ofSecond, 0], { relative: 1e-6, absolute: 0 });
    }
  }
});

forEachDevice("cross entropy of equal, infinite and far logits", () => {
  const x = tensor([[2, 2, 2], [-Infinity, 0, 0], [1e4, 1e4, -1e6], [0, 300, 0]]);
  const y = new CrossEntropy().call(x, tensor(new Int32Array([1, 2, 2, 0])));
  assertClose(values(y), [Math.log(3), Math.log(2), 1.01e6, 300], { relative: 1e-6, absolute: 0 });
});

forEachDevice("the gradient of binary cross entropy keeps the digits of a right answer", () => {
  const x = tensor([12, 20, 60, -20, 20], { requiresGrad: true });
  const y = new BinaryCrossEntropyWithLogits().call(x, tensor([1, 1, 1, 0, 0.5]));
  const losses = [6.1441934777328054e-6, 2.0611536203143807e-9, 8.7565107626965203e-27, 2.0611536203143807e-9, 10];
  assertClose(values(y), losses, { relative: 1e-6, absolute: 0 });
  y.sum().backward();
  const slopes = [-6.1441746022147178e-6, -2.0611536181902036e-9, -8.7565107626965203e-27, 2.0611536181902036e-9, 0.5];
  assertClose(values(x.grad!), slopes, { relative: 1e-6, absolute: 0 });
});
