/**
 * Products of halves by cuBLAS, and the precision that it is asked for. `cuda_test.ts` runs this in a process of its own,
 * with the stand-in as the driver.
 */
import { broadcastTo } from "../../core/array/views.ts";
import { groupResult } from "../../core/array/group.ts";
import { copy, map, type NDArray } from "../../core/array/ndarray.ts";
import { fold, matmul } from "../../core/array/skeletons.ts";
import { Stream } from "../../core/array/stream.ts";
import { openDevice } from "../../kernels/mod.ts";
import { put, unitOf } from "../arrays.ts";
import { Findings } from "../kernels.ts";
import { assert, assertEquals } from "../support.ts";
import { compare, operandsFrom } from "./compare.ts";
import { get } from "./controls.ts";

const some = operandsFrom(7);
const halves = ["float16", "bfloat16"] as const;

/** The product on the stand-in's device, and that of the operands as float32 on the CPU, rounded once. */
function product(types: readonly ["float32" | "float16" | "bfloat16", "float32" | "float16" | "bfloat16"]) {
  const operands = [some(types[0], [5, 33], "transposed"), some(types[1], [33, 9])];
  const [there, here] = (["cuda", "cpu"] as const).map((name) => {
    const device = openDevice(name), stream = new Stream(device);
    const [a, b] = operands.map((operand) => put(stream, operand)) as [NDArray, NDArray], c = matmul(a, b, []);
    const flat = c.read();
    for (const array of [a, b, c]) array.dispose();
    device.close();
    return Array.from(flat as Float32Array);
  });
  return { there: there!, here: here! };
}

Deno.test("halves are multiplied as they are, and mixed operands as float32", () => {
  for (const a of ["float32", ...halves] as const) {
    for (const b of ["float32", ...halves] as const) {
      const before = get("halfProducts"), { there, here } = product([a, b]);
      assertEquals(get("halfProducts") - before, a === b && a !== "float32" ? 1 : 0, `${a} by ${b}`);
      const most = Math.max(1, ...here.map(Math.abs));
      there.forEach((value, k) => {
        // Both sum in different orders, so that some results round to the neighbouring half.
        const unit = a === b && a !== "float32" ? unitOf(a, here[k]!) : 0;
        assert(
          Math.abs(value - here[k]!) <= unit + most * 2 ** -18,
          `${a} by ${b}: ${value}, ${here[k]}`,
        );
      });
    }
  }
});

Deno.test("fused maps and rows of halves have the bits of each instruction", () => {
  const findings = new Findings();
  for (const dtype of halves) {
    for (const layout of ["contiguous", "transposed", "broadcastRows", "offset"] as const) {
      const operands = [some(dtype, [13, 24], layout), some(dtype, [13, 24])];
      const launches = compare(findings, `${dtype} ${layout}`, operands, ([x, y]) => {
        const a = map("tanh", [x!]), b = map("mul", [a, y!]), wide = copy(b, "float32");
        return [map("gelu", [b]), map("square", [wide]), copy(wide, "int32"), copy(copy(wide, "float64"), dtype)];
      });
      findings.add(`launches of ${dtype} ${layout}`, launches === 1 ? null : `${launches}`);
    }
    for (const shape of [[13, 24], [3, 700], [200, 5]] as const) {
      const rows = compare(findings, `rows of ${dtype} [${shape}]`, [some(dtype, [...shape])], ([x]) => {
        const wide = (each: NDArray) => broadcastTo(each, shape);
        const most = fold("max", [x!], [1], [shape[0], 1]), e = map("exp", [map("sub", [x!, wide(most)])]);
        return [map("div", [e, wide(fold("sum", [e], [1], [shape[0], 1]))])];
      });
      findings.add(`launches of rows of ${dtype} [${shape}]`, rows === 1 ? null : `${rows}`);
    }
  }
  findings.check();
});

Deno.test("TF32 is asked for where DENEB_TF32 is 1, of float32 alone, also with a bias", () => {
  const run = () => {
    const before = [get("tf32Products"), get("products")] as const,
      device = openDevice("cuda"),
      stream = new Stream(device);
    for (const dtype of ["float32", "float64", "bfloat16"] as const) {
      const operands = [some(dtype, [8, 20]), some(dtype, [20, 12]), some(dtype, [12])];
      const [x, w, b] = operands.map((operand) => put(stream, operand)) as [NDArray, NDArray, NDArray];
      const alone = matmul(x, w, []),
        sum = groupResult(() => {
          const product = matmul(x, w, []);
          return map("add", [product, broadcastTo(b, product.shape)]);
        });
      for (const array of [alone, sum]) array.read();
      for (const array of [x, w, b, alone, sum]) array.dispose();
    }
    device.close();
    return [get("tf32Products") - before[0], get("products") - before[1]];
  };
  assertEquals(run(), [0, 6]);
  Deno.env.set("DENEB_TF32", "1");
  try {
    assertEquals(run(), [2, 6]);
  } finally {
    Deno.env.delete("DENEB_TF32");
  }
});
