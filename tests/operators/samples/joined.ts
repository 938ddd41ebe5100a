/** Samples of operators that put elements in places, and join those that meet there; part of those of `indexing.ts`. */
import { tensor } from "../../../mod.ts";
import { bools, floats, given, integers, type Samples, special } from "../sample.ts";

const m = [2, 3];
/** A place without axes. */
const zero = () => tensor(0, { dtype: "int32" });

export const joined: Samples = {
  "scatterAdd": {
    f: (a, b, c) => a.scatterAdd(1, b!, c!),
    torch: "a.scatter_add(1, b.long(), c)",
    inputs: [floats(m), integers(0, 3, [2, 4]), floats([2, 4], 1)],
  },
  "scatterAdd: fewer indices": {
    f: (a, b, c) => a.scatterAdd(0, b!, c!),
    torch: "a.scatter_add(0, b.long(), c)",
    inputs: [floats(m), integers(0, 2, [3, 2]), floats([4, 3], 1)],
    order: 0,
  },
  "scatterAdd: integers": {
    f: (a, b, c) => a.scatterAdd(0, b!, c!),
    torch: "a.scatter_add(0, b.long(), c)",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatter": {
    f: (a, b) => a.scatter(1, [[0, 2], [1, 0]], b!),
    torch: "a.scatter(1, torch.tensor([[0, 2], [1, 0]]), b)",
    inputs: [floats(m), floats([2, 2], 1)],
  },
  "scatter: a number, fewer rows": {
    f: (a) => a.scatter(1, [[2, 2, 0]], 1.5),
    torch: "a.scatter(1, torch.tensor([[2, 2, 0]]), 1.5)",
    inputs: [floats(m)],
  },
  "scatter: the last stays": {
    f: (a, b) => a.scatter(0, [1, 1, 3, 1, 3], b!),
    torch: "a.scatter(0, torch.tensor([1, 3]), b[[3, 4]])",
    inputs: [floats([4]), floats([5], 1)],
  },
  "scatter: bools": {
    f: (a, b) => a.scatter(0, [[1, 0, 1]], b!),
    torch: "a.scatter(0, torch.tensor([[1, 0, 1]]), b)",
    inputs: [bools(m), bools([1, 3], 3)],
  },
  "scatterReduce": {
    f: (a, b, c) => a.scatterReduce(1, b!, c!, "sum"),
    torch: "a.scatter_reduce(1, b.long(), c, 'sum')",
    inputs: [floats(m), integers(0, 3, [2, 4]), floats([2, 4], 1)],
  },
  "scatterReduce: sums without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(1, b!, c!, "sum", { includeSelf: false }),
    torch: "a.scatter_reduce(1, b.long(), c, 'sum', include_self=False)",
    inputs: [floats([2, 5]), integers(0, 5, [2, 4]), floats([2, 4], 1)],
  },
  "scatterReduce: means": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "mean"),
    torch: "a.scatter_reduce(0, b.long(), c, 'mean')",
    inputs: [floats(m), integers(0, 2, [4, 3]), floats([4, 3], 1)],
  },
  "scatterReduce: means without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "mean", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'mean', include_self=False)",
    inputs: [floats([5]), integers(0, 5, [6]), floats([6], 1)],
  },
  "scatterReduce: means of integers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "mean"),
    torch: "a.scatter_reduce(0, b.long(), c, 'mean')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatterReduce: products": {
    f: (a, b, c) => a.scatterReduce(1, b!, c!, "prod"),
    torch: "a.scatter_reduce(1, b.long(), c, 'prod')",
    inputs: [floats(m), integers(0, 3, [2, 4]), floats([2, 4], 1)],
  },
  "scatterReduce: products without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod', include_self=False)",
    inputs: [floats([5]), integers(0, 5, [6]), floats([6], 1)],
  },
  "scatterReduce: products with one zero in a place": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod"),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod')",
    inputs: [given([1.5, 0, -2, 3]), given([0, 1, 2, 2, 3, 3], [6], "int32"), given([0, 2, 0.5, -1, 0, 4])],
    // Its second derivative is tests/ops/scatter_test.ts's, since PyTorch's leaves out what flows between the others and a zero.
    order: 1,
  },
  "scatterReduce: products with several zeros": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod"),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod')",
    inputs: [given([0, 2, 3]), given([0, 0, 1, 1, 1, 2], [6], "int32"), given([0, 3, 0, 0, 5, 1])],
    order: 1,
  },
  "scatterReduce: the largest": {
    f: (a, b, c) => a.scatterReduce(1, b!, c!, "amax"),
    torch: "a.scatter_reduce(1, b.long(), c, 'amax')",
    inputs: [floats(m), integers(0, 3, [2, 4]), floats([2, 4], 1)],
  },
  "scatterReduce: the largest without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax', include_self=False)",
    inputs: [floats([5]), integers(0, 5, [6]), floats([6], 1)],
  },
  "scatterReduce: the largest, of which several are equal": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax')",
    inputs: [given([1, 2, 0]), given([0, 0, 1, 1, 2, 2], [6], "int32"), given([1, 1, 3, 3, -1, 0])],
  },
  "scatterReduce: the least": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amin"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amin')",
    inputs: [floats(m), integers(0, 2, [4, 3]), floats([4, 3], 1)],
  },
  "scatterReduce: the least without the tensor's own, fewer indices": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amin", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'amin', include_self=False)",
    inputs: [floats(m), integers(0, 2, [3, 2]), floats([4, 3], 1)],
    order: 0,
  },
  "scatterReduce: sum of integers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "sum"),
    torch: "a.scatter_reduce(0, b.long(), c, 'sum')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatterReduce: sum of integers without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "sum", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'sum', include_self=False)",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [3]), integers(-9, 9, [3], 2)],
  },
  "scatterReduce: prod of integers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod"),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatterReduce: prod of integers without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod', include_self=False)",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [3]), integers(-9, 9, [3], 2)],
  },
  "scatterReduce: amax of integers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatterReduce: amax of integers without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax', include_self=False)",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [3]), integers(-9, 9, [3], 2)],
  },
  "scatterReduce: amin of integers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amin"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amin')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },
  "scatterReduce: amin of integers without the tensor's own": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amin", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'amin', include_self=False)",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [3]), integers(-9, 9, [3], 2)],
  },
  "scatterReduce: sum of special numbers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "sum"),
    torch: "a.scatter_reduce(0, b.long(), c, 'sum')",
    inputs: [special, given([1, 1, 4, 4, 5, 5, 0, 2, 6, 6, 7, 3], [12], "int32"), special],
    order: 0,
  },
  "scatterReduce: prod of special numbers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "prod"),
    torch: "a.scatter_reduce(0, b.long(), c, 'prod')",
    inputs: [special, given([1, 1, 4, 4, 5, 5, 0, 2, 6, 6, 7, 3], [12], "int32"), special],
    order: 0,
  },
  "scatterReduce: amax of special numbers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax')",
    inputs: [special, given([1, 1, 4, 4, 5, 5, 0, 2, 6, 6, 7, 3], [12], "int32"), special],
    order: 0,
  },
  "scatterReduce: amin of special numbers": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amin"),
    torch: "a.scatter_reduce(0, b.long(), c, 'amin')",
    inputs: [special, given([1, 1, 4, 4, 5, 5, 0, 2, 6, 6, 7, 3], [12], "int32"), special],
    order: 0,
  },
  "scatterReduce: the largest of bytes": {
    f: (a, b, c) => a.scatterReduce(0, b!, c!, "amax", { includeSelf: false }),
    torch: "a.scatter_reduce(0, b.long(), c, 'amax', include_self=False)",
    inputs: [integers(0, 255, [4], 0, "uint8"), integers(0, 4, [6]), integers(0, 255, [6], 2, "uint8")],
  },
  "scatterReduce: transposed": {
    f: (a, b, c) => a.transpose().scatterReduce(0, b!.transpose(), c!.transpose(), "mean"),
    torch: "a.T.scatter_reduce(0, b.T.long(), c.T, 'mean')",
    inputs: [floats(m), integers(0, 3, [2, 4]), floats([2, 4], 1)],
  },
  "scatterReduce: no indices": {
    f: (a) => a.scatterReduce(1, tensor(new Int32Array(0), { shape: [2, 0] }), a, "prod"),
    torch: "a.scatter_reduce(1, torch.zeros(2, 0, dtype=torch.long), a, 'prod')",
    inputs: [floats(m)],
    order: 0,
  },

  "indexSelect": {
    f: (a) => a.indexSelect(-1, [2, 0]),
    torch: "a.index_select(-1, torch.tensor([2, 0]))",
    inputs: [floats(m)],
  },
  "indexSelect: a single place": {
    f: (a, b) => a.indexSelect(0, b!),
    torch: "a.index_select(0, b)",
    inputs: [floats(m), given([1], [], "int32")],
  },
  "indexAdd": {
    f: (a, b, c) => a.indexAdd(1, b!, c!, { alpha: -2 }),
    torch: "a.index_add(1, b, c, alpha=-2)",
    inputs: [floats(m), integers(0, 3, [4]), floats([2, 4], 1)],
  },
  "indexAdd: rows": {
    f: (a, b) => a.indexAdd(0, [1, 1], b!),
    torch: "a.index_add(0, torch.tensor([1, 1]), b)",
    inputs: [floats(m), floats(m, 1)],
  },
  "indexReduce: prod": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "prod"),
    torch: "a.index_reduce(1, b.long(), c, 'prod')",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: prod without the tensor's own": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "prod", { includeSelf: false }),
    torch: "a.index_reduce(1, b.long(), c, 'prod', include_self=False)",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "mean"),
    torch: "a.index_reduce(1, b.long(), c, 'mean')",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: mean without the tensor's own": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "mean", { includeSelf: false }),
    torch: "a.index_reduce(1, b.long(), c, 'mean', include_self=False)",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: amax": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "amax"),
    torch: "a.index_reduce(1, b.long(), c, 'amax')",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: amax without the tensor's own": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "amax", { includeSelf: false }),
    torch: "a.index_reduce(1, b.long(), c, 'amax', include_self=False)",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: amin": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "amin"),
    torch: "a.index_reduce(1, b.long(), c, 'amin')",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: amin without the tensor's own": {
    f: (a, b, c) => a.indexReduce(1, b!, c!, "amin", { includeSelf: false }),
    torch: "a.index_reduce(1, b.long(), c, 'amin', include_self=False)",
    inputs: [floats([2, 5]), integers(0, 5, [4]), floats([2, 4], 1)],
  },
  "indexReduce: rows, of which several are equal": {
    f: (a, b, c) => a.indexReduce(0, b!, c!, "amin"),
    torch: "a.index_reduce(0, b.long(), c, 'amin')",
    inputs: [given([1, 2, 3, 4], [2, 2]), given([0, 0, 1], [3], "int32"), given([1, 2, 1, 5, 3, 4], [3, 2])],
  },
  "indexReduce: sums": {
    f: (a, b, c) => a.indexReduce(-1, b!, c!, "sum"),
    torch: "a.index_add(-1, b, c)",
    inputs: [floats(m), integers(0, 3, [4]), floats([2, 4], 1)],
  },
  "indexReduce: products of integers": {
    f: (a, b, c) => a.indexReduce(0, b!, c!, "prod"),
    torch: "a.index_reduce(0, b.long(), c, 'prod')",
    inputs: [integers(-9, 9, [4]), integers(0, 4, [6]), integers(-9, 9, [6], 2)],
  },

  "take: of all elements": {
    f: (a, b) => a.take(b!, null),
    torch: "a.take(b.long())",
    inputs: [floats(m), integers(-6, 6, [2, 4])],
  },
  "put": {
    f: (a, b, c) => a.put(b!, c!),
    torch: "a.put(b.long(), c)",
    inputs: [floats(m), given([5, -6, 2], [3], "int32"), floats([3], 1)],
  },
  "put: added": {
    f: (a, b, c) => a.put(b!, c!, { accumulate: true }),
    torch: "a.put(b.long(), c, accumulate=True)",
    inputs: [floats(m), integers(-6, 6, [2, 4]), floats([8], 1)],
  },
  "put: integers": {
    f: (a) => a.put([1, 1, 0], tensor(Int32Array.of(7, 8, 9)), { accumulate: true }),
    torch: "a.put(torch.tensor([1, 1, 0]), torch.tensor([7, 8, 9], dtype=a.dtype), accumulate=True)",
    inputs: [integers(-9, 9, m)],
  },

  "segmentReduce": {
    f: (a, b) => a.segmentReduce("sum", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'sum', lengths=b.long(), axis=0)",
    inputs: [floats([6, 2]), given([2, 0, 1, 3], [4], "int32")],
    order: 1,
  },
  "segmentReduce: means": {
    f: (a, b) => a.segmentReduce("mean", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'mean', lengths=b.long(), axis=0)",
    inputs: [floats([6, 2]), given([2, 0, 1, 3], [4], "int32")],
    order: 0,
  },
  "segmentReduce: products": {
    f: (a, b) => a.segmentReduce("prod", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'prod', lengths=b.long(), axis=0)",
    inputs: [floats([6, 2]), given([2, 0, 1, 3], [4], "int32")],
    order: 1,
  },
  "segmentReduce: the largest": {
    f: (a, b) => a.segmentReduce("max", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'max', lengths=b.long(), axis=0)",
    inputs: [floats([6, 2]), given([2, 0, 1, 3], [4], "int32")],
    order: 1,
  },
  "segmentReduce: the least": {
    f: (a, b) => a.segmentReduce("min", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'min', lengths=b.long(), axis=0)",
    inputs: [floats([6, 2]), given([2, 0, 1, 3], [4], "int32")],
    order: 1,
  },
  "segmentReduce: means of full segments": {
    f: (a, b) => a.segmentReduce("mean", { offsets: b! }),
    torch: "torch.segment_reduce(a, 'mean', offsets=b.long(), axis=0)",
    inputs: [floats([6]), given([0, 2, 3, 6], [4], "int32")],
    order: 1,
  },
  "segmentReduce: the largest of equal ones": {
    f: (a, b) => a.segmentReduce("max", { lengths: b! }),
    torch: "torch.segment_reduce(a, 'max', lengths=b.long(), axis=0)",
    inputs: [given([1, 1, 0, 2, 2]), given([3, 2], [2], "int32")],
    // PyTorch shares positive gradients alone.
    order: 0,
  },
  "segmentReduce: a start of its own": {
    f: (a, b) => a.segmentReduce("sum", { lengths: b!, initial: 2.5 }),
    torch: "torch.segment_reduce(a, 'sum', lengths=b.long(), axis=0, initial=2.5)",
    inputs: [floats([5]), given([3, 0, 2], [3], "int32")],
    order: 1,
  },
  "segmentReduce: columns": {
    f: (a, b) => a.segmentReduce("max", { lengths: b!, axis: -1 }),
    torch: "torch.segment_reduce(a.T.contiguous(), 'max', lengths=b.long(), axis=0).T",
    inputs: [floats([2, 5]), given([3, 2], [2], "int32")],
    order: 1,
  },
  "segmentReduce: each row in its own way": {
    f: (a, b) => a.segmentReduce("sum", { lengths: b!, axis: 1 }),
    torch: "torch.segment_reduce(a, 'sum', lengths=b.long(), axis=1)",
    inputs: [floats([2, 4, 2]), given([3, 0, 1, 1, 1, 2], [2, 3], "int32")],
    order: 1,
  },
  "segmentReduce: means by borders of each row": {
    f: (a, b) => a.segmentReduce("mean", { offsets: b!, axis: -1, initial: 2 }),
    torch: "torch.segment_reduce(a, 'mean', offsets=b.long(), axis=1, initial=2)",
    inputs: [floats([2, 4]), given([0, 1, 4, 0, 3, 4], [2, 3], "int32")],
    order: 0,
  },
  "scatter: without axes": {
    f: (a, b) =>
      [a.scatter(0, zero(), b!), a.scatterAdd(-1, [0], b!), a.scatterReduce(0, zero(), b!, "prod")].map((x) =>
        x.mul(2)
      ),
    torch:
      "[x * 2 for x in (a.scatter(0, torch.tensor(0), b), a.scatter_add(-1, torch.tensor([0]), b), a.scatter_reduce(0, torch.tensor(0), b, 'prod'))]",
    inputs: [floats([]), floats([], 1)],
  },
  "indexAdd: without axes": {
    f: (a, b) => [a.indexAdd(0, [0], b!, { alpha: 2 }), a.indexFill(0, [0], 3), a.indexReduce(0, [0], b!, "amax")],
    torch:
      "(a.index_add(0, torch.tensor([0]), b, alpha=2), a.index_fill(0, torch.tensor([0]), 3), a.index_reduce(0, torch.tensor([0]), b, 'amax'))",
    inputs: [floats([]), floats([], 1)],
    order: 1,
  },
};
