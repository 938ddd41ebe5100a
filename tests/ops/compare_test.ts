/** Comparisons, and the choice between two tensors. */
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("compare", {
  Compare: { f: (a, b) => a.less(b), inputs: [m, m], order: 0 },
  Not: { f: (a) => a.greater(0).not(), inputs: [m], order: 0 },
  Where: { f: (a, b) => a.greater(b.detach()).where(a.square(), b), inputs: [m, m] },
});
