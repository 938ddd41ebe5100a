/** Ops with kinks or steps: rounding, signs, clipping, and the larger or smaller of two. */
import { tensor } from "../../mod.ts";
import { assertClose, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("steps", {
  Abs: { f: (a) => a.abs(), inputs: [m] },
  Sign: { f: (a) => a.sign(), inputs: [m] },
  Floor: { f: (a) => a.floor(), inputs: [m] },
  Ceil: { f: (a) => a.ceil(), inputs: [m] },
  Round: { f: (a) => a.round(), inputs: [m] },
  Clip: { f: (a) => a.clip(-1, 0.7), inputs: [m] },
  Maximum: { f: (a, b) => a.maximum(b), inputs: [m, m] },
  Minimum: { f: (a, b) => a.minimum(b), inputs: [m, m] },
});

forEachDevice("abs and relu have no gradient at 0", () => {
  const z = tensor([0], { requiresGrad: true });
  z.abs().add(z.relu()).sum().backward();
  assertClose(values(z.grad!), [0]);
});
