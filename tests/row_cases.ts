/**
 * Groups of maps and folds along the rows or columns of one matrix: what a device makes one kernel of. `single` says that it
 * must be only one.
 */
import { broadcastTo, reshape } from "../core/array/views.ts";
import { composeAll } from "../core/array/group.ts";
import { copy, empty, map, mapInto, type NDArray } from "../core/array/ndarray.ts";
import { fold } from "../core/array/skeletons.ts";
import { CrossEntropy, CrossEntropyGradient } from "../core/tensor/ops/loss.ts";
import { LogSoftmax, LogSumExp, Softmax } from "../core/tensor/ops/softmax.ts";
import { Normalize, NormalizeGradient } from "../core/tensor/ops/norm.ts";
import type { Stream } from "../core/array/stream.ts";
import type { TypedArray } from "../core/pure/dtype.ts";
import { type Layout, mapTo, type Operand, operand, put, randomOf } from "./arrays.ts";

/** What is computed in one group. */
export type Body = (arrays: NDArray[]) => readonly NDArray[];

/** A group, and what it is computed from. */
export interface RowCase {
  what: string;
  operands: readonly Operand[];
  body: Body;
  single: boolean;
}

/** Makes operands of random values, the same ones for the same seed. */
export function operandsFrom(seed: number) {
  const random = randomOf(seed);
  return (dtype: Operand["dtype"], shape: number[], layout: Layout = "contiguous"): Operand =>
    operand(dtype, shape, layout, random);
}

/** The results of a group on a device, read back; `before` is called when its operands are there, `after` when it ran. */
export function runGroup(
  stream: Stream,
  { operands, body }: Pick<RowCase, "operands" | "body">,
  { before = () => {}, after = () => {} } = {},
): TypedArray[] {
  const arrays = operands.map((each) => put(stream, each));
  arrays[0]?.read();
  before();
  const results = composeAll(() => body(arrays)), flats = results.map((one) => one.read());
  after();
  for (const one of [...results, ...arrays]) one.dispose();
  stream.flush();
  return flats;
}

const some = operandsFrom(2);
const softmax = (axis: number): Body => ([x]) => [new Softmax(axis).compute(x!), new LogSoftmax(axis).compute(x!)];

function* softmaxes(): Generator<RowCase> {
  for (const dtype of ["float32", "float64"] as const) {
    for (const shape of [[13, 24], [3, 1], [1, 7], [40, 2], [2, 5, 300], [20, 700], [128, 9000]]) {
      if (dtype === "float64" && shape[1]! > 500) continue;
      for (const layout of ["contiguous", "offset"] as const) {
        if (shape.length > 2 && layout === "offset") continue;
        const what = `softmax of ${dtype} [${shape}] ${layout}`;
        // Rows of one element are not joined at all.
        yield {
          what,
          operands: [some(dtype, shape, layout)],
          body: softmax(shape.length - 1),
          single: shape.at(-1) !== 1,
        };
      }
    }
  }
  for (const shape of [[24, 13], [2, 70], [129, 33], [300, 1030]]) {
    yield { what: `softmax of columns [${shape}]`, operands: [some("float32", shape)], body: softmax(0), single: true };
  }
}

const batchNorm: Body = ([x, running]) => {
  const mean = map("divScalar", [fold("sum", [x!], [0], [1, 20])], { s: 32 }), next = copy(running!);
  mapInto(next, "lerp", [next, reshape(mean, [20])], 0.1);
  return [new Normalize({ axes: [0] }).compute(x!), next];
};

function* lossesAndNorms(): Generator<RowCase> {
  const labels = { ...some("int32", [37]), flat: Int32Array.from({ length: 37 }, (_, k) => (k * 7) % 10) };
  const single = true;
  yield { what: "batch norm", operands: [some("float32", [32, 20]), some("float32", [20])], body: batchNorm, single };
  for (const dtype of ["float32", "float64"] as const) {
    const logits = some(dtype, [37, 10]), slope = some(dtype, [37]);
    yield {
      what: `cross entropy of ${dtype}`,
      operands: [logits, labels],
      body: ([x, y]) => {
        const normalizer = new LogSumExp().compute(x!);
        return [normalizer, new CrossEntropy().compute(x!, y!, normalizer)];
      },
      single,
    };
    yield {
      what: `the gradient of cross entropy of ${dtype}`,
      operands: [logits, labels, slope],
      body: ([x, y, g]) => [new CrossEntropyGradient().compute(x!, y!, g!)],
      single,
    };
    for (const width of [7, 96, 768]) {
      const shape = [33, width];
      yield {
        what: `layer norm of ${dtype} ${width}`,
        operands: [some(dtype, shape), some(dtype, shape), some(dtype, [33, 1])],
        body: ([x, g, inverse]) => {
          const normal = new Normalize({ axes: [1] }).compute(x!);
          return [normal, new NormalizeGradient([1]).compute(g!, normal, inverse!)];
        },
        single,
      };
    }
  }
}

function* others(): Generator<RowCase> {
  const single = false;
  yield {
    what: "sums of rows and of columns",
    operands: [some("float32", [12, 20]), some("float32", [12, 20])],
    body: ([x, y]) => {
      const product = map("mul", [x!, y!]), rows = fold("sum", [product], [1], [12, 1]);
      const shifted = map("sub", [product, broadcastTo(rows, [12, 20])]);
      return [
        fold("sum", [shifted], [0], [20]),
        fold("dot", [product, shifted], [0], [20]),
        fold("max", [rows], [0, 1], []),
      ];
    },
    single,
  };
  yield {
    what: "in place",
    operands: [some("float32", [300, 40])],
    body: ([x]) => {
      const y = copy(x!);
      mapInto(y, "sub", [y, broadcastTo(fold("max", [y], [1], [300, 1]), [300, 40])]);
      mapInto(y, "exp", [y]);
      const total = fold("sum", [y], [1], [300, 1]);
      mapInto(y, "div", [y, broadcastTo(total, [300, 40])]);
      return [y, total];
    },
    single,
  };
  // Rows so long that they are read again, which must not have been overwritten.
  yield {
    what: "long rows in place",
    operands: [some("float32", [128, 17000])],
    body: ([x]) => {
      const y = copy(x!);
      mapInto(y, "sub", [y, broadcastTo(fold("max", [y], [1], [128, 1]), [128, 17000])]);
      return [y, fold("sum", [y], [1], [128])];
    },
    single,
  };
  yield {
    what: "a transposed view of what was written",
    operands: [some("float32", [24, 24])],
    body: ([x]) => {
      const y = map("square", [x!]), turned = y.view([24, 24], [1, 24], 0), sum = fold("sum", [y], [1], [24, 1]);
      const result = map("add", [turned, broadcastTo(sum, [24, 24])]);
      turned.dispose();
      return [result];
    },
    single,
  };
  yield {
    what: "all elements",
    operands: [some("float32", [50]), some("int32", [50])],
    body: ([x, y]) => {
      const total = fold("sum", [map("square", [x!])], [0], [1]);
      return [map("divScalar", [total], { s: 50 }), fold("prod", [map("abs", [y!])], [0], []), map("sqrt", [total])];
    },
    single,
  };
  for (const dtype of ["float16", "bfloat16"] as const) {
    for (const shape of [[33, 40], [7, 1030]]) {
      yield {
        what: `softmax of ${dtype} [${shape}] with sums of both axes`,
        operands: [some(dtype, shape), some(dtype, shape)],
        body: ([x, g]) => {
          const [rows, columns] = shape as [number, number], wide = (each: NDArray) => broadcastTo(each, shape);
          const e = map("exp", [map("sub", [x!, wide(fold("max", [x!], [1], [rows, 1]))])]);
          const y = map("div", [e, wide(fold("sum", [e], [1], [rows, 1]))]), gradient = map("mul", [y, g!]);
          const sums = fold("sum", [copy(gradient, "float32")], [0], [columns]);
          return [y, fold("dot", [y, g!], [1], [rows]), sums, copy(y, "int32")];
        },
        single,
      };
    }
  }
  yield {
    what: "types and indices",
    operands: [some("int32", [9, 30]), some("bool", [9, 30])],
    body: ([x, flags]) => {
      const { stream } = x!.storage, places = empty(stream, [9, 30], "float32");
      mapTo(places, "arange", [], [3, 0.5, 0], "float32", { waits: true });
      const most = fold("max", [x!], [1], [9, 1]), is = map("equal", [x!, broadcastTo(most, [9, 30])]);
      const chosen = map("where", [map("and", [is, flags!]), places, map("negate", [places])], {}, "float32");
      return [fold("sum", [chosen], [1], [9, 1]), fold("sum", [copy(is, "int32")], [1], [9]), is];
    },
    single,
  };
}

/** All of them. */
export const rowCases: readonly RowCase[] = [...softmaxes(), ...lossesAndNorms(), ...others()];
