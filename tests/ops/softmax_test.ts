/** Softmax, its logarithm, and the logarithm of a sum of exponentials. */
import { LogSumExp } from "../../mod.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("softmax", {
  Softmax: { f: (a) => a.softmax(-1), inputs: [m], ulps: 16 },
  LogSoftmax: { f: (a) => a.logSoftmax(0), inputs: [m], ulps: 16 },
  LogSumExp: { f: (a) => new LogSumExp().call(a), inputs: [m], ulps: 16 },
});
