/** Exponentials, logarithms, roots and trigonometric functions. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("elementary", {
  Exp: { f: (a) => a.exp(), inputs: [m] },
  Exp2: { f: (a) => a.exp2(), inputs: [m] },
  Expm1: { f: (a) => a.expm1(), inputs: [m] },
  Log: { f: (a) => a.log(), inputs: [m], shift: 3 },
  Log1p: { f: (a) => a.log1p(), inputs: [m], shift: 2 },
  Log2: { f: (a) => a.log2(), inputs: [m], shift: 3 },
  Log10: { f: (a) => a.log10(), inputs: [m], shift: 3 },
  Sqrt: { f: (a) => a.sqrt(), inputs: [m], shift: 3 },
  Rsqrt: { f: (a) => a.rsqrt(), inputs: [m], shift: 3 },
  Sin: { f: (a) => a.sin(), inputs: [m] },
  Cos: { f: (a) => a.cos(), inputs: [m] },
  Tan: { f: (a) => a.mul(0.5).tan(), inputs: [m] },
  Sinh: { f: (a) => a.sinh(), inputs: [m], ulps: 8 },
  Cosh: { f: (a) => a.cosh(), inputs: [m], ulps: 8 },
  Asinh: { f: (a) => a.asinh(), inputs: [m] },
  Acosh: { f: (a) => a.acosh(), inputs: [m], shift: 4 },
  Atanh: { f: (a) => a.mul(0.375).atanh(), inputs: [m] },
  LogAddExp: { f: (a, b) => a.logaddexp(b), inputs: [m, m] },
  LogAddExp2: { f: (a, b) => a.logaddexp2(b), inputs: [m, m] },
  Logit: { f: (a) => a.mul(0.1875).add(0.5).logit(), inputs: [m], ulps: 8 },
  Asin: { f: (a) => a.mul(0.45).asin(), inputs: [m] },
  Acos: { f: (a) => a.mul(0.45).acos(), inputs: [m] },
  Atan: { f: (a) => a.atan(), inputs: [m] },
  Atan2: { f: (a, b) => a.atan2(b), inputs: [m, [3]] },
  Tanh: { f: (a) => a.tanh(), inputs: [m] },
  Erf: { f: (a) => a.erf(), inputs: [m] },
  Erfc: { f: (a) => a.erfc(), inputs: [m] },
  Erfinv: { f: (a) => a.mul(0.45).erfinv(), inputs: [m] },
});
