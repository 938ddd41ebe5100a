/** Workloads that move elements by their places, where memory is the bound: rows of tables, parts joined, scattered sums. */
import { concat, nn, noGrad, randint, randn, scope, type Tensor } from "../mod.ts";
import type { Workload } from "./measure.ts";

const rows = 4096, columns = 1024, elements = rows * columns;

/** Calls without a graph, each in a scope of its own; `bytes` is how many move at least. */
function forward(f: () => Tensor, bytes: number, perRound = 10): Workload {
  const run = () => {
    using _ = scope();
    noGrad(f);
  };
  return { unit: "calls/s", run, perRound, bytes };
}

/** The elements that an index of the same shape chooses along an axis. */
function gathered(axis: number): Workload {
  const x = randn([rows, columns]), index = randint(0, x.shape[axis]!, [rows, columns]);
  return forward(() => x.gather(axis, index), 3 * 4 * elements);
}

/** Slices of a table of 32k rows of 256. */
function selected(axis: number): Workload {
  const table = randn([2 ** 15, 256]), index = randint(0, table.shape[axis]!, [axis === 0 ? 2 ** 14 : 128]);
  return forward(() => table.indexSelect(axis, index), 2 * 4 * 2 ** 22);
}

/** Elements added to as many places, in one row or along an axis of a matrix. */
function scattered(shape: number[], axis: number): Workload {
  const x = randn(shape), source = randn(shape), index = randint(0, shape[axis]!, shape);
  return forward(() => x.scatterAdd(axis, index, source), 4 * 4 * elements, 5);
}

/** Four parts that make up the elements, joined along an axis. */
function joined(axis: number): Workload {
  const parts = Array.from({ length: 4 }, () => randn(axis === 0 ? [rows / 4, columns] : [rows, columns / 4]));
  return forward(() => concat(parts, axis), 2 * 4 * elements);
}

/** The rows of 8192 tokens in a table of 32k, and the gradient of the whole table. */
function embedded(): Workload {
  const table = new nn.Parameter(randn([2 ** 15, 256])), tokens = randint(0, 2 ** 15, [64, 128]);
  const outGrad = randn([64, 128, 256]);
  const run = () => {
    using _ = scope();
    tokens.embedding(table).backward(outGrad);
    table.resetGrad();
  };
  return { unit: "calls/s", run, perRound: 5, bytes: 4 * 256 * (2 ** 15 + 5 * 2 ** 13) };
}

/** A function that makes each workload, by name. */
export const places: Record<string, () => Workload> = {
  "embedding-fwd-bwd-32kx256": embedded,
  "concat-4x1Mi-rows": () => joined(0),
  "concat-4x1Mi-columns": () => joined(1),
  "gather-4Mi-axis0": () => gathered(0),
  "gather-4Mi-axis1": () => gathered(1),
  "indexselect-4Mi-rows": () => selected(0),
  "indexselect-4Mi-columns": () => selected(1),
  "scatteradd-4Mi": () => scattered([elements], 0),
  "scatteradd-4Mi-axis0": () => scattered([rows, columns], 0),
  "scatteradd-4Mi-axis1": () => scattered([rows, columns], 1),
};
