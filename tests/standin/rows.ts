/**
 * Maps and folds along the rows or columns of one matrix run as one kernel, with the bits of the instructions one by one.
 * `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver; the texts stay in its folder.
 */
import { broadcastTo, copy, empty, fold, map, mapInto, reshape } from "../../core/ndarray.ts";
import { CrossEntropy, CrossEntropyGradient, LogSoftmax, LogSumExp, Softmax } from "../../core/ops/composite.ts";
import { Normalize, NormalizeGradient } from "../../core/ops/norm.ts";
import { type Body, compare, operandsFrom } from "./compare.ts";
import { mapTo } from "../arrays.ts";
import { Findings } from "../kernels.ts";

const some = operandsFrom(2);

const softmax = (axis: number): Body => ([x]) => [new Softmax(axis).compute(x!), new LogSoftmax(axis).compute(x!)];

Deno.test("a softmax is one launch, of rows of any length", () => {
  const findings = new Findings();
  for (const dtype of ["float32", "float64"] as const) {
    for (const shape of [[13, 24], [3, 1], [1, 7], [40, 2], [2, 5, 300], [20, 700], [128, 9000]]) {
      if (dtype === "float64" && shape[1]! > 500) continue;
      for (const layout of ["contiguous", "offset"] as const) {
        if (shape.length > 2 && layout === "offset") continue;
        const what = `softmax of ${dtype} [${shape}] ${layout}`;
        const launches = compare(findings, what, [some(dtype, shape, layout)], softmax(shape.length - 1));
        // Rows of one element are not joined at all.
        findings.add(`launches of ${what}`, launches === 1 || shape.at(-1) === 1 ? null : `${launches}`);
      }
    }
  }
  findings.check();
});

Deno.test("columns are one launch, too", () => {
  const findings = new Findings();
  for (const shape of [[24, 13], [2, 70], [129, 33], [300, 1030]]) {
    const launches = compare(findings, `softmax of columns [${shape}]`, [some("float32", shape)], softmax(0));
    findings.add(`launches of columns [${shape}]`, launches === 1 ? null : `${launches}`);
  }
  const launches = compare(
    findings,
    "batch norm",
    [some("float32", [32, 20]), some("float32", [20])],
    ([x, running]) => {
      const mean = map("divScalar", [fold("sum", [x!], [0], [1, 20])], { s: 32 }), next = copy(running!);
      mapInto(next, "lerp", [next, reshape(mean, [20])], 0.1);
      return [new Normalize({ axes: [0] }).compute(x!), next];
    },
  );
  findings.add("launches of batch norm", launches === 1 ? null : `${launches}`);
  findings.check();
});

Deno.test("cross entropy, its gradient and layer norm", () => {
  const findings = new Findings();
  const labels = { ...some("int32", [37]), flat: Int32Array.from({ length: 37 }, (_, k) => (k * 7) % 10) };
  for (const dtype of ["float32", "float64"] as const) {
    const logits = some(dtype, [37, 10]), slope = some(dtype, [37]);
    const forward = compare(findings, `cross entropy of ${dtype}`, [logits, labels], ([x, y]) => {
      const normalizer = new LogSumExp().compute(x!);
      return [normalizer, new CrossEntropy().compute(x!, y!, normalizer)];
    });
    findings.add(`launches of cross entropy of ${dtype}`, forward === 1 ? null : `${forward}`);
    const backward = compare(findings, `its gradient of ${dtype}`, [logits, labels, slope], ([x, y, g]) => {
      return [new CrossEntropyGradient().compute(x!, y!, g!)];
    });
    findings.add(`launches of its gradient of ${dtype}`, backward === 1 ? null : `${backward}`);
    for (const width of [7, 96, 768]) {
      const shape = [33, width], three = [some(dtype, shape), some(dtype, shape), some(dtype, [33, 1])];
      const launches = compare(findings, `layer norm of ${dtype} ${width}`, three, ([x, g, inverse]) => {
        const normal = new Normalize({ axes: [1] }).compute(x!);
        return [normal, new NormalizeGradient([1]).compute(g!, normal, inverse!)];
      });
      findings.add(`launches of layer norm of ${dtype} ${width}`, launches === 1 ? null : `${launches}`);
    }
  }
  findings.check();
});

Deno.test("a group is cut where no kernel fits, and what is read later is there", () => {
  const findings = new Findings();
  compare(findings, "sums of rows and of columns", [some("float32", [12, 20]), some("float32", [12, 20])], ([x, y]) => {
    const product = map("mul", [x!, y!]), rows = fold("sum", [product], [1], [12, 1]);
    const shifted = map("sub", [product, broadcastTo(rows, [12, 20])]);
    return [
      fold("sum", [shifted], [0], [20]),
      fold("dot", [product, shifted], [0], [20]),
      fold("max", [rows], [0, 1], []),
    ];
  });
  compare(findings, "in place", [some("float32", [300, 40])], ([x]) => {
    const y = copy(x!);
    mapInto(y, "sub", [y, broadcastTo(fold("max", [y], [1], [300, 1]), [300, 40])]);
    mapInto(y, "exp", [y]);
    const total = fold("sum", [y], [1], [300, 1]);
    mapInto(y, "div", [y, broadcastTo(total, [300, 40])]);
    return [y, total];
  });
  // Rows so long that they are read again, which must not have been overwritten.
  compare(findings, "long rows in place", [some("float32", [128, 17000])], ([x]) => {
    const y = copy(x!);
    mapInto(y, "sub", [y, broadcastTo(fold("max", [y], [1], [128, 1]), [128, 17000])]);
    return [y, fold("sum", [y], [1], [128])];
  });
  compare(findings, "a transposed view of what was written", [some("float32", [24, 24])], ([x]) => {
    const y = map("square", [x!]), turned = y.view([24, 24], [1, 24], 0), sum = fold("sum", [y], [1], [24, 1]);
    const result = map("add", [turned, broadcastTo(sum, [24, 24])]);
    turned.dispose();
    return [result];
  });
  compare(findings, "all elements", [some("float32", [50]), some("int32", [50])], ([x, y]) => {
    const total = fold("sum", [map("square", [x!])], [0], [1]);
    return [map("divScalar", [total], { s: 50 }), fold("prod", [map("abs", [y!])], [0], []), map("sqrt", [total])];
  });
  compare(findings, "types and indices", [some("int32", [9, 30]), some("bool", [9, 30])], ([x, flags]) => {
    const { stream } = x!.storage, places = empty(stream, [9, 30], "float32");
    mapTo(places, "arange", [], [3, 0.5, 0], "float32", { waits: true });
    const most = fold("max", [x!], [1], [9, 1]), is = map("equal", [x!, broadcastTo(most, [9, 30])]);
    const chosen = map("where", [map("and", [is, flags!]), places, map("negate", [places])], {}, "float32");
    return [fold("sum", [chosen], [1], [9, 1]), fold("sum", [copy(is, "int32")], [1], [9]), is];
  });
  findings.check();
});
