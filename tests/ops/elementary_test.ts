/** Exponentials, logarithms, roots and trigonometric functions. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("elementary", {
  Exp: { f: (a) => a.exp(), inputs: [m] },
  Expm1: { f: (a) => a.expm1(), inputs: [m] },
  Log: { f: (a) => a.log(), inputs: [m], shift: 3 },
  Log1p: { f: (a) => a.log1p(), inputs: [m], shift: 2 },
  Sqrt: { f: (a) => a.sqrt(), inputs: [m], shift: 3 },
  Rsqrt: { f: (a) => a.rsqrt(), inputs: [m], shift: 3 },
  Sin: { f: (a) => a.sin(), inputs: [m] },
  Cos: { f: (a) => a.cos(), inputs: [m] },
  Tanh: { f: (a) => a.tanh(), inputs: [m] },
  Erf: { f: (a) => a.erf(), inputs: [m] },
});
