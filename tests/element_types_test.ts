/**
 * Integers of every width: their values against PyTorch's, which `fixtures/element_types.py` wrote, eagerly and captured, on all
 * devices; and how they are made, read, saved and used as indices.
 */
import {
  arange,
  capture,
  concat,
  type DType,
  full,
  io,
  nn,
  oneHot,
  stack,
  type Tensor,
  tensor,
  type TypedArray,
  zeros,
} from "../mod.ts";
import { dtypes, typeRows } from "../kernels/instruction.ts";
import { makeTypedArray, promote, storeElement } from "../core/pure/dtype.ts";
import fixture from "./fixtures/element_types.json" with { type: "json" };
import { testWith } from "./permissions.ts";
import { assertEquals, assertThrows, forEachDevice } from "./support.ts";

/** An element type and elements in decimal digits. */
type Written = readonly [dtype: string, elements: readonly string[]];

/** A tensor of one axis. Floats are written as decimal fractions, integers as digits. */
function read([name, elements]: Written): Tensor {
  const dtype = name as DType, flat = makeTypedArray<TypedArray>(dtype, elements.length), isLong = dtype === "int64";
  elements.forEach((text, k) => storeElement("read", dtype, flat, k, isLong ? BigInt(text) : Number(text)));
  return tensor(flat, { dtype });
}

/** The elements as text, as the fixture has them. */
function written(x: Tensor): string[] {
  return Array.from<number | bigint, string>(x.toTypedArray<TypedArray>(), String);
}

/** The method's result, from tensors behind one another and then plain arguments. */
function apply(method: string, inputs: readonly Tensor[], given: readonly unknown[]): Tensor {
  const [first, ...others] = inputs,
    args = method === "cumsum" || method === "cumprod" || method === "flip" ? [0] : given;
  // deno-lint-ignore no-explicit-any
  return (first as any)[method](...others, ...args);
}

/** The methods whose type is not PyTorch's int64: that of sums, and of places. */
const places = ["argmax", "argmin", "argsort"], sums = ["sum", "prod", "cumsum", "cumprod", "matmul"];

function resultType(method: string, inputs: readonly Written[], expected: string): string {
  const first = inputs[0]![0];
  if (places.includes(method)) return "int32";
  return sums.includes(method) ? typeRows[first as DType].compute : expected;
}

/** The number as a type with less digits has it. */
function narrowed(text: string, dtype: string): string {
  return dtype === "int64" ? text : String(Number(BigInt.asIntN(32, BigInt(text))));
}

/** OpenCL compiles a kernel for each case and type, so that it takes one in twelve, and some of the types. */
const someCases = (device: string) => device === "opencl" ? cases.filter((_, k) => k % 12 === 0) : cases;
const someTypes = <T extends DType>(device: string, types: readonly T[]) =>
  device === "opencl" ? types.filter((dtype) => ["int64", "int8", "uint16"].includes(dtype)) : types;

type Case = { method: string; inputs: Written[]; arguments: unknown[]; result: Written };
const cases = fixture.cases as unknown as readonly Case[];

for (const mode of ["eager", "captured"] as const) {
  forEachDevice(`integers of every width have PyTorch's values, ${mode}`, (device) => {
    const wrong: string[] = [];
    for (const { method, inputs, arguments: given, result: [type, elements] } of someCases(device)) {
      const tensors = inputs.map(read), run = (...inputs: Tensor[]) => apply(method, inputs, given);
      using program = mode === "captured" ? capture(run) : null;
      const found = (program ?? run)(...tensors), wanted = resultType(method, inputs, type);
      const values = sums.includes(method) ? elements.map((text) => narrowed(text, wanted)) : elements;
      const isFloat = typeRows[type as DType].kind === "float";
      const expected = isFloat ? values.map((text) => String(Number(text))) : values;
      if (found.dtype !== wanted || written(found).join() !== expected.join()) {
        wrong.push(
          `${method} of ${inputs.map(([dtype]) => dtype)}: ${found.dtype} ${written(found)}, not ${wanted} ${expected}`,
        );
      }
    }
    assertEquals(wrong, []);
  });
}

testWith([], "types meet where PyTorch says", () => {
  for (const [pair, met] of Object.entries(fixture.promotion)) {
    const [a, b] = pair.split(" ") as [DType, DType];
    if (met === null) assertThrows(() => promote(a, b), TypeError, `${a} and ${b} have no common type`);
    else assertEquals(promote(a, b), met as DType, pair);
  }
  assertEquals(new Set(Object.keys(fixture.promotion).map((pair) => pair.split(" ")[0])), new Set(dtypes));
});

forEachDevice("typed arrays and bigints give their own type, and read back the same", () => {
  const arrays = [
    new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 5n]),
    new Int8Array([-128, 127]),
    new Int16Array([-32768, 32767]),
    new Uint16Array([0, 65535]),
    new Uint32Array([0, 4294967295]),
  ];
  const types = ["int64", "int8", "int16", "uint16", "uint32"];
  arrays.forEach((flat, k) => {
    const x = tensor(flat);
    assertEquals([x.dtype, x.requiresGrad], [types[k], false]);
    assertEquals(x.toTypedArray<TypedArray>(), flat as TypedArray);
    assertEquals(x.flip(0).toTypedArray<TypedArray>(), flat.toReversed() as TypedArray);
  });
  const long = tensor([[2n ** 53n, -1n], [7n, -(2n ** 60n)]]);
  assertEquals([long.dtype, long.shape], ["int64", [2, 2]]);
  assertEquals(long.toArray(), [[2n ** 53n, -1], [7, -(2n ** 60n)]]);
  assertEquals([long.at("1", "0").item(), long.at("0", "0").item()], [7, 2n ** 53n]);
  assertEquals(String(long), "Tensor [2, 2] int64\n[[9007199254740992, -1],\n [7, -1152921504606846976]]");
  assertEquals([tensor([1n, 2]).dtype, tensor([1n, 0.5]).dtype], ["int64", "float32"]);
  assertEquals(tensor([2n ** 40n], { dtype: "float64" }).item(), 2 ** 40);
  assertEquals(arange(3, { dtype: "int64" }).toTypedArray<TypedArray>(), new BigInt64Array([0n, 1n, 2n]));
  assertEquals(full([1], -5, { dtype: "int64" }).item(), -5);
});

forEachDevice("numbers that an integer type does not have are refused", () => {
  for (
    const [dtype, value] of [["int8", 128], ["int16", -32769], ["uint16", -1], ["uint32", 2 ** 32], ["int64", 2 ** 63]]
  ) {
    assertThrows(() => full([1], value as number, { dtype: dtype as DType }), RangeError, `the range of ${dtype}`);
    assertThrows(() => tensor([value as number], { dtype: dtype as DType }), RangeError, `the range of ${dtype}`);
  }
  assertThrows(() => tensor([2n ** 63n]), RangeError, "the range of int64");
  assertThrows(() => tensor([2n ** 40n], { dtype: "int32" }), RangeError, "the range of int32");
  assertThrows(() => tensor([NaN], { dtype: "int64" }), RangeError, "NaN");
  assertThrows(() => tensor([1n], { requiresGrad: true }), TypeError);
  assertThrows(() => tensor(new BigUint64Array(1) as unknown as number), TypeError);
});

forEachDevice("floats saturate where an integer type lacks them, and NaN becomes 0", () => {
  const x = tensor([1e30, -1e30, NaN, Infinity, -Infinity, -0.9], { dtype: "float64" });
  const expected: [DType, readonly (number | bigint)[]][] = [
    ["int64", [2n ** 63n - 1n, -(2n ** 63n), 0, 2n ** 63n - 1n, -(2n ** 63n), 0]],
    ["int8", [127, -128, 0, 127, -128, 0]],
    ["int16", [32767, -32768, 0, 32767, -32768, 0]],
    ["uint16", [65535, 0, 0, 65535, 0, 0]],
    ["uint32", [4294967295, 0, 0, 4294967295, 0, 0]],
  ];
  for (const [dtype, values] of expected) {
    assertEquals(x.cast(dtype).toArray(), values, dtype);
    assertEquals(x.cast("float32").cast(dtype).toArray(), values, `${dtype} of float32`);
  }
  // A number that float32 rounds once, but by way of float64 twice.
  assertEquals(tensor([2n ** 60n + 2n ** 36n + 1n]).cast("float32").item(), 2 ** 60 + 2 ** 37);
});

forEachDevice("int64 is compared with any number by its value", () => {
  const x = tensor([2n ** 63n - 1n, -(2n ** 63n), 0n]);
  for (const value of [2 ** 63, 2 ** 70, Infinity]) {
    assertEquals(x.less(value).toArray(), [true, true, true]);
    assertEquals(x.greaterEqual(value).toArray(), [false, false, false]);
    assertEquals(x.equal(value).toArray(), [false, false, false]);
  }
  assertEquals(x.lessEqual(-(2 ** 63)).toArray(), [false, true, false]);
  assertEquals(x.greater(-0.5).toArray(), [true, false, true]);
  assertEquals(x.clip(null, 5).toArray(), [5, -(2n ** 63n), 0]);
  assertEquals(x.clip(-1).toArray(), [2n ** 63n - 1n, -1, 0]);
  assertEquals(x.relu().toArray(), [2n ** 63n - 1n, 0, 0]);
});

forEachDevice("views, joins and choices keep the type and every bit", (device) => {
  for (const dtype of someTypes(device, dtypes.filter((dtype) => typeRows[dtype].kind !== "float"))) {
    const x = tensor([[1, 0, 1], [0, 1, 1]], { dtype });
    for (
      const y of [
        x.transpose(),
        x.at("::-1, 1:"),
        x.broadcastTo([2, 2, 3]),
        x.reshape([3, 2]),
        concat([x, x]),
        stack([x, x]),
      ]
    ) {
      assertEquals(y.dtype, dtype);
    }
    assertEquals(x.transpose().toTypedArray<TypedArray>().join(), "1,0,0,1,1,1");
    assertEquals(tensor([true, false, true]).where(x, x.flip(0)).dtype, dtype);
    assertEquals(x.pad([1, 0]).shape, [2, 4]);
    assertEquals(x.sort(1).values.toTypedArray<TypedArray>().join(), "0,1,1,0,1,1");
    assertEquals(x.unique().counts.toArray(), [2, 4]);
    assertEquals(x.nonzero().shape, [4, 2]);
    assertEquals(x.any().item(), true);
    assertEquals(Number(x.sum().item()), 4);
  }
  const long = tensor([2n ** 53n + 1n, 3n, -(2n ** 63n)]);
  assertEquals(concat([long, tensor([1], { dtype: "int32" })]).toArray(), [2n ** 53n + 1n, 3, -(2n ** 63n), 1]);
  assertEquals(zeros([3], { dtype: "int64" }).scatter(0, [2, 0, 1], long).toArray(), [3, -(2n ** 63n), 2n ** 53n + 1n]);
  assertEquals(long.scatterReduce(0, [0, 0, 0], long, "amax", { includeSelf: false }).at("0").item(), 2n ** 53n + 1n);
  assertEquals(zeros([1], { dtype: "int64" }).scatterAdd(0, [0, 0, 0], long).item(), -(2n ** 63n) + 2n ** 53n + 4n);
  assertEquals(long.unique().values.toArray(), [-(2n ** 63n), 3, 2n ** 53n + 1n]);
  assertEquals(long.at("0").toArray(), 2n ** 53n + 1n);
});

forEachDevice("integers of every width are indices and labels", (device) => {
  const x = tensor([10, 20, 30]), table = tensor([[1, 2], [3, 4], [5, 6]]);
  const logits = tensor([[1, 2, 3], [3, 1, 2]]), loss = new nn.CrossEntropyLoss();
  for (const dtype of someTypes(device, ["int8", "int16", "uint16", "uint32", "int64", "uint8"])) {
    const index = tensor([2, 0], { dtype });
    assertEquals(x.take(index).toArray(), [30, 10], dtype);
    assertEquals(x.gather(0, index).toArray(), [30, 10], dtype);
    assertEquals(x.scatter(0, index, tensor([1, 2])).toArray(), [2, 20, 1], dtype);
    assertEquals(table.take(index).toArray(), [[5, 6], [1, 2]], dtype);
    assertEquals(oneHot(index, 3).toArray(), [[0, 0, 1], [1, 0, 0]], dtype);
    assertEquals(x.at(index).toArray(), [30, 10], dtype);
    assertEquals(loss.call(logits, index).item(), loss.call(logits, tensor([2, 0], { dtype: "int32" })).item(), dtype);
    assertEquals(index.bincount().toArray(), [1, 0, 1], dtype);
  }
});

forEachDevice("an index that int32 does not have is out of range, and never another one", () => {
  const x = tensor([10, 20, 30]), far = [2n ** 32n, 2n ** 32n + 1n, -(2n ** 32n), 2n ** 63n - 1n, -(2n ** 63n)];
  const logits = tensor([[1, 2, 3]]), loss = new nn.CrossEntropyLoss();
  for (const index of [...far.map((one) => tensor([one])), tensor(new Uint32Array([4294967295]))]) {
    const uses: (() => Tensor)[] = [
      () => x.take(index),
      () => x.gather(0, index),
      () => x.scatter(0, index, tensor([1])),
      () => oneHot(index, 3),
      () => loss.call(logits, index),
    ];
    for (const use of uses) assertThrows(() => use().toArray(), RangeError, "must lie in");
  }
});

testWith([], "files keep every integer type", () => {
  const state = Object.fromEntries(
    dtypes.filter((dtype) => typeRows[dtype].kind !== "float").map((dtype) => [dtype, tensor([1, 0, 1], { dtype })]),
  );
  const loaded = io.deserialize(io.serialize(state));
  for (const [dtype, x] of Object.entries(state)) {
    assertEquals([loaded[dtype]!.dtype, written(loaded[dtype]!)], [dtype, written(x)]);
  }
});
