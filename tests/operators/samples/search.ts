/** Samples of operators that look for elements, and for slices, among others; part of those of `indexing.ts`. */
import { searchsorted, tensor } from "../../../mod.ts";
import type { UniqueResult } from "../../../core/tensor/composites/search.ts";
import { floats, given, integers, type Samples } from "../sample.ts";

const list = ({ values, inverse, counts }: UniqueResult) => [values, inverse, counts];
/** Rows of which some are equal. */
const rows = given([1, 2, 0, 1, 0, 0, 1, 2, 0, 1, 1, 9], [4, 3], "int32");

export const searches: Samples = {
  "unique: rows": {
    f: (a) => list(a.unique({ axis: 0 })),
    torch: "torch.unique(a, dim=0, return_inverse=True, return_counts=True)",
    inputs: [rows],
    reads: true,
  },
  "unique: columns of a view": {
    f: (a) => list(a.transpose().unique({ axis: -1 })),
    torch: "torch.unique(a.T, dim=-1, return_inverse=True, return_counts=True)",
    inputs: [given([1.5, 2, 0, 1, 0, 0, 1.5, 2, 0, 1.5, 2, -0], [4, 3])],
    order: 0,
    reads: true,
  },
  "unique: a middle axis": {
    f: (a) => list(a.unique({ axis: 1 })),
    torch: "torch.unique(a, dim=1, return_inverse=True, return_counts=True)",
    inputs: [integers(0, 2, [2, 5, 1])],
    reads: true,
  },
  "searchsorted: a sorter": {
    f: (a, b, c) => searchsorted(a, b!, { sorter: c!, right: true }),
    torch: "torch.searchsorted(a, b, sorter=c.long(), right=True)",
    inputs: [
      given([2, -1, 0.5, 3, 1, 2], [2, 3]),
      given([0.5, 2, 1, 4], [2, 2]),
      given([1, 2, 0, 1, 2, 0], [2, 3], "int32"),
    ],
    order: 0,
  },
  "gather: without axes": {
    f: (a) => [a.gather(0, [0, 0]), a.gather(-1, tensor(0, { dtype: "int32" })), a.indexSelect(0, [0])],
    torch: "(a.gather(0, torch.tensor([0, 0])), a.gather(-1, torch.tensor(0)), a.index_select(0, torch.tensor([0])))",
    inputs: [floats([])],
  },
};
