/**
 * Views of no elements may have any strides, since nothing is read through them: no device may compute addresses from them.
 * Such views are given to products with k = 0 and to sums of nothing.
 */
import type { DType } from "../core/pure/dtype.ts";
import { scan } from "../core/array/scan.ts";
import { argFold, fold, matmul } from "../core/array/skeletons.ts";
import { gather, scatter } from "../core/array/places.ts";
import { copy } from "../core/array/ndarray.ts";
import { argRows, foldRows, table } from "../kernels/instruction.ts";
import { compute, difference, type Operand, operand, operandsOf, randomOf } from "./arrays.ts";
import { againstReference, Findings } from "./kernels.ts";

const random = randomOf(5);

/** A view of no elements, on a storage of four, whose strides are as large as strides may be. */
function wild(dtype: DType, shape: number[], stride: number): Operand {
  const four = operand(dtype, [4], "contiguous", random);
  return { ...four, shape, strides: shape.map((_, axis) => axis % 2 === 0 ? stride : -stride) };
}

againstReference("what is made of no elements does not depend on their strides", (stream, reference) => {
  const findings = new Findings();
  // Strides are smaller on wasm, whose address space has 32 bits.
  const stride = stream.device.name === "wasm" ? 2 ** 30 : 2 ** 40;
  const check = (what: string, operands: Operand[], body: Parameters<typeof compute>[2]) => {
    const [found, expected] = [stream, reference].map((on) => compute(on, operands, body));
    findings.add(what, difference(found!, expected!));
  };
  for (const dtype of ["float32", "float64", "int32", "float16", "bfloat16"] as const) {
    for (const [m, n] of [[4, 3], [1, 3], [4, 1], [70, 40]] as const) {
      const operands = [wild(dtype, [3, m, 0], stride), wild(dtype, [3, 0, n], stride)];
      check(`a product of ${dtype}, ${m} by ${n}`, operands, ([a, b]) => matmul(a!, b!, [3]));
    }
  }
  // OpenCL is tested with few cases, since PoCL takes a second to build a kernel.
  const rows = stream.device.name.startsWith("opencl") ? ["sum", "max"] as const : foldRows;
  for (const row of rows) {
    const found = table.fold[row], count = operandsOf("of" in found ? found.of : "a");
    for (const [shape, axes] of [[[4, 0], [1]], [[0, 4], [0]], [[2, 0, 3], [1]]] as const) {
      const operands = Array.from({ length: count }, () => wild("float32", [...shape], stride));
      check(`${row} of [${shape}]`, operands, (arrays) => fold(row, arrays, axes, shape.filter((size) => size !== 0)));
    }
  }
  for (const row of argRows) {
    check(`${row} of nothing`, [wild("float32", [4, 0], stride)], ([x]) => argFold(row, x!, [1], [4]));
  }
  check("a scan of nothing", [wild("float32", [4, 0], stride)], ([x]) => scan("sum", [x!], 1));
  check("a copy of nothing", [wild("float32", [3, 0], stride)], ([x]) => copy(x!));
  const long = operand("float32", [2, 3, 4], "contiguous", random), index = wild("int32", [0], stride);
  check("a gather of nothing", [long, index], ([source, at]) => gather(source!, at!, 1, [2, 0, 4]));
  check("a scatter of nothing", [long, wild("float32", [2, 0, 4], stride), index], ([out, source, at]) => {
    scatter("sum", out!, source!, at!, 1);
    return out!.share();
  });
  findings.check();
});
