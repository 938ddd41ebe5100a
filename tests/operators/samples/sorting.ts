/** Operators that put elements in order. PyTorch says nothing of the order of equal elements but in stable sorts. */
import type { Tensor } from "../../../mod.ts";
import { bools, floats, given, integers, type Samples, special } from "../sample.ts";

const m = [2, 3], cube = [2, 3, 4];
type Ordered = { values: Tensor; indices: Tensor };
const both = ({ values, indices }: Ordered) => [values, indices];
/** Integers with ties, and NaN, infinities and zeros of both signs. */
const ties = given([3, -1, 3, 0, -1, 2, 3, 0], [2, 4], "int32");
const odd = given([NaN, 1, -Infinity, -0, 0, Infinity, NaN, 1, 0, -0, 2, -3], [2, 6]);
const holes = given([NaN, 1, 5, 3, NaN, NaN, 2, 4, 0, -1, 7, 9, NaN, NaN, NaN, NaN], [4, 4]);
const shares = given([0, 0.3, 1, 0.5]);

export const sorting: Samples = {
  "sort": { f: (a) => both(a.sort()), torch: "a.sort(stable=True)", inputs: [floats(cube)] },
  "sort: descending, another axis": {
    f: (a) => both(a.sort(1, { descending: true })),
    torch: "a.sort(dim=1, descending=True, stable=True)",
    inputs: [floats(cube, 1)],
  },
  "sort: a view": {
    f: (a) => both(a.transpose().sort(-2)),
    torch: "a.T.sort(dim=-2, stable=True)",
    inputs: [floats([4, 5], 2)],
  },
  "sort: ties": { f: (a) => both(a.sort()), torch: "a.sort(stable=True)", inputs: [ties] },
  "sort: ties, descending": {
    f: (a) => both(a.sort(-1, { descending: true })),
    torch: "a.sort(descending=True, stable=True)",
    inputs: [ties],
  },
  "sort: special": { f: (a) => both(a.sort()), torch: "a.sort(stable=True)", inputs: [special], order: 0 },
  "sort: special, descending": {
    f: (a) => both(a.sort(-1, { descending: true })),
    torch: "a.sort(descending=True, stable=True)",
    inputs: [odd],
    order: 0,
  },
  "sort: bools": { f: (a) => both(a.sort()), torch: "a.sort(stable=True)", inputs: [bools([3, 5])] },
  "sort: a single element": { f: (a) => both(a.sort()), torch: "a.sort(stable=True)", inputs: [floats([])] },
  "sort: nothing": {
    f: (a) => both(a.sort(0)),
    torch: "a.sort(dim=0, stable=True)",
    inputs: [floats([0, 3])],
    order: 0,
  },
  "argsort": {
    f: (a) => a.argsort(0, { descending: true }),
    torch: "a.argsort(dim=0, descending=True, stable=True)",
    inputs: [integers(-2, 2, cube)],
  },
  "argsort: floats": { f: (a) => a.argsort(), torch: "a.argsort(stable=True)", inputs: [floats(cube)], order: 0 },
  "msort": { f: (a) => a.msort(), torch: "torch.msort(a)", inputs: [floats(cube)] },
  "topk": { f: (a) => both(a.topk(2)), torch: "a.topk(2)", inputs: [floats(cube)] },
  "topk: the least, another axis": {
    f: (a) => both(a.topk(2, 0, { largest: false })),
    torch: "a.topk(2, dim=0, largest=False)",
    inputs: [floats([4, 3], 3)],
  },
  "topk: all": { f: (a) => both(a.topk(3, -1, { sorted: true })), torch: "a.topk(3)", inputs: [floats(m)] },
  "topk: none": { f: (a) => both(a.topk(0)), torch: "a.topk(0)", inputs: [floats(m)], order: 0 },
  "topk: not a number": { f: (a) => a.topk(4).values, torch: "a.topk(4).values", inputs: [odd], order: 0 },
  "topk: in any order": {
    f: (a) => a.topk(2, -1, { sorted: false }).values.sum(-1),
    torch: "a.topk(2, sorted=False).values.sum(-1)",
    inputs: [floats(cube)],
  },
  "kthvalue": { f: (a) => both(a.kthvalue(2)), torch: "a.kthvalue(2)", inputs: [floats(cube)] },
  "kthvalue: kept": {
    f: (a) => both(a.transpose().kthvalue(3, 0, { keepDims: true })),
    torch: "a.T.kthvalue(3, dim=0, keepdim=True)",
    inputs: [floats([2, 5], 1)],
  },
  "kthvalue: integers": {
    f: (a) => a.kthvalue(4).values,
    torch: "a.kthvalue(4).values",
    inputs: [ties],
  },
  "kthvalue: not a number": { f: (a) => a.kthvalue(5).values, torch: "a.kthvalue(5).values", inputs: [odd], order: 0 },
  "kthvalue: a single element": { f: (a) => both(a.kthvalue(1)), torch: "a.kthvalue(1)", inputs: [floats([])] },
  "median": { f: (a) => a.median(), torch: "a.median()", inputs: [floats([2, 4])] },
  "median: ties": { f: (a) => a.median(), torch: "a.median()", inputs: [given([1, 2, 2, 2, 3, 0.5])], order: 1 },
  "median: an axis": { f: (a) => both(a.median(-1)), torch: "a.median(dim=-1)", inputs: [floats(cube)] },
  "median: kept": {
    f: (a) => both(a.median(0, { keepDims: true })),
    torch: "a.median(dim=0, keepdim=True)",
    inputs: [floats([3, 4], 2)],
  },
  "median: integers": {
    f: (a) => [a.median(), a.median(1).values],
    torch: "[a.median(), a.median(1).values]",
    inputs: [ties],
  },
  "median: not a number": {
    f: (a) => [a.median(), ...both(a.median(1))],
    torch: "[a.median(), *a.median(1)]",
    inputs: [holes],
    order: 0,
  },
  "nanmedian": { f: (a) => a.nanmedian(), torch: "a.nanmedian()", inputs: [given([NaN, 1, 5, 2, NaN, 4])], order: 1 },
  "nanmedian: an axis": {
    f: (a) => a.nanmedian(1).values,
    torch: "a.nanmedian(1).values",
    inputs: [holes],
    order: 0,
  },
  "nanmedian: kept": {
    f: (a) => both(a.nanmedian(0, { keepDims: true })),
    torch: "a.nanmedian(0, keepdim=True)",
    inputs: [floats([4, 3])],
  },
  "mode": {
    f: (a) => both(a.mode()),
    torch: "a.mode()",
    inputs: [given([2, 1, 2, 1, 0, 5, 5, 5, 1, 1, -1, 3, 0, 2, 9], [3, 5], "int32")],
  },
  "mode: an axis of floats": {
    f: (a) => both(a.mode(0, { keepDims: true })),
    torch: "a.mode(0, keepdim=True)",
    inputs: [given([0.5, 1, 0.5, 2, 1, 2, 2, 1, 2], [3, 3])],
  },
  "uniqueConsecutive": {
    f: (a) => {
      const { values, inverse, counts } = a.uniqueConsecutive();
      return [values, inverse, counts];
    },
    torch: "torch.unique_consecutive(a, return_inverse=True, return_counts=True)",
    inputs: [given([1, 1, 2, 2, 2, 1, 0, 0], [2, 4], "int32")],
    reads: true,
  },
  "uniqueConsecutive: floats": {
    f: (a) => {
      const { values, inverse, counts } = a.transpose().uniqueConsecutive();
      return [values, inverse, counts];
    },
    torch: "torch.unique_consecutive(a.T, return_inverse=True, return_counts=True)",
    inputs: [given([1.5, NaN, 1.5, NaN, 0, 3], [2, 3])],
    order: 0,
    reads: true,
  },
  "uniqueConsecutive: nothing": {
    f: (a) => a.uniqueConsecutive().values,
    torch: "torch.unique_consecutive(a)",
    inputs: [floats([0])],
    order: 0,
    reads: true,
  },
  "quantile": { f: (a) => a.quantile(0.4), torch: "a.quantile(0.4)", inputs: [floats([7])] },
  "quantile: several, along an axis": {
    f: (a) => a.quantile([0, 0.25, 0.6, 1], { axis: 1 }),
    torch: "a.quantile(torch.tensor([0, 0.25, 0.6, 1], dtype=a.dtype), dim=1)",
    inputs: [floats(cube)],
  },
  "quantile: shares in a tensor, kept": {
    f: (a, q) => a.quantile(q!, { axis: 0, keepDims: true }),
    torch: "a.quantile(b, dim=0, keepdim=True)",
    inputs: [floats([4, 3]), given([0.15, 0.7])],
  },
  "quantile: all kept": {
    f: (a) => a.transpose().quantile(0.35, { keepDims: true }),
    torch: "a.T.quantile(0.35, keepdim=True)",
    inputs: [floats([3, 4])],
  },
  "quantile: lower": {
    f: (a, q) => a.quantile(q!, { interpolation: "lower" }),
    torch: "a.quantile(b, interpolation='lower')",
    inputs: [floats([6]), shares],
    order: 0,
  },
  "quantile: higher": {
    f: (a) => a.quantile([0.3, 0.5], { axis: -1, interpolation: "higher" }),
    torch: "a.quantile(torch.tensor([0.3, 0.5], dtype=a.dtype), dim=-1, interpolation='higher')",
    inputs: [floats([2, 6])],
  },
  "quantile: midpoint": {
    f: (a) => a.quantile([0.3, 0.5, 1], { axis: -1, interpolation: "midpoint" }),
    torch: "a.quantile(torch.tensor([0.3, 0.5, 1], dtype=a.dtype), dim=-1, interpolation='midpoint')",
    inputs: [floats([2, 6])],
  },
  "quantile: nearest": {
    f: (a) => a.quantile([0.1, 0.3, 0.5], { axis: -1, interpolation: "nearest" }),
    torch: "a.quantile(torch.tensor([0.1, 0.3, 0.5], dtype=a.dtype), dim=-1, interpolation='nearest')",
    inputs: [floats([2, 6])],
  },
  "quantile: not a number": {
    f: (a) => a.quantile(0.5, { axis: 1 }),
    torch: "a.quantile(0.5, dim=1)",
    inputs: [holes],
    order: 0,
  },
  "nanquantile": {
    f: (a) => a.nanquantile([0.25, 0.9], { axis: 1 }),
    torch: "a.nanquantile(torch.tensor([0.25, 0.9], dtype=a.dtype), dim=1)",
    inputs: [holes],
    order: 0,
  },
  "nanquantile: of all": {
    f: (a) => a.nanquantile(0.35, { interpolation: "lower" }),
    torch: "a.nanquantile(0.35, interpolation='lower')",
    inputs: [holes],
    order: 0,
  },
  "nanquantile: gradients": { f: (a) => a.nanquantile(0.35), torch: "a.nanquantile(0.35)", inputs: [floats([7])] },
  "uniqueConsecutive: columns": {
    f: (a) => {
      const { values, inverse, counts } = a.uniqueConsecutive({ axis: 1 });
      return [values, inverse, counts];
    },
    torch: "torch.unique_consecutive(a, dim=1, return_inverse=True, return_counts=True)",
    inputs: [given([1, 1, 0, 1, 2, 2, 2, 2], [2, 4], "int32")],
    reads: true,
  },
};
