/** Ops with kinks or steps: rounding, signs, clipping, and the larger or smaller of two. */
import { grad, Tensor, tensor } from "../../mod.ts";
import { assertClose, assertExact, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("steps", {
  Abs: { f: (a) => a.abs(), inputs: [m] },
  Sign: { f: (a) => a.sign(), inputs: [m] },
  Floor: { f: (a) => a.floor(), inputs: [m] },
  Ceil: { f: (a) => a.ceil(), inputs: [m] },
  Round: { f: (a) => a.round(), inputs: [m] },
  Clip: { f: (a) => a.clip(-1, 0.7), inputs: [m] },
  Maximum: { f: (a, b) => a.maximum(b), inputs: [m, m] },
  Minimum: { f: (a, b) => a.minimum(b), inputs: [m, m] },
});

forEachDevice("abs and relu have no gradient at 0", () => {
  const z = tensor([0], { requiresGrad: true });
  z.abs().add(z.relu()).sum().backward();
  assertClose(values(z.grad!), [0]);
});

/** Functions that leave some elements out, elements, and what flows to these from an adjoint of Infinity, as PyTorch has it. */
const unchosen: [name: string, f: (x: Tensor) => Tensor, x: number[], gradient: number[]][] = [
  ["floor", (x) => x.floor(), [1.5, 0, NaN], [0, 0, 0]],
  ["ceil", (x) => x.ceil(), [1.5, 0, NaN], [0, 0, 0]],
  ["round", (x) => x.round(), [1.5, 0, NaN], [0, 0, 0]],
  ["sign", (x) => x.sign(), [1.5, 0, NaN], [0, 0, 0]],
  ["relu", (x) => x.relu(), [-1, 0, 1, NaN], [0, 0, Infinity, Infinity]],
  ["clip", (x) => x.clip(0, 1), [-1, 0.5, 2, NaN], [0, Infinity, 0, 0]],
  ["abs", (x) => x.abs(), [-1, 0, 1], [-Infinity, 0, Infinity]],
  ["maximum", (x) => x.maximum(2), [1, 2, 3], [0, Infinity, Infinity]],
  ["minimum", (x) => x.minimum(2), [1, 2, 3], [Infinity, Infinity, 0]],
  ["max", (x) => x.max(), [1, 5, 3], [0, Infinity, 0]],
  ["min", (x) => x.min(), [1, 5, 3], [Infinity, 0, 0]],
  ["max along an axis", (x) => x.reshape([1, 3]).max({ axes: 1 }), [1, 5, 5], [0, Infinity, Infinity]],
  ["where", (x) => x.greater(1).where(x, 0), [0, 2], [0, Infinity]],
  ["where, the other branch", (x) => x.greater(1).where(0, x), [0, 2], [Infinity, 0]],
  ["a slice", (x) => x.at("1:2"), [1, 2, 3], [0, Infinity, 0]],
  ["take", (x) => x.take([2]), [1, 2, 3], [0, 0, Infinity]],
  ["a power of 0", (x) => x.pow(0), [0, 2, NaN], [0, 0, 0]],
  ["a power of a tensor's 0", (x) => x.pow(tensor([0, 0])), [0, 2], [0, 0]],
];

forEachDevice("an infinite adjoint does not reach what was not chosen", () => {
  for (const [what, f, numbers, expected] of unchosen) {
    const x = new Tensor(numbers), y = f(x), outGrad = y.onesLike().mul(Infinity);
    y.backward(outGrad, { createGraph: true });
    assertExact(values(x.grad!), expected, what);
    x.resetGrad();
    f(x).backward(outGrad);
    assertExact(values(x.grad!), expected, `${what}, on no graph`);
  }
});

forEachDevice("the second derivative is 0, not NaN, where a first one was not chosen", () => {
  const second = (f: (x: Tensor) => Tensor, x: number[]) =>
    values(grad((x: Tensor) => grad((x: Tensor) => f(x).sum())(x).sum())(tensor(x, { dtype: "float64" })));
  for (const [what, f, numbers] of unchosen) {
    assertExact(second((x) => f(x).mul(x.sum()), numbers.map((x) => x || 0)).some(Number.isNaN), false, what);
  }
  const b = tensor([0, 0, 2, 1], { dtype: "float64" });
  assertClose(second((a) => a.pow(b), [0, 3, 0, 0]), [0, 0, 2, 0]);
  assertClose(second((b) => tensor([0, 0, 2], { dtype: "float64" }).pow(b), [0, 2, 1]), [0, 0, 2 * Math.log(2) ** 2]);
});

// PyTorch 2.15: torch.maximum and torch.minimum.
forEachDevice("ties share the gradient of the larger and of the smaller, and NaN leaves it to both", () => {
  const numbers = [[NaN, 1, 2, 2, NaN], [1, NaN, 2, 1, NaN]] as const;
  const cases: [f: (a: Tensor, b: Tensor) => Tensor, toA: number[], toB: number[]][] = [
    [(a, b) => a.maximum(b), [1, 1, 0.5, 1, 1], [1, 1, 0.5, 0, 1]],
    [(a, b) => a.minimum(b), [1, 1, 0.5, 0, 1], [1, 1, 0.5, 1, 1]],
  ];
  for (const [f, toA, toB] of cases) {
    const [a, b] = numbers.map((x) => new Tensor([...x])) as [Tensor, Tensor];
    f(a, b).sum().backward();
    assertExact([values(a.grad!), values(b.grad!)], [toA, toB]);
  }
});
