/**
 * A product and the bias that is added to its rows are one call of cuBLASLt, if only the addition reads the product.
 * `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver.
 */
import { broadcastTo, reshape } from "../../core/array/views.ts";
import { map, type NDArray } from "../../core/array/ndarray.ts";
import { matmul } from "../../core/array/skeletons.ts";
import { capture, nn, noGrad, rand, scope, setDefaultDevice } from "../../mod.ts";
import { Findings } from "../kernels.ts";
import { assert, assertExact } from "../support.ts";
import { type Body, compare, operandsFrom } from "./compare.ts";
import { get } from "./controls.ts";

const some = operandsFrom(5);
const wide = (bias: NDArray, like: NDArray) => broadcastTo(bias, like.shape);
const linear: Body = ([x, w, b]) => {
  const product = matmul(x!, w!, []);
  return [map("add", [product, wide(b!, product)])];
};

/** The group's results, and whether a bias was added by the product. */
function check(findings: Findings, what: string, operands: Parameters<typeof compare>[2], body: Body, fused: boolean) {
  const before = get("biased");
  compare(findings, what, operands, body);
  const added = get("biased") - before;
  findings.add(`biases of ${what}`, added === (fused ? 1 : 0) ? null : `${added}`);
}

Deno.test("a product with a bias is one call, with the bits of both", () => {
  const findings = new Findings();
  for (const [m, k, n] of [[8, 20, 12], [1, 5, 3], [64, 1, 1], [33, 17, 70]] as const) {
    const operands = [some("float32", [m, k]), some("float32", [k, n]), some("float32", [n])];
    check(findings, `${m} ${k} ${n}`, operands, linear, true);
  }
  const [x, w, b] = [some("float32", [6, 20]), some("float32", [20, 8]), some("float32", [8])];
  check(
    findings,
    "transposed operands",
    [some("float32", [6, 20], "transposed"), some("float32", [20, 8], "transposed"), b],
    linear,
    true,
  );
  check(findings, "a bias that stands first", [x, w, b], ([x, w, b]) => {
    const product = matmul(x!, w!, []);
    return [map("add", [wide(b!, product), product])];
  }, true);
  check(findings, "rows of two axes", [x, w, b], ([x, w, b]) => {
    const product = reshape(matmul(x!, w!, []), [2, 3, 8]);
    return [map("relu", [map("add", [product, wide(b!, product)])])];
  }, true);
  findings.check();
});

Deno.test("what is not quite that runs as it did", () => {
  const findings = new Findings();
  const [x, w, b] = [some("float32", [8, 8]), some("float32", [8, 8]), some("float32", [8])];
  check(findings, "a product that is read again", [x, w, b], ([x, w, b]) => {
    const product = matmul(x!, w!, []);
    return [map("add", [product, wide(b!, product)]), map("square", [product])];
  }, false);
  check(findings, "a product that is a result", [x, w, b], ([x, w, b]) => {
    const product = matmul(x!, w!, []);
    return [product, map("add", [product, wide(b!, product)])];
  }, false);
  check(findings, "a column", [x, w, some("float32", [8, 1])], linear, false);
  check(findings, "a whole matrix", [x, w, some("float32", [8, 8])], linear, false);
  check(findings, "another row", [x, w, b], ([x, w, b]) => {
    const product = matmul(x!, w!, []);
    return [map("mul", [product, wide(b!, product)])];
  }, false);
  for (const dtype of ["float64", "int32"] as const) {
    check(findings, dtype, [some(dtype, [4, 4]), some(dtype, [4, 4]), some(dtype, [4])], linear, false);
  }
  const batch = [some("float32", [2, 3, 4]), some("float32", [2, 4, 5]), some("float32", [5])];
  check(findings, "a batch", batch, ([x, w, b]) => {
    const product = matmul(x!, w!, [2]);
    return [map("add", [product, wide(b!, product)])];
  }, false);
  // cuBLASLt cannot take operands at such addresses.
  check(findings, "operands at odd places", [some("float32", [8, 8], "offset"), w, b], linear, false);
  findings.check();
});

Deno.test("a captured layer adds its bias so, also as a graph", async () => {
  await setDefaultDevice("cuda");
  const layer = new nn.Linear(16, 32), before = get("biased");
  {
    using _ = scope();
    const step = capture((x: ReturnType<typeof rand>) => noGrad(() => layer.call(x).relu()));
    const inputs = Array.from({ length: 4 }, () => rand([8, 16]));
    const eager = inputs.map((x) => noGrad(() => layer.call(x).relu()).toArray());
    assertExact(inputs.map((x) => step(x).toArray()), eager);
    step[Symbol.dispose]();
  }
  assert(get("biased") - before >= 2, `${get("biased") - before}`);
  await setDefaultDevice("reference");
});
