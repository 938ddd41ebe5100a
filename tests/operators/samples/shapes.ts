/** Samples of operators that give elements another shape or order, join tensors, or take parts of them. */
import { broadcastTensors, concat, linspace, logspace, meshgrid, stack, type Tensor } from "../../../mod.ts";
import { bools, floats, given, integers, type Sample, type Samples, special } from "../sample.ts";

const m = [2, 3], cube = [2, 3, 4], row = [3], none = [0, 3];

/** A call of one float tensor. */
function one(f: Sample["f"], torch: string, shape: readonly number[] = m): Sample {
  return { f, torch, inputs: [floats(shape)] };
}

/** A call of tensors that has no derivative, or none of use. */
function plain(f: Sample["f"], torch: string, ...inputs: Sample["inputs"]): Sample {
  return { f, torch, inputs, order: 0 };
}

const otherShapes: Samples = {
  reshape: one((a) => a.reshape([3, -1]), "a.reshape(3, -1)"),
  "reshape: of a view that must be copied": one((a) => a.transpose().reshape([6]), "a.T.reshape(6)"),
  "reshape: of a view that stays one": one((a) => a.at("::-1").reshape([2, 1, 3]), "a.flip(0).reshape(2, 1, 3)"),
  "reshape: of nothing": one((a) => a.reshape([0, 5]), "a.reshape(0, 5)", none),
  "reshape: to a scalar": one((a) => a.reshape([]), "a.reshape(())", [1, 1]),
  "reshape: integers": plain((a) => a.reshape([-1]), "a.reshape(-1)", integers(-5, 5, m)),
  reshapeAs: { f: (a, b) => a.reshapeAs(b!), torch: "a.reshape_as(b)", inputs: [floats(m), floats([3, 2], 1)] },
  viewAs: { f: (a, b) => a.viewAs(b!), torch: "a.view_as(b)", inputs: [floats(m), floats([6], 1)] },
  flatten: one((a) => a.flatten(), "a.flatten()", cube),
  "flatten: from an axis": one((a) => a.flatten(1), "a.flatten(1)", cube),
  "flatten: to an axis": one((a) => a.flatten(-3, -2), "a.flatten(-3, -2)", cube),
  "flatten: one axis": one((a) => a.flatten(1, 1), "a.flatten(1, 1)"),
  "flatten: a scalar": one((a) => a.flatten(), "a.flatten()", []),
  "flatten: of a view": one((a) => a.transpose([2, 0, 1]).flatten(1), "a.permute(2, 0, 1).flatten(1)", cube),
  "flatten: nothing": one((a) => a.flatten(), "a.flatten()", none),
  unflatten: one((a) => a.unflatten(1, [2, -1]), "a.unflatten(1, (2, -1))", [2, 6]),
  "unflatten: a negative axis of a view": one(
    (a) => a.transpose().unflatten(-2, [3, 1, 2]),
    "a.T.unflatten(-2, (3, 1, 2))",
    [
      2,
      6,
    ],
  ),
  "unflatten: beside nothing": one((a) => a.unflatten(1, [-1, 3]), "a.unflatten(1, (-1, 3))", none),
  squeeze: one((a) => a.squeeze(), "a.squeeze()", [1, 2, 1, 3]),
  "squeeze: an axis": one((a) => a.squeeze(-2), "a.squeeze(-2)", [1, 2, 1, 3]),
  "squeeze: an axis of another length": one((a) => a.squeeze(1), "a.squeeze(1)", [1, 2, 1, 3]),
  "squeeze: axes": one((a) => a.squeeze([0, 1, 2]), "a.squeeze((0, 1, 2))", [1, 2, 1, 3]),
  "squeeze: a scalar": one((a) => a.squeeze(0), "a.squeeze(0)", []),
  "squeeze: to a scalar": one((a) => a.squeeze(), "a.squeeze()", [1, 1]),
  "squeeze: bools": plain((a) => a.squeeze(), "a.squeeze()", bools([2, 1])),
  unsqueeze: one((a) => a.unsqueeze(1), "a.unsqueeze(1)"),
  "unsqueeze: last": one((a) => a.transpose().unsqueeze(-1), "a.T.unsqueeze(-1)"),
  "unsqueeze: a scalar": one((a) => a.unsqueeze(0), "a.unsqueeze(0)", []),
  broadcastTo: one((a) => a.broadcastTo([2, 2, 3]), "a.broadcast_to((2, 2, 3))", [2, 1]),
  "broadcastTo: a scalar": one((a) => a.broadcastTo(m), "a.broadcast_to((2, 3))", []),
  "broadcastTo: its own shape": one((a) => a.broadcastTo(m), "a.broadcast_to((2, 3))"),
  "broadcastTo: nothing": one((a) => a.broadcastTo([0, 3]), "a.broadcast_to((0, 3))", [1, 3]),
  "broadcastTo: special": plain((a) => a.broadcastTo([2, 12]), "a.broadcast_to((2, 12))", special),
  expand: one((a) => a.expand([2, -1, 3]), "a.expand(2, -1, 3)", [2, 1]),
  "expand: of a view": one((a) => a.transpose().expand([3, -1]), "a.T.expand(3, -1)", [2, 1]),
  "expand: integers to nothing": plain((a) => a.expand([0, -1]), "a.expand(0, -1)", integers(0, 9, row)),
  expandAs: { f: (a, b) => a.expandAs(b!), torch: "a.expand_as(b)", inputs: [floats(row), floats(m, 1)] },
};

const orders: Samples = {
  transpose: one((a) => a.transpose(), "a.mT", cube),
  "transpose: axes": one((a) => a.transpose([2, 0, 1]), "a.permute(2, 0, 1)", cube),
  "transpose: negative axes": one((a) => a.transpose([-1, -3, -2]), "a.permute(-1, -3, -2)", cube),
  "transpose: twice": one((a) => a.transpose().transpose([1, 0]), "a.T.T"),
  "transpose: of nothing": one((a) => a.transpose(), "a.T", none),
  "transpose: integers": plain((a) => a.transpose(), "a.T", integers(-5, 5, m)),
  permute: one((a) => a.permute(1, 2, 0), "a.permute(1, 2, 0)", cube),
  "permute: a list": one((a) => a.permute([-1, 0, 1]), "a.permute(-1, 0, 1)", cube),
  "permute: a scalar": one((a) => a.permute(), "a.permute(())", []),
  swapaxes: one((a) => a.swapaxes(0, -1), "a.swapaxes(0, -1)", cube),
  "swapaxes: one axis": one((a) => a.swapaxes(1, 1), "a.swapaxes(1, 1)"),
  "swapaxes: a scalar": one((a) => a.swapaxes(0, -1), "a.swapaxes(0, -1)", []),
  movedim: one((a) => a.movedim(0, -1), "a.movedim(0, -1)", cube),
  "movedim: lists": one((a) => a.movedim([0, 1], [2, 0]), "a.movedim((0, 1), (2, 0))", cube),
  "movedim: a scalar": one((a) => a.movedim(0, 0), "a.movedim(0, 0)", []),
  flip: one((a) => a.flip([0, -1]), "a.flip(0, -1)", cube),
  "flip: one axis": one((a) => a.flip(1), "a.flip(1)"),
  "flip: all axes": one((a) => a.flip(), "a.flip(0, 1)"),
  "flip: no axes": one((a) => a.flip([]), "a.flip(())"),
  "flip: of a view": one((a) => a.transpose().flip(0), "a.T.flip(0)"),
  "flip: nothing": one((a) => a.flip(0), "a.flip(0)", none),
  "flip: a scalar": one((a) => a.flip(0), "a.flip(0)", []),
  "flip: special": plain((a) => a.flip(), "a.flip(0)", special),
  rot90: one((a) => a.rot90(), "a.rot90()"),
  "rot90: twice": one((a) => a.rot90(2), "a.rot90(2)"),
  "rot90: backwards": one((a) => a.rot90(-1), "a.rot90(-1)"),
  "rot90: axes": one((a) => a.rot90(5, [-1, 0]), "a.rot90(5, (-1, 0))", cube),
  "rot90: not at all": one((a) => a.rot90(4), "a.rot90(4)"),
  roll: one((a) => a.roll(2), "a.roll(2)"),
  "roll: one axis": one((a) => a.roll(-1, -1), "a.roll(-1, -1)"),
  "roll: axes": one((a) => a.roll([1, 7, -2], [0, 1, -1]), "a.roll((1, 7, -2), (0, 1, -1))", cube),
  "roll: one axis twice": one((a) => a.roll([1, 1], [1, 1]), "a.roll((1, 1), (1, 1))"),
  "roll: the whole length": one((a) => a.roll(3, 1), "a.roll(3, 1)"),
  "roll: of a view": one((a) => a.transpose().roll([1, 1], [0, 1]), "a.T.roll((1, 1), (0, 1))"),
  "roll: nothing": one((a) => a.roll([1, 1], [0, 1]), "a.roll((1, 1), (0, 1))", none),
  "roll: a scalar": one((a) => a.roll(1), "a.roll(1)", []),
  "roll: special": plain((a) => a.roll(5, 0), "a.roll(5, 0)", special),
  "roll: bools": plain((a) => a.roll(1, 1), "a.roll(1, 1)", bools(m)),
};

const taken: Samples = {
  split: one((a) => a.split(2), "a.split(2)", [5, 2]),
  "split: lengths": one((a) => a.split([1, 0, 2], -1), "a.split([1, 0, 2], -1)"),
  "split: one part used": one((a) => a.split(1, 1)[1]!.square(), "a.split(1, 1)[1] ** 2"),
  "split: longer than the axis": one((a) => a.split(9), "a.split(9)"),
  "split: nothing": one((a) => a.split(0), "a.split(0)", none),
  "split: of a view, each part used in another way": one((a) => {
    const [b, c] = a.transpose().split([1, 2]);
    return [b!.mul(c!), c!.exp()];
  }, "(lambda p: [p[0] * p[1], p[1].exp()])(a.T.split([1, 2]))"),
  "split: integers": plain((a) => a.split(2, 1), "a.split(2, 1)", integers(-5, 5, m)),
  chunk: one((a) => a.chunk(2), "a.chunk(2)", [5, 2]),
  "chunk: fewer than asked for": one((a) => a.chunk(4, -1), "a.chunk(4, -1)", [2, 6]),
  "chunk: nothing": one((a) => a.chunk(3), "a.chunk(3)", none),
  unbind: one((a) => a.unbind(), "a.unbind()"),
  "unbind: last axis": one((a) => a.unbind(-1), "a.unbind(-1)"),
  "unbind: one part used": one((a) => a.unbind(1)[2]!.exp(), "a.unbind(1)[2].exp()"),
  "unbind: a vector": one((a) => a.unbind(), "a.unbind()", row),
  narrow: one((a) => a.narrow(1, 1, 2), "a.narrow(1, 1, 2)"),
  "narrow: from the end": one((a) => a.transpose().narrow(-2, -2, 1), "a.T.narrow(-2, -2, 1)"),
  "narrow: to nothing": one((a) => a.narrow(0, 2, 0), "a.narrow(0, 2, 0)"),
  select: one((a) => a.select(1, 2), "a.select(1, 2)"),
  "select: from the end": one((a) => a.transpose().select(-1, -2), "a.T.select(-1, -2)"),
  "select: a scalar": one((a) => a.select(0, 1), "a.select(0, 1)", row),
  diagonal: one((a) => a.diagonal(), "a.diagonal()"),
  "diagonal: above": one((a) => a.diagonal(1), "a.diagonal(1)"),
  "diagonal: below": one((a) => a.diagonal(-1), "a.diagonal(-1)", [4, 2]),
  "diagonal: axes": one((a) => a.diagonal(1, -1, 0), "a.diagonal(1, -1, 0)", cube),
  "diagonal: of a view": one((a) => a.at("::-1").transpose().diagonal(-1), "a.flip(0).T.diagonal(-1)"),
  "diagonal: beyond": one((a) => a.diagonal(7), "a.diagonal(7)"),
  "diagonal: nothing": one((a) => a.diagonal(-1), "a.diagonal(-1)", none),
  "diagonal: integers": plain((a) => a.diagonal(), "a.diagonal()", integers(-5, 5, [3, 3])),
};

const amongZeros: Samples = {
  diag: one((a) => a.diag(), "a.diag()", row),
  "diag: a vector above": one((a) => a.diag(1), "a.diag(1)", row),
  "diag: a matrix below": one((a) => a.diag(-1), "a.diag(-1)"),
  "diag: nothing": one((a) => a.diag(), "a.diag()", [0]),
  "diag: bools": plain((a) => a.diag(), "a.diag()", bools(row)),
  diagEmbed: one((a) => a.diagEmbed(), "torch.diag_embed(a)"),
  "diagEmbed: below": one((a) => a.diagEmbed(-2), "torch.diag_embed(a, -2)"),
  "diagEmbed: axes": one((a) => a.diagEmbed(1, 0, 2), "torch.diag_embed(a, 1, 0, 2)"),
  "diagEmbed: axes the other way": one((a) => a.transpose().diagEmbed(1, -1, 0), "torch.diag_embed(a.T, 1, -1, 0)"),
  tril: one((a) => a.tril(), "a.tril()", [3, 3]),
  "tril: above": one((a) => a.tril(1), "a.tril(1)", cube),
  "tril: below": one((a) => a.tril(-1), "a.tril(-1)", [4, 3]),
  "tril: beyond": one((a) => a.tril(-9), "a.tril(-9)"),
  "tril: of a view": one((a) => a.transpose().tril(), "a.T.tril()"),
  "tril: nothing": one((a) => a.tril(), "a.tril()", none),
  "tril: special": plain((a) => a.reshape([4, 3]).tril(), "a.reshape(4, 3).tril()", special),
  "tril: integers": plain((a) => a.tril(), "a.tril()", integers(-5, 5, [3, 3])),
  triu: one((a) => a.triu(), "a.triu()", [3, 3]),
  "triu: above": one((a) => a.triu(1), "a.triu(1)", cube),
  "triu: below": one((a) => a.triu(-1), "a.triu(-1)", [4, 3]),
  "triu: beyond": one((a) => a.triu(9), "a.triu(9)"),
  "triu: special": plain((a) => a.reshape([3, 4]).triu(), "a.reshape(3, 4).triu()", special),
  "triu: bools": plain((a) => a.triu(), "a.triu()", bools([3, 3])),
};

const reflect = { mode: "reflect" } as const, replicate = { mode: "replicate" } as const;
const circular = { mode: "circular" } as const;
const padded: Samples = {
  pad: one((a) => a.pad([1, 2]), "F.pad(a, (1, 2))"),
  "pad: axes and a value": one((a) => a.pad([1, 0, 0, 2], { value: 0.5 }), "F.pad(a, (1, 0, 0, 2), value=0.5)"),
  "pad: cropped": one((a) => a.pad([-1, 2, 1, -1], { value: 3 }), "F.pad(a, (-1, 2, 1, -1), value=3)"),
  "pad: cropped alone": one((a) => a.transpose().pad([-1, 0, 0, -2]), "F.pad(a.T, (-1, 0, 0, -2))"),
  "pad: cropped to nothing": one((a) => a.pad([-1, -2]), "F.pad(a, (-1, -2))"),
  "pad: nothing": one((a) => a.pad([0, 0, 1, 1], { value: 2 }), "F.pad(a, (0, 0, 1, 1), value=2)", none),
  "pad: no widths": one((a) => a.pad([]), "F.pad(a, ())"),
  "pad: a view": one((a) => a.transpose().pad([1, 1, 1, 1]), "F.pad(a.T, (1, 1, 1, 1))"),
  "pad: special with infinity": plain(
    (a) => a.pad([1, 1], { value: Infinity }),
    "F.pad(a, (1, 1), value=float('inf'))",
    special,
  ),
  "pad: integers": plain((a) => a.pad([1, 1], { value: 7 }), "F.pad(a, (1, 1), value=7)", integers(-5, 5, m)),
  "pad: bools": plain((a) => a.pad([1, 1], { value: 1 }), "F.pad(a, (1, 1), value=1)", bools(m)),
  "pad: reflect": one((a) => a.pad([2, 1], reflect), "F.pad(a, (2, 1), mode='reflect')"),
  "pad: reflect, two axes": one((a) => a.pad([1, 2, 2, 1], reflect), "F.pad(a, (1, 2, 2, 1), mode='reflect')", [
    1,
    3,
    4,
  ]),
  "pad: reflect, cropped": one((a) => a.pad([-1, 2], reflect), "F.pad(a, (-1, 2), mode='reflect')", [2, 5]),
  "pad: reflect what is cropped": one((a) => a.pad([3, -4], reflect), "F.pad(a, (3, -4), mode='reflect')", [2, 5]),
  "pad: reflect, of a view": one((a) => a.transpose().pad([1, 1], reflect), "F.pad(a.T, (1, 1), mode='reflect')"),
  "pad: replicate": one((a) => a.pad([4, 1], replicate), "F.pad(a, (4, 1), mode='replicate')"),
  "pad: replicate, two axes": one(
    (a) => a.pad([1, 2, 3, 1], replicate),
    "F.pad(a, (1, 2, 3, 1), mode='replicate')",
    [1, 2, 3],
  ),
  "pad: replicate, cropped": one((a) => a.pad([-1, 2], replicate), "F.pad(a, (-1, 2), mode='replicate')", [2, 5]),
  "pad: circular": one((a) => a.pad([3, 2], circular), "F.pad(a, (3, 2), mode='circular')"),
  "pad: circular, two axes": one(
    (a) => a.pad([1, 2, 2, 1], circular),
    "F.pad(a, (1, 2, 2, 1), mode='circular')",
    [1, 2, 3],
  ),
  "pad: circular, cropped": one((a) => a.pad([-1, 2], circular), "F.pad(a, (-1, 2), mode='circular')", [2, 5]),
  "pad: replicate integers": plain(
    (a) => a.cast("int32").pad([1, 1], replicate),
    "F.pad(a, (1, 1), mode='replicate').int()",
    given([1, 2, 3, 4, 5, 6], m),
  ),
};

const repeated: Samples = {
  repeat: one((a) => a.repeat([2, 3]), "a.repeat(2, 3)"),
  "repeat: new axes": one((a) => a.repeat([2, 1, 2]), "a.repeat(2, 1, 2)"),
  "repeat: a scalar": one((a) => a.repeat(3), "a.repeat(3)", []),
  "repeat: once": one((a) => a.repeat([1, 1]), "a.repeat(1, 1)"),
  "repeat: never": one((a) => a.repeat([2, 0]), "a.repeat(2, 0)"),
  "repeat: a view": one((a) => a.transpose().repeat([1, 2]), "a.T.repeat(1, 2)"),
  "repeat: many axes": one((a) => a.repeat([2, 2, 1, 2, 2]), "a.repeat(2, 2, 1, 2, 2)", [1, 2, 1, 2, 1]),
  "repeat: integers": plain((a) => a.repeat(2), "a.repeat(2)", integers(-5, 5, row)),
  tile: one((a) => a.tile(2), "a.tile(2)"),
  "tile: new axes": one((a) => a.tile([2, 1, 1]), "a.tile(2, 1, 1)"),
  "tile: a scalar": one((a) => a.tile([]), "a.tile(())", []),
  repeatInterleave: one((a) => a.repeatInterleave(2), "a.repeat_interleave(2)"),
  "repeatInterleave: an axis": one((a) => a.transpose().repeatInterleave(3, -1), "a.T.repeat_interleave(3, -1)"),
  "repeatInterleave: counts": one(
    (a) => a.repeatInterleave([2, 0, 1], 1),
    "a.repeat_interleave(torch.tensor([2, 0, 1]), 1)",
  ),
  "repeatInterleave: one count for all": one(
    (a) => a.repeatInterleave([2], 0),
    "a.repeat_interleave(torch.tensor([2]), 0)",
  ),
  "repeatInterleave: never": one((a) => a.repeatInterleave(0, 0), "a.repeat_interleave(0, 0)"),
  "repeatInterleave: a scalar": one((a) => a.repeatInterleave(3), "a.repeat_interleave(3)", []),
  "repeatInterleave: bools": plain((a) => a.repeatInterleave(2, 1), "a.repeat_interleave(2, 1)", bools(m)),
};

const joined: Samples = {
  concat: { f: (a, b) => concat([a, b!]), torch: "torch.cat([a, b])", inputs: [floats(m), floats([1, 3], 1)] },
  "concat: last axis, three": {
    f: (a, b, c) => concat([a, b!, c!], -1),
    torch: "torch.cat([a, b, c], -1)",
    inputs: [floats(m), floats([2, 1], 1), floats([2, 2], 2)],
  },
  "concat: one": one((a) => concat([a]), "torch.cat([a])"),
  "concat: itself and a view of it": one((a) => concat([a, a.flip(0), a], 1), "torch.cat([a, a.flip(0), a], 1)"),
  "concat: with nothing": {
    f: (a, b, c) => concat([a, b!, c!], 1),
    torch: "torch.cat([a, b, c], 1)",
    inputs: [floats([0]), floats(m, 1), floats([2, 0], 2)],
  },
  "concat: vectors of length 0": {
    f: (a, b) => concat([a, b!]),
    torch: "torch.cat([a, b])",
    inputs: [floats([0]), floats([0], 1)],
  },
  "concat: types": {
    f: (a, b, c) => concat([a, b!, c!]),
    torch: "torch.cat([a, b, c])",
    inputs: [bools(row), floats(row, 1), integers(-5, 5, row)],
  },
  "concat: integers": plain(
    (a, b) => concat([a, b!.transpose()]),
    "torch.cat([a, b.T])",
    integers(-5, 5, m),
    integers(0, 9, [3, 1], 1, "uint8"),
  ),
  "concat: special": plain((a) => concat([a, a.neg()]), "torch.cat([a, -a])", special),
  stack: { f: (a, b) => stack([a, b!]), torch: "torch.stack([a, b])", inputs: [floats(m), floats(m, 1)] },
  "stack: last axis of views": {
    f: (a, b) => stack([a.transpose(), b!], -1),
    torch: "torch.stack([a.T, b], -1)",
    inputs: [floats(m), floats([3, 2], 1)],
  },
  "stack: scalars of two types": {
    f: (a, b) => stack([a, b!]),
    torch: "torch.stack([a, b])",
    inputs: [floats([]), integers(-5, 5, [], 1)],
  },
  "stack: nothing": {
    f: (a, b) => stack([a, b!], 1),
    torch: "torch.stack([a, b], 1)",
    inputs: [floats([0]), floats([0])],
  },
  meshgrid: {
    f: (a, b, c) => meshgrid([a, b!, c!]),
    torch: "torch.meshgrid(a, b, c, indexing='ij')",
    inputs: [floats([2]), floats(row, 1), floats([], 2)],
  },
  "meshgrid: xy": {
    f: (a, b, c) => meshgrid([a, b!, c!], { indexing: "xy" }),
    torch: "torch.meshgrid(a, b, c, indexing='xy')",
    inputs: [floats([2]), floats(row, 1), floats([1], 2)],
  },
  "meshgrid: one": one((a) => meshgrid([a], { indexing: "xy" }), "torch.meshgrid(a, indexing='xy')", row),
  "meshgrid: integers": plain((a) => meshgrid([a, a]), "torch.meshgrid(a, a, indexing='ij')", integers(0, 9, row)),
  broadcastTensors: {
    f: (a, b, c) => broadcastTensors([a, b!, c!]),
    torch: "torch.broadcast_tensors(a, b, c)",
    inputs: [floats([2, 1]), floats(row, 1), floats([], 2)],
  },
};

const f64 = { dtype: "float64" } as const;
const like = ({ dtype, device }: Tensor) => ({ dtype, device });
const lines: Samples = {
  linspace: plain(() => linspace(-1, 2, 8, f64), "torch.linspace(-1, 2, 8, dtype=torch.float64)"),
  "linspace: downwards": plain(() => linspace(0.3, -0.7, 5, f64), "torch.linspace(0.3, -0.7, 5, dtype=torch.float64)"),
  "linspace: one step": plain(() => linspace(3, 4, 1, f64), "torch.linspace(3, 4, 1, dtype=torch.float64)"),
  "linspace: two steps": plain(() => linspace(3, 4, 2, f64), "torch.linspace(3, 4, 2, dtype=torch.float64)"),
  "linspace: no step": plain(() => linspace(3, 4, 0), "torch.linspace(3, 4, 0)"),
  "linspace: ends that are tensors": {
    f: (a, b) => [linspace(a, b!, 5, like(a)), linspace(a, 2, 1, like(a)), linspace(0, b!, 0, like(a))],
    torch: "(torch.lerp(a, b, torch.linspace(0, 1, 5, dtype=a.dtype)), a.reshape(1), b * torch.ones(0, dtype=a.dtype))",
    inputs: [given([-1.5], []), given([2.25], [])],
  },
  "linspace: integers between tensors": {
    f: (a, b) => linspace(a, b!, 4, { dtype: "int32", device: a.device }),
    torch: "torch.linspace(a, b, 4, dtype=torch.int32)",
    inputs: [given([-3.7], []), given([9.2], [])],
    order: 0,
  },
  "logspace: ends that are tensors": {
    f: (a, b) => logspace(a, b!, 4, { base: 2, ...like(a) }),
    torch: "2 ** torch.lerp(a, b, torch.linspace(0, 1, 4, dtype=a.dtype))",
    inputs: [given([-1.5], []), given([2.25], [])],
  },
  "linspace: integers": plain(
    () => [linspace(0, 10, 4, { dtype: "int32" }), linspace(0.5, 9.5, 4, { dtype: "uint8" })],
    "[torch.linspace(0, 10, 4, dtype=torch.int32), torch.linspace(0.5, 9.5, 4, dtype=torch.uint8)]",
  ),
  logspace: plain(() => logspace(-1, 2, 7, f64), "torch.logspace(-1, 2, 7, dtype=torch.float64)"),
  "logspace: base": plain(
    () => logspace(3, -3, 4, { base: 2, dtype: "float64" }),
    "torch.logspace(3, -3, 4, base=2, dtype=torch.float64)",
  ),
  "logspace: a negative base": plain(
    () => logspace(0, 2, 4, { base: -2, dtype: "float64" }),
    "torch.logspace(0, 2, 4, base=-2, dtype=torch.float64)",
  ),
  "logspace: one step": plain(() => logspace(1, 2, 1, f64), "torch.logspace(1, 2, 1, dtype=torch.float64)"),
  "logspace: integers": plain(
    () => logspace(0, 2, 4, { dtype: "int32" }),
    "torch.logspace(0, 2, 4, dtype=torch.int32)",
  ),
};

export const shapes: Samples = {
  ...otherShapes,
  ...orders,
  ...taken,
  ...amongZeros,
  ...padded,
  ...repeated,
  ...joined,
  ...lines,
};
