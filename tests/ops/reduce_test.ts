/** Sums, products, extremes and their places along axes. */
import { capture, full, grad, ops, Tensor, tensor } from "../../mod.ts";
import { assertClose, assertExact, assertStrictEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("reduce", {
  Summation: { f: (a) => a.sum({ axes: [0] }), inputs: [m] },
  "Summation all": { f: (a) => a.sum(), inputs: [m] },
  Product: { f: (a) => a.prod({ axes: [1] }), inputs: [m] },
  "Product all": { f: (a) => a.prod(), inputs: [[3, 1, 2]] },
  "Product of five": { f: (a) => a.prod({ axes: [0], keepDims: true }), inputs: [[5, 2]] },
  "Product of outer axes": { f: (a) => a.prod({ axes: [0, 2] }), inputs: [[2, 3, 2]] },
  "Product of none": { f: (a) => a.prod({ axes: [] }), inputs: [m] },
  Mean: { f: (a) => a.mean({ axes: [0] }), inputs: [m] },
  "Mean all": { f: (a) => a.mean(), inputs: [m] },
  Variance: { f: (a) => a.variance({ axes: [1] }), inputs: [m], ulps: 64 },
  "Variance all": { f: (a) => a.variance({ correction: 0, keepDims: true }), inputs: [m], ulps: 64 },
  SquaredDeviation: { f: (a) => new ops.SquaredDeviation({ axes: [1] }).call(a), inputs: [m], ulps: 64 },
  VectorNorm: { f: (a) => a.norm({ axes: [1] }), inputs: [m], ulps: 16 },
  "VectorNorm of the third power": { f: (a) => a.norm({ p: 3 }), inputs: [m], ulps: 32 },
  CountNonzero: { f: (a) => a.countNonzero({ axes: [1] }), inputs: [m], order: 0 },
  Any: { f: (a) => a.any({ axes: [1] }), inputs: [m], order: 0 },
  All: { f: (a) => a.all(), inputs: [m], order: 0 },
  Max: { f: (a) => a.max({ axes: [1] }), inputs: [m] },
  Min: { f: (a) => a.min({ axes: [0], keepDims: true }), inputs: [m] },
  ArgMax: { f: (a) => a.argmax({ axis: 1 }), inputs: [m], order: 0 },
  ArgMin: { f: (a) => a.argmin(), inputs: [m], order: 0 },
});

forEachDevice("max shares its gradient among ties", () => {
  const x = tensor([2, 2, 1], { requiresGrad: true });
  x.max().backward();
  assertClose(values(x.grad!), [0.5, 0.5, 0]);
});

forEachDevice("argmax has no gradient", () => {
  assertStrictEquals(tensor([1, 2], { requiresGrad: true }).argmax().requiresGrad, false);
});

// PyTorch 2.15: tensor.max() and tensor.min().
forEachDevice("elements that are NaN share the gradient of an extreme, and nothing else has a part", () => {
  for (const f of [(x: Tensor) => x.max(), (x: Tensor) => x.min(), (x: Tensor) => x.max({ axes: 0, keepDims: true })]) {
    const x = new Tensor([1, NaN, 3, NaN]);
    f(x).sum().backward();
    assertExact(values(x.grad!), [0, 0.5, 0, 0.5]);
  }
  const x = new Tensor([Infinity, 1, Infinity, 2]);
  x.max().backward();
  assertExact(values(x.grad!), [0.5, 0, 0.5, 0]);
});

/** The matrix of second derivatives. */
const hessian = (f: (x: Tensor) => Tensor, x: Tensor): number[][] =>
  Array.from({ length: x.size }, (_, k) => values(grad((x: Tensor) => grad(f)(x).reshape([-1]).at(`${k}`))(x)));

// PyTorch 2.15: torch.autograd.functional.hessian.
forEachDevice("a product has its derivatives of every order at zeros, too", () => {
  const cases: [f: (x: Tensor) => Tensor, x: number[][], expected: number[][]][] = [
    [(x) => x.prod(), [[0, 3]], [[0, 1], [1, 0]]],
    [(x) => x.prod(), [[0, 0, 2, 3]], [[0, 6, 0, 0], [6, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]],
    [(x) => x.prod(), [[0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]],
    ...[false, true].map((keepDims): [(x: Tensor) => Tensor, number[][], number[][]] => [
      (x) => x.prod({ axes: 1, keepDims }).sum(),
      [[0, 2, 5], [0, 3, 0]],
      [[0, 5, 2, 0, 0, 0], [5, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0], [
        0,
        0,
        0,
        3,
        0,
        0,
      ]],
    ]),
    [(x) => x.prod({ axes: -2 }).sum(), [[0, 2], [4, 0]], [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]],
  ];
  for (const [f, x, expected] of cases) assertExact(hessian(f, tensor(x, { dtype: "float64" })), expected);
  const third = grad((x: Tensor) => grad((x: Tensor) => grad((x: Tensor) => x.prod())(x).at("0"))(x).at("1"));
  assertExact(values(third(tensor([0, 0, 2, 3]))), [0, 0, 3, 2]);
  // Nothing is divided, so that what overflows or is infinite leaves the others' product alone.
  assertExact(values(grad((x: Tensor) => x.prod())(tensor([Infinity, 2, 3]))), [6, Infinity, Infinity]);
  assertExact(values(grad((x: Tensor) => x.prod())(tensor([2 ** 100, 2 ** 100, 2]))), [2 ** 101, 2 ** 101, Infinity]);
  assertExact(values(grad((x: Tensor) => x.prod({ axes: 0 }).sum())(tensor([], { shape: [0, 2] }))), []);
});

/** Sums of equal elements, of which rounding errors do not cancel one another. The count of each sum stands beside it. */
const longSums: Record<string, (x: Tensor) => [sums: Tensor, count: number]> = {
  "of all": (x) => [x.sum(), x.size],
  "of rows": (x) => [x.reshape([4, -1]).sum({ axes: [1] }), x.size / 4],
  "down columns": (x) => [x.reshape([-1, 5]).sum({ axes: [0] }), x.size / 5],
  "down many columns": (x) => [x.reshape([-1, 400]).sum({ axes: [0] }), x.size / 400],
  "of turned columns": (x) => [x.reshape([-1, 5]).transpose([1, 0]).sum({ axes: [1] }), x.size / 5],
  "over several axes": (x) => [x.reshape([80, 5, 100, -1]).sum({ axes: [0, 2, 3] }), x.size / 5],
  "of short inner axes": (x) => [x.reshape([-1, 5, 2]).sum({ axes: [0, 2] }), x.size / 5],
  "of squares": (x) => [x.square().sum().sqrt().square().div(x.at("0")), x.size],
  "of products": (x) => [x.mul(x).reshape([-1, 5]).sum({ axes: [0] }).div(x.at("0")), x.size / 5],
  "of means": (x) => [x.reshape([-1, 5]).mean({ axes: [0] }), 1],
};

forEachDevice("a sum of millions is right to 3e-6, captured and eager with the same bits", (device) => {
  // The reference device interprets each element, and adds in float64.
  const count = device === "reference" ? 40_000 : 10_000_000;
  for (const value of [0.1, 1 / 3]) {
    const x = full([count], value), exact = Math.fround(value);
    for (const [name, f] of Object.entries(longSums)) {
      const [sums, length] = f(x), found = values(sums);
      assertClose(found, found.map(() => exact * length), {
        relative: 3e-6,
        absolute: 0,
        what: `sum ${name}, ${value}`,
      });
      using program = capture((x: Tensor) => f(x)[0]);
      program(x);
      assertStrictEquals(values(program(x)).join(), found.join(), `${name}, captured`);
    }
  }
});

forEachDevice("a variance beside a large mean keeps its digits", () => {
  const x = tensor(Float32Array.from({ length: 20_000 }, (_, k) => 1e4 + k % 2));
  assertClose(values(x.variance({ correction: 0 })), [0.25], { relative: 1e-6, absolute: 0 });
  assertClose(values(x.reshape([-1, 4]).variance({ axes: [0], correction: 0 })), [0, 0, 0, 0]);
  assertClose(values(x.reshape([-1, 5]).variance({ axes: [0], correction: 0 })), [0.25, 0.25, 0.25, 0.25, 0.25], {
    relative: 1e-6,
    absolute: 0,
  });
  assertClose(values(full([3, 777], 12345.678).variance({ axes: [1] })), [0, 0, 0], { relative: 0, absolute: 0 });
  assertClose(values(full([0], 1).variance()), [NaN]);
});

forEachDevice("places that no int32 holds are refused", () => {
  const x = tensor([1, 2]).broadcastTo([2 ** 31, 2]);
  assertThrowsLike(
    () => x.argmax(),
    /^RangeError: Cannot argmax: axes \[0,1\] of tensor \[2147483648, 2\] have 4294967296/,
  );
  assertThrowsLike(() => x.transpose([1, 0]).broadcastTo([2, 2 ** 31]).reshape([1, 2, 2 ** 31]).argmin(), /int32/);
});
