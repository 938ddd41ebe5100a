/** The same elements in another shape or order, in parts and joined. */
import { broadcastTensors, capture, concat, group, meshgrid, noGrad, stack, type Tensor, tensor } from "../../mod.ts";
import { assertEquals, assertStrictEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("views", {
  Transpose: { f: (a) => a.transpose([2, 0, 1]), inputs: [[2, 3, 2]] },
  Reshape: { f: (a) => a.transpose().reshape([3, -1]), inputs: [m] },
  BroadcastTo: { f: (a) => a.broadcastTo([2, 2, 3]), inputs: [m] },
  Slice: { f: (a) => a.at("::-1, 1:"), inputs: [m] },
  ReplaceSlice: { f: (a, b) => a.setAt("::-1, 1:", b!).square(), inputs: [m, [2, 1]] },
  Diagonal: { f: (a) => a.transpose([2, 0, 1]).diagonal(-1, 1, 0), inputs: [[2, 3, 4]] },
  Tril: { f: (a) => a.tril(1), inputs: [[2, 3, 3]] },
  Triu: { f: (a) => a.triu(1), inputs: [[2, 3, 3]] },
  Concat: { f: (a, b) => concat([a, b.transpose()], 1), inputs: [m, [4, 2]] },
  Split: { f: (a) => a.split([1, 2], 1)[1]!.exp(), inputs: [m] },
  Pad: { f: (a) => a.transpose().pad([-1, 2, 1, -1], { value: 2 }), inputs: [m] },
  Roll: { f: (a) => a.roll([1, 2], [0, 1]), inputs: [m] },
});

forEachDevice("what is taken and turned shares the tensor's memory", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const views: Record<string, Tensor> = {
    split: x.split([1, 2], 1)[1]!,
    chunk: x.chunk(2)[1]!,
    unbind: x.unbind(1)[2]!,
    squeeze: x.unsqueeze(1).squeeze(),
    permute: x.permute(1, 0),
    flip: x.flip(),
    movedim: x.movedim(0, 1),
    swapaxes: x.swapaxes(0, 1),
    diagonal: x.diagonal(),
    diag: x.diag(),
    narrow: x.narrow(1, 1, 2),
    select: x.select(0, 1),
    rot90: x.rot90(),
    pad: x.pad([-1, 0]),
    expand: x.expand([2, -1, -1]),
    unflatten: x.unflatten(1, [3, 1]),
  };
  for (const [name, view] of Object.entries(views)) {
    assertStrictEquals(view.array.storage, x.array.storage, name);
  }
});

forEachDevice("parts of a tensor are joined again within a group, and when they are captured", () => {
  const x = tensor(Float32Array.from({ length: 3000 }, (_, k) => k), { shape: [300, 10] });
  const mixed = (x: Tensor) => concat(x.mul(2).split(70).toReversed()).roll([1, 3], [0, 1]).pad([1, 0]).mul(0.5);
  const expected = values(mixed(x));
  assertEquals(values(noGrad(() => group(() => mixed(x)))), expected);
  using step = capture(mixed);
  for (let run = 0; run < 3; run++) assertEquals(values(step(x)), expected);
});

const x = () => tensor([[1, 2, 3], [4, 5, 6]]);
/** Calls that methods and functions made of several ops refuse, and the messages. */
const refusals: readonly [call: () => unknown, error: RegExp][] = [
  [() => x().flatten(1, 0), /^RangeError: Cannot flatten: axis 1 must not come after axis 0/],
  [() => x().unflatten(1, [2, -1]), /^TypeError: Cannot unflatten: \[3\] to \[2, -1\], the element counts must agree/],
  [() => x().unflatten(1, []), /^TypeError: Cannot unflatten: there must be a length/],
  [() => x().squeeze([0, -2]), /^RangeError: Cannot squeeze: axis 0 is named twice/],
  [() => x().unsqueeze(3), /^RangeError: Cannot unsqueeze: axis 3 must lie in \[-3, 3\)/],
  [() => x().expand([-1, 2, 3]), /^RangeError: Cannot expand: shape \[-1, 2, 3\] must hold non-negative integers/],
  [() => x().expand([3]), /^TypeError: Cannot expand: shape \[2, 3\] does not stretch to \[3\]/],
  [() => x().permute(0), /^TypeError: Cannot permute: axes \[0\] must name each axis of \[2, 3\]/],
  [() => x().permute(0, -2), /^RangeError: Cannot permute: axis 0 is named twice/],
  [() => x().movedim([0, 1], 0), /^TypeError: Cannot movedim: 2 axes to 1 places, as many must be given/],
  [() => x().movedim([0, 0], [0, 1]), /^RangeError: Cannot movedim: axis 0 is named twice/],
  [() => x().rot90(1, [0]), /^TypeError: Cannot rot90: a list, it must be a list of two axes/],
  [() => x().roll([1, 2]), /^TypeError: Cannot roll: 2 shifts without axes, there must be one/],
  [() => x().split(0), /^RangeError: Cannot split: size 0 must be an integer of at least 1/],
  [() => x().chunk(0), /^RangeError: Cannot chunk: count 0 must be an integer of at least 1/],
  [() => tensor(1).unbind(), /^RangeError: Cannot unbind: axis 0 must lie in/],
  [() => x().narrow(1, 2, 2), /^RangeError: Cannot narrow: 2 places from 2 of axis 1 must lie in it, its length is 3/],
  [() => x().select(1, 3), /^RangeError: Cannot select: index 3 of axis 1 must lie in \[-3, 3\)/],
  [() => tensor(1).diag(), /^TypeError: Cannot diag: tensor \[\] must be a vector or a matrix/],
  [() => x().diagEmbed(0, 1, -2), /^RangeError: Cannot diagEmbed: axis 1 is named twice/],
  [
    () => x().pad([3, 0], { mode: "reflect" }),
    /^RangeError: Cannot pad: widths 3 and 0 of axis 1 must be at most 2 in mode/,
  ],
  [
    () => x().pad([4, 0], { mode: "circular" }),
    /^RangeError: Cannot pad: widths 4 and 0 of axis 1 must be at most 3 in mode/,
  ],
  [
    () => x().pad([1, 0], { mode: "edge" as "reflect" }),
    /^TypeError: Cannot pad: "edge", it must be a mode: constant, /,
  ],
  [() => x().pad([1, 0], { mode: "reflect", value: 1 }), /^TypeError: Cannot pad: value 1, mode reflect takes none/],
  [() => x().repeat(2), /^TypeError: Cannot repeat: 1 counts, tensor \[2, 3\] has more axes/],
  [() => x().repeatInterleave([1, 2, 3], 0), /^TypeError: Cannot repeatInterleave: 3 counts for axis 0 of length 2/],
  [() => x().repeatInterleave(tensor([1.5])), /^TypeError: Cannot repeatInterleave: counts \[1\] of type float32/],
  [() => x().reshapeAs(tensor([1])), /^TypeError: Cannot reshapeAs: \[2, 3\] to \[1\], the element counts must agree/],
  [() => concat([]), /^TypeError: Cannot concat: 0 operands, it takes at least one/],
  [() => stack([x(), tensor([1])]), /^TypeError: Cannot stack: shapes \[2, 3\] and \[1\] must be the same/],
  [() => meshgrid([x()]), /^TypeError: Cannot meshgrid: tensor \[2, 3\] must be a vector/],
  [
    () => broadcastTensors([x(), tensor([1, 2])]),
    /^TypeError: Cannot broadcastTensors: shapes \[2, 3\] and \[2\] do not/,
  ],
];

forEachDevice("what cannot be reshaped, divided or joined is refused in words about it", () => {
  for (const [call, error] of refusals) assertThrowsLike(call, error);
}, { on: ["reference"] });

forEachDevice("counts of repetitions may come in a tensor, which is read", () => {
  const x = tensor([[1, 2], [3, 4], [5, 6]]), counts = tensor([2, 0, 1], { dtype: "int32" });
  assertEquals(x.repeatInterleave(counts, 0).toArray(), [[1, 2], [1, 2], [5, 6]]);
  assertEquals(x.repeatInterleave(tensor(2, { dtype: "uint8" }), 1).shape, [3, 4]);
  assertThrowsLike(() => capture((x: Tensor) => x.repeatInterleave(counts, 0))(x), /a value is read/);
});
