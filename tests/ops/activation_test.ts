/** Activations of layers, and dropout. */
import { DropoutOp } from "../../mod.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("activation", {
  ReLU: { f: (a) => a.relu(), inputs: [m] },
  Sigmoid: { f: (a) => a.sigmoid(), inputs: [m] },
  GELU: { f: (a) => a.gelu(), inputs: [m], ulps: 16 },
  DropoutOp: { f: (a) => new DropoutOp(0.4).call(a, a.detach().abs().mod(1)), inputs: [m], ulps: 8 },
  "GELU far out": { f: (a) => a.mul(3).gelu(), inputs: [m], ulps: 64 },
});
