/**
 * The rule of types and numbers, as `core/README.md` states it: which type operands meet in, and what becomes of numbers that
 * an integer type does not have. The types are those of PyTorch 2.15, the ranges those of NumPy 2.4.
 */
import {
  arange,
  capture,
  type DType,
  full,
  linspace,
  live,
  logspace,
  ops,
  randint,
  type Tensor,
  tensor,
} from "../mod.ts";
import { assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

const types: readonly DType[] = ["bool", "uint8", "int32", "float16", "bfloat16", "float32", "float64"];

/** The type and the elements. */
const told = (x: Tensor): [DType, number[]] => [x.dtype, values(x)];

/** PyTorch's `(torch.ones(2, dtype=row) + torch.ones((), dtype=column)).dtype`. */
const besideSingle: Readonly<Record<string, readonly DType[]>> = {
  bool: types,
  uint8: ["uint8", "uint8", "uint8", "float16", "bfloat16", "float32", "float64"],
  int32: ["int32", "int32", "int32", "float16", "bfloat16", "float32", "float64"],
  float16: types.map(() => "float16"),
  bfloat16: types.map(() => "bfloat16"),
  float32: types.map(() => "float32"),
  float64: types.map(() => "float64"),
};

forEachDevice("a tensor without axes lifts others only to a wider category", () => {
  const always = tensor([true, false]);
  for (const [name, expected] of Object.entries(besideSingle)) {
    const wide = tensor([1, 0], { dtype: name as DType });
    types.forEach((type, k) => {
      const single = tensor(1, { dtype: type }), what = `${name} [2] and ${type} []`;
      const found = [wide.add(single), single.mul(wide), single.maximum(wide), always.where(wide, single)];
      assertEquals(found.map((x) => x.dtype), found.map(() => expected[k]!), what);
    });
  }
  const half = tensor([1.5, 2], { dtype: "float16" });
  assertExact(told(half.pow(tensor(2))), ["float16", [2.25, 4]]);
  // Two tensors without axes meet as two with axes do.
  assertEquals(tensor(1).add(tensor(1, { dtype: "float64" })).dtype, "float64");
  assertEquals(tensor(1, { dtype: "float16" }).add(tensor(1, { dtype: "bfloat16" })).dtype, "float32");
});

forEachDevice("the gradient of a tensor without axes has its own type", () => {
  const x = tensor([1, 2], { requiresGrad: true }), s = tensor(3, { dtype: "float64", requiresGrad: true });
  x.mul(s).sum().backward();
  assertExact([told(x.grad!), told(s.grad!)], [["float32", [3, 3]], ["float64", [3]]]);
});

forEachDevice("a fraction, NaN and the infinities lift bools and integers to float32", () => {
  for (const type of types) {
    const x = tensor([1, 0], { dtype: type }), expected = type.includes("float") ? type : "float32";
    for (const number of [2.5, NaN, -Infinity]) {
      const found = [x.add(number), x.sub(number), x.mul(number), x.mod(number), x.maximum(number)];
      assertEquals([...found, ops.add.call(number, x)].map((y) => y.dtype), Array(6).fill(expected), type);
    }
  }
  assertExact(told(tensor([1, 5], { dtype: "int32" }).add(2.5)), ["float32", [3.5, 7.5]]);
  assertExact(told(tensor([true, false]).add(1)), ["int32", [2, 1]]);
  assertExact(told(tensor([true, false]).sub(1)), ["int32", [0, -1]]);
});

const numbers = [-3e9, -256, -1, -0.5, 0, 0.5, 1, 2, 5, 5.5, 254.5, 255, 256, 3e9, 1e300, Infinity, -Infinity, NaN];
const orders: Readonly<Record<ops.CompareRow, (a: number, b: number) => boolean>> = {
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
  and: (a, b) => a !== 0 && b !== 0,
  or: (a, b) => a !== 0 || b !== 0,
};

forEachDevice("integers are compared with any number by its value", () => {
  const operands = [
    tensor([0, 5, 255], { dtype: "uint8" }),
    tensor([-(2 ** 31), -1, 0, 5, 255, 2 ** 24 + 1, 2 ** 31 - 1], { dtype: "int32" }),
    tensor([true, false]),
  ];
  for (const x of operands) {
    const elements = values(x);
    for (const row of Object.keys(orders) as ops.CompareRow[]) {
      for (const number of [...numbers, 2 ** 24 + 0.5, 2 ** 31 - 1]) {
        const what = `${x.dtype} ${row} ${number}`, order = orders[row];
        assertEquals(x[row](number).toArray(), elements.map((element) => order(element, number)), what);
        const turned = elements.map((element) => order(number, element));
        assertEquals(ops.comparisons[row].call(number, x).toArray(), turned, `${what}, turned`);
      }
    }
    // A number in memory is one too: it is not cast to the narrower type.
    const single = tensor(-1, { dtype: "int32" });
    assertEquals(x.equal(single).toArray(), elements.map((element) => element === -1));
  }
  using captured = capture((x: Tensor) => x.equal(-1));
  for (let call = 0; call < 3; call++) assertEquals(captured(operands[0]!).toArray(), [false, false, false]);
});

forEachDevice(
  "a number that an integer type does not have is refused, but for bounds beyond all of its numbers",
  () => {
    const byte = tensor([0, 5, 255], { dtype: "uint8" }), int = tensor([-5, 0, 5], { dtype: "int32" });
    const bool = tensor([true, false, true]);
    for (const name of ["add", "sub", "mul", "mod", "floorDiv", "maximum", "minimum"] as const) {
      for (
        const [x, number, type] of [[byte, -1, "uint8"], [byte, 256, "uint8"], [int, 3e9, "int32"], [
          bool,
          -3e9,
          "int32",
        ]] as const
      ) {
        assertThrows(() => x[name](number), RangeError, `Cannot ${name}: ${number} must lie in [`, type);
        assertThrows(
          () => capture((x: Tensor) => x[name](number))(x),
          RangeError,
          `Cannot ${name}: ${number} must lie`,
        );
      }
    }
    assertThrows(() => bool.where(byte, 300), RangeError, "Cannot where: 300 must lie in [0, 255], the range of uint8");
    assertThrows(() => bool.where(-1, byte), RangeError, "Cannot where: -1 must lie in [0, 255], the range of uint8");
    assertThrows(() => byte.mulAdd(2, 300), RangeError, "Cannot mulAdd: 300 must lie in");
    assertThrows(() => byte.clip(300, 400), RangeError, "Cannot clip: 300 must lie in");
    assertThrows(() => byte.clip(-10, -5), RangeError, "Cannot clip: -5 must lie in");
    assertExact(told(byte.clip(-1, 300)), ["uint8", [0, 5, 255]]);
    assertExact(told(int.clip(-3e9, 2)), ["int32", [-5, 0, 2]]);
    // The number is asked for, not its negative.
    assertExact(told(int.sub(-(2 ** 31))), ["int32", [2 ** 31 - 5, -(2 ** 31), -(2 ** 31) + 5]]);
    assertExact(told(byte.sub(1)), ["uint8", [255, 4, 254]]);
    // Quotients and powers of integers are floats, which have the number.
    assertExact(told(byte.div(-1)), ["float32", [-0, -5, -255]]);
    assertExact(told(int.pow(2)), ["float32", [25, 0, 25]]);
  },
);

forEachDevice("clip takes one bound or two, and fractions lift integers", () => {
  const int = tensor([1, 5, 9], { dtype: "int32" }), float = tensor([1, 5, 9], { requiresGrad: true });
  assertExact(told(int.clip(2.5, 6.5)), ["float32", [2.5, 5, 6.5]]);
  assertExact(told(int.clip(2)), ["int32", [2, 5, 9]]);
  assertExact(told(int.clip(2, null)), ["int32", [2, 5, 9]]);
  assertExact(told(int.clip(undefined, 6)), ["int32", [1, 5, 6]]);
  assertExact(told(int.clip(null, 6)), ["int32", [1, 5, 6]]);
  assertExact(told(int.clip(0, Infinity)), ["float32", [1, 5, 9]]);
  assertExact(told(tensor([true, false]).clip(0, 1)), ["int32", [1, 0]]);
  const y = float.clip(2);
  y.sum().backward();
  assertExact([values(y), values(float.grad!)], [[2, 5, 9], [0, 1, 1]]);
  assertThrows(() => float.clip(null), TypeError, "Cannot clip: there is neither a lower nor an upper bound");
  assertThrows(() => float.clip(NaN, 1), RangeError, "Cannot clip: low NaN must not exceed high 1");
});

forEachDevice("what is made has the numbers that were given, or is refused", () => {
  assertExact(told(tensor([true, 2.5])), ["float32", [1, 2.5]]);
  assertExact(told(tensor([[false], [3]])), ["float32", [0, 3]]);
  assertExact(told(tensor([true, 2], { dtype: "int32" })), ["int32", [1, 2]]);
  assertExact(told(tensor([2.7, -0.5], { dtype: "int32" })), ["int32", [2, 0]]);
  assertExact(told(tensor([2.5, 0, NaN, 300], { dtype: "bool" })), ["bool", [1, 0, 1, 1]]);
  assertExact(told(full([2], 2.7, { dtype: "uint8" })), ["uint8", [2, 2]]);
  assertExact(told(full([1], 0.5, { dtype: "bool" })), ["bool", [1]]);
  assertExact(told(arange(250, 256, 5, { dtype: "uint8" })), ["uint8", [250, 255]]);
  assertExact(told(linspace(0.9, 10.9, 4, { dtype: "uint8" })), ["uint8", [0, 3, 6, 10]]);
  assertExact(told(logspace(0, 3, 4, { dtype: "int32", base: 2 })), ["int32", [1, 2, 4, 8]]);
  const refused: Record<string, [() => Tensor, string]> = {
    "a list": [() => tensor([1, 300], { dtype: "uint8" }), "Cannot make tensor: 300 must lie in [0, 255]"],
    "a negative number": [() => tensor(-1, { dtype: "uint8" }), "Cannot make tensor: -1 must lie in [0, 255]"],
    "NaN": [() => tensor([NaN], { dtype: "int32" }), "Cannot make tensor: NaN must lie in"],
    "an array": [() => tensor(Float64Array.of(3e9), { dtype: "int32" }), "Cannot make tensor: 3000000000 must lie in"],
    "integers": [() => tensor(Int32Array.of(-1), { dtype: "uint8" }), "Cannot make tensor: -1 must lie in [0, 255]"],
    "full": [() => full([2], 300, { dtype: "uint8" }), "Cannot make full: 300 must lie in [0, 255]"],
    "infinite": [() => full([2], Infinity, { dtype: "int32" }), "Cannot make full: Infinity must lie in"],
    "a range": [() => arange(257, { dtype: "uint8" }), "Cannot arange: numbers from 0 to 256 by 1 must be integers in"],
    "fractions": [() => arange(0, 2, 0.5, { dtype: "int32" }), "Cannot arange: numbers from 0 to 1.5 by 0.5 must be"],
    "an end": [() => linspace(0, 256, 3, { dtype: "uint8" }), "Cannot linspace: 256 must lie in [0, 255]"],
    "a power": [() => logspace(0, 3, 4, { dtype: "uint8" }), "Cannot logspace: 1000 must lie in [0, 255]"],
    "draws": [() => randint(0, 300, [2], { dtype: "uint8" }), "Cannot make randint: [0, 300) must lie in [0, 255]"],
    "a live number": [() => live(() => 300, { dtype: "uint8" }), "Cannot make live number: 300 must lie in [0, 255]"],
  };
  for (const [what, [make, text]] of Object.entries(refused)) assertThrows(make, RangeError, text, what);
});

forEachDevice("lines of numbers have both ends to the bit, in every float type", () => {
  for (const dtype of ["float16", "bfloat16", "float32", "float64"] as const) {
    for (const steps of [2, 3, 10, 97, 100]) {
      const ends = (line: Tensor) => values(line.take([0, -1 + steps])),
        exact = (...list: number[]) => values(tensor(list, { dtype }));
      assertExact(ends(linspace(0.1, -7.3, steps, { dtype })), exact(0.1, -7.3), `${steps} of ${dtype}`);
      assertExact(ends(logspace(-1, 3, steps, { dtype })), exact(0.1, 1000), `${steps} powers of ${dtype}`);
    }
  }
  assertExact(values(linspace(1, 2, 1)), [1]);
  assertExact(values(linspace(1, 2, 0)), []);
  assertExact(values(linspace(0, 1, 5, { requiresGrad: true })), [0, 0.25, 0.5, 0.75, 1]);
  assertThrows(() => linspace(0, 1, -1), RangeError, "Cannot linspace: steps -1 must be an integer of at least 0");
  assertThrows(() => logspace(0, 1, 2, { step: 1 } as object), TypeError, "Cannot logspace: there is no option step");
});

forEachDevice("bools have squares among the integers, and neither negatives nor differences", () => {
  const bool = tensor([true, false]);
  assertExact(told(bool.square()), ["int32", [1, 0]]);
  assertExact(told(bool.mul(bool)), ["bool", [1, 0]]);
  assertThrows(() => bool.neg(), TypeError, "Cannot neg: type bool, it must be a number type; cast first");
  assertThrows(() => bool.sub(bool), TypeError, "Cannot sub: type bool, it must be a number type; cast first");
  assertExact(told(bool.sub(tensor([1, 1], { dtype: "uint8" }))), ["uint8", [0, 255]]);
});
