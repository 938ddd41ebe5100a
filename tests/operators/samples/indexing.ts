/** Samples of operators that choose elements by their places. */
import { searchsorted, tensor, where as whereOf } from "../../../mod.ts";
import { bools, floats, given, integers, type Samples, special } from "../sample.ts";
import { joined } from "./joined.ts";
import { searches } from "./search.ts";

const m = [2, 3], cube = [2, 3, 4];
const list = (...elements: number[]) => tensor(Int32Array.from(elements));
/** A column of places [2, 1]. */
const column = (...elements: number[]) => tensor(Int32Array.from(elements), { shape: [elements.length, 1] });
/** PyTorch's assignments are statements; as an expression, one is a call on a copy. */
const set = (index: string, value: string) => `(lambda y: (y.__setitem__(${index}, ${value}), y)[1])(a.clone())`;

export const indexing: Samples = {
  "at": { f: (a) => a.at("1, ::-1", null), torch: "a.flip(1)[1, :, None]", inputs: [floats(cube)] },
  "at: a list": { f: (a) => a.at([1, 0, -1]), torch: "a[[1, 0, -1]]", inputs: [floats(m)] },
  "at: a tensor of two axes, last": {
    f: (a, b) => a.at("...", b!),
    torch: "a[..., b]",
    inputs: [floats(m), integers(-3, 3, [2, 2])],
  },
  "at: a tensor without axes": { f: (a, b) => a.at(b!), torch: "a[b]", inputs: [floats(m), given([-1], [], "int32")] },
  "at: one place each": {
    f: (a) => a.at([0, 1, 1], [2, -2, 1]),
    torch: "a[[0, 1, 1], [2, -2, 1]]",
    inputs: [floats(m)],
  },
  "at: rows and columns": {
    f: (a, b) => a.at(column(1, 0), b!),
    torch: "a[torch.tensor([[1], [0]]), b]",
    inputs: [floats(m), integers(-3, 3, [3])],
  },
  "at: neighbours keep their place": {
    f: (a) => a.at(":", [2, 0], [3, -1]),
    torch: "a[:, [2, 0], [3, -1]]",
    inputs: [floats(cube)],
  },
  "at: parted by a range": {
    f: (a) => a.at([1, 0], "1:", [3, 0]),
    torch: "a[[1, 0], 1:, [3, 0]]",
    inputs: [floats(cube)],
  },
  "at: parted by a new axis": {
    f: (a) => a.at([1, 0], null, [2, 0]),
    torch: "a[[1, 0], None, [2, 0]]",
    inputs: [floats(cube)],
  },
  "at: beside a number": { f: (a) => a.at(0, ":", [3, 1]), torch: "a[0, :, [3, 1]]", inputs: [floats(cube)] },
  "at: a single place beside a list": {
    f: (a, b) => a.at(b!, ":", [3, 1]),
    torch: "a[b, :, [3, 1]]",
    inputs: [floats(cube), given([1], [], "int32")],
  },
  "at: a transposed tensor": {
    f: (a) => a.transpose([2, 0, 1]).at([0, 3], ":", [2, 2]),
    torch: "a.permute(2, 0, 1)[[0, 3], :, [2, 2]]",
    inputs: [floats(cube)],
  },
  "at: no places": {
    f: (a) => a.at(list()),
    torch: "a[torch.tensor([], dtype=torch.long)]",
    inputs: [floats(m)],
  },
  "at: no elements": { f: (a) => a.at(":", [1, 0]), torch: "a[:, [1, 0]]", inputs: [floats([0, 2])], order: 0 },
  "at: places of bytes": {
    f: (a, b) => a.at(b!),
    torch: "a[b.long()]",
    inputs: [floats(m), integers(0, 2, [3], 0, "uint8")],
  },
  "at: integers": { f: (a) => a.at(":", [0, 0]), torch: "a[:, [0, 0]]", inputs: [integers(-9, 9, m)] },
  "at: bools": { f: (a) => a.at([1, -1], [2, 0]), torch: "a[[1, -1], [2, 0]]", inputs: [bools(m)] },
  "at: special": {
    f: (a) => a.at([[0, 4], [6, 1]]),
    torch: "a[torch.tensor([[0, 4], [6, 1]])]",
    inputs: [special],
    order: 0,
  },
  "at: a mask": { f: (a, b) => a.at(b!), torch: "a[b]", inputs: [floats(m), bools(m)], reads: true },
  "at: a mask of one axis": {
    f: (a) => a.at(":", [true, false, true]),
    torch: "a[:, [True, False, True]]",
    inputs: [floats(cube)],
    reads: true,
  },
  "at: a mask of two axes": {
    f: (a, b) => a.at(1, b!),
    torch: "a[1, b]",
    inputs: [floats(cube), bools([3, 4])],
    reads: true,
  },
  "at: a mask and a list": {
    f: (a) => a.at([true, true], ":", [3, 0]),
    torch: "a[[True, True], :, [3, 0]]",
    inputs: [floats(cube)],
    reads: true,
  },
  "at: a mask that never holds": {
    f: (a) => a.at([false, false]),
    torch: "a[[False, False]]",
    inputs: [floats(m)],
    order: 0,
    reads: true,
  },
  "at: a mask without axes": {
    f: (a) => a.at(tensor(true), 1),
    torch: "a[torch.tensor(True), 1]",
    inputs: [floats(m)],
    reads: true,
  },

  "setAt": { f: (a, b) => a.setAt([1, "::-1"], b!), torch: set("1", "b.flip(0)"), inputs: [floats(m), floats([3], 1)] },
  "setAt: a number": { f: (a) => a.setAt("..., 1:", 5), torch: set("(..., slice(1, None))", "5"), inputs: [floats(m)] },
  "setAt: a new axis": {
    f: (a, b) => a.setAt(["1:", null], b!),
    torch: set("(slice(1, None), None)", "b"),
    inputs: [floats(m), floats([1, 1, 3], 1)],
  },
  "setAt: everything": {
    f: (a, b) => a.setAt([], b!),
    torch: "b.expand(2, 3) + 0 * a",
    inputs: [floats(m), floats([3], 1)],
  },
  "setAt: nothing": { f: (a) => a.setAt("1:1", 4), torch: "a + 0", inputs: [floats(m)] },
  "setAt: a transposed tensor": {
    f: (a, b) => a.transpose().setAt("1:", b!),
    torch: "(lambda y: (y.__setitem__(slice(1, None), b), y)[1])(a.T.clone())",
    inputs: [floats(m), floats([2], 1)],
  },
  "setAt: a list": {
    f: (a, b) => a.setAt([[-1, 0]], b!),
    torch: set("[-1, 0]", "b"),
    inputs: [floats([3, 2]), floats([2, 2], 1)],
  },
  "setAt: the last of three stays": {
    f: (a, b) => a.setAt([[2, 0, 2, 2, 0]], b!),
    torch: set("[0, 2]", "b[[4, 3]]"),
    inputs: [floats([4]), floats([5], 1)],
  },
  "setAt: rows and columns": {
    f: (a, b) => a.setAt([column(1, 0), [2, 0]], b!),
    torch: set("(torch.tensor([[1], [0]]), [2, 0])", "b"),
    inputs: [floats(m), floats([2], 1)],
  },
  "setAt: parted by a range": {
    f: (a, b) => a.setAt([[1, 0], "1:", [3, 0]], b!),
    torch: set("([1, 0], slice(1, None), [3, 0])", "b"),
    inputs: [floats(cube), floats([2, 2], 1)],
  },
  "setAt: a mask and a number": { f: (a, b) => a.setAt(b!, 0), torch: set("b", "0"), inputs: [floats(m), bools(m)] },
  "setAt: a mask of rows": {
    f: (a, b) => a.setAt([[true, false]], b!),
    torch: set("[True, False]", "b"),
    inputs: [floats(m), floats([], 1)],
  },
  "setAt: a mask and a tensor": {
    f: (a, b) => a.setAt([":", [true, false, true]], b!),
    torch: set("(slice(None), [True, False, True])", "b"),
    inputs: [floats(m), floats([2], 1)],
    reads: true,
  },
  "setAt: integers": {
    f: (a) => a.setAt([0, [1, 2]], -7.5),
    torch: set("(0, [1, 2])", "-7.5"),
    inputs: [integers(-5, 5, m)],
  },
  "setAt: bools": { f: (a, b) => a.setAt(1, b!), torch: set("1", "b"), inputs: [bools(m), bools([3], 2)] },
  "setAt: special": {
    f: (a) => a.setAt([[0, 3, 2]], tensor([-0, NaN, Infinity])),
    torch: set("[0, 3, 2]", "torch.tensor([-0.0, math.nan, math.inf], dtype=a.dtype)"),
    inputs: [special],
    order: 0,
  },

  "assignAt": {
    f: (a, b) => {
      const x = a.detach().mul(1), y = x.at("1");
      x.assignAt([1, "1:"], b!.detach());
      return [x, y];
    },
    torch: `(lambda y: [y, y[1]])(${set("(1, slice(1, None))", "b")})`,
    inputs: [floats(m), floats([2], 1)],
    order: 0,
  },
  "assignAt: a view of itself": {
    f: (a) => {
      const x = a.detach().mul(1);
      x.assignAt("::-1", x);
      return x;
    },
    torch: "a.flip(0)",
    inputs: [floats(m)],
    order: 0,
  },
  "assignAt: a list": {
    f: (a) => {
      const x = a.detach().mul(1);
      x.assignAt([":", [2, 0]], 4);
      return x;
    },
    torch: set("(slice(None), [2, 0])", "4"),
    inputs: [floats(m)],
    order: 0,
  },

  "take": { f: (a, b) => a.take(b!, 1), torch: "a[:, b]", inputs: [floats(m), integers(0, 3, [2, 2])] },
  "take: a list": { f: (a) => a.take([2, 0, 2], -1), torch: "a[:, [2, 0, 2]]", inputs: [floats(m)] },

  "gather": {
    f: (a, b) => a.gather(1, b!),
    torch: "a.gather(1, b.long())",
    inputs: [floats(m), integers(0, 3, [2, 4])],
  },
  "gather: fewer rows": {
    f: (a, b) => a.gather(-2, b!),
    torch: "a.gather(-2, b.long())",
    inputs: [floats(cube), integers(0, 3, [1, 5, 2])],
  },
  "gather: transposed, of floats": {
    f: (a, b) => a.transpose().gather(0, b!.transpose().cast(a.dtype)),
    torch: "a.T.gather(0, b.T.long())",
    inputs: [floats(m), integers(0, 3, [2, 2])],
  },
  "gather: a list": {
    f: (a) => a.gather(0, [2, 2, 0]),
    torch: "a.gather(0, torch.tensor([2, 2, 0]))",
    inputs: [floats([3])],
  },
  "gather: no indices": {
    f: (a) => a.gather(1, tensor(new Int32Array(0), { shape: [2, 0] })),
    torch: "a.gather(1, torch.zeros(2, 0, dtype=torch.long))",
    inputs: [floats(m)],
    order: 0,
  },
  "gather: integers": {
    f: (a, b) => a.gather(1, b!),
    torch: "a.gather(1, b.long())",
    inputs: [integers(-9, 9, m), integers(0, 3, [2, 1])],
  },
  "takeAlongAxis": {
    f: (a, b) => a.takeAlongAxis(b!),
    torch: "torch.take_along_dim(a, b.long(), -1)",
    inputs: [floats(m), integers(0, 3, [1, 2])],
  },
  "takeAlongAxis: a tensor that is stretched": {
    f: (a, b) => a.takeAlongAxis(b!, 1),
    torch: "torch.take_along_dim(a, b.long(), 1)",
    inputs: [floats([1, 3, 2]), integers(0, 3, [2, 4, 1])],
  },
  "takeAlongAxis: from the end": {
    f: (a) => a.takeAlongAxis([[-1, 0], [-3, -2]]),
    torch: "torch.take_along_dim(a, torch.tensor([[2, 0], [0, 1]]), 1)",
    inputs: [floats(m)],
  },
  "takeAlongAxis: the places of the largest": {
    f: (a) => a.takeAlongAxis(a.argmax({ axis: 0, keepDims: true }), 0),
    torch: "torch.take_along_dim(a, a.argmax(0, keepdim=True), 0)",
    inputs: [floats(m)],
  },

  ...joined,
  ...searches,

  "indexFill": {
    f: (a) => a.indexFill(1, [2, 0, 2], -1),
    torch: "a.index_fill(1, torch.tensor([2, 0]), -1)",
    inputs: [floats(m)],
  },
  "indexFill: a tensor": {
    f: (a, b) => a.indexFill(0, [1], b!),
    torch: "a.index_fill(0, torch.tensor([1]), b)",
    inputs: [floats(m), floats([], 1)],
  },

  "maskedFill": {
    f: (a, b) => a.maskedFill(b!, -Infinity),
    torch: "a.masked_fill(b, -math.inf)",
    inputs: [floats(m), bools([3])],
    order: 1,
  },
  "maskedFill: a tensor": {
    f: (a, b, c) => a.maskedFill(b!, c!),
    torch: "a.masked_fill(b, c)",
    inputs: [floats([3]), bools(m), floats([], 1)],
  },
  "maskedFill: integers": {
    f: (a, b) => a.maskedFill(b!, 7),
    torch: "a.masked_fill(b, 7)",
    inputs: [integers(-9, 9, m), bools(m)],
  },
  "maskedSelect": {
    f: (a, b) => a.maskedSelect(b!),
    torch: "a.masked_select(b)",
    inputs: [floats(m), bools([2, 1])],
    reads: true,
  },
  "maskedSelect: a tensor that is stretched": {
    f: (a, b) => a.transpose().maskedSelect(b!),
    torch: "a.T.masked_select(b)",
    inputs: [floats([1, 3]), bools([3, 2])],
    reads: true,
  },
  "maskedScatter": {
    f: (a, b, c) => a.maskedScatter(b!, c!),
    torch: "a.masked_scatter(b, c)",
    inputs: [floats(m), bools(m), floats([7], 1)],
    reads: true,
  },
  "where": {
    f: (a, b, c) => whereOf(c!, a, b!),
    torch: "torch.where(c, a, b)",
    inputs: [floats([2, 1]), floats([3], 1), bools(m)],
  },
  "where: numbers": { f: (c) => whereOf(c, 2, 0.5), torch: "torch.where(a, 2, 0.5).float()", inputs: [bools(m)] },

  "nonzero": { f: (a) => a.nonzero(), torch: "a.nonzero()", inputs: [integers(0, 2, cube)], reads: true },
  "nonzero: floats": { f: (a) => a.nonzero(), torch: "a.nonzero()", inputs: [special], order: 0, reads: true },
  "nonzero: none": {
    f: (a) => a.mul(0).nonzero(),
    torch: "(a * 0).nonzero()",
    inputs: [integers(1, 5, m)],
    reads: true,
  },
  "nonzero: a scalar": { f: (a) => a.nonzero(), torch: "a.nonzero()", inputs: [given([3], [], "int32")], reads: true },
  "unique": {
    f: (a) => {
      const { values, inverse, counts } = a.unique();
      return [values, inverse, counts];
    },
    torch: "torch.unique(a, return_inverse=True, return_counts=True)",
    inputs: [integers(-3, 3, cube)],
    reads: true,
  },
  "unique: floats": {
    f: (a) => {
      const { values, inverse, counts } = a.transpose().unique();
      return [values, inverse, counts];
    },
    torch: "torch.unique(a.T, return_inverse=True, return_counts=True)",
    inputs: [given([1.5, -2, Infinity, 1.5, -Infinity, -2, 0, 1.5], [2, 4])],
    order: 0,
    reads: true,
  },
  "unique: not a number": {
    f: (a) => a.unique().values,
    torch: "torch.unique(a)",
    inputs: [given([NaN, 1, NaN, 0])],
    order: 0,
    reads: true,
  },
  "unique: bools": { f: (a) => a.unique().values, torch: "torch.unique(a)", inputs: [bools(m)], reads: true },
  "bincount": { f: (a) => a.bincount(), torch: "torch.bincount(a)", inputs: [integers(0, 5, [9])], reads: true },
  "bincount: weights": {
    f: (a, b) => a.bincount({ weights: b!, minLength: 7 }),
    torch: "torch.bincount(a, b, minlength=7)",
    inputs: [integers(0, 5, [9]), floats([9], 1)],
    order: 0,
    reads: true,
  },
  "bincount: nothing": {
    f: (a) => a.bincount({ minLength: 2 }),
    torch: "torch.bincount(a, minlength=2)",
    inputs: [integers(0, 5, [0])],
    reads: true,
  },
  "searchsorted": {
    f: (a, b) => searchsorted(a, b!),
    torch: "torch.searchsorted(a, b)",
    inputs: [given([-1, 0, 0, 0.5, 1, 1, 1.5]), given([0, 1, 2, -2, 0.25, 1.5, -1, NaN], [2, 4])],
    order: 0,
  },
  "searchsorted: right": {
    f: (a, b) => searchsorted(a, b!, { right: true }),
    torch: "torch.searchsorted(a, b, right=True)",
    inputs: [given([-1, 0, 0, 0.5, 1, 1, 1.5, Infinity]), given([0, 1, 2, -2, 0.25, 1.5, -1, NaN, Infinity])],
    order: 0,
  },
  "searchsorted: rows": {
    f: (a, b) => searchsorted(a, b!),
    torch: "torch.searchsorted(a, b)",
    inputs: [given([1, 3, 5, 2, 2, 9], m, "int32"), integers(0, 10, [2, 4])],
  },
  "searchsorted: one number, which is a number": {
    f: (a) => searchsorted(a, 0.5),
    torch: "torch.searchsorted(a, 0.5)",
    inputs: [given([0.25])],
    order: 0,
  },
  "searchsorted: no numbers": {
    f: (a, b) => searchsorted(a, b!),
    torch: "torch.searchsorted(a, b)",
    inputs: [floats([0]), floats([3], 1)],
    order: 0,
  },
  "bucketize": {
    f: (a) => a.bucketize([-1, 0, 1]),
    torch: "torch.bucketize(a, torch.tensor([-1., 0., 1.], dtype=a.dtype))",
    inputs: [floats(m)],
    order: 0,
  },
  "bucketize: right": {
    f: (a, b) => a.bucketize(b!, { right: true }),
    torch: "torch.bucketize(a, b, right=True)",
    inputs: [integers(-3, 3, m), given([-2, 0, 2], [3], "int32")],
  },
  "isin": {
    f: (a) => a.isin([1, -2, 40]),
    torch: "torch.isin(a, torch.tensor([1, -2, 40]))",
    inputs: [integers(-3, 3, cube)],
  },
  "isin: floats": {
    f: (a, b) => a.isin(b!),
    torch: "torch.isin(a, b)",
    inputs: [special, given([1, NaN, Infinity], [3, 1])],
    order: 0,
  },
  "isin: many values": {
    f: (a, b) => a.isin(b!.repeat([9])),
    torch: "torch.isin(a, b)",
    inputs: [special, given([1, NaN, Infinity, 0.25, 1, -1e18, 3, NaN])],
    order: 0,
  },
  "isin: many integers": {
    f: (a, b) => a.isin(b!.repeat([20])),
    torch: "torch.isin(a, b)",
    inputs: [integers(-3, 3, cube), given([2, -1, 40, 0], [4], "int32")],
  },
  "isin: nothing": { f: (a) => a.isin([]), torch: "torch.isin(a, torch.tensor([]))", inputs: [floats(m)], order: 0 },
  "oneHot": { f: (a) => a.oneHot(4), torch: "F.one_hot(a.long(), 4).float()", inputs: [integers(0, 4, m)] },
};
