/** Softmax, its logarithm, and the logarithm of a sum of exponentials. */
import { LogSumExp, tensor } from "../../mod.ts";
import { assertClose, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("softmax", {
  Softmax: { f: (a) => a.softmax(-1), inputs: [m], ulps: 16 },
  LogSoftmax: { f: (a) => a.logSoftmax(0), inputs: [m], ulps: 16 },
  LogSumExp: { f: (a) => new LogSumExp().call(a), inputs: [m], ulps: 16 },
});

forEachDevice("logarithms of softmax keep their digits where one element leads by far", () => {
  // ln(1 + (3 + 1/e) e^-16) and its slopes, by mpmath.
  const tail = 3.7900482952328954e-7, x = tensor([[16, 0, 0, 0, -1]], { requiresGrad: true });
  const y = x.logSoftmax(-1);
  assertClose(values(y), [-tail, ...[-16, -16, -16, -17].map((below) => below - tail)], {
    relative: 1e-6,
    absolute: 0,
  });
  y.mul(tensor([[-1, 0, 0, 0, 0]])).sum().backward();
  const slopes = values(x.grad!);
  assertClose(slopes.slice(0, 2), [-3.7900475770096821e-7, 1.1253513206789249e-7], { relative: 1e-6, absolute: 0 });
  assertClose(values(new LogSumExp().call(tensor([[0, -16, -16, -16, -17]]))), [tail], { relative: 1e-6, absolute: 0 });
});

forEachDevice("log-sum-exp of ties and infinities", () => {
  const rows = [[3, 3, 3, 3], [Infinity, 0, 0, 0], [-Infinity, -Infinity, -Infinity, -Infinity], [NaN, 0, 1, 2]];
  const found = values(new LogSumExp().call(tensor(rows)));
  assertClose(found, [3 + Math.log(4), Infinity, -Infinity, NaN], { relative: 1e-6, absolute: 0 });
});
