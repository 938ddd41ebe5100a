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
