/**
 * An op owns its operands: called directly, it promotes, broadcasts, casts and refuses as the method does.
 *
 * Types are compared with rules that this file states once more. Values are compared with those of the same op on the
 * reference device, for operands that were converted to float64 and to one shape before.
 */
import {
  autocast,
  type AutocastType,
  type DType,
  ops,
  setDefaultDevice,
  Tensor,
  tensor,
  type TensorOp,
} from "../../mod.ts";
import {
  assert,
  assertClose,
  assertEquals,
  assertThrows,
  assertThrowsLike,
  forEachDevice,
  values,
} from "../support.ts";
import { type Door, doors } from "./doors.ts";

const floats: readonly DType[] = ["float16", "bfloat16", "float32", "float64"];
const order: readonly DType[] = ["bool", "uint8", "int32", "bfloat16", "float16", "float32", "float64"];
const isHalf = (dtype: DType) => dtype === "float16" || dtype === "bfloat16";

/** The types of as many operands, the given ones in turn. */
const mixes: readonly (readonly DType[])[] = [
  ["float32"],
  ["float64"],
  ["int32"],
  ["bool"],
  ["float16"],
  ["bfloat16"],
  ["float32", "float64"],
  ["int32", "float32"],
  ["float16", "float32"],
  ["bool", "uint8"],
  ["int32", "float16"],
  ["float16", "bfloat16"],
];

/**
 * PyTorch's promotion: operands without axes count only by their category, unless that is wider than the others'; the two
 * halves meet in float32.
 */
function met(types: readonly DType[], shapes: readonly (readonly number[])[]): DType {
  const wide = types.filter((_, k) => shapes[k]!.length > 0), single = types.filter((_, k) => shapes[k]!.length === 0);
  if (wide.length === 0 || single.length === 0) return highestOf(types);
  const category = (dtype: DType) => floats.includes(dtype) ? 2 : dtype === "bool" ? 0 : 1;
  const [a, b] = [highestOf(wide), highestOf(single)];
  return category(b) > category(a) ? b : a;
}

function highestOf(types: readonly DType[]): DType {
  const highest = types.reduce((a, b) => order.indexOf(a) > order.indexOf(b) ? a : b);
  return isHalf(highest) && types.some((type) => isHalf(type) && type !== highest) ? "float32" : highest;
}

function resultType({ gives, leading, shapes }: Door, types: readonly DType[], mode: AutocastType | null): DType {
  const given = met(types.slice(0, leading), shapes), float = floats.includes(given) ? given : "float32";
  if (gives === "given") return given;
  // Beside bools an integer counts as int32.
  if (gives === "number") return given === "bool" ? "int32" : given;
  if (gives === "float") return float;
  if (gives === "wideOrInt" && !floats.includes(given)) return given === "bool" ? "int32" : given;
  if (gives === "wide" || gives === "wideOrInt") return isHalf(float) && mode !== null ? "float32" : float;
  if (gives === "halfFloat") return mode !== null && float !== "float64" ? mode : float;
  if (gives === "half" && mode !== null && floats.includes(given) && given !== "float64") return mode;
  if (gives === "half" || gives === "sum") return floats.includes(given) ? given : "int32";
  return gives;
}

/** Numbers that all types of a mix hold exactly. */
function operandsOf({ shapes, shift = 0, places = [] }: Door, types: readonly DType[]): Tensor[] {
  const isWhole = types.some((type) => !floats.includes(type)), isBool = types.includes("bool");
  const operands = shapes.map((shape, k) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const list = Array.from({ length: count }, (_, i) => {
      const fraction = ((5 * i + 3 * k + 2) % 8) / 8;
      return isBool ? Math.max(shift, i % 2) : isWhole ? Math.round(fraction * 2) + shift : fraction + 0.0625 + shift;
    });
    const dtype = types[k]!;
    return tensor(Float64Array.from(list), { dtype, shape, requiresGrad: floats.includes(dtype) });
  });
  return [...operands, ...places.map((list) => tensor(Int32Array.from(list)))];
}

/** A type that the op takes, for each operand. */
function plainTypes({ shapes, refusesFloats }: Door): DType[] {
  return shapes.map(() => refusesFloats ? "int32" : "float32");
}

/** The relative precision of a result if its operands, or the result itself, were rounded to the type. */
const units: Readonly<Record<string, number>> = { bfloat16: 2 ** -7, float16: 2 ** -10, float32: 2 ** -20 };

const on = { on: ["wasm", "reference"] };

for (const [name, door] of Object.entries(doors)) {
  forEachDevice(`${name}.call promotes, broadcasts and casts, with or without autocast`, async (device) => {
    for (const mix of mixes) {
      const types = door.shapes.map((_, k) => mix[k % mix.length]!);
      if (mix.length > types.length) continue;
      for (const mode of [null, "bfloat16", "float16"] as const) {
        const isInts = types.every((type) => !floats.includes(type));
        if (isInts && mode !== null) continue;
        const what = `${name} of ${types.join(", ")}${mode === null ? "" : ` in autocast to ${mode}`}`;
        const x = operandsOf(door, types);
        if (door.refusesBools && types.every((type) => type === "bool")) {
          assertThrowsLike(() => door.make().call(...x), /^TypeError: Cannot \w+: type bool, it must be a number type/);
          continue;
        }
        if (door.refusesFloats && !isInts) {
          assertThrowsLike(
            () => door.make().call(...x),
            /^TypeError: Cannot \w+: type b?float.*, it must be an integer type/,
          );
          continue;
        }
        const run = (f: () => Tensor) => mode === null ? f() : autocast(f, { dtype: mode });
        const expectedType = resultType(door, types, mode);
        const y = run(() => door.make().call(...x));
        assertEquals(y.dtype, expectedType, what);
        if (door.method !== undefined) {
          const same = run(() => door.method!(...x));
          assertEquals([same.dtype, same.shape, same.requiresGrad], [y.dtype, y.shape, y.requiresGrad], what);
          assertEquals(values(same), values(y), what);
        }
        if (y.requiresGrad && name !== "FloorDiv") {
          y.sum().backward();
          for (const operand of x) {
            if (operand.grad !== null) assertEquals(operand.grad.dtype, operand.dtype, `${what}: gradient`);
          }
        }
        if (device === "reference" && name === "ToDevice") continue;
        await setDefaultDevice("reference");
        const exact = operandsOf(door, types).map((operand, k) =>
          k < types.length ? operand.detach().cast(door.refusesFloats ? expectedType : "float64") : operand
        );
        const wanted = values(door.make().call(...exact));
        const asBool = (value: number) => value === 0 ? 0 : 1, asByte = (value: number) => value & 255;
        const expected = expectedType === "bool"
          ? wanted.map(asBool)
          : expectedType === "uint8"
          ? wanted.map(asByte)
          : wanted;
        await setDefaultDevice(device);
        const coarsest = Math.max(
          ...[...types, expectedType, mode ?? "float64"].map((type) => units[type] ?? 2 ** -40),
        );
        const relative = 16 * coarsest;
        assertClose(values(y), expected, { relative, absolute: relative, what });
      }
    }
  }, on);
}

const numberToo = ["EWiseAdd", "EWiseSub", "EWiseMul", "EWiseDiv", "EWisePow", "Maximum", "Minimum", "Compare"];
forEachDevice("ops of several operands take numbers where the methods do", () => {
  const x = tensor([1, 2, 3]), half = tensor([1, 2], { dtype: "float16" });
  for (const name of numberToo) {
    const op = doors[name]!.make() as ops.RowOp;
    assertEquals(values(op.call(x, 2)), values(op.call(x, tensor(2))), name);
  }
  assertEquals(ops.maximum.call(half, 1.5).dtype, "float16");
  assertEquals(ops.maximum.call(tensor([1, 2], { dtype: "int32" }), 1.5).dtype, "float32");
  assertThrows(() => ops.maximum.call(1, 2), TypeError, "Cannot maximum: 1, it must be a tensor");
}, on);

forEachDevice("Where stretches its three operands, and chooses in the type of two of them", () => {
  const where = new ops.Where(), condition = tensor([[true], [false]]);
  const int = tensor([1, 2, 3], { dtype: "int32" }), float = tensor([0.5]);
  assertEquals(where.call(condition, int, float).toArray(), [[1, 2, 3], [0.5, 0.5, 0.5]]);
  assertEquals(where.call(condition, int, float).dtype, "float32");
  assertEquals(where.call(condition, 1, int).dtype, "int32");
  assertEquals(where.call(condition, 1, 0).dtype, "float32");
  // A condition of 0.5 holds: it is not cast to the integer type of the others first.
  assertEquals(values(where.call(tensor([0.5, 0]), 1, tensor([0], { dtype: "int32" }))), [1, 0]);
  assertThrows(
    () => where.call(tensor([true]), tensor([1, 2]), tensor([1, 2, 3])),
    TypeError,
    "Cannot where: shapes [2] and [3] do not broadcast",
  );
}, on);

forEachDevice("Concat joins any number of tensors in the type to which all are promoted", () => {
  const op = new ops.Concat(-1),
    int = tensor([[1], [2]], { dtype: "int32" }),
    byte = tensor([[3], [4]], { dtype: "uint8" });
  const half = tensor([[0.5, 1.5], [2.5, 3.5]], { dtype: "float16", requiresGrad: true });
  assertEquals([op.call(int, byte).dtype, op.call(int, byte).toArray()], ["int32", [[1, 3], [2, 4]]]);
  const joined = op.call(half, int, half);
  assertEquals([joined.dtype, joined.toArray()], ["float16", [[0.5, 1.5, 1, 0.5, 1.5], [2.5, 3.5, 2, 2.5, 3.5]]]);
  const wide = op.call(half, tensor([[1], [2]], { dtype: "bfloat16" }), tensor([], { dtype: "bool" }));
  assertEquals([wide.dtype, wide.shape], ["float32", [2, 3]]);
  wide.sum().backward();
  assertEquals([half.grad!.dtype, values(half.grad!)], ["float16", [1, 1, 1, 1]]);
  for (const stranger of strangers) {
    assertThrows(() => op.call(half, stranger as Tensor), TypeError, "Cannot concat: ");
  }
  assertThrows(() => op.call(), TypeError, "Cannot concat: 0 operands, it takes at least one");
}, on);

forEachDevice("CrossEntropyGradient keeps its labels integers", () => {
  const labels = tensor(Int32Array.of(2, 0)), op = new ops.CrossEntropyGradient();
  for (const dtype of floats) {
    const logits = tensor([[1, 2, 3], [0, 1, 0]], { dtype }), y = op.call(logits, labels, tensor([1, 1], { dtype }));
    assertEquals(y.dtype, dtype);
    const unit = 4 * (units[dtype] ?? 2 ** -40);
    assertClose(values(y.cast("float64").sum({ axes: 1 })), [0, 0], { absolute: unit, relative: 0 });
  }
  assertThrows(
    () => op.call(tensor([[1, 2]]), labels, tensor([1, 1])),
    TypeError,
    "Cannot crossEntropyGradient: shapes",
  );
}, on);

forEachDevice("a sum with the same numbers in another type gives a leaf a gradient of its own type", () => {
  const x = new Tensor([1, 2]);
  for (const sum of [x.add(x.cast("float64")), new ops.EWiseAdd().call(x, x.cast("float64"))]) {
    assertEquals(sum.dtype, "float64");
    sum.sum().backward();
    assertEquals([x.grad!.dtype, values(x.grad!)], ["float32", [2, 2]]);
    x.resetGrad();
  }
}, on);

/** Values that are no tensors, to be given in the place of one. */
const strangers: readonly unknown[] = [undefined, null, "x", [1], {}, true, () => {}];

forEachDevice("every op refuses what is no tensor, another number of operands, and tensors that were freed", () => {
  for (const [name, door] of Object.entries(doors)) {
    const x = operandsOf(door, plainTypes(door)), op = door.make(), { action } = op;
    const call = (...operands: unknown[]) => () => (op.call as (...operands: unknown[]) => unknown)(...operands);
    for (let place = 0; place < x.length; place++) {
      for (const stranger of strangers) {
        const isList = name === "Take" && place === 1 && Array.isArray(stranger);
        if (isList) continue;
        assertThrows(
          call(...x.with(place, stranger as Tensor)),
          TypeError,
          `Cannot ${action}: `,
          `${name} of ${stranger}`,
        );
      }
      const freed = tensor(values(x[place]!), { shape: x[place]!.shape, dtype: x[place]!.dtype });
      freed.dispose();
      assertThrows(call(...x.with(place, freed)), Error, "Cannot read tensor", `${name} of a freed tensor`);
    }
    assertThrows(call(), TypeError, `Cannot ${action}: `, `${name} of nothing`);
    assertThrows(call(...x, x[0]), TypeError, `Cannot ${action}: `, `${name} of too many`);
    if (x.length > 1) assertThrows(call(...x.slice(0, -1)), TypeError, `Cannot ${action}: `, `${name} of too few`);
  }
}, on);

Deno.test("every op refuses tensors on two devices", async () => {
  for (const [name, door] of Object.entries(doors)) {
    const types = plainTypes(door);
    await setDefaultDevice("wasm");
    const there = operandsOf(door, types);
    await setDefaultDevice("reference");
    const here = operandsOf(door, types), op: TensorOp = door.make();
    for (let place = 1; place < here.length; place++) {
      const call = () => op.call(...here.with(place, there[place]!));
      assertThrows(call, TypeError, `Cannot ${op.action}: tensors are on reference and wasm`, name);
    }
    for (const each of [...there, ...here]) each.dispose();
  }
});

const x = () => tensor([[1, 2, 3], [4, 5, 6]]), list = () => tensor([1, 2, 3]);
const part = { start: 0, step: 1, length: 2, dropped: false };
/** Calls that an op refuses, and the messages. */
const refusals: readonly [call: () => unknown, error: RegExp][] = [
  [() => new ops.EWiseAdd().call(list(), tensor([1, 2])), /^TypeError: Cannot add: shapes \[3\] and \[2\] do not/],
  [
    () => new ops.EWiseMul().call(tensor([[1, 2], [3, 4]]), tensor([1, 2, 3, 4])),
    /Cannot mul: shapes .* do not broadcast/,
  ],
  [() => new ops.Compare("exp" as "less"), /^TypeError: Cannot compare: "exp", it must be a comparison/],
  [
    () => new ops.DropoutOp(Symbol("p") as unknown as number),
    /^TypeError: Cannot dropout: Symbol\(p\), it must be a number/,
  ],
  [() => new ops.AddScalar("2" as unknown as number), /^TypeError: Cannot AddScalar: "2", it must be a number/],
  [() => new ops.Clip(2, 1), /^RangeError: Cannot clip: low 2 must not exceed high 1/],
  [() => new ops.Reshape([3]).call(tensor([[1, 2], [3, 4]])), /^TypeError: Cannot reshape: \[2, 2\] to \[3\]/],
  [
    () => new ops.Reshape([9]).call(list()),
    /^TypeError: Cannot reshape: \[3\] to \[9\], the element counts must agree/,
  ],
  [
    () => new ops.BroadcastTo([2]).call(tensor([[1, 2], [3, 4]])),
    /Cannot broadcastTo: shape \[2, 2\] does not stretch/,
  ],
  [() => new ops.BroadcastTo([-1]), /^RangeError: Cannot broadcastTo: shape \[-1\] must hold non-negative integers/],
  [() => new ops.Transpose([0, 0]).call(x()), /^TypeError: Cannot transpose: axes \[0, 0\] must name each axis/],
  [() => new ops.Transpose([0, 2]).call(x()), /^RangeError: Cannot transpose: axis 2 must lie in/],
  [() => new ops.Transpose().call(list()), /^TypeError: Cannot transpose: tensor \[3\] must have two axes/],
  [() => new ops.Slice([part]).call(x()), /^RangeError: Cannot slice: 1 slices for the axes of shape \[2, 3\]/],
  [
    () => new ops.Slice([{ ...part, start: 2 }]).call(list()),
    /Cannot slice: 2 places of axis 0 from 2 by 1 must lie in \[0, 3\)/,
  ],
  [() => new ops.Slice([{ ...part, start: 0.5 }]).call(list()), /Cannot slice: 2 places of axis 0 from 0.5/],
  [
    () => new ops.Unslice([part], [3]).call(list()),
    /^TypeError: Cannot unslice: part of shape \[3\], it must be \[2\]/,
  ],
  [() => new ops.Unslice([part], [1]).call(tensor([1, 2])), /^RangeError: Cannot unslice: 2 places of axis 0/],
  [() => new ops.Take(2).call(x(), [0]), /^RangeError: Cannot take: axis 2 must lie in \[-2, 2\)/],
  [() => new ops.Take(0).call(x(), [0.5]), /^RangeError: Cannot take: index 0.5 must be an integer/],
  [() => new ops.Take(0).call(x(), list()), /^RangeError: Cannot take: index 2 must lie in \[0, 2\)/],
  [
    () => new ops.Untake(0, [4]).call(list(), tensor(Int32Array.of(1))),
    /Cannot untake: slices of shape \[3\], they must be \[1\]/,
  ],
  [
    () => new ops.Concat().call(x(), list()),
    /^TypeError: Cannot concat: shapes \[2, 3\] and \[3\] must agree but for axis 0/,
  ],
  [
    () => new ops.Concat(1).call(x(), tensor([[1]])),
    /^TypeError: Cannot concat: shapes \[2, 3\] and \[1, 1\] must agree/,
  ],
  [() => new ops.Concat(2).call(x(), x()), /^RangeError: Cannot concat: axis 2 must lie in \[-2, 2\)/],
  [() => new ops.Concat().call(tensor(1)), /^TypeError: Cannot concat: tensor 0 has no axes; stack joins such tensors/],
  [() => new ops.Split([1, 1]).call(list()), /^RangeError: Cannot split: sizes \[1, 1\] must add up to 3, the length/],
  [() => new ops.Split([4, -1]), /^RangeError: Cannot split: size -1 must be an integer of at least 0/],
  [() => new ops.Diagonal(0, 1, -1).call(x()), /^RangeError: Cannot diagonal: axes 1 and -1 must differ/],
  [() => new ops.Diagonal(0.5), /^RangeError: Cannot diagonal: offset 0.5 must be an integer/],
  [
    () => new ops.Undiagonal(0, 0, 1, [2, 2]).call(list()),
    /^TypeError: Cannot undiagonal: diagonal of shape \[3\], it must be \[2\]/,
  ],
  [() => new ops.Tril().call(list()), /^TypeError: Cannot tril: tensor \[3\] must have two axes/],
  [() => new ops.Triu(NaN), /^RangeError: Cannot triu: diagonal NaN must be an integer/],
  [() => new ops.Pad([1]).call(x()), /^TypeError: Cannot pad: 1 widths, they must be two for each of the last axes/],
  [() => new ops.Pad([-2, -2]).call(x()), /^RangeError: Cannot pad: widths -2 and -2 crop more than axis 1 has, 3/],
  [() => new ops.Roll([1], [0, 1]), /^TypeError: Cannot roll: 1 shifts for 2 axes, as many must be given/],
  [() => new ops.Roll([1], [2]).call(x()), /^RangeError: Cannot roll: axis 2 must lie in \[-2, 2\)/],
  [() => new ops.Cast("float8" as "float16"), /^TypeError: Cannot cast: "float8" is no element type/],
  [() => new ops.ToDevice(1 as unknown as string), /^TypeError: Cannot move tensor: 1, it must be a device's name/],
  [() => new ops.Summation({ axes: 2 }).call(x()), /^RangeError: Cannot sum: axis 2 must lie in \[-2, 2\)/],
  [
    () => new ops.Summation({ dim: 0 } as object),
    /^TypeError: Cannot sum: there is no option dim; did you mean axes/,
  ],
  [
    () => x().sum({ axes: 0, keepdims: true } as object),
    /^TypeError: Cannot sum: there is no option keepdims; did you mean keepDims/,
  ],
  [
    () => new ops.Max({ axes: 0 }).call(tensor([], { shape: [0, 2] })),
    /^RangeError: Cannot max: tensor \[0, 2\] has no elements/,
  ],
  [() => new ops.ArgMax().call(tensor([])), /^RangeError: Cannot argmax: tensor \[0\] has no elements/],
  [() => new ops.Softmax(2).call(x()), /^RangeError: Cannot softmax: axis 2 must lie in \[-2, 2\)/],
  [
    () => new ops.MatMul().call(tensor([1]), tensor(2)),
    /^TypeError: Cannot matmul: shapes \[1\] and \[\] need an axis each/,
  ],
  [() => new ops.MatMul().call(x(), x()), /^TypeError: Cannot matmul: shapes .*, the inner lengths 3 and 2 must agree/],
  [
    () =>
      new ops.MatMul().call(
        tensor(new Float32Array(12), { shape: [2, 2, 3] }),
        tensor(new Float32Array(18), { shape: [3, 3, 2] }),
      ),
    /^TypeError: Cannot matmul: shapes \[2\] and \[3\] do not broadcast/,
  ],
  [() => new ops.DropoutOp(0.5).call(x(), list()), /^TypeError: Cannot dropout: noise of shape \[3\]/],
  [
    () => new ops.BinaryCrossEntropy().call(x(), list()),
    /Cannot binaryCrossEntropy: shapes \[2, 3\] and \[3\], they must be/,
  ],
  [() => new ops.CrossEntropy().call(x(), list().cast("int32")), /^TypeError: Cannot cross entropy: logits \[2, 3\]/],
  [() => new ops.Normalize({ axes: [2] }).call(x()), /^RangeError: Cannot normalize: axis 2 must lie in/],
  [() => new ops.Normalize({ axes: [1, 0] }).call(x()), /^RangeError: Cannot normalize: axes \[1, 0\] must be sorted/],
  [
    () => new ops.Normalize({ axes: [0], eps: "a" as unknown as number }),
    /^TypeError: Cannot Normalize: "a", it must be/,
  ],
  [() => new ops.NormalizeGradient([1]).call(x(), list(), list()), /^TypeError: Cannot normalizeGradient: shapes/],
  [
    () => new ops.NormalizeScaleShift({ axes: [1] }).call(x(), tensor([1, 2, 3, 4]), list()),
    /^TypeError: Cannot normalizeScaleShift: shape \[4\] does not stretch to \[2, 3\]/,
  ],
];

forEachDevice("what an op called directly refuses, it refuses in words about its operands", () => {
  for (const [call, error] of refusals) assertThrowsLike(call, error);
}, on);

forEachDevice("operands that fit are passed on as they are", () => {
  class Seen extends ops.EWiseAdd {
    same = false;
    protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
      const ready = super.prepare(inputs);
      this.same = ready === inputs;
      return ready;
    }
  }
  const op = new Seen();
  for (const dtype of ["float32", "float64", "int32", "float16", "bool"] as const) {
    op.call(tensor([1, 0], { dtype }), tensor([0, 1], { dtype }));
    assert(op.same, dtype);
  }
  op.call(tensor([1, 0]), tensor(1));
  assert(!op.same);
}, on);
