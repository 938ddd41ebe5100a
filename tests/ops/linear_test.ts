/** Products of matrices. */
import { testOps } from "./agreement.ts";

const m = [2, 3], row = [3];

testOps("linear", {
  MatMul: { f: (a, b) => a.matmul(b), inputs: [m, [3, 4]], ulps: 32 },
  "MatMul batched": { f: (a, b) => a.matmul(b), inputs: [[2, 2, 3], [3, 2]], ulps: 32 },
  "MatMul vectors": { f: (a, b) => a.matmul(b), inputs: [row, row], ulps: 32 },
});
