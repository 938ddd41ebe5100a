/** Comparisons, the choice between two tensors, and the bits of integers. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("compare", {
  Compare: { f: (a, b) => a.less(b), inputs: [m, m], order: 0 },
  Not: { f: (a) => a.greater(0).not(), inputs: [m], order: 0 },
  BitwiseAnd: { f: (a, b) => a.cast("int32").bitwiseAnd(b.cast("int32")), inputs: [m, m], order: 0 },
  BitwiseOr: { f: (a, b) => a.cast("int32").bitwiseOr(b.cast("int32")), inputs: [m, m], order: 0 },
  BitwiseXor: { f: (a, b) => a.cast("int32").bitwiseXor(b.cast("int32")), inputs: [m, m], order: 0 },
  GCD: { f: (a, b) => a.cast("int32").gcd(b.cast("int32")), inputs: [m, m], order: 0 },
  LCM: { f: (a, b) => a.cast("int32").lcm(b.cast("int32")), inputs: [m, m], order: 0 },
  BitwiseNot: { f: (a) => a.cast("int32").bitwiseNot(), inputs: [m], order: 0 },
  BitwiseLeftShift: { f: (a, b) => a.cast("int32").bitwiseLeftShift(b.cast("int32")), inputs: [m, m], order: 0 },
  BitwiseRightShift: { f: (a, b) => a.cast("int32").bitwiseRightShift(b.cast("int32")), inputs: [m, m], order: 0 },
  Where: { f: (a, b) => a.greater(b.detach()).where(a.square(), b), inputs: [m, m] },
});
