/**
 * Groups of maps and folds along the rows or columns of one matrix, of which a device makes few kernels. `single` says
 * that it must be one kernel.
 */
import { broadcastTo, reshape } from "../core/array/views.ts";
import { groupResults } from "../core/array/group.ts";
import { copy, empty, map, mapInto, type NDArray } from "../core/array/ndarray.ts";
import { argFold, fold } from "../core/array/skeletons.ts";
import { CrossEntropy, CrossEntropyGradient } from "../core/tensor/ops/loss.ts";
import { LogSoftmax, LogSumExp, Softmax } from "../core/tensor/ops/softmax.ts";
import { Normalize, NormalizeGradient } from "../core/tensor/ops/norm.ts";
import type { Stream } from "../core/array/stream.ts";
import type { TypedArray } from "../core/pure/dtype.ts";
import { type Layout, mapTo, type Operand, operand, put, randomOf } from "./arrays.ts";

/** The computation of a group. */
export type Body = (arrays: NDArray[]) => readonly NDArray[];

/** A group and its operands. */
export interface RowCase {
  what: string;
  operands: readonly Operand[];
  body: Body;
  single: boolean;
}

/** A maker of operands with random values, which the seed determines. */
export function operandsFrom(seed: number) {
  const random = randomOf(seed);
  return (dtype: Operand["dtype"], shape: number[], layout: Layout = "contiguous"): Operand =>
    operand(dtype, shape, layout, random);
}

/** The results of a group on a device, read back. `before` is called once its operands are there, `after` once it ran. */
export function runGroup(
  stream: Stream,
  { operands, body }: Pick<RowCase, "operands" | "body">,
  { before = () => {}, after = () => {} } = {},
): TypedArray[] {
  const arrays = operands.map((each) => put(stream, each));
  arrays[0]?.read();
  before();
  const results = groupResults(() => body(arrays)), flats = results.map((one) => one.read());
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
        // Instructions on rows of one element are not joined at all.
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
      body: ([x, y]) => [new LogSumExp().compute(x!), new CrossEntropy().compute(x!, y!)],
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
  // Rows are so long that they are read again: they must not be overwritten before.
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

/** Temporaries that are written in parts, and read beyond one part: padding, concatenation, windows. */
function* parts(): Generator<RowCase> {
  const single = false;
  for (const [rows, columns] of [[6, 5], [700, 40], [40000, 3]] as const) {
    const operands = [some("float32", [rows, columns]), some("float32", [rows, columns])],
      shape = `[${rows},${columns}]`;
    const wide = (x: NDArray, width: number) => empty(x.storage.stream, [rows, width], "float32");
    yield {
      what: `padding of ${shape}, and windows over it`,
      operands,
      body: ([x]) => {
        const width = columns + 2, padded = wide(x!, width);
        mapInto(padded, "fill", [], 0.5);
        mapInto(padded.view([rows, columns], [width, 1], 1), "square", [x!]);
        const windows = padded.view([rows, columns, 3], [width, 1, 1], 0);
        return [
          fold("max", [windows], [2], [rows, columns]),
          map("negate", [windows]),
          fold("sum", [padded], [0], [width]),
        ];
      },
      single,
    };
    yield {
      what: `concatenation of ${shape}, beside and below`,
      operands,
      body: ([x, y]) => {
        const width = 2 * columns,
          beside = wide(x!, width),
          below = empty(x!.storage.stream, [2 * rows, columns], "float32");
        for (const [k, one] of [x!, y!].entries()) {
          mapInto(beside.view([rows, columns], [width, 1], k * columns), "abs", [one]);
          mapInto(below.view([rows, columns], [columns, 1], k * rows * columns), "negate", [one]);
        }
        const backwards = beside.view([rows, width], [width, -1], width - 1);
        return [
          fold("sum", [beside], [1], [rows]),
          map("sub", [beside, backwards]),
          map("relu", [below]),
          argFold("argmax", beside, [1], [rows]),
        ];
      },
      single,
    };
    yield {
      what: `every other element of ${shape}, and writes upon writes`,
      operands,
      body: ([x, y]) => {
        const width = 2 * columns,
          both = wide(x!, width),
          view = (at: number) => both.view([rows, columns], [width, 2], at);
        mapInto(view(0), "square", [x!]);
        mapInto(view(1), "negate", [y!]);
        const before = map("abs", [both]);
        mapInto(both.view([rows, columns], [width, 1], 1), "sub", [x!, y!]);
        return [
          before,
          map("relu", [both]),
          fold("max", [both.view([rows, columns, 2], [width, 2, 1], 0)], [2], [rows, columns]),
        ];
      },
      single,
    };
    // Of each eight elements only the first is written.
    yield {
      what: `views of ${shape} around what was written`,
      operands: [some("float32", [rows])],
      body: ([x]) => {
        const thin = empty(x!.storage.stream, [2 * rows * 8 + 8], "float32");
        mapInto(thin.view([rows], [8], 0), "square", [x!]);
        const square = map("square", [thin.view([rows, 2, 2], [8, 2, 3], 0)]);
        const far = map("square", [thin.view([rows, 2], [8, rows * 8], 0)]);
        return [copy(square.view([rows], [4], 0)), copy(far.view([rows], [2], 0))];
      },
      single,
    };
  }
}

/** Groups of maps that one kernel joins although their axes differ. */
function* maps(): Generator<RowCase> {
  const single = true;
  for (const dtype of ["float32", "bfloat16"] as const) {
    // Some lengths are multiples of four, the length of vectors.
    for (const shape of [[12, 20], [5, 7, 13], [3, 1, 4, 6]]) {
      const size = shape.reduce((a, b) => a * b), flat = (x: NDArray) => reshape(x, [size]);
      for (const layout of ["contiguous", "transposed", "broadcastColumns"] as const) {
        if (layout === "transposed" && shape.length > 2) continue;
        yield {
          what: `flat maps of ${dtype} before, between and behind those over [${shape}] ${layout}`,
          operands: [some(dtype, shape), some(dtype, shape, layout)],
          body: ([x, y]) => {
            const before = map("square", [flat(x!)]), sum = map("add", [reshape(before, shape), y!]);
            const between = map("exp", [flat(sum)]), last = map("mul", [reshape(between, shape), y!]);
            return [map("negate", [flat(last)]), sum];
          },
          single,
        };
      }
    }
    yield {
      what: `results of ${dtype} that lie transposed`,
      operands: [some(dtype, [24, 12]), some(dtype, [24, 12], "transposed")],
      body: ([x, y]) => {
        const out = empty(x!.storage.stream, [12, 24], dtype), turned = out.view([24, 12], [1, 24], 0);
        const sum = map("add", [x!, y!]);
        mapInto(turned, "mul", [sum, y!]);
        turned.dispose();
        return [out];
      },
      single,
    };
  }
}

/** Groups whose temporaries several instructions write in parts. */
export const partCases: readonly RowCase[] = [...parts()];

/** All groups of this file. */
export const rowCases: readonly RowCase[] = [...softmaxes(), ...lossesAndNorms(), ...others(), ...partCases, ...maps()];
