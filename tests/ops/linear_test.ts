/** Products of matrices. */
import { MatMul, tensor } from "../../mod.ts";
import { assertExact, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3], row = [3];

testOps("linear", {
  MatMul: { f: (a, b) => a.matmul(b), inputs: [m, [3, 4]], ulps: 32 },
  "MatMul batched": { f: (a, b) => a.matmul(b), inputs: [[2, 2, 3], [3, 2]], ulps: 32 },
  "MatMul vectors": { f: (a, b) => a.matmul(b), inputs: [row, row], ulps: 32 },
});

forEachDevice("products of bytes and bools are int32, by the method and by the op's arithmetic", () => {
  const a = tensor(new Uint8Array([200, 100, 3, 4])).reshape([2, 2]),
    b = tensor(new Uint8Array([2, 3, 4, 5])).reshape([2, 2]);
  const int = a.cast("int32"), yes = a.cast("bool");
  for (
    const [left, right, expected] of [
      [a, b, [800, 1100, 22, 29]],
      [a, int, [40300, 20400, 612, 316]],
      [yes, yes, [2, 2, 2, 2]],
      [yes, b, [6, 8, 6, 8]],
    ] as const
  ) {
    const product = left.matmul(right);
    assertExact([product.dtype, ...values(product)], ["int32", ...expected]);
    const array = new MatMul().compute(left.array, right.array);
    assertExact([array.dtype, ...values(left.wrap(array))], ["int32", ...expected]);
  }
});
