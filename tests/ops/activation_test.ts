/** Activations of layers, and dropout. */
import { DropoutOp, tensor } from "../../mod.ts";
import { assertClose, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("activation", {
  ReLU: { f: (a) => a.relu(), inputs: [m] },
  Sigmoid: { f: (a) => a.sigmoid(), inputs: [m] },
  GELU: { f: (a) => a.gelu(), inputs: [m], ulps: 16 },
  Softplus: { f: (a) => a.softplus(2, 3), inputs: [m] },
  Softsign: { f: (a) => a.softsign(), inputs: [m] },
  Tanhshrink: { f: (a) => a.tanhshrink(), inputs: [m], ulps: 8 },
  SiLU: { f: (a) => a.silu(), inputs: [m] },
  Mish: { f: (a) => a.mish(), inputs: [m], ulps: 8 },
  GELUTanh: { f: (a) => a.gelu({ approximate: "tanh" }), inputs: [m], ulps: 16 },
  DropoutOp: { f: (a) => new DropoutOp(0.4).call(a, a.detach().abs().mod(1)), inputs: [m], ulps: 8 },
  "GELU far out": { f: (a) => a.mul(3).gelu(), inputs: [m], ulps: 64 },
});

// Values of mpmath. The bounds are those of a few roundings; that of the slope is of the square of x in its exponential.

forEachDevice("GELU keeps its digits far below 0", () => {
  const at = [-0.5, -1.5, -3, -4, -5, -7, -9, -12];
  const x = tensor(at, { requiresGrad: true }), y = x.gelu();
  const expected = [
    ...[-0.15426876936299345, -0.1002108019032871, -0.0040496940948902836, -0.00012668496733247969],
    ...[-1.4332578593959696e-6, -8.958687807200845e-12, -1.0157295653584566e-18, -2.1317785344932148e-32],
  ];
  const slopes = [
    ...[0.13250487534383716, -0.12746919222997953, -0.011945647204183927, -0.00050364966122642149],
    ...[-7.1469460017922946e-6, -6.2663230314666318e-11, -9.1389373739066393e-18, -2.5578956616748956e-31],
  ];
  assertClose(values(y), expected, { relative: 5e-7, absolute: 0 });
  assertClose(values(x.detach().gelu()), expected, { relative: 5e-7, absolute: 0 });
  y.sum().backward();
  assertClose(values(x.grad!), slopes, { relative: 5e-6, absolute: 0 });
  const wide = tensor([...at, -20, -37.5], { dtype: "float64" }).gelu();
  const all = [...expected, -5.5072482372124674e-88, -1.7270073785932331e-306];
  assertClose(values(wide), all, { relative: 2e-15, absolute: 0 });
});

forEachDevice("sigmoid keeps its digits down to the smallest numbers", () => {
  const expected = [9.357622968839299e-14, 1.8048513878454152e-35, 6.0546018954011859e-39, 8.1940126239905154e-40];
  // Numbers below 2^-126 are multiples of 2^-149.
  assertClose(values(tensor([-30, -80, -88, -90]).sigmoid()), expected, { relative: 5e-7, absolute: 2 ** -149 });
});
