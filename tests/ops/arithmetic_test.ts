/** Sums, products, quotients, powers and remainders, of two tensors and of a tensor and a number. */
import { Tensor, tensor } from "../../mod.ts";
import { assertExact, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3], column = [2, 1], row = [3];

testOps("arithmetic", {
  EWiseAdd: { f: (a, b) => a.add(b), inputs: [m, m] },
  "EWiseAdd broadcast": { f: (a, b) => a.add(b), inputs: [column, row] },
  EWiseSub: { f: (a, b) => a.sub(b), inputs: [m, row] },
  EWiseMul: { f: (a, b) => a.mul(b), inputs: [m, column] },
  EWiseMulAdd: { f: (a, b, c) => a.mulAdd(b, c), inputs: [m, m, m] },
  "EWiseMulAdd broadcast": { f: (a, b, c) => a.mulAdd(b, c), inputs: [row, column, [1]] },
  EWiseDiv: { f: (a, b) => a.div(b), inputs: [m, m], shift: 3 },
  EWisePow: { f: (a, b) => a.pow(b), inputs: [m, m], shift: 3, ulps: 16 },
  AddScalar: { f: (a) => a.add(2.5), inputs: [m] },
  MulScalar: { f: (a) => a.mul(-0.3), inputs: [m] },
  DivScalar: { f: (a) => a.div(3), inputs: [m] },
  PowerScalar: { f: (a) => a.pow(3), inputs: [m], ulps: 8 },
  "PowerScalar 0": { f: (a) => a.pow(0), inputs: [m] },
  "PowerScalar 1": { f: (a) => a.pow(1), inputs: [m] },
  "PowerScalar 0.5": { f: (a) => a.pow(0.5), inputs: [m], shift: 3, ulps: 8 },
  Negate: { f: (a) => a.neg(), inputs: [m] },
  Reciprocal: { f: (a) => a.reciprocal(), inputs: [m], shift: 3 },
  Square: { f: (a) => a.square(), inputs: [m] },
  FloorDiv: { f: (a, b) => a.floorDiv(b), inputs: [m, m], shift: 3, order: 0 },
  Mod: { f: (a, b) => a.mod(b), inputs: [m, m], shift: 3, ulps: 64 },
  Fmod: { f: (a, b) => a.neg().fmod(b), inputs: [m, m], shift: 3, ulps: 64 },
  Hypot: { f: (a, b) => a.hypot(b), inputs: [m, m] },
});

forEachDevice("an op without a derivative says so", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  assertThrowsLike(() => x.floorDiv(2).sum().backward(), /FloorDiv/);
});

forEachDevice("a remainder's derivative by the divisor is the quotient rounded down, and constant beside it", () => {
  const [a, b] = [[5, -5, 0.5, 3], [2, 2, -2, 0]].map((x) => new Tensor(x)) as [Tensor, Tensor];
  a.mod(b).sum().backward(undefined, { createGraph: true });
  const toB = b.grad!;
  assertExact([values(a.grad!), values(toB).slice(0, 3)], [[1, 1, 1, 1], [-2, 3, 1]]);
  for (const each of [a, b]) each.resetGrad();
  // PyTorch 2.15 has no second derivative by a divisor of 0 either.
  if (toB.requiresGrad) toB.sum().backward();
  assertExact([a, b].flatMap(({ grad }) => grad === null ? [] : values(grad)).filter((slope) => slope !== 0), []);
});

/** Pairs, their quotients rounded down and the remainders, as Python and NumPy have them. */
const quotients: readonly (readonly [a: number, b: number, quotient: number, rest: number])[] = [
  [6, 0.1, 59, 0.09999999999999967],
  [-6, 0.1, -60, 3.3306690738754696e-16],
  [-7, 2, -4, 1],
  [7, -2, -4, -1],
  [5.25, -1.5, -4, -0.75],
  [-1, Infinity, -1, Infinity],
  [1, Infinity, 0, 1],
  [1, -Infinity, -1, -Infinity],
  [-1e-300, 1e300, -1, 1e300],
  [Infinity, 2, NaN, NaN],
  [Infinity, Infinity, NaN, NaN],
  [1, 0, Infinity, NaN],
  [-1, 0, -Infinity, NaN],
  [0, 0, NaN, NaN],
  [NaN, 1, NaN, NaN],
  [-0, 5, -0, -0],
  [0, -Infinity, -0, 0],
  [1e300, 7e-5, 1.4285714285714288e304, 4.696295311599344e-5],
];

forEachDevice("floorDiv and mod are quotient and rest", () => {
  const [a, b] = [0, 1].map((k) => tensor(quotients.map((each) => each[k]!), { dtype: "float64" }));
  assertExact(values(a!.floorDiv(b!)), quotients.map((each) => each[2]));
  assertExact(values(a!.mod(b!)), quotients.map((each) => each[3]));
  // 0.1 is a little more than a tenth in float32, too.
  assertExact(values(tensor([6, -1, 1, Infinity]).floorDiv(tensor([0.1, Infinity, -Infinity, 3]))), [59, -1, -1, NaN]);
});

forEachDevice("floorDiv and mod of integers wrap, and give 0 where the divisor is 0", () => {
  const least = -(2 ** 31);
  const a = tensor(new Int32Array([least, least, 7, -7, 5, least])), b = tensor(new Int32Array([-1, 1, -2, 2, 0, 3]));
  assertExact(values(a.floorDiv(b)), [least, least, -4, -4, 0, -715827883]);
  assertExact(values(a.mod(b)), [0, 0, -1, 1, 0, 1]);
  const bytes = tensor(new Uint8Array([200, 7, 9])), by = tensor(new Uint8Array([3, 0, 255]));
  assertExact(values(bytes.floorDiv(by)), [66, 0, 0]);
  assertExact(values(bytes.mod(by)), [2, 0, 9]);
});
